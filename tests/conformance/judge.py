"""Holds what a runtime did against what a case says must happen, ids and times masked."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from promptstudio.values import Json
from tests.conformance.case import Case, Expect, ExpectedCall
from tests.conformance.client import Received
from tests.conformance.upstream import Call

ABORT_WITHIN_S: Final = 2.0
"""How soon after its client a runtime hangs up on the model: 0.1 s is promised, a busy machine adds to it."""

_ID: Final = re.compile(rb"\b(run|req|resp|msg)_[0-9a-f]{16,64}\b")
_HASH: Final = re.compile(rb"\bsha256:[0-9a-f]{64}\b")
_CREATED: Final = re.compile(rb'"(created_at|completed_at)":\d+')
_DURATION: Final = re.compile(rb"\bdur=[0-9.]+")
_FRAMING: Final = {"date", "server", "connection", "keep-alive", "transfer-encoding", "content-length"}
"""Headers that belong to a server's HTTP, not to the protocol."""
_SHOWN_BEFORE: Final = 60
_SHOWN_AFTER: Final = 240


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one runtime did with one case. `closed_at` is when the client went away before the end."""

    received: Received
    calls: Sequence[Call]
    problems: Sequence[str]
    closed_at: float | None


def mask(data: bytes) -> bytes:
    """The same bytes with every id, hash and time blanked."""
    data = _ID.sub(rb"\1_*", data)
    data = _HASH.sub(b"sha256:*", data)
    data = _CREATED.sub(rb'"\1":0', data)
    return _DURATION.sub(b"dur=*", data)


def faults(case: Case, outcome: Outcome) -> list[str]:
    """Every way in which the outcome differs from the expectation; empty where there is none."""
    return [
        *outcome.problems,
        *_answer_faults(case.expect, outcome.received, compare_body=case.request.close_after is None),
        *_call_faults(case.expect.calls, outcome.calls),
        *_abort_faults(case.expect, outcome),
    ]


def differences(case: Case, left: Outcome, right: Outcome) -> list[str]:
    """Where two runtimes disagree about one case: in what the client got, or in what the model was sent."""
    one, other = left.received, right.received
    found = [*_unequal("status", one.status, other.status)]
    found += _unequal("headers", _essential(one), _essential(other))
    if case.request.close_after is None:
        found += _unequal("body", mask(one.body), mask(other.body))
    found += _unequal("number of calls", len(left.calls), len(right.calls))
    for index, (first, second) in enumerate(zip(left.calls, right.calls, strict=False)):
        found += _unequal(f"call {index}'s path", first.path, second.path)
        found += _unequal(f"call {index}'s body", first.body, second.body)
    return found


def _essential(received: Received) -> dict[str, str]:
    masked = {name: mask(value.encode()).decode() for name, value in received.headers.items()}
    if not received.body:
        masked.pop("content-type", None)  # AWS's adapter gives even an empty body one
    return {name: masked[name] for name in sorted(masked) if name not in _FRAMING}


def _answer_faults(expect: Expect, received: Received, *, compare_body: bool) -> Iterator[str]:
    yield from _unequal("status", expect.status, received.status)
    if expect.content_type is not None:
        yield from _unequal("content type", expect.content_type, received.headers.get("content-type"))
    yield from _header_faults("the answer's", expect.headers, received.headers)
    if expect.body is not None and compare_body:
        yield from _unequal("body", expect.body, mask(received.body))
    if expect.includes is not None:
        yield from _checked_json(mask(received.body), lambda value: _missing(expect.includes, value, ""))


def _call_faults(expected: Sequence[ExpectedCall], calls: Sequence[Call]) -> Iterator[str]:
    yield from _unequal("number of calls to the model", len(expected), len(calls))
    for index, (want, call) in enumerate(zip(expected, calls, strict=False)):
        what = f"call {index}'s"
        yield from _unequal(f"{what} method", want.method, call.method)
        yield from _unequal(f"{what} path", want.path, call.path)
        yield from _header_faults(what, want.headers, call.headers)
        if want.body is not None:
            yield from _unequal(f"{what} body", want.body, call.body)
        if want.json is not None:
            yield from _checked_json(call.body, _same_json(f"{what} JSON", json.loads(want.json)))
        waited = call.at - calls[index - 1].at if index else want.not_before_s
        if waited < want.not_before_s:
            yield f"call {index} came {waited:.3f} s after the one before, too early by the case"


def _abort_faults(expect: Expect, outcome: Outcome) -> Iterator[str]:
    if not expect.aborted:
        return
    closed = outcome.closed_at
    for index, call in enumerate(outcome.calls):
        if call.aborted_at is None:
            yield f"call {index} was never hung up on"
        elif closed is not None and call.aborted_at - closed > ABORT_WITHIN_S:
            yield f"call {index} was hung up on {call.aborted_at - closed:.1f} s after the client had gone"


def _header_faults(
    whose: str, expected: Mapping[str, str | None], headers: Mapping[str, str]
) -> Iterator[str]:
    for name, value in expected.items():
        got = headers.get(name.lower())
        masked = None if got is None else mask(got.encode()).decode()
        yield from _unequal(f"{whose} header {name}", value, masked)


def _checked_json(body: bytes, check: Callable[[Json], Iterator[str]]) -> Iterator[str]:
    try:
        value: Json = json.loads(body)
    except ValueError:
        yield f"not JSON: {body[:_SHOWN_AFTER]!r}"
    else:
        yield from check(value)


def _same_json(what: str, expected: Json) -> Callable[[Json], Iterator[str]]:
    return lambda value: _unequal(what, _plain(expected), _plain(value))


def _plain(value: Json) -> str:
    """One text for equal values: the order of members is no matter, 1 and 1.0 and true are different."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _missing(part: Json, whole: Json, pointer: str) -> Iterator[str]:
    """Where `whole` lacks what `part` says: members may be more, arrays and scalars are equal."""
    if isinstance(part, dict) and isinstance(whole, dict):
        for name, value in part.items():
            if name in whole:
                yield from _missing(value, whole[name], f"{pointer}/{name}")
            else:
                yield f"{pointer}/{name} is missing"
    elif isinstance(part, list) and isinstance(whole, list) and len(part) == len(whole):
        for index, (wanted, item) in enumerate(zip(part, whole, strict=True)):
            yield from _missing(wanted, item, f"{pointer}/{index}")
    else:
        yield from _unequal(pointer or "the body", _plain(part), _plain(whole))


def _unequal(what: str, expected: object, got: object) -> Iterator[str]:
    if expected == got:
        return
    if isinstance(expected, (bytes, str)) and isinstance(got, (bytes, str)):
        at = _first_difference(expected, got)
        shown = slice(max(0, at - _SHOWN_BEFORE), at + _SHOWN_AFTER)
        expected, got = expected[shown], got[shown]
        what = f"{what} (from {at} on)"
    yield f"{what}\n    expected {expected!r}\n    got      {got!r}"


def _first_difference(left: bytes | str, right: bytes | str) -> int:
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))
