"""Reads case files, and refuses what does not follow the format of docs/protocol.md."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from promptstudio.prompts.validate import compile_schema
from promptstudio.values import Json
from tests.conformance.case import RUNTIMES, Answer, Case, Expect, ExpectedCall, Request, When

_Object = dict[str, Json]

_check: Final = compile_schema(json.loads(Path(__file__).with_name("case.schema.json").read_bytes()))
_BODIES: Final = ("json", "body", "events", "sse", "includes")


class CaseError(ValueError):
    """A case file that does not follow the format. The text names the file."""


def load(path: Path) -> Case:
    """The case in a file; raises CaseError."""
    try:
        return _case(path.stem, json.loads(path.read_bytes()))
    except ValueError as error:
        message = f"{path.name}: {error}"
        raise CaseError(message) from error


def compact(value: Json) -> bytes:
    """JSON without spaces, members in the order of the file."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def text(value: Json) -> bytes:
    """A text of the format: a string, a list of lines, or one of {repeat, times}, {base64}, {concat}."""
    match value:
        case str():
            return value.encode()
        case list():
            return b"\n".join(text(line) for line in value)
        case {"repeat": piece, "times": int(times), **rest} if not rest:
            return text(piece) * times
        case {"base64": str(encoded), **rest} if not rest:
            return base64.b64decode(encoded, validate=True)
        case {"concat": list(pieces), **rest} if not rest:
            return b"".join(text(piece) for piece in pieces)
        case _:
            message = f"{compact(value).decode():.80} is not a text"
            raise ValueError(message)


def _case(name: str, raw: Json) -> Case:
    _, errors = _check(raw, "")
    if errors:
        raise ValueError("; ".join(map(str, errors)))
    members = cast("_Object", raw)
    return Case(
        name=name,
        prompts={file: text(value) for file, value in cast("_Object", members["prompts"]).items()},
        settings=cast("_Object", members.get("settings", {})),
        environ=cast("dict[str, str | None]", members.get("environment", {})),
        request=_request(cast("_Object", members["request"])),
        answers=[_answer(answer) for answer in cast("list[_Object]", members.get("upstream", []))],
        expect=_expect(cast("_Object", members["expect"])),
        runtimes=cast("Sequence[str]", members.get("runtimes", RUNTIMES)),
    )


def _body(raw: _Object) -> bytes | None:
    """The bytes of whichever form of body there is; raises ValueError if there are two."""
    forms = [form for form in _BODIES if form in raw]
    if len(forms) > 1:
        message = f"{' and '.join(forms)} exclude each other"
        raise ValueError(message)
    if "json" in raw:
        return compact(raw["json"])
    return text(raw["body"]) if "body" in raw else None


def _request(raw: _Object) -> Request:
    body = _body(raw)
    return Request(
        method=cast("str", raw.get("method", "GET" if body is None else "POST")),
        path=cast("str", raw["path"]),
        headers=cast("dict[str, str | None]", raw.get("headers", {})),
        body=body,
        chunks=cast("int | None", raw.get("chunks")),
        close_after=text(raw["close_after"]) if "close_after" in raw else None,
    )


def _answer(raw: _Object) -> Answer:
    end = cast("str", raw.get("end", "complete"))
    if raw.keys() <= {"end"}:
        return Answer(None, {}, (), streamed=False, end=end)
    body = _body(raw)
    streamed = "events" in raw
    steps = [_step(event) for event in cast("list[_Object]", raw["events"])] if streamed else [body or b""]
    kind = "text/event-stream" if streamed else "application/json"
    return Answer(
        status=cast("int", raw.get("status", 200)),
        headers={"content-type": kind, **cast("dict[str, str]", raw.get("headers", {}))},
        steps=_split(steps, cast("int | None", raw.get("split"))),
        streamed=streamed,
        end=end,
    )


def _step(raw: _Object) -> bytes | When:
    if "when" in raw:
        return When(text(raw["when"]))
    if "raw" in raw:
        return text(raw["raw"])
    data = raw["data"]
    line = b"data: %s\n\n" % (data.encode() if isinstance(data, str) else compact(data))
    return b"event: %s\n%s" % (text(raw["event"]), line) if "event" in raw else line


def _split(steps: Sequence[bytes | When], size: int | None) -> Sequence[bytes | When]:
    """The same steps in pieces of at most `size` bytes, so that no reader can count on whole events."""
    if size is None:
        return steps
    pieces: list[bytes | When] = []
    for step in steps:
        if isinstance(step, When):
            pieces.append(step)
        else:
            pieces.extend(step[start : start + size] for start in range(0, len(step), size))
    return pieces


def _expect(raw: _Object) -> Expect:
    body = _body(raw)
    return Expect(
        calls=[_expected_call(call) for call in cast("list[_Object]", raw.get("calls", []))],
        status=cast("int", raw["status"]),
        content_type=cast("str | None", raw.get("content_type")),
        headers=cast("dict[str, str | None]", raw.get("headers", {})),
        body=_transcript(cast("list[list[Json]]", raw["sse"])) if "sse" in raw else body,
        includes=raw.get("includes"),
        aborted=raw.get("aborted") is True,
    )


def _expected_call(raw: _Object) -> ExpectedCall:
    return ExpectedCall(
        method=cast("str", raw.get("method", "POST")),
        path=cast("str", raw["path"]),
        headers=cast("dict[str, str | None]", raw.get("headers", {})),
        body=text(raw["body"]) if "body" in raw else None,
        json=compact(raw["json"]) if "json" in raw else None,
        not_before_s=cast("float", raw.get("not_before_s", 0.0)),
    )


def _transcript(frames: list[list[Json]]) -> bytes:
    """The bytes of an event stream: each frame is [event, data]."""
    return b"".join(b"event: %s\ndata: %s\n\n" % (text(event), compact(data)) for event, data in frames)
