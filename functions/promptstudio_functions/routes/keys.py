"""/api/keys: the workspace's API keys."""

from typing import Annotated, Final

from fastapi import Response
from pydantic import Field

from promptstudio.access.key_changes import (
    OVERLAP_MAX_S,
    OVERLAP_S,
    KeyChange,
    KeyOrder,
    MadeKey,
    create_key,
    rename_key,
    revoke_key,
    rotate_key,
)
from promptstudio.access.keys import ApiKey, get_key, list_keys
from promptstudio.storage.listings import Listing
from promptstudio.storage.records import Record
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.parameters import Cursor, Id, IfMatch, Limit

router = noun("keys")

_ALL: Final = "/api/keys"
_ONE: Final = _ALL + "/{id}"


class NewKey(ApiKey):
    """A key at its birth: `key` is shown this once."""

    key: str


class Rotation(Record):
    """How long the old key holds beside the new one, in seconds."""

    overlap_s: Annotated[int, Field(ge=0, le=OVERLAP_MAX_S)] = OVERLAP_S


@router.get(_ALL)
async def list_all(app: App, by: By, cursor: Cursor = None, limit: Limit = 50) -> Listing[ApiKey]:
    """The keys, oldest first, those that are revoked among them."""
    return await list_keys(app.store, by.workspace, cursor=cursor, limit=limit)


@router.post(_ALL, status_code=201)
async def create_one(app: App, by: By, response: Response, body: KeyOrder) -> NewKey:
    """Create a key with rights that one has oneself. It is shown this once; only its hash is kept."""
    return _new(await create_key(app.store, by, body, app.now()), response)


@router.get(_ONE)
async def get_one(app: App, by: By, response: Response, key: Id) -> ApiKey:
    """One key."""
    found = await get_key(app.store, by.workspace, key)
    response.headers["ETag"] = found.etag
    return found.value


@router.patch(_ONE)
async def rename_one(
    app: App,
    by: By,
    response: Response,
    key: Id,
    body: KeyChange,
    if_match: IfMatch = None,
) -> ApiKey:
    """Rename a key that one created; admins rename any."""
    changed = await rename_key(app.store, by, key, body, if_match=if_match)
    response.headers["ETag"] = changed.etag
    return changed.value


@router.delete(_ONE)
async def revoke_one(
    app: App,
    by: By,
    response: Response,
    key: Id,
    if_match: IfMatch = None,
) -> ApiKey:
    """Revoke a key that one created; admins revoke any. Its record stays."""
    revoked = await revoke_key(app.store, by, key, if_match=if_match, now=app.now())
    response.headers["ETag"] = revoked.etag
    return revoked.value


@router.post(_ONE + "/rotate", status_code=201)
async def rotate_one(
    app: App,
    by: By,
    response: Response,
    key: Id,
    body: Rotation | None = None,
    if_match: IfMatch = None,
) -> NewKey:
    """Create a key with the rights of another one, which ends a while later."""
    overlap_s = (body or Rotation()).overlap_s
    made = await rotate_key(app.store, by, key, overlap_s=overlap_s, if_match=if_match, now=app.now())
    return _new(made, response)


def _new(made: MadeKey, response: Response) -> NewKey:
    response.headers["ETag"] = made.found.etag
    return NewKey(**dict(made.found.value), key=made.text)
