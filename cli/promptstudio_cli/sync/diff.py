"""How the text here and the text in the workspace differ, as a person reads it."""

from collections.abc import Iterator
from difflib import unified_diff

from promptstudio_cli.sync.differences import Difference, Here, There
from promptstudio_cli.sync.outcome import name_of
from promptstudio_cli.sync.places import printable

_NO_END = "\\ No newline at end of file"


def diff(difference: Difference) -> str:
    """A unified diff from the file to the workspace's text; empty where they are the same."""
    here, there = difference.here, difference.there
    path = here.path if here else "/dev/null"
    name = f"workspace: {name_of(difference.identity)}" if there else "/dev/null"
    lines = unified_diff(_lines(here), _lines(there), printable(path), printable(name), lineterm="")
    return "".join(f"{line}\n" for line in [*lines, *_moved(here, there)])


def _lines(side: Here | There | None) -> list[str]:
    """The lines as they can be shown; what else they hold is told by its escape."""
    return list(_shown(side.text)) if side else []


def _shown(text: str) -> Iterator[str]:
    *lines, rest = text.split("\n")
    for line in lines:
        yield _visible(line)
    if rest:
        yield f"{_visible(rest)}\n{_NO_END}"


def _visible(line: str) -> str:
    return "".join(
        character if character.isprintable() or character == "\t" else repr(character)[1:-1]
        for character in line
    )


def _moved(here: Here | None, there: There | None) -> list[str]:
    if here is None or there is None or here.folder == there.folder:
        return []
    return [f'folder "{printable(here.folder)}" here, "{printable(there.folder)}" in the workspace']
