"""Ten attempts over three days, and when an endpoint is no longer called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.times import rfc3339
from promptstudio.webhooks.records import ATTEMPTS_KEPT, Attempt, Delivery, DisabledFor, Endpoint, State
from promptstudio.webhooks.transitions import FAILING_S, delivery_after, endpoint_after

NOW = 1_800_000_000.0
CHANCES = st.floats(0, 1, exclude_max=True)
FAILURES = st.sampled_from([None, 100, 199, 300, 301, 302, 307, 400, 404, 429, 500, 503])


def attempt(status: int | None) -> Attempt:
    error = "connection reset" if status is None else None
    return Attempt(at=rfc3339(NOW), status=status, error=error, duration_ms=1)


def delivery() -> Delivery:
    return Delivery(id="dlv_1", endpoint="whk_1", event="evt_1", type="t", created_at=rfc3339(NOW))


def endpoint() -> Endpoint:
    return Endpoint(
        id="whk_1", url="https://example.com", secrets=(), created_at=rfc3339(NOW), created_by="mem_1"
    )


@given(st.lists(st.tuples(FAILURES, CHANCES), min_size=10, max_size=10))
def test_a_delivery_is_tried_ten_times_over_about_three_days_and_then_dead(
    failures: list[tuple[int | None, float]],
) -> None:
    now, pending = NOW, delivery()
    for tries, (status, chance) in enumerate(failures, 1):
        assert pending.state == State.pending
        after = delivery_after(pending, attempt(status), now, chance)
        pending = after.delivery
        assert pending.tries == len(pending.attempts) == tries
        if after.due is None:
            break
        assert after.due > now
        assert pending.next_at == rfc3339(after.due)
        now = after.due
    assert (tries, pending.state, pending.next_at) == (10, State.dead, None)
    assert 272_105 <= now - NOW <= 272_105 * 1.1 + 1e-3  # 75 h 35 min 5 s, and the jitter


@given(st.integers(0, 9), st.integers(200, 299), CHANCES)
def test_a_2xx_ends_a_delivery_whenever_it_comes(tries: int, status: int, chance: float) -> None:
    pending = delivery().model_copy(update={"tries": tries, "next_at": rfc3339(NOW)})
    after = delivery_after(pending, attempt(status), NOW, chance)
    assert (after.delivery.state, after.due, after.delivery.next_at) == (State.delivered, None, None)


def test_a_410_is_not_tried_again_and_disables_its_endpoint() -> None:
    after = delivery_after(delivery(), attempt(410), NOW, 0)
    assert (after.delivery.state, after.due) == (State.dead, None)
    assert endpoint_after(endpoint(), attempt(410), NOW).disabled == DisabledFor.gone


def test_only_the_last_attempts_are_kept() -> None:
    told = delivery()
    for n in range(ATTEMPTS_KEPT + 5):
        again = told.model_copy(update={"tries": 0})
        told = delivery_after(again, attempt(500 + n), NOW, 0).delivery
    assert [each.status for each in told.attempts] == list(range(505, 505 + ATTEMPTS_KEPT))


@given(FAILURES, st.floats(0, FAILING_S, exclude_max=True))
def test_an_endpoint_that_failed_for_less_than_five_days_is_still_called(
    status: int | None, passed_s: float
) -> None:
    failing = endpoint_after(endpoint(), attempt(status), NOW)
    assert failing.failing_since == NOW
    later = endpoint_after(failing, attempt(status), NOW + min(passed_s, FAILING_S - 1))
    assert (later.disabled, later.failing_since) == (None, NOW)


@given(FAILURES)
def test_an_endpoint_that_only_failed_for_five_days_is_disabled(status: int | None) -> None:
    failing = endpoint_after(endpoint(), attempt(500), NOW)
    assert endpoint_after(failing, attempt(status), NOW + FAILING_S).disabled == DisabledFor.failing


@given(FAILURES)
def test_one_success_begins_the_five_days_anew(status: int | None) -> None:
    failing = endpoint_after(endpoint(), attempt(status), NOW)
    healthy = endpoint_after(failing, attempt(204), NOW + FAILING_S - 1)
    assert healthy.failing_since is None
    again = endpoint_after(healthy, attempt(status), NOW + FAILING_S)
    assert (again.disabled, again.failing_since) == (None, NOW + FAILING_S)


@pytest.mark.parametrize("failing_since", [None, NOW])
@pytest.mark.parametrize("status", [None, 204, 410, 500])
def test_what_an_endpoint_was_disabled_for_stays(status: int | None, failing_since: float | None) -> None:
    disabled = endpoint().model_copy(update={"disabled": DisabledFor.person, "failing_since": failing_since})
    assert endpoint_after(disabled, attempt(status), NOW + 2 * FAILING_S) is disabled


def test_an_attempt_that_changes_nothing_leaves_the_same_endpoint() -> None:
    healthy = endpoint()
    assert endpoint_after(healthy, attempt(200), NOW) is healthy


def test_an_endpoint_is_told_of_what_it_asked_for() -> None:
    assert endpoint().wants("prompt.published")
    some = endpoint().model_copy(update={"events": ("label.moved",)})
    assert some.wants("label.moved")
    assert not some.wants("prompt.published")
    assert not some.model_copy(update={"disabled": DisabledFor.person}).wants("label.moved")
