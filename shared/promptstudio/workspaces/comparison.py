"""The difference between two versions of a prompt, or one of them and its draft."""

import asyncio
from dataclasses import asdict
from typing import Final, Literal

from pydantic import JsonValue

from promptstudio.prompts.diff import ChangeKind, Side, Text, diff
from promptstudio.prompts.lines import Op
from promptstudio.storage.port import Store
from promptstudio.storage.records import Record, optional
from promptstudio.workspaces.drafts import get_draft
from promptstudio.workspaces.partials import TooManyPartialsError, reached_partials
from promptstudio.workspaces.versions import get_version

DRAFT: Final = "draft"

Compared = int | Literal["draft"]
"""A version's number, or the draft."""


class LinesAnswer(Record):
    """Some lines of a text. `line` is the number of the first, from 1."""

    line: int
    lines: tuple[str, ...]


class LineChangeAnswer(Record):
    """What stood before and stands after; of equal lines both are the same."""

    op: Op
    before: LinesAnswer
    after: LinesAnswer


Hunks = tuple[tuple[LineChangeAnswer, ...], ...]


class ValueChangeAnswer(Record):
    """A named value that differs."""

    name: str
    change: ChangeKind
    before: JsonValue = optional()
    after: JsonValue = optional()


class PartialChangeAnswer(Record):
    """A partial that differs, and the lines of it that do."""

    name: str
    change: ChangeKind
    text: Hunks


class DifferenceAnswer(Record):
    """What differs, each list empty where nothing does.

    `text` holds the changes of the template, `front_matter` those of what stands above it. A variable is
    `{"schema", "required", "default"}`; `output` may hold `format` and `schema`; `settings` are `model`,
    `config.…` and the other keys of the front matter. Where that cannot be read on an `unreadable` side, all
    of both files is `text`.
    """

    text: Hunks
    front_matter: Hunks
    variables: tuple[ValueChangeAnswer, ...]
    output: tuple[ValueChangeAnswer, ...]
    settings: tuple[ValueChangeAnswer, ...]
    partials: tuple[PartialChangeAnswer, ...]
    unreadable: tuple[Side, ...]


async def compare(
    store: Store, workspace: str, name: str, before: Compared, after: Compared
) -> DifferenceAnswer:
    """What changed from one to the other; raises PlatformError not_found."""
    texts = [await _text(store, workspace, name, which) for which in (before, after)]
    return await asyncio.to_thread(_difference, *texts)


def _difference(before: Text, after: Text) -> DifferenceAnswer:
    return DifferenceAnswer.model_validate(asdict(diff(before, after)))


async def _text(store: Store, workspace: str, name: str, which: Compared) -> Text:
    """A text with its partials: those of a version as they were, those of a draft as they are."""
    if which != DRAFT:
        version = (await get_version(store, workspace, name, which)).value
        return Text(version.text, version.partials)
    text = (await get_draft(store, workspace, name)).value.text
    try:
        return Text(text, await reached_partials(store, workspace, text))
    except TooManyPartialsError:
        return Text(text)
