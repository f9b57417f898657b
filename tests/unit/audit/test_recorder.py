"""The store that records: which transactions it tells of, where, as whom, and what it leaves alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from promptstudio.access.principal import Principal, Role
from promptstudio.audit.entries import AuditEntry, source_of
from promptstudio.audit.log import AuditLog
from promptstudio.audit.recorder import Act, Recorder
from promptstudio.storage.port import ABSENT, Add, Conflict, Delete, Put
from promptstudio.storage.sqlite import SqliteStore
from tests.people import Clock

WORKSPACE = "ws_0123456789AB"
OTHER = "ws_BA9876543210"
BY = Principal(WORKSPACE, "mem_1", "Ada", role=Role.admin, session="ses_1")
THINGS = f"{WORKSPACE}#things"
MADE = Act("thing.made", "thing", "things", removes=False)
GONE = Act("thing.deleted", "thing", "things", removes=True)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[AuditLog]:
    store = SqliteStore(tmp_path / "store.db", now=Clock())
    yield AuditLog(store, b"s" * 32, Clock())
    await store.close()


def recorder(log: AuditLog, *acts: Act, by: Principal | None = BY, named: str | None = None) -> Recorder:
    return Recorder(log, acts, by, source_of(by, "192.0.2.7", "test"), named)


async def entries(log: AuditLog, workspace: str = WORKSPACE) -> list[AuditEntry]:
    return [*reversed((await log.list_entries(workspace)).items)]


async def actions(log: AuditLog, workspace: str = WORKSPACE) -> list[str]:
    return [entry.action for entry in await entries(log, workspace)]


async def test_the_write_that_is_an_act_is_told_with_what_was_there(log: AuditLog) -> None:
    store = recorder(log, MADE, GONE, named="path")
    await store.transact([Put(THINGS, "a", {"id": "thg_1", "n": 1}, ABSENT)])
    await store.transact([Put(THINGS, "a", {"id": "thg_1", "n": 2}, 1)])
    await store.transact([Delete(THINGS, "a", 2)])
    made, changed, gone = await entries(log)
    assert (made.before, made.after) == (None, {"id": "thg_1", "n": 1})
    assert (changed.before, changed.after) == ({"n": 1}, {"n": 2})
    assert (gone.action, gone.before, gone.after) == ("thing.deleted", {"id": "thg_1", "n": 2}, None)
    assert (made.target.id, made.target.name, made.actor.id) == ("thg_1", "path", "mem_1")
    assert made.source.session == "ses_1"


async def test_what_is_no_act_passes_as_it_is(log: AuditLog) -> None:
    store = recorder(log, MADE, Act("x.y", "x", "box", "of#"))
    full = [Put(f"{WORKSPACE}#other", str(n), {}) for n in range(25)]
    await store.transact(full)
    await store.transact([Delete(THINGS, "none"), Put(f"{WORKSPACE}#thingsX", "a", {})])
    await store.transact([Add(f"{WORKSPACE}#box", "of#b", {"n": 1}), Put(f"{WORKSPACE}#box", "other", {})])
    assert await actions(log) == []
    await store.transact([Put(f"{WORKSPACE}#box#below", "of#a", {"id": "x"})])
    assert await actions(log) == ["x.y"]


async def test_a_record_that_stays_as_it_is_makes_no_entry(log: AuditLog) -> None:
    store = recorder(log, MADE)
    for _ in range(2):
        await store.transact([Put(THINGS, "a", {"id": "thg_1"})])
    assert await actions(log) == ["thing.made"]


async def test_counters_and_conflicts_are_the_changes_own(log: AuditLog) -> None:
    store = recorder(log, MADE)
    put, add = Put(THINGS, "a", {"id": "thg_1"}, ABSENT), Add(f"{WORKSPACE}#count", "n", {"n": 2}, {"n": 3})
    assert await store.transact([put, add]) == [{"n": 2}]
    with pytest.raises(Conflict) as first:
        await store.transact([put, add])
    with pytest.raises(Conflict) as second:
        await store.transact([Put(THINGS, "b", {"id": "thg_2"}, ABSENT), add])
    assert (first.value.index, second.value.index) == (0, 1)
    assert await actions(log) == ["thing.made"]


async def test_a_repeated_operation_has_one_entry(log: AuditLog) -> None:
    store = recorder(log, MADE)
    for number in range(2):
        await store.transact([Put(THINGS, "a", {"id": "thg_1", "n": number})], operation="once")
    assert await actions(log) == ["thing.made"]
    found = await log.store.get(THINGS, "a")
    assert found is not None
    assert found.data["n"] == 0


async def test_a_change_is_told_in_the_workspace_that_it_changes(log: AuditLog) -> None:
    store = recorder(log, MADE)
    await store.transact([Put(f"{OTHER}#things", "a", {"id": "thg_1"})])
    assert (await actions(log), await actions(log, OTHER)) == ([], ["thing.made"])


async def test_a_change_of_ones_account_is_told_where_one_is(log: AuditLog) -> None:
    account = Act("password.changed", "member", "sys#account", "account")
    store = recorder(log, account)
    await store.transact([Put("sys#account#mem_1", "account", {"id": "mem_1", "password_hash": "x"})])
    (entry,) = await entries(log)
    assert entry.target.id == "mem_1"
    with pytest.raises(ValueError, match="is in no workspace"):
        await recorder(log, account, by=None).transact([Put("sys#account#mem_2", "account", {"id": "m"})])
    assert await log.store.get("sys#account#mem_2", "account") is None


async def test_several_acts_of_one_transaction_stand_in_one_chain(log: AuditLog) -> None:
    store = recorder(log, MADE, Act("box.opened", "box", "boxes"))
    await store.transact([Put(f"{WORKSPACE}#boxes", "b", {"id": "box_1"}), Put(THINGS, "a", {"id": "thg_1"})])
    assert await actions(log) == ["thing.made", "box.opened"]
    assert (await log.head(WORKSPACE)).seq == 2
