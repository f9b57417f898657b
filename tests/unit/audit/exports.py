"""Exports of audit logs for tests, and what can be done to one."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from promptstudio.audit.chain import START, Head, entry_line, head_line, workspace_key
from promptstudio.values import Json

WORKSPACE: Final = "ws_0123456789AB"
KEY: Final = workspace_key(b"s" * 32, WORKSPACE)
AT: Final = "2027-01-15T08:00:00.000Z"


def members(number: int, workspace: str = WORKSPACE) -> Mapping[str, Json]:
    """An entry as it might be."""
    return {
        "at": AT,
        "workspace": workspace,
        "actor": {"kind": "member", "id": "mem_1", "name": "Ada Łovelace"},
        "from": {"ip": "192.0.2.7", "session": "ses_1"},
        "action": ("label.moved", "member.changed", "key.created")[number % 3],
        "target": {"kind": "prompt", "id": f"prm_{number}", "name": "greet"},
        "before": {"labels": {"production": number}, "price": 1e-7 * number},
        "after": {"labels": {"production": number + 1}, "note": 'é\n\u2028 \\ " 😀'},
    }


@cache
def log(entries: int, key: bytes = KEY, workspace: str = WORKSPACE) -> tuple[tuple[bytes, ...], Head]:
    """The lines of a log with this many entries, and its head."""
    if entries == 0:
        return (), START
    lines, head = log(entries - 1, key, workspace)
    line, head = entry_line(key, head, members(entries, workspace))
    return (*lines, line.encode()), head


def export(entries: int, key: bytes = KEY, workspace: str = WORKSPACE) -> list[bytes]:
    """The lines of an export."""
    lines, head = log(entries, key, workspace)
    return [*lines, head_line(key, workspace, head, AT).encode()]


@dataclass(frozen=True, slots=True)
class Tampering:
    """An export that was tampered with, and the first line, from 1, at which it differs."""

    kind: str
    lines: list[bytes]
    first: int


def tampered(export: list[bytes], kind: str, chance: random.Random) -> Tampering:
    """An export after a tampering of this kind, at a place that chance chooses."""
    while True:
        lines = KINDS[kind](list(export), chance)
        if lines != export:
            return Tampering(kind, lines, _first(export, lines))


def _first(export: list[bytes], lines: list[bytes]) -> int:
    for number, (one, other) in enumerate(zip(export, lines, strict=False), 1):
        if one != other:
            return number
    return min(len(export), len(lines)) + 1


def _flip_bit(lines: list[bytes], chance: random.Random) -> list[bytes]:
    place = chance.randrange(len(lines))
    line = bytearray(lines[place])
    line[chance.randrange(len(line))] ^= 1 << chance.randrange(8)
    return _as_read([*lines[:place], bytes(line), *lines[place + 1 :]])


def _edit(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """Another text in the place of one that says something."""
    place = chance.randrange(len(lines) - 1)
    old, new = chance.choice(
        [(b"Ada", b"Bob"), (b"192.0.2.7", b"192.0.2.8"), (b'"seq":', b'"seq":1'), (b'"production":', b'"p":')]
    )
    return [*lines[:place], lines[place].replace(old, new, 1), *lines[place + 1 :]]


def _respell(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """The same JSON in another spelling."""
    place = chance.randrange(len(lines))
    line = lines[place]
    spelt = chance.choice([b" " + line, line + b"\r", line.replace(b":", b": ", 1), line[:-1] + b',"mac":1}'])
    return [*lines[:place], spelt, *lines[place + 1 :]]


def _delete(lines: list[bytes], chance: random.Random) -> list[bytes]:
    begin = chance.randrange(len(lines) - 1)
    end = min(begin + chance.randint(1, 4), len(lines) - 1)
    return lines[:begin] + lines[end:]


def _cut(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """Without its end, or with the end's line alone behind a part."""
    left = lines[: chance.randrange(len(lines))]
    return left if chance.random() < 0.5 else [*left, lines[-1]]


def _swap(lines: list[bytes], chance: random.Random) -> list[bytes]:
    one, other = chance.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def _move(lines: list[bytes], chance: random.Random) -> list[bytes]:
    line = lines.pop(chance.randrange(len(lines)))
    lines.insert(chance.randrange(len(lines) + 1), line)
    return lines


def _repeat(lines: list[bytes], chance: random.Random) -> list[bytes]:
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return lines


def _insert(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """A line from elsewhere: another workspace's, another key's, or garbage."""
    foreign = export(len(lines), workspace="ws_BA9876543210")
    forged = export(len(lines), key=b"f" * 32)
    place = chance.randrange(len(lines) + 1)
    line = chance.choice([chance.choice(foreign), chance.choice(forged), b"", b"{}", b"null", b"\xff"])
    return [*lines[:place], line, *lines[place:]]


def _rewrite(lines: list[bytes], chance: random.Random) -> list[bytes]:
    """All from one entry on written anew with another key, hashes and all."""
    place = chance.randrange(len(lines))
    return [*lines[:place], *export(len(lines) - 1, key=b"f" * 32)[place:]]


def _swap_macs(lines: list[bytes], chance: random.Random) -> list[bytes]:
    one, other = chance.sample(range(len(lines)), 2)
    texts = [lines[one], lines[other]]
    macs = [text[text.index(b'"mac":"') + 7 :][:64] for text in texts]
    lines[one] = texts[0].replace(macs[0], macs[1])
    lines[other] = texts[1].replace(macs[1], macs[0])
    return lines


def _as_read(lines: list[bytes]) -> list[bytes]:
    """Lines as they are read from a file that holds them: one of them may have become two."""
    return b"\n".join(lines).split(b"\n")


KINDS: Final[Mapping[str, Callable[[list[bytes], random.Random], list[bytes]]]] = {
    "flip a bit": _flip_bit,
    "edit a text": _edit,
    "spell differently": _respell,
    "delete": _delete,
    "cut off": _cut,
    "swap": _swap,
    "move": _move,
    "repeat": _repeat,
    "insert": _insert,
    "write anew": _rewrite,
    "swap macs": _swap_macs,
}
