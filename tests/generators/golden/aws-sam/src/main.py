"""The endpoint, for uvicorn to serve to the Lambda Web Adapter."""

import os
from pathlib import Path

from promptstudio.endpoint.run_metrics import RunMetrics
from promptstudio.lambda_target import LambdaEndpoint
from promptstudio.log_lines import log_to_stdout

log_to_stdout(level="level")
app = LambdaEndpoint(Path(__file__).with_name("bundle.json"), os.environ, RunMetrics(os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")))
