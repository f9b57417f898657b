"""The judge: it passes what a case asks for, and sees each way to differ from it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.conformance.case import Case, Expect, ExpectedAnswer, ExpectedCall, Request, Step
from tests.conformance.client import Received
from tests.conformance.judge import Outcome, differences, faults
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
        (Received(status, headers, body),), (call(),) if calls is None else calls, problems, closed_at
    )


def case(*expected: Expect, times: int = 1) -> Case:
    """A case that expects this of one request after the other."""
    request = Request("GET", "/", {}, None, times=times)
    return Case("a-case", {}, {}, {}, "any", [Step(request, [], expect) for expect in expected])


ANSWER = ExpectedAnswer(
    status=200,
    content_type="application/json",
    headers={"X-Request-Id": "req_*", "allow": None},
    body=b'{"id":"run_*","n":1}',
)
EXPECT = Expect(
    [ANSWER],
    [ExpectedCall("POST", "/v1", {"x-key": "k", "x-other": None}, None, json=b'{"b":[true],"a":1}')],
)
INCLUDES = replace(EXPECT, answers=[replace(ANSWER, body=None, includes={"n": 1})])
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
    assert faults(case(expect), [got]) == []


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
    found = faults(case(expect), [got])
    assert len(found) == 1
    assert named in found[0]


def test_runtimes_that_did_the_same_agree_whatever_their_ids_and_servers() -> None:
    other = outcome(
        headers={**HEADERS, "x-request-id": "req_ffffffffffffffffffffffff", "server": "uvicorn"},
        body=BODY.replace(b"0123", b"ffff"),
    )
    assert differences(case(EXPECT), [outcome()], [other]) == []


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
    assert len(differences(case(EXPECT), [outcome()], [other])) == 1


SAME = outcome(calls=())
OTHER_RUN = outcome(calls=(), body=BODY.replace(b"0123", b"ffff"))
ONCE = replace(EXPECT, calls=[])
SECOND_RUN = replace(ONCE, answers=[replace(ANSWER, body=b'{"id":"run_*2","n":1}')])


def test_a_request_after_another_is_held_to_its_own_expectation_and_named_by_its_number() -> None:
    assert faults(case(ONCE, ONCE), [SAME, SAME]) == []
    [found] = faults(case(ONCE, ONCE), [SAME, outcome(calls=(), status=500)])
    assert found.startswith("request 2: status")
    [found] = differences(case(ONCE, ONCE), [SAME, SAME], [outcome(calls=(), status=500), SAME])
    assert found.startswith("request 1: status")


def test_it_shows_whether_two_answers_are_one_runs() -> None:
    assert faults(case(ONCE, SECOND_RUN), [SAME, OTHER_RUN]) == []
    assert len(faults(case(ONCE, ONCE), [SAME, OTHER_RUN])) == 1
    assert len(faults(case(ONCE, SECOND_RUN), [SAME, SAME])) == 1
    assert differences(case(ONCE, ONCE), [SAME, OTHER_RUN], [OTHER_RUN, SAME]) == []
    assert len(differences(case(ONCE, ONCE), [SAME, SAME], [SAME, OTHER_RUN])) == 1


def several(*statuses: int, body: bytes = BODY) -> Outcome:
    answers = [Received(status, HEADERS, body) for status in statuses]
    return Outcome(answers, (), (), None)


FIRST_WINS = Expect([replace(ANSWER, at_least=1, at_most=1), ExpectedAnswer(409, at_least=2, at_most=2)])
SOME_WIN = Expect([replace(ANSWER, at_most=3), ExpectedAnswer(409, at_least=0, at_most=2)])


@pytest.mark.parametrize(
    ("expect", "got"),
    [
        (FIRST_WINS, several(409, 200, 409)),
        (SOME_WIN, several(200, 200, 200)),
        (SOME_WIN, several(409, 200, 409)),
    ],
)
def test_several_clients_at_once_get_so_many_answers_of_each_kind(expect: Expect, got: Outcome) -> None:
    assert faults(case(expect, times=3), [got]) == []


@pytest.mark.parametrize(
    ("expect", "got", "named"),
    [
        (FIRST_WINS, several(200, 200, 409), "2 of 3 answers have status 200, not 1 to 1"),
        (FIRST_WINS, several(409, 409, 409), "0 of 3 answers have status 200"),
        (FIRST_WINS, several(200, 409, 500), "an answer with status 500"),
        (FIRST_WINS, several(200, 409, 409, body=b"{}"), "an answer with status 200: body"),
        (SOME_WIN, several(409, 409, 409), "3 of 3 answers have status 409, not 0 to 2"),
        (FIRST_WINS, replace(several(200, 409, 409), calls=(call(),)), "number of calls to the model"),
    ],
)
def test_what_several_clients_should_not_get_is_named(expect: Expect, got: Outcome, named: str) -> None:
    assert any(named in fault for fault in faults(case(expect, times=3), [got]))


def test_runtimes_agree_in_what_several_clients_get_whoever_gets_it() -> None:
    first_wins = case(FIRST_WINS, times=3)
    assert differences(first_wins, [several(200, 409, 409)], [several(409, 409, 200)]) == []
    assert differences(first_wins, [several(200, 409, 409)], [several(200, 200, 409)]) != []
    called = replace(several(200, 409, 409), calls=(call(),))
    assert len(differences(first_wins, [several(200, 409, 409)], [called])) == 1


def test_what_remains_of_a_limit_is_not_compared_among_several_clients() -> None:
    def limited(remaining: str, policy: str = "q=9") -> Outcome:
        headers = {"ratelimit": f'"a";r={remaining};t=5', "ratelimit-policy": policy}
        return Outcome([Received(200, headers, b"")] * 2, (), (), None)

    both = case(Expect([ExpectedAnswer(200, at_least=2, at_most=2)]), times=2)
    assert differences(both, [limited("1")], [limited("0")]) == []
    assert differences(both, [limited("1")], [limited("x")]) != []
    assert differences(both, [limited("1")], [limited("1", "q=8")]) != []


def test_where_their_number_is_open_only_the_calls_are_compared() -> None:
    some_win = case(SOME_WIN, times=3)
    assert differences(some_win, [several(200, 409, 409)], [several(200, 200, 200)]) == []
    called = replace(several(200, 200, 200), calls=(call(),))
    assert len(differences(some_win, [several(200, 200, 200)], [called])) == 1
