"""Claims on every engine beside a model: whatever is taken, kept and released in whatever order and time."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Final, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from promptstudio.errors import AppError
from promptstudio.idempotency import KEPT_S, LEASE_S, Claim, Held, keep, release, take
from tests.conftest import PROVE
from tests.contract.engines import Clock, Engine

_NAMES: Final = ["a", "b"]
_BODIES: Final = ["body", "other"]
_PASSING: Final = [0.5, 1, 59, 60, LEASE_S - 61, LEASE_S - 60, LEASE_S - 1, LEASE_S, KEPT_S - 1, KEPT_S]
_SKEW_S: Final = 60

_Answer = TypeVar("_Answer")


@dataclass
class Entry:
    """What the model has of a name."""

    body: str
    run: str
    ends: int
    answer: bytes | None = None


@dataclass
class Holder:
    """A claim that was ours once, and what was done with it since."""

    held: Held
    entry: Entry
    kept: bool = False
    released: bool = False


class Beside(RuleBasedStateMachine):
    """An engine's claims, and the model."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.clock = Clock()
        self.runner = asyncio.Runner()
        space = engine.space()
        self.stores = [space.open(now=self.clock), space.open(now=self.clock)]
        self.entries: dict[str, Entry] = {}
        self.holders: list[Holder] = []
        self.runs = 0

    def teardown(self) -> None:
        for store in self.stores:
            self.run(store.close())
        self.runner.close()

    def run(self, asked: Coroutine[object, object, _Answer]) -> _Answer:
        return self.runner.run(asked)

    def live(self, name: str) -> Entry | None:
        entry = self.entries.get(name)
        return None if entry is None or entry.ends <= self.clock() else entry

    def is_still(self, holder: Holder) -> bool:
        """Whether the claim is this holder's still, and for a minute more."""
        entry = self.live(holder.held.claim.name)
        lasting = self.clock() < holder.held.until - _SKEW_S
        return entry is holder.entry and entry.answer is None and lasting

    @rule(seconds=st.sampled_from(_PASSING))
    def time_passes(self, seconds: float) -> None:
        self.clock.seconds += seconds

    @rule(name=st.sampled_from(_NAMES), body=st.sampled_from(_BODIES), store=st.integers(0, 1))
    def take_a_claim(self, name: str, body: str, store: int) -> None:
        self.runs += 1
        claim, entry = Claim(name, body, f"run {self.runs}"), self.live(name)
        found: Held | bytes | str
        try:
            found = self.run(take(self.stores[store], "ws", claim, self.clock()))
        except AppError as error:
            found = error.problem
        if entry is None:
            assert isinstance(found, Held)
            self.entries[name] = Entry(body, claim.run, int(self.clock()) + LEASE_S)
            self.holders.append(Holder(found, self.entries[name]))
        elif entry.body != body:
            assert found == "idempotency_mismatch"
        else:
            assert found == ("idempotency_running" if entry.answer is None else entry.answer)

    @rule(data=st.data(), store=st.integers(0, 1))
    def keep_an_answer(self, data: st.DataObject, store: int) -> None:
        """Nobody keeps an answer twice, or after a release."""
        holders = [holder for holder in self.holders if not holder.kept and not holder.released]
        if holders:
            holder = data.draw(st.sampled_from(holders))
            answer = holder.held.claim.run.encode()
            self.run(keep(self.stores[store], holder.held, answer, self.clock()))
            if self.is_still(holder):
                holder.entry.answer, holder.entry.ends = answer, int(self.clock()) + KEPT_S
            holder.kept = True

    @rule(data=st.data(), store=st.integers(0, 1))
    def release_a_claim(self, data: st.DataObject, store: int) -> None:
        """A release may come after an answer was kept, and more than once."""
        if self.holders:
            holder = data.draw(st.sampled_from(self.holders))
            self.run(release(self.stores[store], holder.held, self.clock()))
            if self.is_still(holder):
                del self.entries[holder.held.claim.name]
            holder.released = True


@pytest.mark.proves_more
def test_claims_are_what_the_model_says(engine: Engine) -> None:
    class Machine(Beside):
        def __init__(self) -> None:
            super().__init__(engine)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=100 if PROVE else 25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
