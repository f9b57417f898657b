"""The judge: it passes what a case asks for, and sees each way to differ from it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.conformance.case import Case, Expect, ExpectedCall, Request
from tests.conformance.client import Received
from tests.conformance.judge import Outcome, differences, faults, mask
from tests.conformance.upstream import Call

HEADERS = {"content-type": "application/json", "x-request-id": "req_0123456789abcdef01234567"}
BODY = b'{"id":"run_0123456789abcdef01234567","n":1}'


def call(body: bytes = b'{"a":1,"b":[true]}', at: float = 10.0, aborted_at: float | None = None) -> Call:
    return Call("POST", "/v1", {"x-key": "k"}, body, at, aborted_at)


def outcome(
    status: int = 200,
    headers: Mapping[str, str] = HEADERS,
    body: bytes = BODY,
    calls: tuple[Call, ...] | None = None,
    closed_at: float | None = None,
    problems: tuple[str, ...] = (),
) -> Outcome:
    return Outcome(
        Received(status, headers, body), (call(),) if calls is None else calls, problems, closed_at
    )


def case(expect: Expect) -> Case:
    request = Request("GET", "/", {}, None, None, None)
    return Case("a-case", {}, {}, {}, request, [], expect)


EXPECT = Expect(
    calls=[ExpectedCall("POST", "/v1", {"x-key": "k", "x-other": None}, None, json=b'{"b":[true],"a":1}')],
    status=200,
    content_type="application/json",
    headers={"X-Request-Id": "req_*", "allow": None},
    body=b'{"id":"run_*","n":1}',
)
INCLUDES = replace(EXPECT, body=None, includes={"n": 1})
ABORTED = replace(EXPECT, aborted=True)
SECOND = replace(EXPECT, calls=[*EXPECT.calls, replace(EXPECT.calls[0], not_before_s=1.0)])
BYTES = replace(EXPECT, calls=[replace(EXPECT.calls[0], json=None, body=b'{"a":1,"b":[true]}')])


@pytest.mark.parametrize(
    ("expect", "got"),
    [
        (EXPECT, outcome()),
        (INCLUDES, outcome()),
        (BYTES, outcome()),
        (ABORTED, outcome(calls=(call(aborted_at=20.1),), closed_at=20.0)),
        (SECOND, outcome(calls=(call(), call(at=11.0)))),
    ],
)
def test_what_the_case_asks_for_passes(expect: Expect, got: Outcome) -> None:
    assert faults(case(expect), got) == []


@pytest.mark.parametrize(
    ("expect", "got", "named"),
    [
        (EXPECT, outcome(status=201), "status"),
        (
            EXPECT,
            outcome(headers={**HEADERS, "content-type": "application/json; charset=utf-8"}),
            "content type",
        ),
        (EXPECT, outcome(headers={"content-type": "application/json"}), "X-Request-Id"),
        (EXPECT, outcome(headers={**HEADERS, "allow": "POST"}), "allow"),
        (EXPECT, outcome(body=BODY.replace(b",", b", ")), "body"),
        (EXPECT, outcome(calls=()), "number of calls"),
        (EXPECT, outcome(calls=(call(), call())), "number of calls"),
        (EXPECT, outcome(calls=(replace(call(), method="PUT"),)), "method"),
        (EXPECT, outcome(calls=(replace(call(), path="/v2"),)), "path"),
        (EXPECT, outcome(calls=(replace(call(), headers={}),)), "x-key"),
        (EXPECT, outcome(calls=(replace(call(), headers={"x-key": "k", "x-other": ""}),)), "x-other"),
        (EXPECT, outcome(calls=(call(b'{"a":1.0,"b":[true]}'),)), "call 0's JSON"),
        (EXPECT, outcome(calls=(call(b'{"a":1,"b":[1]}'),)), "call 0's JSON"),
        (EXPECT, outcome(calls=(call(b"{"),)), "not JSON"),
        (EXPECT, outcome(problems=("the client never received",)), "never received"),
        (BYTES, outcome(calls=(call(b'{"b":[true],"a":1}'),)), "call 0's body"),
        (INCLUDES, outcome(body=b'{"n":2}'), "/n"),
        (INCLUDES, outcome(body=b"{}"), "/n is missing"),
        (ABORTED, outcome(), "never hung up"),
        (ABORTED, outcome(calls=(call(aborted_at=30.0),), closed_at=20.0), "after the client had gone"),
        (SECOND, outcome(calls=(call(), call(at=10.5))), "too early"),
    ],
)
def test_each_difference_is_named(expect: Expect, got: Outcome, named: str) -> None:
    found = faults(case(expect), got)
    assert len(found) == 1
    assert named in found[0]


def test_runtimes_that_did_the_same_agree_whatever_their_ids_and_servers() -> None:
    other = outcome(
        headers={**HEADERS, "x-request-id": "req_ffffffffffffffffffffffff", "server": "uvicorn"},
        body=BODY.replace(b"0123", b"ffff"),
    )
    assert differences(case(EXPECT), outcome(), other) == []


@pytest.mark.parametrize(
    "other",
    [
        outcome(status=201),
        outcome(headers={**HEADERS, "x-more": "1"}),
        outcome(body=b"{}"),
        outcome(calls=()),
        outcome(calls=(call(b'{"b":[true],"a":1}'),)),
    ],
)
def test_runtimes_that_differ_disagree(other: Outcome) -> None:
    assert len(differences(case(EXPECT), outcome(), other)) == 1


def test_ids_hashes_and_times_are_masked_and_nothing_else_is() -> None:
    data = b'"req_0123456789abcdef01234567" resp_ab sha256:' + b"0" * 64 + b' "created_at":17 dur=3.5 "at":17'
    assert mask(data) == b'"req_*" resp_ab sha256:* "created_at":0 dur=* "at":17'
