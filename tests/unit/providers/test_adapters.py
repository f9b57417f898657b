import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptstudio.providers.catalog import ADAPTERS, PROVIDERS
from tests.unit.providers.cases import Case, answer_cases, request_cases, stream_cases
from tests.unit.providers.runtimes import Python, Runtime, TypeScript
from tests.unit.test_sse import ends, lines

REMOTE = ("openai", "openai-chat", "anthropic")


@pytest.mark.parametrize("case", request_cases(), ids=str)
def test_a_request_is_what_the_provider_documents(case: Case, runtime: Runtime) -> None:
    request = runtime.build_request(case.api, case.row["call"])
    if "problem" in case.row:
        assert request["problem"] == case.row["problem"]
        return
    compact = json.dumps(case.row.get("body"), ensure_ascii=False, separators=(",", ":"))
    assert request["body"] == case.row.get("body_text", compact)
    assert request["path"] == case.row["path"]
    assert request["headers"] == case.row.get("headers", {})


@pytest.mark.parametrize("case", answer_cases(), ids=str)
def test_an_answer_is_read(case: Case, runtime: Runtime) -> None:
    answer = runtime.parse(case.api, case.data)
    assert {name: answer[name] for name in case.row} == case.row


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("case", stream_cases(), ids=str)
def test_a_stream_is_read_however_it_is_cut(case: Case, size: int, runtime: Runtime) -> None:
    assert runtime.stream(case.api, case.data, size) == case.row


@pytest.mark.parametrize("api", REMOTE)
def test_usage_that_cannot_be_believed_counts_nothing(api: str, runtime: Runtime) -> None:
    claims = {"input_tokens": -1, "prompt_tokens": 1e300, "output_tokens": "9", "completion_tokens": True}
    body = {"output": [], "content": [], "choices": [{"message": {"content": ""}}], "usage": claims}
    usage = runtime.parse(api, json.dumps(body).encode())["usage"]
    assert (usage["input"], usage["output"]) == (0, 0)


@pytest.mark.parametrize("api", REMOTE)
@pytest.mark.parametrize("body", [b"\xef\xbb\xbf{}", b"null", b"[]", b'{"a":"\\ud800"}', b"{}", b"{", b"1"])
def test_a_body_that_is_no_answer_is_garbage(api: str, body: bytes, runtime: Runtime) -> None:
    assert runtime.parse(api, body)["problem"] == "provider_garbage"


@pytest.mark.parametrize("api", REMOTE)
def test_half_a_surrogate_pair_is_garbage(api: str, runtime: Runtime) -> None:
    text = {"text": "TEXT", "type": "text", "content": "TEXT"}
    body = {
        "output": [{"type": "message", "content": [text]}],
        "content": [text],
        "choices": [{"message": text}],
    }
    whole = json.dumps(body).replace("TEXT", r"\ud83d\udc4b \\ud83d")
    assert runtime.parse(api, whole.encode())["text"] == "👋 \\ud83d"
    assert runtime.parse(api, whole.replace(r"\udc4b", "").encode())["problem"] == "provider_garbage"


def test_an_echo_answers_what_it_was_asked(runtime: Runtime) -> None:
    messages = [{"role": "user", "content": [{"text": "line one\r\nline  two 👋"}]}]
    call = {"type": "echo", "model": "echo", "messages": messages, "config": {}, "output": {"format": "text"}}
    whole = runtime.build_request("echo", {**call, "stream": False})["body"]
    frames = runtime.build_request("echo", {**call, "stream": True})["body"]
    answer = runtime.parse("echo", whole.encode())
    streamed = runtime.stream("echo", frames.encode(), 5)
    assert answer["text"] == "This is an echo: no model was called.\n\n[user]\nline one\r\nline  two 👋"
    assert "".join(streamed["deltas"]) == answer["text"]
    assert streamed["usage"] == answer["usage"] == {"input": 6, "output": 18, "cached": 0, "cache_write": 0}


def test_openai_is_asked_through_chat_completions_where_responses_lack_a_setting(runtime: Runtime) -> None:
    responses_have = ["temperature", "max_tokens", "top_p", "reasoning_effort"]
    assert runtime.resolve_api("openai", responses_have) == "openai"
    for setting in ("stop", "seed", "frequency_penalty", "presence_penalty"):
        assert runtime.resolve_api("openai", ["temperature", setting]) == "openai-chat"
        assert runtime.resolve_api("anthropic", [setting]) == "anthropic"


def test_the_built_in_providers_speak_apis_that_exist() -> None:
    assert set(PROVIDERS) == {"openai", "anthropic", "groq", "echo"}
    assert all(known.type in ADAPTERS and known.name == name for name, known in PROVIDERS.items())


@given(st.lists(st.tuples(lines, ends)), st.integers(1, 9), st.binary(max_size=8))
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.needs("node")
def test_both_runtimes_decode_events_alike(
    node: TypeScript, blocks: list[tuple[list[str], str]], size: int, noise: bytes
) -> None:
    text = "".join(line + end for block, end in blocks for line in block).encode()
    for data in (text, text + noise, noise + text):
        assert node.sse(data, size) == Python().sse(data, size)
