"""A model without a network: it says what it was asked. Its request is already its answer.

The transport hands the body of an echo's request straight back.
"""

import re
from collections.abc import Sequence
from typing import Final

from promptstudio.messages import Message, Text
from promptstudio.providers.base import (
    Answer,
    Call,
    OutputFormat,
    Provider,
    ProviderRequest,
    StreamState,
    Usage,
)
from promptstudio.providers.content import transcript
from promptstudio.providers.instance import smallest
from promptstudio.providers.openai_chat import SETTINGS as SETTINGS
from promptstudio.providers.wire import count, read_object, text, write_body
from promptstudio.sse import ServerSentEvent, encode
from promptstudio.values import dumps

_NOTICE: Final = "This is an echo: no model was called.\n\n"
_DELTA: Final = re.compile(r"[^ \t\r\n]*[ \t\r\n]+|[^ \t\r\n]+")


def build_request(call: Call) -> ProviderRequest:
    """The answer itself: JSON, or for a stream the events that tell it word by word."""
    answer = _answer(call.messages, call.setup.output)
    counts = {"input_tokens": _tokens(_said(call.messages)), "output_tokens": _tokens(answer)}
    if not call.stream:
        return ProviderRequest("", {}, write_body({"text": answer, **counts}))
    frames = [encode("delta", write_body({"text": delta})) for delta in _DELTA.findall(answer)]
    frames.append(encode("done", write_body({**counts})))
    return ProviderRequest("", {}, b"".join(frames))


def _answer(messages: Sequence[Message], output: OutputFormat) -> str:
    if output.format == "json" and output.schema is not None:
        return dumps(smallest(output.schema))
    shown = transcript(messages)
    return dumps({"echo": shown}) if output.format == "json" else _NOTICE + shown


def _said(messages: Sequence[Message]) -> str:
    return "".join(part.text for message in messages for part in message.content if isinstance(part, Text))


def _tokens(said: str) -> int:
    """About four bytes of UTF-8 make a token."""
    return -(-len(said.encode()) // 4)


def parse(provider: Provider, body: bytes) -> Answer:
    """What build_request wrote."""
    answer = read_object(provider, body)
    usage = Usage(input=count(answer.get("input_tokens")), output=count(answer.get("output_tokens")))
    return Answer(text(answer.get("text")), "stop", usage)


def parse_event(provider: Provider, event: ServerSentEvent, state: StreamState) -> str:
    """What build_request wrote, event by event."""
    data = read_object(provider, event.data)
    if event.event == "done":
        state.usage = Usage(input=count(data.get("input_tokens")), output=count(data.get("output_tokens")))
        state.done = True
    return text(data.get("text"))
