"""Each run is told in one line of JSON, without what was sent or answered."""

import json
import logging

import pytest

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.run_log import RunLog
from promptstudio.errors import AppError
from promptstudio.log_lines import JsonLines
from promptstudio.settings import Settings
from promptstudio.values import Json
from tests.unit.endpoint.asgi import Client, ScriptedTransport, ask, bundle

BUSY = AppError("provider_busy", provider="openai", status=500)


async def lines(caplog: pytest.LogCaptureFixture, transport: ScriptedTransport) -> list[dict[str, Json]]:
    gate = BundleGate(bundle(), transport, None)
    gate.journal = RunLog()
    body = {"variables": {"name": "Ada Lovelace"}, "user": "somebody"}
    with caplog.at_level(logging.INFO):
        await ask(Endpoint(gate, Settings()), Client("/v1/prompts/greet/run", body))
    texts = [JsonLines("severity").format(record) for record in caplog.records if record.message == "run"]
    assert not any(secret in text for text in texts for secret in ("Ada", "Hello", "somebody"))
    return [json.loads(text) for text in texts]


async def test_a_line_says_what_ran_what_it_took_and_what_it_cost(caplog: pytest.LogCaptureFixture) -> None:
    (line,) = await lines(caplog, ScriptedTransport())
    assert str(line.pop("run_id")).startswith("run_")
    assert isinstance(line.pop("duration_ms"), float)
    assert line == {
        "severity": "INFO",
        "message": "run",
        "logger": "promptstudio.endpoint.run_log",
        "prompt": "greet",
        "version": 0,
        "model": "openai/gpt-5.4-mini",
        "code": "ok",
        "cache": "bypass",
        "streamed": False,
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": None,
    }


async def test_a_run_that_failed_is_a_warning_with_its_code(caplog: pytest.LogCaptureFixture) -> None:
    (line,) = await lines(caplog, ScriptedTransport(BUSY))
    assert (line["severity"], line["code"]) == ("WARNING", "provider_unavailable")
    assert "cost_usd" not in line
