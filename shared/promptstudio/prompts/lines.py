"""The difference between two texts, line by line, as hunks that a page can draw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from typing import Final, Literal, cast

Op = Literal["equal", "insert", "delete", "replace"]

_CONTEXT: Final = 3
_DISTANCE_MAX: Final = 500  # lines inserted and deleted; the search takes the square of it


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of a text, without their ends. `line` is the number of the first, from 1."""

    line: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineChange:
    """What stood `before` and stands `after`; of `equal` lines both are the same."""

    op: Op
    before: Lines
    after: Lines


Hunk = tuple[LineChange, ...]


def hunks(before: Sequence[str], after: Sequence[str], starts: tuple[int, int] = (1, 1)) -> tuple[Hunk, ...]:
    """The changes with up to three equal lines around each. `starts` are the numbers of the first lines.

    Texts that have little in common are one replacement, apart from what they begin and end with.
    """
    groups = _Matcher(before, after).get_grouped_opcodes(_CONTEXT)
    return tuple(
        tuple(
            LineChange(
                cast("Op", op),
                Lines(starts[0] + i, tuple(before[i:i_end])),
                Lines(starts[1] + j, tuple(after[j:j_end])),
            )
            for op, i, i_end, j, j_end in group
        )
        for group in groups
    )


class _Matcher(SequenceMatcher[str]):
    """difflib's grouping of changes, over equal runs whose search takes a bounded time; its own does not."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        super().__init__(None, before, after)
        self._blocks = [*_blocks(before, after), Match(len(before), len(after), 0)]

    def get_matching_blocks(self) -> list[Match]:
        return self._blocks


def _blocks(before: Sequence[str], after: Sequence[str]) -> Iterator[Match]:
    """The equal runs, in order: those at both ends, and what a search finds between them."""
    shorter = min(len(before), len(after))
    head = _equal(before, after, range(shorter))
    tail = _equal(before, after, range(-1, head - shorter - 1, -1))
    if head:
        yield Match(0, 0, head)
    for i, j, count in _search(before[head : len(before) - tail], after[head : len(after) - tail]):
        yield Match(i + head, j + head, count)
    if tail:
        yield Match(len(before) - tail, len(after) - tail, tail)


def _equal(before: Sequence[str], after: Sequence[str], indices: range) -> int:
    """At how many indices, from the first, both have the same."""
    for count, index in enumerate(indices):
        if before[index] != after[index]:
            return count
    return len(indices)


def _search(before: Sequence[str], after: Sequence[str]) -> list[Match]:
    """The equal runs on a shortest way from one to the other; empty where it is too long.

    Myers, "An O(ND) Difference Algorithm": on diagonal k, `before` is k lines further than `after`.
    """
    reach = {1: 0}  # by diagonal: how far into `before` so many changes lead
    steps: list[dict[int, int]] = []
    for distance in range(min(len(before) + len(after), _DISTANCE_MAX) + 1):
        steps.append({k: reach[k] for k in range(-distance - 1, distance + 2) if k in reach})
        for k in range(-distance, distance + 1, 2):
            i = _begun(reach, k, distance)[0]
            while i < len(before) and i - k < len(after) and before[i] == after[i - k]:
                i += 1
            reach[k] = i
            if i >= len(before) and i - k >= len(after):
                return _walked_back(steps, len(before), len(after))
    return []


def _begun(reach: dict[int, int], k: int, distance: int) -> tuple[int, int]:
    """Where diagonal k is entered by one more change, and from which diagonal: by an insertion from the one
    above, or by a deletion from the one below."""
    if k == -distance or (k != distance and reach[k - 1] < reach[k + 1]):
        return reach[k + 1], k + 1
    return reach[k - 1] + 1, k - 1


def _walked_back(steps: Sequence[dict[int, int]], i: int, j: int) -> list[Match]:
    found: list[Match] = []
    for distance in range(len(steps) - 1, -1, -1):
        k = i - j
        start, previous = _begun(steps[distance], k, distance)
        if i > start:
            found.append(Match(start, start - k, i - start))
        i = steps[distance][previous]
        j = i - previous
    return found[::-1]
