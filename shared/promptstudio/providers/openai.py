"""OpenAI's Responses API: POST /responses (https://platform.openai.com/docs/api-reference/responses)."""

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

SETTINGS: Final = frozenset({"temperature", "top_p", "max_tokens", "reasoning_effort"})

_NO_HEADERS: Final[Mapping[str, str]] = {}
_ROLES: Final = {"system": "system", "user": "user", "model": "assistant"}
_FINISH_REASONS: Final = {"max_output_tokens": "length", "content_filter": "content_filter"}


def build_request(call: Call) -> ProviderRequest:
    """Members in this order: model, input, stream, settings, reasoning, text, safety_identifier, store."""
    setup = call.setup
    body: Members = {"model": setup.model}
    body["input"] = [_input(setup.provider, message) for message in call.messages]
    if call.stream:
        body["stream"] = True
    body.update(_settings(setup))
    if call.user is not None:
        body["safety_identifier"] = call.user
    body["store"] = False
    return ProviderRequest("/responses", _NO_HEADERS, write_body(body))


@cache_printed
def _settings(setup: Setup) -> dict[str, Json]:
    config = setup.config
    members: dict[str, Json] = {}
    if "temperature" in config:
        members["temperature"] = config["temperature"]
    if "top_p" in config:
        members["top_p"] = config["top_p"]
    if "max_tokens" in config:
        members["max_output_tokens"] = config["max_tokens"]
    if "reasoning_effort" in config:
        members["reasoning"] = {"effort": config["reasoning_effort"]}
    if (format_ := _format(setup.output, setup.output_name)) is not None:
        members["text"] = {"format": format_}
    return members


def _input(provider: Provider, message: Message) -> Json:
    content: Json = joined_text(message)
    if content is None:
        content = [_part(provider, part) for part in parts(provider, message)]
    return {"role": _ROLES[message.role], "content": content}


def _part(provider: Provider, part: Text | Attachment) -> Json:
    if isinstance(part, Text):
        return {"type": "input_text", "text": part.text}
    if part.is_image:
        return {"type": "input_image", "image_url": part.url, "detail": "auto"}
    if part.content_type != PDF:
        raise unsupported(provider, part)
    if part.base64 is None:
        return {"type": "input_file", "file_url": part.url}
    return {"type": "input_file", "filename": "document.pdf", "file_data": part.url}


def _format(output: OutputFormat, name: str) -> Json:
    if output.format != "json":
        return None
    if output.wire_schema is None:
        return {"type": "json_object"}
    if not output.strict and output.wire_schema.get("type") != "object":
        return None  # OpenAI refuses any other schema at the top; the answer is checked here
    return {"type": "json_schema", "name": name, "schema": dict(output.wire_schema), "strict": output.strict}


def parse(provider: Provider, body: bytes) -> Answer:
    """The text of all messages; a refusal counts as text, and ends in content_filter."""
    response = read_object(provider, body)
    if not isinstance(response.get("output"), list):
        raise AppError("provider_garbage", provider=provider.name)
    finish_reason = _finish_reason(provider, response)
    pieces = []
    for item in objects(response["output"]):
        for part in objects(item.get("content")) if item.get("type") == "message" else ():
            if part.get("type") == "refusal":
                finish_reason = "content_filter"
            pieces.append(text(part.get("refusal" if part.get("type") == "refusal" else "text")))
    return Answer("".join(pieces), finish_reason, _usage(response))


def _finish_reason(provider: Provider, response: dict[str, Json]) -> str:
    """A server that names no status has finished: compatible ones leave it out."""
    status = text(response.get("status")) or "completed"
    if status == "incomplete":
        return _FINISH_REASONS.get(text(member(response, "incomplete_details").get("reason")), "stop")
    if status != "completed":
        raise AppError("provider_failed", provider=provider.name)
    return "stop"


def _usage(response: dict[str, Json]) -> Usage | None:
    usage = member(response, "usage")
    if not usage:
        return None
    details = member(usage, "input_tokens_details")
    return Usage(
        input=count(usage.get("input_tokens")),
        output=count(usage.get("output_tokens")),
        cached=count(details.get("cached_tokens")),
        cache_write=count(details.get("cache_write_tokens")),
    )


def parse_event(provider: Provider, event: ServerSentEvent, state: StreamState) -> str:
    """Deltas of text and of refusals; `response.completed` and `response.incomplete` end the answer."""
    if event.data == "[DONE]":
        return ""
    data = read_object(provider, event.data)
    kind = data.get("type")
    if kind == "response.output_text.delta":
        return text(data.get("delta"))
    if kind == "response.refusal.delta":
        state.finish_reason = "content_filter"
        return text(data.get("delta"))
    if kind in ("response.completed", "response.incomplete"):
        _finish(provider, member(data, "response"), state)
    elif kind in ("response.failed", "error") or "error" in data:
        raise AppError("provider_failed", provider=provider.name)
    return ""


def _finish(provider: Provider, response: dict[str, Json], state: StreamState) -> None:
    finish_reason = _finish_reason(provider, response)
    if state.finish_reason == "stop":
        state.finish_reason = finish_reason
    state.usage = _usage(response)
    state.done = True
