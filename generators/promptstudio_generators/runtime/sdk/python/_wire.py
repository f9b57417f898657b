"""Calls to requests, and answers to what callers get. No I/O: both kinds of client stand on it."""

import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, cast

from ._config import Config, Timeouts, checked_headers, checked_retries, checked_timeouts
from ._package import NAME, VERSION
from ._retry import retry_after
from ._transport import Request
from .errors import (
    BY_CODE,
    BY_STATUS,
    APIError,
    ConfigurationError,
    FieldProblem,
    InternalServerError,
    UnexpectedResponseError,
)
from .types import NotGiven, RequestOptions

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
"""Longer answers are refused: an endpoint's own bound is half of it."""

MAX_PROBLEM_BYTES: Final = 1024 * 1024

EVENT_STREAM: Final = "text/event-stream"
JSON: Final = "application/json"

_BODY: Final = frozenset({"messages", "cache", "user", "metadata"})
_VERSION: Final = frozenset({"version", "label"})
_OPTIONS: Final = frozenset(RequestOptions.__annotations__)
_AGENT: Final = f"{NAME}/{VERSION} python/{sys.version_info[0]}.{sys.version_info[1]}"
_SHOWN_CHARACTERS: Final = 4096


class Pin(NamedTuple):
    """Which version of which prompt is called. Neither version nor label: the endpoint decides."""

    prompt: str
    version: int | None = None
    label: str | None = None


class Call(NamedTuple):
    """A call ready to be sent, as often as it takes."""

    request: Request
    timeouts: Timeouts
    max_retries: int
    max_event_bytes: int


class Head(NamedTuple):
    """An answer without its body, and the number of requests that it took."""

    status: int
    headers: Mapping[str, str]
    attempts: int

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def prepare(
    config: Config,
    pin: Pin,
    variables: Mapping[str, object],
    options: RequestOptions | None,
    *,
    streams: bool = False,
) -> Call:
    """The call. Variables that are NOT_GIVEN are left out.

    Raises ConfigurationError for options that there are not, TypeError and ValueError for values that JSON
    does not have.
    """
    chosen: RequestOptions = options or {}
    unknown = sorted(chosen.keys() - _OPTIONS)
    if unknown:
        raise ConfigurationError(
            f"There is no option {unknown[0]!r}. Options: {', '.join(sorted(_OPTIONS))}."
        )
    return Call(
        request=Request(
            url=f"{config.base_url}/v1/prompts/{pin.prompt}/run",
            headers=_headers(config, chosen, streams),
            body=_encoded(_body(pin, variables, chosen, streams)),
        ),
        timeouts=checked_timeouts(_timeouts(config.timeouts, chosen)),
        max_retries=checked_retries(chosen.get("max_retries", config.max_retries)),
        max_event_bytes=config.max_event_bytes,
    )


def _timeouts(given: Timeouts, options: RequestOptions) -> Timeouts:
    return Timeouts(
        attempt=options.get("timeout", given.attempt),
        connect=options.get("connect_timeout", given.connect),
        idle=options.get("idle_timeout", given.idle),
        deadline=options.get("deadline", given.deadline),
    )


def _headers(config: Config, options: RequestOptions, streams: bool) -> dict[str, str]:
    return {
        "user-agent": _AGENT,
        **config.headers,
        **checked_headers(options.get("headers", {})),
        "accept": EVENT_STREAM if streams else JSON,
        "content-type": JSON,
        **checked_headers({"idempotency-key": options.get("idempotency_key") or str(uuid.uuid4())}),
    }


def _body(
    pin: Pin, variables: Mapping[str, object], options: RequestOptions, streams: bool
) -> dict[str, object]:
    given = {name: value for name, value in variables.items() if not isinstance(value, NotGiven)}
    return {
        "variables": given,
        **_version(pin, options),
        **{name: value for name, value in options.items() if name in _BODY},
        **({"stream": True} if streams else {}),
    }


