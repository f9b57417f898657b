"""Share links: whoever has one reads one prompt, without an account, and can do nothing else.

The secret's hash leads to the link's record, which lies with its prompt; a link is revoked by deleting that.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Final

from pydantic import Field

from promptstudio.access.authors import Author, author
from promptstudio.access.principal import Principal
from promptstudio.access.sharing import prompt_key, require_owner
from promptstudio.endpoint.keys import new_secret, workspace_of
from promptstudio.ids import new_id, ordered_id, workspace_characters, workspace_id
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.listings import Listing, list_records
from promptstudio.storage.port import ABSENT, Conflict, Delete, Put, Store
from promptstudio.storage.records import Record, Stored, created, data, optional, require_match, stored
from promptstudio.times import rfc3339
from promptstudio.workspaces.drafts import draft_of
from promptstudio.workspaces.history import history_put
from promptstudio.workspaces.prompts import PromptRecord, find_prompt, get_prompt
from promptstudio.workspaces.versions import version_of

PREFIX: Final = "ps_share_"

_LINK: Final = "link#"
_DEFAULT_S: Final = 30 * 24 * 3600
_LONGEST_S: Final = 366 * 24 * 3600
_LABEL: Final = "production"


class LinkOrder(Record):
    """The link that somebody wants. Without `version` it shows what `production` is, else the newest."""

    version: Annotated[int, Field(ge=1, le=2**31)] | None = None
    expires_in_s: Annotated[int, Field(ge=60, le=_LONGEST_S)] = _DEFAULT_S


class ShareLink(Record):
    """A link, without its secret."""

    id: str
    version: int | None = optional()
    created_at: str
    created_by: Author
    expires_at: str


class SharedText(Record):
    """What a link shows. `version` 0 is the draft of a prompt that was never published."""

    name: str
    description: str | None = optional()
    version: int
    text: str


class _Target(Record):
    """Where a link's hash leads: to the link with this id of a prompt with this name and id."""

    prompt: str
    name: str
    link: str


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link at its birth, the only time when its `secret` can be read."""

    secret: str = field(repr=False)
    found: Stored[ShareLink]


def links_key(workspace: str) -> str:
    """The partition of where links lead, by the hashes of their secrets."""
    return f"{workspace}#links"


async def create_link(store: Store, by: Principal, name: str, order: LinkOrder, now: float) -> MadeLink:
    """A link to a prompt, or to one version of it; raises PlatformError not_found or role_needed."""
    await require_owner(store, by, name)
    record = (await get_prompt(store, by.workspace, name)).value
    if order.version is not None and order.version > record.latest:
        raise PlatformError("not_found", kind="version", id=order.version)
    expires_at = int(now) + order.expires_in_s
    link = ShareLink(
        id=ordered_id("lnk", now),
        version=order.version,
        created_at=rfc3339(now),
        created_by=author(by),
        expires_at=rfc3339(expires_at),
    )
    secret = new_secret(PREFIX, workspace_characters(by.workspace))
    partition = prompt_key(by.workspace, record.id)
    target = _Target(prompt=record.id, name=name, link=link.id)
    await store.transact(
        [
            Put(links_key(by.workspace), _hash(secret), data(target), ABSENT, expires_at),
            Put(partition, _LINK + link.id, data(link), ABSENT, expires_at),
            history_put(partition, by, "link_created", {"link": link.id}, now),
        ],
        operation=new_id("create"),
    )
    return MadeLink(secret, created(link))


async def list_links(
    store: Store, workspace: str, name: str, *, cursor: str | None = None, limit: int = 50
) -> Listing[ShareLink]:
    """The links to a prompt that are in force, oldest first; raises PlatformError not_found or
    cursor_invalid."""
    prompt = (await get_prompt(store, workspace, name)).value.id
    return await list_records(
        store, ShareLink, prompt_key(workspace, prompt), _LINK, cursor=cursor, limit=limit
    )


async def get_link(store: Store, workspace: str, name: str, link: str) -> Stored[ShareLink]:
    """A link to a prompt; raises PlatformError not_found."""
    prompt = (await get_prompt(store, workspace, name)).value.id
    found = await _find(store, workspace, prompt, link)
    if found is None:
        raise PlatformError("not_found", kind="link", id=link)
    return found


async def revoke_link(
    store: Store, by: Principal, name: str, link: str, *, if_match: str | None, now: float
) -> None:
    """End a link; raises PlatformError not_found, role_needed, if_match_missing or stale."""
    await require_owner(store, by, name)
    partition = prompt_key(by.workspace, (await get_prompt(store, by.workspace, name)).value.id)
    found = await get_link(store, by.workspace, name, link)
    require_match(found, if_match)
    entry = history_put(partition, by, "link_revoked", {"link": link}, now)
    try:
        await store.transact([Delete(partition, _LINK + link, found.version), entry])
    except Conflict:
        raise PlatformError("stale") from None


async def open_link(store: Store, secret: str) -> SharedText:
    """What the link with this secret shows; raises PlatformError link_invalid, for garbage unasked."""
    characters = workspace_of(PREFIX, secret)
    if characters is None:
        raise PlatformError("link_invalid")
    workspace = workspace_id(characters)
    item = await store.get(links_key(workspace), _hash(secret))
    if item is None:
        raise PlatformError("link_invalid")
    target = stored(_Target, item).value
    link = await _find(store, workspace, target.prompt, target.link)
    prompt = await find_prompt(store, workspace, target.name)
    if link is None or prompt is None or prompt.value.id != target.prompt:
        raise PlatformError("link_invalid")
    return await _shown(store, workspace, prompt.value, link.value)


async def _shown(store: Store, workspace: str, prompt: PromptRecord, link: ShareLink) -> SharedText:
    number = link.version or prompt.labels.get(_LABEL, prompt.latest)
    version = await version_of(store, workspace, prompt.id, number)
    if version is not None:
        value = version.value
        return SharedText(name=prompt.name, description=value.description, version=number, text=value.text)
    text = (await draft_of(store, workspace, prompt.id, prompt.name)).value.text
    return SharedText(name=prompt.name, description=prompt.description, version=0, text=text)


async def _find(store: Store, workspace: str, prompt: str, link: str) -> Stored[ShareLink] | None:
    item = await store.get(prompt_key(workspace, prompt), _LINK + link)
    return None if item is None else stored(ShareLink, item)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
