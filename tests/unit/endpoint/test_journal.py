"""Every run ends in the journal once, before its caller has the whole answer."""

import asyncio
from collections.abc import Mapping

import pytest

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.gate import ABORTED, OK, Ended
from promptstudio.errors import AppError
from promptstudio.settings import Settings
from tests.unit.endpoint.asgi import COMPLETED, Answer, Client, ScriptedTransport, ask, bundle, delta

RUN = "/v1/prompts/greet/run"
BUSY = AppError("provider_busy", provider="openai", status=500)


class Journal:
    """Keeps what it is given, and how much the client had by then."""

    def __init__(self) -> None:
        self.ended: list[Ended] = []
        self.client: Client | None = None
        self.complete_before = False

    async def record(self, ended: Ended) -> None:
        self.ended.append(ended)
        if self.client is not None:
            self.complete_before |= self.client.answer.complete


class Gate(BundleGate):
    def __init__(self, transport: ScriptedTransport, journal: Journal) -> None:
        super().__init__(bundle(), transport, None)
        self.journal = journal


async def run(transport: ScriptedTransport, body: Mapping[str, object]) -> tuple[Journal, Answer]:
    journal = Journal()
    client = Client(RUN, {"variables": {"name": "Ada"}, **body})
    journal.client = client
    answer = await ask(Endpoint(Gate(transport, journal), Settings()), client)
    return journal, answer


@pytest.mark.parametrize("stream", [False, True])
async def test_a_run_is_recorded_before_its_answer_is_complete(stream: bool) -> None:
    transport = ScriptedTransport(delta("Hello!"), COMPLETED) if stream else ScriptedTransport()
    journal, answer = await run(transport, {"stream": stream, "user": "u1"})
    (ended,) = journal.ended
    assert (ended.code, ended.streamed, ended.user, ended.run.prompt) == (OK, stream, "u1", "greet")
    assert ended.outcome is not None
    assert ended.outcome.text == "Hello!"
    assert ended.took_s > 0
    assert answer.complete
    assert not journal.complete_before


@pytest.mark.parametrize("stream", [False, True])
async def test_a_provider_that_fails_is_recorded_with_its_code(stream: bool) -> None:
    journal, answer = await run(ScriptedTransport(BUSY), {"stream": stream})
    assert [(ended.code, ended.outcome) for ended in journal.ended] == [("provider_unavailable", None)]
    assert answer.status == 503


async def test_a_stream_that_breaks_off_is_recorded_once() -> None:
    journal, answer = await run(ScriptedTransport(delta("Hel"), BUSY), {"stream": True})
    assert [ended.code for ended in journal.ended] == ["provider_unavailable"]
    assert answer.events[-1][0] == "error"


async def test_a_fault_of_ours_in_a_stream_is_recorded() -> None:
    journal, answer = await run(ScriptedTransport(delta("Hel"), ValueError("x")), {"stream": True})
    assert [ended.code for ended in journal.ended] == ["internal"]
    assert answer.events[-1][0] == "error"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_is_recorded_as_aborted(stream: bool) -> None:
    """sse-starlette #156: a disconnect skipped the code that records a run."""
    transport = ScriptedTransport(delta("Hel"), None)
    journal = Journal()
    client = Client(RUN, {"variables": {"name": "Ada"}, "stream": stream})
    task = asyncio.create_task(ask(Endpoint(Gate(transport, journal), Settings()), client))
    await transport.waiting.wait()
    client.leave()
    async with asyncio.timeout(5):
        await task
    assert [ended.code for ended in journal.ended] == [ABORTED]


async def test_what_is_refused_before_the_model_is_asked_is_no_run() -> None:
    journal, answer = await run(ScriptedTransport(), {"variables": {}})
    assert answer.status == 422
    assert journal.ended == []
