"""Queries: in the order of UTF-8 bytes, page by page, on every engine."""

import pytest

from promptstudio.storage.port import Add, Delete, Put, Store
from tests.contract.engines import Clock

KEYS = ["a", "a#1", "a#10", "a#2", "aé", "b", "é", "漢", "\uffff", "\U00010000", "\U0001f600"]
"""Sorted by their UTF-8 bytes; UTF-16 has the last two before U+FFFF."""


async def fill(store: Store, keys: list[str], expires_at: int | None = None) -> None:
    for start in range(0, len(keys), 25):
        await store.transact(
            [Put("ws", key, {"key": key}, expires_at=expires_at) for key in keys[start : start + 25]]
        )


async def pages(
    store: Store, prefix: str = "", *, limit: int, reverse: bool = False, after: str | None = None
) -> list[list[str]]:
    found = []
    while True:
        page = await store.query("ws", prefix, after=after, limit=limit, reverse=reverse)
        found.append([item.sk for item in page.items])
        if page.after is None:
            return found
        after = page.after


async def test_a_partition_of_nothing_is_one_empty_page(store: Store) -> None:
    assert await pages(store, limit=10) == [[]]


@pytest.mark.parametrize("reverse", [False, True])
async def test_items_come_in_the_order_of_their_bytes(store: Store, reverse: bool) -> None:
    await fill(store, sorted(KEYS))
    await store.transact([Put("other", "z", {})])
    expected = KEYS[::-1] if reverse else KEYS
    assert await pages(store, limit=100, reverse=reverse) == [expected]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("a", ["a", "a#1", "a#10", "a#2", "aé"]),
        ("a#", ["a#1", "a#10", "a#2"]),
        ("a#1", ["a#1", "a#10"]),
        ("\uffff", ["\uffff"]),
        ("\U0001f600", ["\U0001f600"]),
        ("c", []),
    ],
)
async def test_a_prefix_narrows(store: Store, prefix: str, expected: list[str], reverse: bool) -> None:
    await fill(store, KEYS)
    assert await pages(store, prefix, limit=100, reverse=reverse) == [expected[::-1] if reverse else expected]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("limit", [1, 3, 10, 11])
async def test_pages_are_full_and_the_last_one_says_so(store: Store, limit: int, reverse: bool) -> None:
    await fill(store, KEYS)
    expected = KEYS[::-1] if reverse else KEYS
    found = await pages(store, limit=limit, reverse=reverse)
    assert found == [expected[at : at + limit] for at in range(0, len(expected), limit)]


@pytest.mark.parametrize(
    ("after", "reverse", "expected"),
    [
        ("a#", False, ["a#1", "a#10", "a#2", "aé"]),
        ("a#10", False, ["a#2", "aé"]),
        ("a#15", False, ["a#2", "aé"]),
        ("a#15", True, ["a#10", "a#1", "a"]),
        ("a", True, []),
        ("aé", False, []),
    ],
)
async def test_a_query_goes_on_behind_a_key_that_may_be_gone(
    store: Store, after: str, reverse: bool, expected: list[str]
) -> None:
    await fill(store, KEYS)
    assert await pages(store, "a", limit=100, reverse=reverse, after=after) == [expected]


async def test_counters_are_found_among_items(store: Store) -> None:
    await store.transact([Add("ws", "b", {"n": 1}), Put("ws", "a", {"text": "x"}), Put("ws", "c", {})])
    await store.transact([Delete("ws", "c")])
    page = await store.query("ws")
    assert [(item.sk, item.data, item.version) for item in page.items] == [
        ("a", {"text": "x"}, 1),
        ("b", {"n": 1}, 1),
    ]


@pytest.mark.parametrize("reverse", [False, True])
async def test_expired_items_take_no_room_on_a_page(store: Store, clock: Clock, reverse: bool) -> None:
    await fill(store, [f"{index:03}" for index in range(60)], int(clock()) + 10)
    await fill(store, ["005", "030", "059"])
    clock.seconds += 10
    expected = ["005", "030", "059"]
    assert await pages(store, limit=3, reverse=reverse) == [expected[::-1] if reverse else expected]
    assert [len(page) for page in await pages(store, limit=1, reverse=reverse)] == [1, 1, 1]


async def test_a_page_may_be_larger_than_an_engine_gives_at_once(store: Store) -> None:
    text = "x" * (300 * 1024)
    for index in range(5):
        await store.transact([Put("ws", str(index), {"text": text})])
    page = await store.query("ws", limit=5)
    assert [len(str(item.data["text"])) for item in page.items] == [len(text)] * 5
    assert page.after is None


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 1001}, {"prefix": "nul\0"}, {"prefix": "a", "after": "b"}]
)
async def test_queries_that_no_engine_takes_are_mistakes(store: Store, query: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"page|key"):
        await store.query("ws", **query)  # type: ignore[arg-type]
