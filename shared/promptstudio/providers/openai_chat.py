"""OpenAI's Chat Completions API, which many other servers speak too: POST /chat/completions."""

from collections.abc import Mapping
from typing import Final

from promptstudio.errors import AppError
from promptstudio.messages import Message, Text
from promptstudio.providers.base import (
    Answer,
    Call,
    OutputFormat,
    Provider,
    ProviderRequest,
    Setup,
    StreamState,
    Usage,
)
from promptstudio.providers.content import PDF, Attachment, joined_text, parts, unsupported
from promptstudio.providers.wire import (
    Members,
    cache_printed,
    count,
    member,
    objects,
    read_object,
    text,
    write_body,
)
from promptstudio.sse import ServerSentEvent
from promptstudio.values import Json

_SETTINGS_IN_ORDER: Final = (
    "temperature",
    "top_p",
    "max_tokens",
    "stop",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "reasoning_effort",
)
SETTINGS: Final = frozenset(_SETTINGS_IN_ORDER)

_NO_HEADERS: Final[Mapping[str, str]] = {}

_ROLES: Final = {"system": "system", "user": "user", "model": "assistant"}
_FINISH_REASONS: Final = {"length": "length", "content_filter": "content_filter"}


def build_request(call: Call) -> ProviderRequest:
    """Members in this order: model, messages, settings, response_format, stream, stream_options, the user.

    OpenAI itself has renamed max_tokens and user; the servers that imitate it know the old names.
    """
    setup = call.setup
    messages = [_message(setup.provider, message) for message in call.messages]
    body: Members = {"model": setup.model, "messages": messages, **_settings(setup)}
    if call.stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    if call.user is not None:
        body["safety_identifier" if _is_own(setup) else "user"] = call.user
    return ProviderRequest("/chat/completions", _NO_HEADERS, write_body(body))


def _is_own(setup: Setup) -> bool:
    return setup.provider.type == "openai"


@cache_printed
def _settings(setup: Setup) -> dict[str, Json]:
    config = setup.config
    names = {"max_tokens": "max_completion_tokens"} if _is_own(setup) else {}
    members = {names.get(name, name): config[name] for name in _SETTINGS_IN_ORDER if name in config}
    if (format_ := _format(setup.output, setup.output_name)) is not None:
        members["response_format"] = format_
    return members


def _message(provider: Provider, message: Message) -> Json:
    content: Json = joined_text(message)
    if content is None:
        content = [_part(provider, part) for part in parts(provider, message)]
    return {"role": _ROLES[message.role], "content": content}


def _part(provider: Provider, part: Text | Attachment) -> Json:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if part.is_image:
        return {"type": "image_url", "image_url": {"url": part.url}}
    if part.content_type != PDF or part.base64 is None:
        raise unsupported(provider, part)
    return {"type": "file", "file": {"filename": "document.pdf", "file_data": part.url}}


def _format(output: OutputFormat, name: str) -> Json:
    if output.format != "json":
        return None
    if output.wire_schema is None:
        return {"type": "json_object"}
    if not output.strict and output.wire_schema.get("type") != "object":
        return None  # OpenAI refuses any other schema at the top; the answer is checked here
    schema: Json = {"name": name, "schema": dict(output.wire_schema), "strict": output.strict}
    return {"type": "json_schema", "json_schema": schema}


def parse(provider: Provider, body: bytes) -> Answer:
    """The first choice's text; a refusal counts as text, and ends in content_filter."""
    completion = read_object(provider, body)
    choices = objects(completion.get("choices"))
    if not choices:
        raise AppError("provider_garbage", provider=provider.name)
    state = StreamState()
    answer = _take(choices[0], "message", state)
    return Answer(answer, state.finish_reason, _usage(completion))


def _take(choice: dict[str, Json], part: str, state: StreamState) -> str:
    """The text of a choice's message or delta. Its finish reason goes into the state."""
    said = member(choice, part)
    finish_reason = choice.get("finish_reason")
    if isinstance(finish_reason, str) and state.finish_reason == "stop":
        state.finish_reason = _FINISH_REASONS.get(finish_reason, "stop")
    if refusal := text(said.get("refusal")):
        state.finish_reason = "content_filter"
        return text(said.get("content")) + refusal
    return text(said.get("content"))


def _usage(completion: dict[str, Json]) -> Usage | None:
    usage = member(completion, "usage")
    if not usage:
        return None
    details = member(usage, "prompt_tokens_details")
    return Usage(
        input=count(usage.get("prompt_tokens")),
        output=count(usage.get("completion_tokens")),
        cached=count(details.get("cached_tokens")),
        cache_write=count(details.get("cache_write_tokens")),
    )


def parse_event(provider: Provider, event: ServerSentEvent, state: StreamState) -> str:
    """Deltas of the first choice. Usage comes in a chunk without choices; `[DONE]` ends the answer."""
    if event.data == "[DONE]":
        state.done = True
        return ""
    chunk = read_object(provider, event.data)
    if "error" in chunk:
        raise AppError("provider_failed", provider=provider.name)
    if usage := _usage(chunk):
        state.usage = usage
    for choice in objects(chunk.get("choices")):
        if count(choice.get("index")) == 0:
            return _take(choice, "delta", state)
    return ""
