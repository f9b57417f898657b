import json

import pytest

from promptstudio.errors import AppError
from promptstudio.messages import Message, Text
from promptstudio.providers.base import Answer, Call, OutputFormat
from promptstudio.providers.catalog import ADAPTERS, PROVIDERS, resolve_api
from promptstudio.providers.stream import AnswerStream
from tests.unit.providers.cases import (
    Case,
    answer_cases,
    call_of,
    provider,
    request_cases,
    stream_cases,
    usage_of,
)


def streamed(case: Case, size: int) -> tuple[list[str], AnswerStream, str | None]:
    """The deltas of a stream that comes in chunks of so many bytes, and the problem it ends with."""
    stream = AnswerStream(ADAPTERS[case.api].adapter, provider(case.api))
    deltas: list[str] = []
    try:
        for start in range(0, len(case.data), size):
            deltas.extend(stream.feed(case.data[start : start + size]))
        deltas += stream.finish()
    except AppError as error:
        return deltas, stream, error.problem
    return deltas, stream, None


@pytest.mark.parametrize("case", request_cases(), ids=str)
def test_a_request_is_what_the_provider_documents(case: Case) -> None:
    build_request = ADAPTERS[case.api].adapter.build_request
    if "problem" in case.row:
        with pytest.raises(AppError) as refused:
            build_request(call_of(case.row["call"]))
        assert refused.value.problem == case.row["problem"]
        return
    request = build_request(call_of(case.row["call"]))
    expected = case.row.get("body_text") or json.dumps(
        case.row["body"], ensure_ascii=False, separators=(",", ":")
    )
    assert request.body.decode() == expected
    assert request.path == case.row["path"]
    assert request.headers == case.row.get("headers", {})


@pytest.mark.parametrize("case", answer_cases(), ids=str)
def test_an_answer_is_read(case: Case) -> None:
    parse = ADAPTERS[case.api].adapter.parse
    if "problem" in case.row:
        with pytest.raises(AppError) as failed:
            parse(provider(case.api), case.data)
        assert failed.value.problem == case.row["problem"]
        return
    expected = Answer(case.row["text"], case.row["finish_reason"], usage_of(case.row["usage"]))
    assert parse(provider(case.api), case.data) == expected


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("case", stream_cases(), ids=str)
def test_a_stream_is_read_however_it_is_cut(case: Case, size: int) -> None:
    deltas, stream, problem = streamed(case, size)
    assert deltas == case.row["deltas"]
    assert problem == case.row.get("problem")
    if problem is None:
        assert stream.state.finish_reason == case.row["finish_reason"]
        assert stream.state.usage == usage_of(case.row["usage"])


@pytest.mark.parametrize("api", ["openai", "openai-chat", "anthropic"])
def test_usage_that_cannot_be_believed_counts_nothing(api: str) -> None:
    claims = {"input_tokens": -1, "prompt_tokens": 1e300, "output_tokens": "9", "completion_tokens": True}
    body = {"output": [], "content": [], "choices": [{"message": {"content": ""}}], "usage": claims}
    usage = ADAPTERS[api].adapter.parse(provider(api), json.dumps(body).encode()).usage
    assert usage is not None
    assert (usage.input, usage.output) == (0, 0)


@pytest.mark.parametrize("api", ["openai", "openai-chat", "anthropic"])
@pytest.mark.parametrize("body", [b"\xff", b"\xef\xbb\xbf{}", b"null", b"[]", b'{"a":"\\ud800"}', b"{}"])
def test_a_body_that_is_no_answer_is_garbage(api: str, body: bytes) -> None:
    with pytest.raises(AppError) as failed:
        ADAPTERS[api].adapter.parse(provider(api), body)
    assert failed.value.problem == "provider_garbage"


@pytest.mark.parametrize("stream", [False, True])
def test_an_echo_answers_what_it_was_asked(stream: bool) -> None:
    messages = [Message("user", (Text("line one\r\nline  two 👋"),))]
    echo = ADAPTERS["echo"].adapter
    whole = call_of(request_cases()[-1].row["call"])
    call = Call(whole.provider, "echo", messages, {}, OutputFormat(), stream=stream)
    body = echo.build_request(call).body
    expected = "This is an echo: no model was called.\n\n[user]\nline one\r\nline  two 👋"
    if stream:
        reader = AnswerStream(echo, call.provider)
        assert "".join(reader.feed(body)) == expected
        assert reader.finish() == []
        usage = reader.state.usage
    else:
        answer = echo.parse(call.provider, body)
        assert answer.text == expected
        usage = answer.usage
    assert usage is not None
    assert (usage.input, usage.output) == (6, 18)


def test_openai_is_asked_through_chat_completions_where_responses_lack_a_setting() -> None:
    assert resolve_api("openai", {"temperature", "max_tokens", "top_p", "reasoning_effort"}) == "openai"
    for setting in ("stop", "seed", "frequency_penalty", "presence_penalty"):
        assert resolve_api("openai", {"temperature", setting}) == "openai-chat"
        assert resolve_api("anthropic", {setting}) == "anthropic"


def test_the_built_in_providers_speak_apis_that_exist() -> None:
    assert set(PROVIDERS) == {"openai", "anthropic", "groq", "echo"}
    assert all(known.type in ADAPTERS and known.name == name for name, known in PROVIDERS.items())
