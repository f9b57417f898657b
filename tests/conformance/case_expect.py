"""Reads what a case file expects to come of a request."""

from collections.abc import Iterator
from typing import Final, cast

from promptstudio.values import Json
from tests.conformance.case import Expect, ExpectedAnswer, ExpectedCall, Request
from tests.conformance.case_text import body

_Object = dict[str, Json]

_BOUNDS: Final = {"at_least", "at_most"}


def expect(raw: _Object, request: Request) -> Expect:
    """What is to come of `request`; raises ValueError."""
    if ("status" in raw) == ("statuses" in raw) or ("statuses" in raw) != (request.times > 1):
        raise ValueError("a request that is sent once is expected to get a status, several to get statuses")
    if "status" in raw:
        answers = [_answer(cast("int", raw["status"]), raw)]
    else:
        answers = list(_answers(cast("_Object", raw["statuses"]), request.times))
    calls = cast("list[_Object]", raw.get("calls", []))
    return Expect(
        answers=answers,
        calls=[call for row in calls for call in [_call(row)] * cast("int", row.get("times", 1))],
        aborted=raw.get("aborted") is True,
    )


def _answers(statuses: _Object, clients: int) -> Iterator[ExpectedAnswer]:
    for status, row in statuses.items():
        members: _Object = {"times": row} if isinstance(row, int) else cast("_Object", row)
        if "times" in members and members.keys() & _BOUNDS:
            raise ValueError("times excludes at_least and at_most")
        at_least, at_most = 0, clients
        if not members.keys() & _BOUNDS:
            at_least = at_most = cast("int", members.get("times", 1))
        yield _answer(
            int(status),
            members,
            cast("int", members.get("at_least", at_least)),
            cast("int", members.get("at_most", at_most)),
        )


def _answer(status: int, raw: _Object, at_least: int = 1, at_most: int = 1) -> ExpectedAnswer:
    return ExpectedAnswer(
        status=status,
        content_type=cast("str | None", raw.get("content_type")),
        headers=cast("dict[str, str | None]", raw.get("headers", {})),
        body=body(raw),
        includes=raw.get("includes"),
        at_least=at_least,
        at_most=at_most,
    )


def _call(raw: _Object) -> ExpectedCall:
    data = body(raw)
    return ExpectedCall(
        method=cast("str", raw.get("method", "POST")),
        path=cast("str", raw["path"]),
        headers=cast("dict[str, str | None]", raw.get("headers", {})),
        body=data if "body" in raw else None,
        json=data if "json" in raw else None,
        not_before_s=cast("float", raw.get("not_before_s", 0.0)),
    )
