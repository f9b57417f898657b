"""The endpoint, to which the Lambda Web Adapter passes requests."""

import os
from pathlib import Path

import uvicorn
from promptstudio.lambda_log import Invocations, RunMetrics, open_log, open_tracer
from promptstudio.lambda_store import open_store
from promptstudio.lambda_target import LambdaEndpoint

log = open_log()
tracer = open_tracer(os.environ)
bundle = Path(__file__).with_name("bundle.json")
runs = RunMetrics(log, tracer)
store = open_store(os.environ)
endpoint = LambdaEndpoint(bundle, os.environ, runs, store=store, namespace="acme-prompts")
app = Invocations(endpoint, log, tracer)

if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["AWS_LWA_PORT"]),
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        timeout_keep_alive=900,
    )
