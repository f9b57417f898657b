"""Holds what a runtime did against what a case says must happen, ids and times masked."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from promptstudio.values import Json
from tests.conformance.case import Case, Expect, ExpectedAnswer, ExpectedCall, Step
from tests.conformance.client import Received
from tests.conformance.masks import Masks
from tests.conformance.upstream import Call

ABORT_WITHIN_S: Final = 2.0
"""How soon after its client a runtime hangs up on the model: 0.1 s is promised, a busy machine adds to it."""

_FRAMING: Final = {"date", "server", "connection", "keep-alive", "transfer-encoding", "content-length"}
"""Headers that belong to a server's HTTP, not to the protocol."""
_REMAINING: Final = re.compile(r"\br=\d+")
_SHOWN_BEFORE: Final = 60
_SHOWN_AFTER: Final = 240

_Headers = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one runtime did with one step: an answer for each client. `closed_at` is when the client went away
    before the end."""

    answers: Sequence[Received]
    calls: Sequence[Call]
    problems: Sequence[str]
    closed_at: float | None


def faults(case: Case, outcomes: Sequence[Outcome]) -> list[str]:
    """Every way in which the outcomes differ from what the case expects; empty where there is none."""
    masks = Masks()
    return [
        f"{_request(case, index)}{fault}"
        for index, (step, outcome) in enumerate(zip(case.steps, outcomes, strict=True))
        for fault in _step_faults(step, outcome, masks)
    ]


def differences(case: Case, left: Sequence[Outcome], right: Sequence[Outcome]) -> list[str]:
    """Where two runtimes disagree about one case: in what clients got, or in what the model was sent."""
    masks, others = Masks(), Masks()
    return [
        f"{_request(case, index)}{difference}"
        for index, (step, one, other) in enumerate(zip(case.steps, left, right, strict=True))
        for difference in _step_differences(step, one, other, masks, others)
    ]


def _request(case: Case, index: int) -> str:
    return "" if len(case.steps) == 1 else f"request {index + 1}: "


def _step_faults(step: Step, outcome: Outcome, masks: Masks) -> Iterator[str]:
    yield from outcome.problems
    compare_body = step.request.close_after is None
    if step.request.times == 1:
        [expected], [received] = step.expect.answers, outcome.answers
        yield from _unequal("status", expected.status, received.status)
        yield from _answer_faults(expected, received, masks, compare_body=compare_body)
    else:
        yield from _faults_of_several(step.expect.answers, outcome.answers, masks)
    yield from _call_faults(step.expect.calls, outcome.calls)
    yield from _abort_faults(step.expect, outcome)


def _faults_of_several(
    expected: Sequence[ExpectedAnswer], answers: Sequence[Received], masks: Masks
) -> Iterator[str]:
    counts = Counter(received.status for received in answers)
    for want in expected:
        if not want.at_least <= counts[want.status] <= want.at_most:
            wanted = f"{want.at_least} to {want.at_most}"
            yield f"{counts[want.status]} of {len(answers)} answers have status {want.status}, not {wanted}"
    by_status = {want.status: want for want in expected}
    for received in answers:
        if received.status not in by_status:
            yield f"an answer with status {received.status}: {received.body[:_SHOWN_AFTER]!r}"
            continue
        for fault in _answer_faults(by_status[received.status], received, masks, compare_body=True):
            yield f"an answer with status {received.status}: {fault}"


def _step_differences(
    step: Step, left: Outcome, right: Outcome, masks: Masks, others: Masks
) -> Iterator[str]:
    if step.request.times > 1:
        yield from _differences_of_several(step, left, right)
        return
    [one], [other] = left.answers, right.answers
    yield from _unequal("status", one.status, other.status)
    yield from _unequal("headers", _essential(one, masks), _essential(other, others))
    if step.request.close_after is None:
        yield from _unequal("body", masks.body(one.body), others.body(other.body))
    yield from _unequal("number of calls", len(left.calls), len(right.calls))
    for index, (first, second) in enumerate(zip(left.calls, right.calls, strict=False)):
        yield from _unequal(f"call {index}'s path", first.path, second.path)
        yield from _unequal(f"call {index}'s body", first.body, second.body)


def _differences_of_several(step: Step, left: Outcome, right: Outcome) -> Iterator[str]:
    """Clients at the same time get their answers in no order. Where even their number is left open, so is
    what they are."""
    if all(want.at_least == want.at_most for want in step.expect.answers):
        yield from _uncommon("answers", _kinds(left.answers), _kinds(right.answers))
    yield from _uncommon("calls", _calls(left), _calls(right))


def _kinds(answers: Sequence[Received]) -> Counter[str]:
    """The answers, without what remains of limits: a store may tell those who come at once the same."""
    kinds: Counter[str] = Counter()
    for received in answers:
        headers = _essential(received, Masks())
        if "ratelimit" in headers:
            headers["ratelimit"] = _REMAINING.sub("r=*", headers["ratelimit"])
        kinds[f"{received.status} {headers} {Masks().body(received.body)!r}"] += 1
    return kinds


def _calls(outcome: Outcome) -> Counter[str]:
    return Counter(f"{call.path} {call.body!r}" for call in outcome.calls)


def _uncommon(what: str, left: Counter[str], right: Counter[str]) -> Iterator[str]:
    for where, more in (("first", left - right), ("second", right - left)):
        for kind, count in more.items():
            yield f"{count} {what} more in the {where}: {kind}"


def _essential(received: Received, masks: Masks) -> dict[str, str]:
    masked = masks.headers(received)
    if not received.body:
        masked.pop("content-type", None)  # AWS's adapter gives even an empty body one
    return {name: masked[name] for name in sorted(masked) if name not in _FRAMING}


def _answer_faults(
    expected: ExpectedAnswer, received: Received, masks: Masks, *, compare_body: bool
) -> Iterator[str]:
    headers = masks.headers(received)
    if expected.content_type is not None:
        yield from _unequal("content type", expected.content_type, headers.get("content-type"))
    yield from _header_faults("the answer's", expected.headers, headers)
    body = masks.body(received.body)
    if expected.body is not None and compare_body:
        yield from _unequal("body", expected.body, body)
    if expected.includes is not None:
        yield from _checked_json(body, lambda value: _missing(expected.includes, value, ""))


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


def _header_faults(whose: str, expected: _Headers, headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in expected.items():
        yield from _unequal(f"{whose} header {name}", value, headers.get(name.lower()))


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
