"""Items: what is put is there, whole and under its conditions, on every engine."""

import pytest

from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import (
    ABSENT,
    ITEM_BYTES,
    TRANSACTION_WRITES,
    Add,
    Check,
    Conflict,
    Delete,
    Item,
    Put,
    Store,
    Write,
)
from promptstudio.values import Json
from tests.contract.engines import Clock, Space

DATA: list[dict[str, Json]] = [
    {},
    {"empty": {}, "list": [], "deep": {"a": [{}, [], None]}},
    {"z": 1, "a": 2, "10": 3, "9": 4},
    {"double": 0.1, "whole": 1.0, "large": 1e300, "small": 5e-324, "negative": -0.0},
    {"integer": 2**53 + 1, "negative": -(2**63)},
    {"text": 'quote " backslash \\ line\n nul \0 é 漢 \U0001f600 \u2028 \uffff', "": "a nameless member"},
    {"true": True, "false": False, "null": None},
    {"counter:a": 1, "v": 2, "e": 3, "d": "like the engines' own"},
]


async def conflict_of(store: Store, *writes: Write) -> int:
    """The index at which the writes are refused."""
    with pytest.raises(Conflict) as caught:
        await store.transact(writes)
    return caught.value.index


async def test_an_item_that_was_never_put_is_none(store: Store) -> None:
    assert await store.get("ws", "nothing") is None


async def test_a_put_item_is_read_by_every_store_at_once(store: Store, space: Space, clock: Clock) -> None:
    await store.transact([Put("ws", "a", {"text": "x"})])
    other = space.open(now=clock)
    assert await other.get("ws", "a") == Item("ws", "a", {"text": "x"}, 1)
    await other.close()


@pytest.mark.parametrize("data", DATA, ids=range(len(DATA)))
@pytest.mark.parametrize("expect", [None, ABSENT])
async def test_data_comes_back_as_it_was(store: Store, data: dict[str, Json], expect: int | None) -> None:
    await store.transact([Put("ws", "a", data, expect=expect)])
    found = await store.get("ws", "a")
    assert found is not None
    assert repr(found.data) == repr(data)  # the order of members, and 1.0 beside 1


async def test_each_put_raises_the_version_by_one(store: Store) -> None:
    await store.transact([Put("ws", "a", {"n": 1}, expect=ABSENT)])
    await store.transact([Put("ws", "a", {"n": 2})])
    await store.transact([Put("ws", "a", {"n": 3}, expect=2)])
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 3}, 3)


async def test_a_put_that_expects_another_version_is_refused(store: Store) -> None:
    await store.transact([Put("ws", "a", {"n": 1}), Put("ws", "b", {})])
    await store.transact([Put("ws", "a", {"n": 2})])
    for expect in (ABSENT, 1, 3):
        assert await conflict_of(store, Put("ws", "a", {"n": 9}, expect=expect)) == 0
    assert await conflict_of(store, Put("ws", "c", {}, expect=1)) == 0
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 2}, 2)
    assert await store.get("ws", "c") is None


async def test_a_delete_removes_the_item_it_expects(store: Store) -> None:
    await store.transact([Put("ws", "a", {})])
    assert await conflict_of(store, Delete("ws", "a", expect=2)) == 0
    assert await conflict_of(store, Delete("ws", "a", expect=ABSENT)) == 0
    await store.transact([Delete("ws", "a", expect=1)])
    assert await store.get("ws", "a") is None
    await store.transact([Delete("ws", "a")])
    await store.transact([Delete("ws", "a", expect=ABSENT)])
    assert await conflict_of(store, Delete("ws", "a", expect=1)) == 0


async def test_an_item_put_after_a_delete_begins_at_one(store: Store) -> None:
    await store.transact([Put("ws", "a", {})])
    await store.transact([Put("ws", "a", {})])
    await store.transact([Delete("ws", "a")])
    await store.transact([Put("ws", "a", {}, expect=ABSENT)])
    found = await store.get("ws", "a")
    assert found is not None
    assert found.version == 1


async def test_a_check_holds_or_refuses_and_writes_nothing(store: Store) -> None:
    await store.transact([Put("ws", "a", {})])
    assert await store.transact([Check("ws", "a", 1)]) == []
    await store.transact([Check("ws", "b", ABSENT)])
    assert await conflict_of(store, Check("ws", "a", ABSENT)) == 0
    assert await conflict_of(store, Check("ws", "b", 1)) == 0
    assert await store.get("ws", "a") == Item("ws", "a", {}, 1)
    assert await store.get("ws", "b") is None


