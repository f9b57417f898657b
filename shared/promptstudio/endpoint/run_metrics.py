"""A run's line in the log that CloudWatch also takes metrics from: the Embedded Metric Format."""

import logging
import time
from typing import Final

from promptstudio.endpoint.gate import ABORTED, OK, Ended
from promptstudio.endpoint.run_log import members
from promptstudio.log_lines import MEMBERS

_NAMESPACE: Final = "PromptStudio"
_UNITS: Final = {
    "runs": "Count",
    "failures": "Count",
    "duration_ms": "Milliseconds",
    "input_tokens": "Count",
    "output_tokens": "Count",
}

logger: Final = logging.getLogger(__name__)


class RunMetrics:
    """Writes a line for each run, as RunLog does, with metrics by function and prompt."""

    def __init__(self, function: str) -> None:
        self._function = function

    async def record(self, ended: Ended) -> None:
        failed = ended.code not in (OK, ABORTED)
        line: dict[str, object] = {
            **members(ended),
            "runs": 1,
            "failures": int(failed),
            "function": self._function,
        }
        told = [{"Name": name, "Unit": unit} for name, unit in _UNITS.items() if name in line]
        dimensions = [["function"], ["function", "prompt"]]
        metrics = {"Namespace": _NAMESPACE, "Dimensions": dimensions, "Metrics": told}
        line["_aws"] = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metrics]}
        logger.log(logging.WARNING if failed else logging.INFO, "run", extra={MEMBERS: line})
