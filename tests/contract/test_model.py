"""Every engine beside the model: whatever is done in whatever order, both say the same."""

import asyncio
from collections.abc import Coroutine
from typing import Final, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from promptstudio.storage.port import ABSENT, ANY, Add, Check, Conflict, Delete, Put, Write
from promptstudio.values import Json
from tests.conftest import PROVE
from tests.contract.engines import Clock, Engine
from tests.contract.model import SOME_VERSION, Key, Model, Refusal

_PKS: Final = ["ws", "ws#2"]
_SKS: Final = ["a", "a#1", "a#10", "aé", "\uffff", "\U00010000"]
_KEYS: Final = [(pk, sk) for pk in _PKS for sk in _SKS]
_PREFIXES: Final = ["", "a", "a#", "a#1", "\uffff", "\U00010000", "z"]
_VALUES: Final[list[Json]] = [None, 0.1, True, {}, [], [{}, []], "", "é", -(2**53)]
_DATA: Final[st.SearchStrategy[dict[str, Json]]] = st.dictionaries(
    st.sampled_from(["n", "é", "list"]), st.sampled_from(_VALUES), max_size=3
)
_PAST: Final[list[int | None]] = [-1, 0]
_AGES: Final[list[int | None]] = [None, None, 1, 5, 60]
_DELTAS: Final = st.dictionaries(st.sampled_from(["n", "m"]), st.integers(-3, 3), min_size=1)

_Answer = TypeVar("_Answer")


class Beside(RuleBasedStateMachine):
    """An engine's store, and the model."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.clock = Clock()
        self.model = Model()
        self.runner = asyncio.Runner()
        self.store = engine.space().open(now=self.clock)
        self.done: list[tuple[str, list[Write]]] = []

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()

    def run(self, asked: Coroutine[object, object, _Answer]) -> _Answer:
        return self.runner.run(asked)

    @rule(seconds=st.sampled_from([0.5, 1, 4, 60, 600]))
    def time_passes(self, seconds: float) -> None:
        self.clock.seconds += seconds

    @rule(key=st.sampled_from(_KEYS))
    def get(self, key: Key) -> None:
        assert self.run(self.store.get(*key)) == self.model.get(key, self.clock())

    @rule(
        pk=st.sampled_from(_PKS),
        prefix=st.sampled_from(_PREFIXES),
        after=st.none() | st.sampled_from(["", "#", "#5", "\uffff"]),
        limit=st.integers(1, 4),
        reverse=st.booleans(),
    )
    def query(self, pk: str, prefix: str, after: str | None, limit: int, reverse: bool) -> None:
        after = None if after is None else (prefix + after or None)
        page = self.run(self.store.query(pk, prefix, after=after, limit=limit, reverse=reverse))
        expected = self.model.query(pk, prefix, after, limit, reverse, self.clock())
        assert (list(page.items), page.after) == expected

    @rule(data=st.data(), keys=st.lists(st.sampled_from(_KEYS), min_size=1, max_size=4, unique=True))
    def transact(self, data: st.DataObject, keys: list[Key]) -> None:
        self.do([data.draw(self.a_write(key)) for key in keys], None)

    @rule(data=st.data(), keys=st.lists(st.sampled_from(_KEYS), min_size=1, max_size=3, unique=True))
    def transact_as_an_operation(self, data: st.DataObject, keys: list[Key]) -> None:
        operation = f"operation {len(self.done)}"
        writes = [data.draw(self.a_write(key)) for key in keys]
        self.done.append((operation, writes))
        self.do(writes, operation)

    @rule(data=st.data())
    def repeat_an_operation(self, data: st.DataObject) -> None:
        if self.done:
            operation, writes = data.draw(st.sampled_from(self.done))
            self.do(writes, operation)

    def a_write(self, key: Key) -> st.SearchStrategy[Write]:
        found = self.model.get(key, self.clock())
        version = found.version if found else ABSENT
        # What holds is drawn more often, or few transactions would be done.
        expect = st.sampled_from([version, version, ANY, ANY, ABSENT, version + 1])
        return (
            st.builds(Put, st.just(key[0]), st.just(key[1]), _DATA, expect, self.due(_PAST + _AGES))
            | st.builds(Delete, st.just(key[0]), st.just(key[1]), expect)
            | st.builds(Check, st.just(key[0]), st.just(key[1]), expect.map(lambda it: it or ABSENT))
            | st.builds(self.an_add, st.just(key), _DELTAS, st.none() | st.integers(-1, 8), self.due(_AGES))
        )

    def due(self, ages: list[int | None]) -> st.SearchStrategy[int | None]:
        return st.sampled_from(ages).map(lambda age: None if age is None else int(self.clock()) + age)

    def an_add(self, key: Key, deltas: dict[str, int], ceiling: int | None, expires_at: int | None) -> Add:
        ceilings = {} if ceiling is None else {min(deltas): ceiling}
        return Add(*key, deltas, ceilings, expires_at)

    def do(self, writes: list[Write], operation: str | None) -> None:
        expected = self.model.transact(writes, operation, self.clock())
        found: list[dict[str, int]] | Refusal
        try:
            found = self.run(self.store.transact(writes, operation=operation))
        except Conflict as conflict:
            found = Refusal(conflict.index)
        assert found == expected
        for write in writes:
            self.compare((write.pk, write.sk))

    def compare(self, key: Key) -> None:
        expected = self.model.get(key, self.clock())
        found = self.run(self.store.get(*key))
        if expected is not None and found is not None and expected.version == SOME_VERSION:
            assert found.version >= 1
            self.model.settle(key, found.version)
            expected = self.model.get(key, self.clock())
        assert found == expected


@pytest.mark.proves_more
def test_an_engine_does_what_the_model_does(engine: Engine) -> None:
    class Machine(Beside):
        def __init__(self) -> None:
            super().__init__(engine)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=100 if PROVE else 25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
