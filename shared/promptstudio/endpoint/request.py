"""The body of a run, read into what the rest works with."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypedDict, cast

from promptstudio.errors import PROTOCOL, AppError, FieldError
from promptstudio.messages import Media, Message, Text
from promptstudio.prompts.bundle import Version
from promptstudio.prompts.validate import compile_schema
from promptstudio.values import InvalidJsonError, Json, loads

_RUN_BODY: Final = compile_schema(PROTOCOL["bodies"]["run"], unknown="unknown_member")
_PLAIN: Final = {"variables": dict, "stream": bool, "label": str, "user": str, "metadata": dict}
"""Members that are right if their type is: most bodies have no others."""
_JSON_TYPE: Final = re.compile(
    rb'[ \t]*application/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*("?)utf-8\1[ \t]*)?', re.IGNORECASE
)


IDEMPOTENCY_KEY: Final = b"idempotency-key"


class _Members(TypedDict, total=False):
    """A body that has been checked."""

    variables: dict[str, Json]
    stream: bool
    messages: list[dict[str, Json]]
    version: int
    label: str
    cache: str
    user: str


@dataclass(slots=True)
class RunRequest:
    """A run as its caller asked for it. Without `stream`, the Accept header decides."""

    variables: dict[str, Json]
    stream: bool | None
    messages: list[Message]
    version: int | None
    label: str | None
    cache: str
    user: str | None


@dataclass(slots=True)
class Sent:
    """What the stages between a run and its model know it by. `cache` is the member of its body."""

    path: str
    body: bytes
    messages: Sequence[Message]
    cache: str = "default"


def read_json(content_type: bytes | None, body: bytes) -> dict[str, Json]:
    """The JSON object in a body; raises AppError content_type, body_… or body_not_object."""
    if content_type != b"application/json" and not _JSON_TYPE.fullmatch(content_type or b""):
        raise AppError("content_type")
    try:
        value = loads(body)
    except InvalidJsonError as error:
        raise _body_error(error.problem) from None
    if not isinstance(value, dict):
        raise AppError("body_not_object")
    return value


def _body_error(problem: str) -> AppError:
    return AppError(problem, limit=PROTOCOL["bounds"]["json_depth"])


def read_run(body: dict[str, Json]) -> RunRequest:
    """The members of a run's body; raises AppError fields_invalid with all that is wrong with them."""
    for name, value in body.items():
        if type(value) is not _PLAIN.get(name):
            _check(body)
            break
    members = cast("_Members", body)
    history = members.get("messages")
    return RunRequest(
        members.get("variables", {}),
        members.get("stream"),
        [_message(message) for message in history] if history else [],
        members.get("version"),
        members.get("label"),
        members.get("cache", "default"),
        members.get("user"),
    )


def needs_state(version: Version, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a run of this version has to do with what is kept between requests."""
    return bool(version.limits) or version.cache_ttl_s is not None or IDEMPOTENCY_KEY in headers


def _check(body: dict[str, Json]) -> None:
    _, errors = _RUN_BODY(body, "")
    if "version" in body and "label" in body:
        errors.append(FieldError("/label", PROTOCOL["checks"]["version_and_label"]))
        errors.sort(key=lambda error: error.pointer)
    if errors:
        raise AppError("fields_invalid", errors=errors[: PROTOCOL["bounds"]["errors_listed"]])


def _message(message: dict[str, Json]) -> Message:
    content = message["content"]
    if isinstance(content, str):
        return Message(cast("str", message["role"]), (Text(content),), history=True)
    parts = cast("list[dict[str, Json]]", content)
    return Message(cast("str", message["role"]), tuple(_part(part) for part in parts), history=True)


def _part(part: dict[str, Json]) -> Text | Media:
    if "text" in part:
        return Text(cast("str", part["text"]))
    media = cast("dict[str, str]", part["media"])
    return Media(media["url"], media.get("content_type"))