def _version(pin: Pin, options: RequestOptions) -> dict[str, object]:
    """What a call names itself takes the place of the package's own."""
    named = {name: value for name, value in options.items() if name in _VERSION}
    if named:
        return named
    if pin.label is not None:
        return {"label": pin.label}
    return {} if pin.version is None else {"version": pin.version}


def _encoded(body: dict[str, object]) -> bytes:
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    return text.encode()


def _plain(value: object) -> object:
    """Mappings and sequences that are no dict, list or tuple."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return list(cast("Sequence[object]", value))
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def read_answer(head: Head, content: bytes) -> dict[str, object]:
    """The answer of a run; raises UnexpectedResponseError where this is none."""
    if head.media_type != JSON:
        raise unexpected(head, content, f"it is {_kind(head)}, not {JSON}")
    answer = _members(_parsed(content))
    if not isinstance(answer.get("output"), dict):
        raise unexpected(head, content, "it is not the answer of a run")
    return answer


def unexpected(head: Head, content: bytes, reason: str) -> UnexpectedResponseError:
    """The error for an answer that no prompt endpoint gives."""
    return UnexpectedResponseError(
        f"Status {head.status}, but what answered is no prompt endpoint: {reason}.",
        status_code=head.status,
        headers=head.headers,
        body=_text(content),
        attempts=head.attempts,
    )


def not_events(head: Head, content: bytes) -> UnexpectedResponseError:
    """The error for an answer that should be a stream. `content` is as much of it as came."""
    return unexpected(head, content, f"it is {_kind(head)}, not {EVENT_STREAM}")


def _kind(head: Head) -> str:
    return head.media_type or "of no type"


def problem(head: Head, content: bytes, now: float) -> APIError:
    """The error for an answer that is not 2xx. `now` is Unix time."""
    return _problem(head, _parsed(content), _text(content), head.status, now)


def problem_event(head: Head, data: str) -> APIError:
    """The error for the event `error` of a stream. Its status is the problem's, where that has one."""
    body = _parsed(data.encode())
    status = _members(body).get("status")
    return _problem(head, body, data, status if type(status) is int else head.status, None)


def _problem(head: Head, body: object, text: str, status: int, now: float | None) -> APIError:
    """`body` is the problem as JSON, None where it is none, and `text` as it came."""
    members = _members(body)
    code, detail = _string(members, "code"), _string(members, "detail") or _string(members, "title")
    request_id = _string(members, "request_id") or head.request_id
    which = " ".join(filter(None, (str(status), code, request_id)))
    return _error_class(code, status)(
        f"{detail or 'The endpoint tells no reason.'} ({which})",
        status_code=status,
        headers=head.headers,
        body=text if body is None else body,
        code=code,
        type=_string(members, "type"),
        detail=detail,
        errors=_field_problems(members.get("errors")),
        request_id=request_id,
        retry_after=None if now is None else retry_after(head.headers, now),
        attempts=head.attempts,
    )


def _error_class(code: str | None, status: int) -> type[APIError]:
    if code is not None and code in BY_CODE:
        return BY_CODE[code]
    return BY_STATUS.get(status, InternalServerError if status >= 500 else APIError)


def _field_problems(listed: object) -> list[FieldProblem]:
    rows = cast("list[object]", listed) if isinstance(listed, list) else []
    found = [(_string(row, "pointer"), _string(row, "message")) for row in map(_members, rows)]
    return [
        {"pointer": pointer, "message": message}
        for pointer, message in found
        if pointer is not None and message is not None
    ]


def _members(value: object) -> dict[str, object]:
    """The members of a JSON object; none where the value is something else."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _string(members: Mapping[str, object], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None


def _parsed(content: bytes) -> object:
    """The JSON value, or None where there is none."""
    try:
        return cast("object", json.loads(content.decode(), parse_constant=_refuse))
    except (ValueError, RecursionError):
        return None


def _refuse(name: str) -> None:
    raise ValueError(name)


def _text(content: bytes) -> str:
    return content[: 4 * _SHOWN_CHARACTERS].decode(errors="replace")[:_SHOWN_CHARACTERS]
