"""Each run's line in the log holds metrics as CloudWatch's Embedded Metric Format asks for them."""

import json
import logging
from typing import Any

import pytest

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.run_metrics import RunMetrics
from promptstudio.errors import AppError
from promptstudio.log_lines import JsonLines
from promptstudio.settings import Settings
from tests.unit.endpoint.asgi import Client, ScriptedTransport, ask, bundle

BUSY = AppError("provider_busy", provider="openai", status=500)


async def line(caplog: pytest.LogCaptureFixture, transport: ScriptedTransport) -> dict[str, Any]:
    gate = BundleGate(bundle(), transport, None)
    gate.journal = RunMetrics("acme-Function-1")
    with caplog.at_level(logging.INFO):
        await ask(Endpoint(gate, Settings()), Client("/v1/prompts/greet/run", {"variables": {"name": "Ada"}}))
    (record,) = [record for record in caplog.records if record.message == "run"]
    told: dict[str, Any] = json.loads(JsonLines("level").format(record))
    return told


async def test_every_metric_and_dimension_stands_in_the_line(caplog: pytest.LogCaptureFixture) -> None:
    told = await line(caplog, ScriptedTransport())
    (metrics,) = told["_aws"]["CloudWatchMetrics"]
    assert metrics["Namespace"] == "PromptStudio"
    assert metrics["Dimensions"] == [["function"], ["function", "prompt"]]
    assert (told["function"], told["prompt"]) == ("acme-Function-1", "greet")
    names = [metric["Name"] for metric in metrics["Metrics"]]
    assert names == ["runs", "failures", "duration_ms", "input_tokens", "output_tokens"]
    assert all(isinstance(told[name], (int, float)) for name in names)
    assert (told["runs"], told["failures"]) == (1, 0)


async def test_a_failure_counts_as_one_and_claims_no_tokens(caplog: pytest.LogCaptureFixture) -> None:
    told = await line(caplog, ScriptedTransport(BUSY))
    assert (told["failures"], told["level"]) == (1, "WARNING")
    (metrics,) = told["_aws"]["CloudWatchMetrics"]
    assert [metric["Name"] for metric in metrics["Metrics"]] == ["runs", "failures", "duration_ms"]
