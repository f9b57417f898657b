"""Verification of an export: the first place where it is not the log.

With the log's key every line is judged for itself. Without it only hashes hold lines together, and somebody
may have written all of them anew: then a head that was noted elsewhere says what the last one is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from promptstudio.audit.chain import START, EntryLine, Head, HeadLine, read_line


class Fault(StrEnum):
    """What happened to an export."""

    altered = "altered"
    missing = "missing"
    reordered = "reordered"
    cut_off = "cut off"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first fault. `seq` is the entry that should stand at the `line` (from 1) where it was found; None
    where that is the line behind the last entry."""

    fault: Fault
    seq: int | None
    line: int
    said: str

    def __str__(self) -> str:
        what = "The line that ends the export" if self.seq is None else f"Entry {self.seq}"
        return f"{what} is {self.fault} (line {self.line}): {self.said}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far an export was found to be the log, and why no further."""

    head: Head
    finding: Finding | None


_NOT_OURS: Final = "it is not as it was written"


def verify(
    lines: Iterable[bytes],
    *,
    key: bytes | None,
    workspace: str | None = None,
    head: Head | None = None,
    after: Head = START,
) -> Verdict:
    """Judge the lines of an export, each without its newline, that goes on behind `after`.

    `key` is the log's. `head` was noted elsewhere: up to it the export must go, and through it. `workspace`
    is the one it should be of, by default that of its first line. Raises ValueError for a head that nothing
    behind `after` can tell of.
    """
    if head is not None and head != after and head.seq <= after.seq:
        message = f"the export begins behind {head}"
        raise ValueError(message)
    return _Reading(lines, key, workspace, head, after).verdict()


class _Reading:
    """A walk along the lines. `head` is what was read last and found good."""

    def __init__(
        self,
        lines: Iterable[bytes],
        key: bytes | None,
        workspace: str | None,
        noted: Head | None,
        after: Head,
    ) -> None:
        self._lines: Iterator[bytes] = iter(lines)
        self._key = key
        self._workspace = workspace
        self._noted = noted
        self.head = after
        self._line = 0

    def verdict(self) -> Verdict:
        finding = self._walk()
        return Verdict(self.head, finding)

    def _walk(self) -> Finding | None:
        for text in self._lines:
            self._line += 1
            line = read_line(text)
            if line is None:
                return self._found(Fault.altered, self._due, _NOT_OURS)
            self._workspace = self._workspace or line.workspace
            if isinstance(line, HeadLine):
                return self._end(line)
            finding = self._misfit(line)
            if finding is not None:
                return finding
            self.head = Head(line.seq, line.hash)
        self._line += 1
        return self._found(Fault.cut_off, self._due, "the export ends without the line that tells its end")

    @property
    def _due(self) -> int:
        """The number that comes next."""
        return self.head.seq + 1

    def _found(self, fault: Fault, seq: int | None, said: str) -> Finding:
        return Finding(fault, seq, self._line, said)

    def _misfit(self, line: EntryLine) -> Finding | None:
        """Why a line is not the entry that comes next."""
        if not self._is_ours(line):
            return self._found(Fault.altered, self._due, _NOT_OURS)
        if line.workspace != self._workspace:
            return self._found(Fault.altered, self._due, f"it is of the workspace {line.workspace}")
        follows = line.previous == self.head.hash
        if line.seq == self._due:
            return self._unlike_noted(line) if follows else self._broken(line)
        if follows:  # its place is the right one, so its number is not
            return self._found(Fault.altered, self._due, _NOT_OURS)
        if line.seq < self._due:
            return self._found(Fault.reordered, self._due, f"entry {line.seq} stands here, a second time")
        return self._gap(line)

    def _unlike_noted(self, line: EntryLine) -> Finding | None:
        if self._noted is None or self._noted.seq != line.seq or self._noted.hash == line.hash:
            return None
        return self._found(Fault.altered, line.seq, "its hash is not the one that was noted")

    def _gap(self, line: EntryLine) -> Finding:
        """Why a later entry stands where another one is due."""
        due = self._due
        for text in self._lines:
            later = read_line(text)
            if isinstance(later, EntryLine) and later.seq == due and self._is_ours(later):
                return self._found(Fault.reordered, due, f"entry {line.seq} stands before it")
        return self._found(Fault.missing, due, f"entry {line.seq} stands here")

    def _broken(self, line: EntryLine) -> Finding:
        """Which of two entries is not as it was, where the second does not go on from the first."""
        before = line.seq - 1
        said = f"entry {line.seq} does not go on from it"
        if self._key is None and before > 0 and self._goes_on_from(line):
            self._line -= 1
            return self._found(Fault.altered, before, said)
        return self._found(Fault.altered, line.seq, f"it does not go on from entry {before}")

    def _goes_on_from(self, line: EntryLine) -> bool:
        """Whether the line behind this one takes it for what it is."""
        behind = read_line(next(self._lines, b""))
        if isinstance(behind, HeadLine):
            return behind.head.hash == line.hash
        return behind is not None and behind.previous == line.hash

    def _is_ours(self, line: EntryLine | HeadLine) -> bool:
        return self._key is None or line.is_genuine(self._key)

    def _end(self, line: HeadLine) -> Finding | None:
        """Whether this ends what was read, and all that there was to read."""
        last = self.head
        if not self._is_ours(line):
            return self._found(Fault.altered, None, _NOT_OURS)
        if line.workspace != self._workspace:
            return self._found(Fault.altered, None, f"it is of the workspace {line.workspace}")
        if line.head.seq > last.seq:
            return self._found(Fault.cut_off, self._due, f"the log went on to entry {line.head.seq}")
        if line.head.seq < last.seq:
            return self._found(Fault.altered, None, f"it says that entry {line.head.seq} is the last")
        if line.head != last:
            return self._found(
                Fault.altered, last.seq or None, "its hash is not the one that ends the export"
            )
        if self._noted is not None and self._noted.seq > last.seq:
            return self._found(Fault.cut_off, self._due, f"entry {self._noted.seq} was noted as the last")
        if next(self._lines, None) is not None:
            self._line += 1
            return self._found(Fault.altered, None, "more lines stand behind it")
        return None
