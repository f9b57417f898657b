"""The difference between two versions of a prompt, or one of them and its draft."""

from typing import Final, Literal

from promptstudio.prompts.diff import Difference, Text, diff
from promptstudio.storage.port import Store
from promptstudio.workspaces.drafts import get_draft
from promptstudio.workspaces.partials import TooManyPartialsError, reached_partials
from promptstudio.workspaces.versions import get_version

DRAFT: Final = "draft"

Compared = int | Literal["draft"]
"""A version's number, or the draft."""


async def compare(store: Store, workspace: str, name: str, before: Compared, after: Compared) -> Difference:
    """What changed from one to the other; raises PlatformError not_found."""
    return diff(await _text(store, workspace, name, before), await _text(store, workspace, name, after))


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