async def test_a_transaction_is_done_whole(store: Store) -> None:
    await store.transact([Put("ws", "old", {})])
    await store.transact(
        [
            Put("ws", "a", {"n": 1}, expect=ABSENT),
            Put("other", "a", {"n": 2}),
            Delete("ws", "old", expect=1),
            Check("ws", "none", ABSENT),
        ]
    )
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 1}, 1)
    assert await store.get("other", "a") == Item("other", "a", {"n": 2}, 1)
    assert await store.get("ws", "old") is None


@pytest.mark.parametrize("refused", range(4))
async def test_a_transaction_that_is_refused_leaves_no_trace(store: Store, refused: int) -> None:
    await store.transact([Put("ws", "old", {}), Add("ws", "count", {"n": 5})])
    writes: list[Write] = [
        Put("ws", "new", {}, expect=1 if refused == 0 else ABSENT),
        Delete("ws", "old", expect=2 if refused == 1 else 1),
        Add("ws", "count", {"n": 1}, {"n": 5 if refused == 2 else 6}),
        Check("ws", "none", 1 if refused == 3 else ABSENT),
    ]
    assert await conflict_of(store, *writes) == refused
    assert await store.get("ws", "new") is None
    assert await store.get("ws", "old") == Item("ws", "old", {}, 1)
    assert await store.get("ws", "count") == Item("ws", "count", {"n": 5}, 1)


async def test_a_conflict_names_the_first_write_that_was_refused(store: Store) -> None:
    writes = [Put("ws", str(index), {}, expect=ABSENT if index < 2 else 7) for index in range(5)]
    assert await conflict_of(store, *writes) == 2


async def test_a_transaction_takes_32_writes_of_a_megabyte(store: Store) -> None:
    text = "x" * (31 * 1024)
    writes = [Put("ws", f"{index:02}", {"text": text}) for index in range(TRANSACTION_WRITES)]
    await store.transact(writes, operation="all of them")
    page = await store.query("ws")
    assert [item.data for item in page.items] == [{"text": text}] * TRANSACTION_WRITES


async def test_an_item_may_be_as_large_as_the_port_says(store: Store) -> None:
    data: dict[str, Json] = {"text": "é" * ((ITEM_BYTES - len('{"text":""}')) // 2)}
    await store.transact([Put("ws", "a", data)])
    found = await store.get("ws", "a")
    assert found is not None
    assert found.data == data
    with pytest.raises(PlatformError) as caught:
        await store.transact([Put("ws", "a", {"text": "x" * ITEM_BYTES})])
    assert caught.value.code == "payload_too_large"


async def test_what_is_too_large_together_is_refused(store: Store) -> None:
    text = "x" * (300 * 1024)
    with pytest.raises(PlatformError) as caught:
        await store.transact([Put("ws", str(index), {"text": text}) for index in range(4)])
    assert caught.value.code == "payload_too_large"
    assert (await store.query("ws")).items == ()


@pytest.mark.parametrize(
    ("pk", "sk"),
    [
        ("ws#1", "run#2026-11-24T10:00:00Z#é"),
        ("x" * 1024, "y" * 1024),
        ("漢" * 341, "\U0001f600" * 256),
        ("3:a", "b"),
        ("quote'\"\\ \n\r\t", "{}[]%_*?"),
    ],
)
async def test_keys_are_any_text_up_to_a_kilobyte(store: Store, pk: str, sk: str) -> None:
    await store.transact([Put(pk, sk, {"n": 1})], operation=f"{pk} {sk}"[:100])
    assert await store.get(pk, sk) == Item(pk, sk, {"n": 1}, 1)
    assert [item.sk for item in (await store.query(pk)).items] == [sk]


async def test_where_one_key_ends_and_the_other_begins_matters(store: Store) -> None:
    await store.transact([Put("a", "bc", {"n": 1}), Put("ab", "c", {"n": 2})])
    assert await store.get("a", "bc") == Item("a", "bc", {"n": 1}, 1)
    assert await store.get("ab", "c") == Item("ab", "c", {"n": 2}, 1)
    assert len((await store.query("a")).items) == 1


@pytest.mark.parametrize(
    "writes",
    [
        [],
        [Put("ws", str(index), {}) for index in range(TRANSACTION_WRITES + 1)],
        [Put("ws", "a", {}), Delete("ws", "a")],
        [Put("", "a", {})],
        [Put("ws", "", {})],
        [Put("ws", "x" * 1025, {})],
        [Put("ws", "nul\0", {})],
        [Add("ws", "a", {})],
        [Add("ws", "a", {"n": 1}, {"m": 1})],
        [Add("ws", "a", {"n": 2**53})],
    ],
    ids=range(10),
)
async def test_mistakes_are_told_as_such(store: Store, writes: list[Write]) -> None:
    with pytest.raises(ValueError, match=r"transaction|key|Add|range"):
        await store.transact(writes)
