"""Reads case files, and refuses what does not follow the format of docs/protocol.md."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from promptstudio.prompts.validate import compile_schema
from promptstudio.values import Json
from tests.conformance.case import RUNTIMES, Answer, Case, Request, Step, When
from tests.conformance.case_expect import expect
from tests.conformance.case_text import body, compact, text

if TYPE_CHECKING:
    from tests.conformance.runtimes import StoreNeed

_Object = dict[str, Json]


def _inlined(schema: Json, root: _Object) -> Json:
    """The schema without its references, all of which are to members of the whole."""
    if isinstance(schema, list):
        return [_inlined(item, root) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        _, _, name = cast("str", schema["$ref"]).rpartition("/")
        return _inlined(cast("_Object", root["properties"])[name], root)
    return {name: _inlined(value, root) for name, value in schema.items()}


_SCHEMA: Final[_Object] = json.loads(Path(__file__).with_name("case.schema.json").read_bytes())
_check: Final = compile_schema(cast("_Object", _inlined(_SCHEMA, _SCHEMA)))


class CaseError(ValueError):
    """A case file that does not follow the format. The text names the file."""


def load(path: Path) -> Case:
    """The case in a file; raises CaseError."""
    try:
        return _case(path.stem, json.loads(path.read_bytes()))
    except ValueError as error:
        message = f"{path.name}: {error}"
        raise CaseError(message) from error


def _case(name: str, raw: Json) -> Case:
    _, errors = _check(raw, "")
    if errors:
        raise ValueError("; ".join(map(str, errors)))
    members = cast("_Object", raw)
    earlier = cast("list[_Object]", members.get("earlier", []))
    return Case(
        name=name,
        prompts={file: text(value) for file, value in cast("_Object", members["prompts"]).items()},
        settings=cast("_Object", members.get("settings", {})),
        environ=cast("dict[str, str | None]", members.get("environment", {})),
        store=cast("StoreNeed", members.get("store", "any")),
        steps=[_step(step) for step in (*earlier, members)],
        runtimes=cast("Sequence[str]", members.get("runtimes", RUNTIMES)),
        not_elsewhere=cast("str | None", members.get("not_elsewhere")),
    )


def _step(raw: _Object) -> Step:
    request = _request(cast("_Object", raw["request"]))
    upstream = cast("list[_Object]", raw.get("upstream", []))
    return Step(
        request,
        [answer for row in upstream for answer in [_answer(row)] * cast("int", row.get("times", 1))],
        expect(cast("_Object", raw["expect"]), request),
    )


def _request(raw: _Object) -> Request:
    sent = body(raw)
    request = Request(
        method=cast("str", raw.get("method", "GET" if sent is None else "POST")),
        path=cast("str", raw["path"]),
        headers=cast("dict[str, str | None]", raw.get("headers", {})),
        body=sent,
        chunks=cast("int | None", raw.get("chunks")),
        close_after=text(raw["close_after"]) if "close_after" in raw else None,
        times=cast("int", raw.get("times", 1)),
        again_on=cast("int | None", raw.get("again_on")),
    )
    if request.times > 1 and (request.close_after is not None or request.again_on is not None):
        raise ValueError("close_after and again_on are for a request that is sent once")
    return request


def _answer(raw: _Object) -> Answer:
    end = cast("str", raw.get("end", "complete"))
    held = _held(cast("_Object", raw["held"])) if "held" in raw else None
    if raw.keys() <= {"end", "held", "times"}:
        return Answer(None, {}, (), streamed=False, end=end, held=held)
    whole = body(raw)
    streamed = "events" in raw
    steps = [_event(event) for event in cast("list[_Object]", raw["events"])] if streamed else [whole or b""]
    kind = "text/event-stream" if streamed else "application/json"
    return Answer(
        status=cast("int", raw.get("status", 200)),
        headers={"content-type": kind, **cast("dict[str, str]", raw.get("headers", {}))},
        steps=_split(steps, cast("int | None", raw.get("split"))),
        streamed=streamed,
        end=end,
        held=held,
    )


def _held(raw: _Object) -> When:
    return When(text(raw["until"]), cast("int", raw.get("times", 1)))


def _event(raw: _Object) -> bytes | When:
    if "when" in raw:
        return When(text(raw["when"]), cast("int", raw.get("times", 1)))
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
