"""Anthropic's Messages API: POST /messages (https://platform.claude.com/docs/en/api/messages)."""

from typing import Final

from promptstudio.errors import BOUNDS, AppError
from promptstudio.messages import Text
from promptstudio.providers.base import (
    Answer,
    Call,
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

SETTINGS: Final = frozenset({"temperature", "top_p", "max_tokens", "stop", "reasoning_effort"})
HEADERS: Final = {"anthropic-version": "2023-06-01"}

_ROLES: Final = {"user": "user", "model": "assistant"}
_FINISH_REASONS: Final = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
# Structured outputs refuse a schema that has these; the answer is checked against them here.
_NOT_ENFORCED: Final = frozenset({"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"})


def build_request(call: Call) -> ProviderRequest:
    """Members in this order: model, max_tokens, system, messages, settings, output_config, stream,
    metadata."""
    setup = call.setup
    max_tokens = setup.config.get("max_tokens", BOUNDS["max_tokens_default"])
    body: Members = {"model": setup.model, "max_tokens": max_tokens}
    _say(call, body)
    body.update(_settings(setup))
    if call.stream:
        body["stream"] = True
    if call.user is not None:
        body["metadata"] = {"user_id": call.user}
    return ProviderRequest("/messages", HEADERS, write_body(body))


@cache_printed
def _settings(setup: Setup) -> dict[str, Json]:
    config = setup.config
    members = {name: config[name] for name in ("temperature", "top_p") if name in config}
    if "stop" in config:
        stop = config["stop"]
        members["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    if output_config := _output_config(setup):
        members["output_config"] = output_config
    return members


def _say(call: Call, body: Members) -> None:
    """System texts leave the conversation. What would be nothing but a system text is the user's."""
    system: list[str] = []
    messages: list[Json] = []
    for message in call.messages:
        content = joined_text(message)
        if message.role == "system" and content is not None:
            system.append(content)
            continue
        blocks: Json = content
        if content is None:
            blocks = [_block(call.setup.provider, part) for part in parts(call.setup.provider, message)]
        messages.append({"role": _ROLES[message.role], "content": blocks})
    joined = "\n\n".join(system)
    if not messages:
        messages.append({"role": "user", "content": joined})
    elif system:
        body["system"] = joined
    body["messages"] = messages


def _block(provider: Provider, part: Text | Attachment) -> Json:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    kind = "image" if part.is_image else "document"
    if kind == "document" and part.content_type != PDF:
        raise unsupported(provider, part)
    if part.base64 is not None:
        source: Json = {"type": "base64", "media_type": part.content_type, "data": part.base64}
        return {"type": kind, "source": source}
    if part.url.startswith("data:"):
        raise unsupported(provider, part)
    return {"type": kind, "source": {"type": "url", "url": part.url}}


def _output_config(setup: Setup) -> dict[str, Json]:
    config: dict[str, Json] = {}
    if "reasoning_effort" in setup.config:
        config["effort"] = setup.config["reasoning_effort"]
    output = setup.output
    if output.format == "json" and output.wire_schema is not None and output.strict:
        schema = _without_bounds(dict(output.wire_schema))
        config["format"] = {"type": "json_schema", "schema": schema}
    return config


def _without_bounds(schema: Json) -> Json:
    """The schema without its bounds, at every level. Names of properties are not keywords."""
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Json] = {}
    for keyword, value in schema.items():
        if keyword == "properties" and isinstance(value, dict):
            kept[keyword] = {name: _without_bounds(property_) for name, property_ in value.items()}
        elif keyword == "anyOf" and isinstance(value, list):
            kept[keyword] = [_without_bounds(form) for form in value]
        elif keyword == "items":
            kept[keyword] = _without_bounds(value)
        elif keyword not in _NOT_ENFORCED:
            kept[keyword] = value
    return kept


def parse(provider: Provider, body: bytes) -> Answer:
    """The text of all text blocks; thinking is left out."""
    message = read_object(provider, body)
    if not isinstance(message.get("content"), list):
        raise AppError("provider_garbage", provider=provider.name)
    blocks = [block for block in objects(message["content"]) if block.get("type") == "text"]
    answer = "".join(text(block.get("text")) for block in blocks)
    return Answer(answer, _finish_reason(message.get("stop_reason")), _usage(message, None))


def _finish_reason(stop_reason: Json) -> str:
    return _FINISH_REASONS.get(text(stop_reason), "stop")


def _usage(message: dict[str, Json], before: Usage | None) -> Usage | None:
    """Anthropic counts fresh, cached and written input apart. A stream tells it in two events, the later
    one with only what has changed."""
    told = member(message, "usage")
    if not told:
        return before
    old = before or Usage()
    fresh = _newer(told, "input_tokens", old.input - old.cached - old.cache_write)
    cached = _newer(told, "cache_read_input_tokens", old.cached)
    written = _newer(told, "cache_creation_input_tokens", old.cache_write)
    output = _newer(told, "output_tokens", old.output)
    return Usage(input=fresh + cached + written, output=output, cached=cached, cache_write=written)


def _newer(told: dict[str, Json], name: str, old: int) -> int:
    value = told.get(name)
    return old if value is None else count(value)


def parse_event(provider: Provider, event: ServerSentEvent, state: StreamState) -> str:
    """Text deltas; message_delta tells why the answer ends, message_stop ends it."""
    data = read_object(provider, event.data)
    kind = data.get("type")
    if kind == "content_block_delta":
        delta = member(data, "delta")
        return text(delta.get("text")) if delta.get("type") == "text_delta" else ""
    if kind == "message_start":
        state.usage = _usage(member(data, "message"), state.usage)
    elif kind == "message_delta":
        state.finish_reason = _finish_reason(member(data, "delta").get("stop_reason"))
        state.usage = _usage(data, state.usage)
    elif kind == "message_stop":
        state.done = True
    elif kind == "error":
        raise AppError("provider_failed", provider=provider.name)
    return ""
