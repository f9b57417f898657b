"""Hands Google's requests to the endpoint, which answers each by itself, piece by piece where it streams."""

import os
from pathlib import Path

import functions_framework.aio
from promptstudio.endpoint.run_log import RunLog
from promptstudio.log_lines import log_to_stdout
from promptstudio.target import open_target

log_to_stdout(level="severity")
bundle = Path(__file__).with_name("bundle.json")
target = open_target(bundle, os.environ, RunLog())


@functions_framework.aio.http
async def main(request):
    """Functions Framework calls what this gives as an ASGI application, with the request as it came."""
    return target.endpoint
