"""OpenAI's own client against a real server, with nothing changed but base_url and api_key."""

from collections.abc import Iterator

import openai
import orjson
import pytest

from tests.conformance.case import Answer
from tests.conformance.upstream import ScriptedUpstream
from tests.functions.serving import served, write_key, write_project

PROMPT = """---
model: openai/gpt-5.4-mini
promptstudio.aliases: [pmpt_abc123]
input:
  schema:
    city: string
    days: integer
---
Describe {{city}} in {{days}} days.
"""
USAGE = {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}
HELLO = {
    "status": "completed",
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Lovely."}]}],
    "usage": USAGE,
}
VARIABLES: dict[str, openai.types.responses.response_prompt_param.Variables] = {"city": "Rome", "days": "3"}


def plain(status: int = 200, body: object = HELLO, headers: dict[str, str] | None = None) -> Answer:
    kind = {"content-type": "application/json"}
    return Answer(status, {**kind, **(headers or {})}, [orjson.dumps(body)], streamed=False)


def streamed(*deltas: str, end: str = "complete") -> Answer:
    events: list[object] = [{"type": "response.output_text.delta", "delta": text} for text in deltas]
    if end == "complete":
        events.append({"type": "response.completed", "response": {"status": "completed", "usage": USAGE}})
    steps = [b"data: " + orjson.dumps(event) + b"\n\n" for event in events]
    return Answer(200, {"content-type": "text/event-stream"}, steps, streamed=True, end=end)


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def client(upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    folder = tmp_path_factory.mktemp("sdk")
    settings = f'[providers.openai]\nbase_url = "{upstream.url}/v1"\n'
    root = write_project(folder / "project", {"travel": PROMPT}, settings)
    key = write_key(folder / "data")
    with (
        served(root, folder / "data", {"OPENAI_API_KEY": "sk-upstream"}) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0) as client,
    ):
        yield client


def test_it_gets_its_answer(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    script = upstream.play([plain()])
    response = client.responses.create(prompt={"id": "pmpt_abc123", "version": "0", "variables": VARIABLES})
    assert response.output_text == "Lovely."
    assert response.status == "completed"
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (
        9,
        4,
        13,
    )
    assert b"Describe Rome in 3 days." in script.calls[0].body
    assert script.calls[0].headers["authorization"] == "Bearer sk-upstream"


def test_it_gets_its_stream(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    upstream.play([streamed("Love", "ly.")])
    events = list(client.responses.create(prompt={"id": "pmpt_abc123", "variables": VARIABLES}, stream=True))
    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert texts == ["Love", "ly."]
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == "Lovely."


def test_its_stream_helper_puts_the_answer_together(
    client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    upstream.play([streamed("Love", "ly.")])
    raw = client.responses.with_raw_response.create(
        prompt={"id": "pmpt_abc123", "variables": VARIABLES}, stream=True
    )
    assert raw.headers["content-type"] == "text/event-stream"
    assert raw.headers["x-request-id"].startswith("req_")
    assert [event.sequence_number for event in raw.parse()] == list(range(10))


def test_a_stream_that_breaks_off_is_failed(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    upstream.play([streamed("Love", end="truncate")])
    events = list(client.responses.create(prompt={"id": "pmpt_abc123", "variables": VARIABLES}, stream=True))
    last = events[-1]
    assert last.type == "response.failed"
    assert last.response.error is not None
    assert last.response.error.code == "server_error"


def test_its_errors_are_typed(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    upstream.play([plain(401, {"error": "no"})])
    with pytest.raises(openai.NotFoundError, match="There is no prompt pmpt_other"):
        client.responses.create(prompt={"id": "pmpt_other"})
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.responses.create(prompt={"id": "pmpt_abc123", "variables": {"city": "Rome", "days": "some"}})
    assert (caught.value.code, caught.value.param) == ("invalid_variables", "prompt.variables.days")
    with pytest.raises(openai.BadRequestError, match="does not support tools"):
        client.responses.create(prompt={"id": "pmpt_abc123", "variables": VARIABLES}, tools=[])
    with pytest.raises(openai.AuthenticationError, match="not known"):
        client.with_options(api_key="ps_live_wrong").responses.create(prompt={"id": "pmpt_abc123"})
    with pytest.raises(openai.InternalServerError) as failed:
        client.responses.create(prompt={"id": "pmpt_abc123", "variables": VARIABLES})
    assert failed.value.status_code == 502
    assert failed.value.request_id is not None


def test_it_waits_as_long_as_the_provider_asks(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    upstream.play([plain(429, {"error": "slow down"}, {"retry-after": "30"})])
    with pytest.raises(openai.InternalServerError) as caught:
        client.responses.create(prompt={"id": "pmpt_abc123", "variables": VARIABLES})
    assert caught.value.status_code == 503
    assert caught.value.response.headers["retry-after"] == "30"


async def test_the_asynchronous_client_gets_its_stream(
    client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    upstream.play([streamed("Love", "ly.")])
    async with openai.AsyncOpenAI(base_url=client.base_url, api_key=client.api_key, max_retries=0) as other:
        stream = await other.responses.create(
            prompt={"id": "pmpt_abc123", "variables": VARIABLES}, stream=True
        )
        texts = [event.delta async for event in stream if event.type == "response.output_text.delta"]
    assert texts == ["Love", "ly."]
