"""The vendors' own SDKs judge our requests, and read the same streams as we do."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from anthropic import Anthropic
from anthropic.types import Message as AnthropicMessage
from anthropic.types.message_create_params import (
    MessageCreateParamsNonStreaming,
    MessageCreateParamsStreaming,
)
from openai import OpenAI
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from openai.types.responses import Response
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from pydantic import BaseModel, TypeAdapter

from promptstudio.providers.catalog import ADAPTERS
from tests.unit.providers.cases import Case, answer_cases, call_of, request_cases, stream_cases

REQUESTS: dict[str, tuple[Any, Any]] = {
    "openai": (ResponseCreateParamsNonStreaming, ResponseCreateParamsStreaming),
    "openai-chat": (CompletionCreateParamsNonStreaming, CompletionCreateParamsStreaming),
    "anthropic": (MessageCreateParamsNonStreaming, MessageCreateParamsStreaming),
}
# Anthropic's models before Opus 4.7 take these, but its SDK no longer types them.
UNLISTED = {"temperature", "top_p"}
ANSWERS: dict[str, type[BaseModel]] = {
    "openai": Response,
    "openai-chat": ChatCompletion,
    "anthropic": AnthropicMessage,
}


def consume(value: object) -> object:
    """Pydantic checks an iterable's items only when they are asked for."""
    if isinstance(value, dict):
        return {name: consume(member) for name, member in value.items()}
    if isinstance(value, Iterator | list):
        return [consume(item) for item in value]
    return value


def upstream(case: Case) -> httpx2.Client:
    kind = "text/event-stream" if case.name.endswith(".sse") else "application/json"

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=case.data, headers={"content-type": kind})

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def sdk_text(case: Case) -> str:
    """What the vendor's client reads from the stream."""
    if case.api == "anthropic":
        anthropic = Anthropic(api_key="k", base_url="https://models.example", http_client=upstream(case))
        with anthropic.messages.stream(model="m", max_tokens=1, messages=[]) as stream:
            return "".join(stream.text_stream)
    client = OpenAI(api_key="k", base_url="https://models.example", http_client=upstream(case))
    if case.api == "openai":
        events = client.responses.create(model="m", input="x", stream=True)
        kinds = ("response.output_text.delta", "response.refusal.delta")
        return "".join(getattr(event, "delta", "") for event in events if event.type in kinds)
    chunks = client.chat.completions.create(model="m", messages=[], stream=True)
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices if choice.index == 0]
    return "".join((delta.content or "") + (delta.refusal or "") for delta in deltas)


@pytest.mark.parametrize(
    "case", [case for case in request_cases() if case.api in REQUESTS and "problem" not in case.row], ids=str
)
def test_the_vendors_types_accept_our_requests(case: Case) -> None:
    call = call_of(case.row["call"])
    body: dict[str, Any] = json.loads(ADAPTERS[case.api].adapter.build_request(call).body)
    kind = REQUESTS[case.api][call.stream]
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    consume(adapter.validate_python(body))
    assert set(body) <= kind.__required_keys__ | kind.__optional_keys__ | UNLISTED


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in answer_cases()
        if case.name.endswith(".json") and not case.name.startswith(("compatible", "not-"))
    ],
    ids=str,
)
def test_the_vendors_models_accept_our_fixtures(case: Case) -> None:
    ANSWERS[case.api].model_validate_json(case.data)


@pytest.mark.parametrize("case", [case for case in stream_cases() if "problem" not in case.row], ids=str)
def test_the_vendors_client_reads_the_same_text_from_the_same_stream(case: Case) -> None:
    assert sdk_text(case).removesuffix("after the end") == "".join(case.row["deltas"])
