"""/api/prompts: the prompts of the workspace, and what happened to each."""

from typing import Annotated, Final

from fastapi import Query, Response

from promptstudio.access.sharing import prompt_key
from promptstudio.storage.listings import Listing
from promptstudio.storage.records import Stored
from promptstudio.workspaces.history import HistoryEntry, list_history
from promptstudio.workspaces.prompt_changes import (
    PromptChange,
    PromptOrder,
    change_prompt,
    create_prompt,
    delete_prompt,
)
from promptstudio.workspaces.prompts import (
    QUERY_CHARACTERS,
    Prompt,
    PromptRecord,
    PromptSearch,
    get_prompt,
    list_prompts,
)
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.parameters import Cursor, IfMatch, Limit, PromptPath

router = noun("prompts")

_ALL: Final = "/api/prompts"
_ONE: Final = _ALL + "/{name}"

_Words = Annotated[str, Query(max_length=QUERY_CHARACTERS)]


@router.get(_ALL)
async def list_all(
    app: App,
    by: By,
    q: _Words = "",
    folder: _Words = "",
    tag: Annotated[str | None, Query(max_length=QUERY_CHARACTERS)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Listing[Prompt]:
    """The prompts that one may see, by name: those with each word of `q` in name, tags, description or text,
    in the folder or below it, with the tag.

    A page may hold fewer than `limit`, or none, and still have a cursor: then there is more to look through.
    """
    search = PromptSearch(q=q, folder=folder, tag=tag)
    return await list_prompts(app.store, by, search, cursor=cursor, limit=limit)


@router.post(_ALL, status_code=201)
async def create_one(app: App, by: By, response: Response, body: PromptOrder) -> Prompt:
    """Create a prompt with its first draft, which may have errors. Its creator becomes its owner."""
    return shown(await create_prompt(app.store, by, body, now=app.now()), response)


@router.get(_ONE)
async def get_one(app: App, by: By, response: Response, name: PromptPath) -> Prompt:
    """One prompt: where it is filed, its labels, and its newest version."""
    return shown(await get_prompt(app.store, by.workspace, name), response)


@router.patch(_ONE)
async def change_one(
    app: App, by: By, response: Response, name: PromptPath, body: PromptChange, if_match: IfMatch = None
) -> Prompt:
    """File a prompt elsewhere, tag it, or, as an admin, say which labels are protected."""
    return shown(await change_prompt(app.store, by, name, body, if_match=if_match, now=app.now()), response)


@router.delete(_ONE, status_code=204)
async def delete_one(app: App, by: By, name: PromptPath, if_match: IfMatch = None) -> None:
    """Delete a prompt with its draft, all its versions and its history."""
    await delete_prompt(app.store, by, name, if_match=if_match, now=app.now())


@router.get(_ONE + "/history")
async def list_changes(
    app: App, by: By, name: PromptPath, cursor: Cursor = None, limit: Limit = 50
) -> Listing[HistoryEntry]:
    """What happened to a prompt, newest first."""
    prompt = (await get_prompt(app.store, by.workspace, name)).value.id
    return await list_history(app.store, prompt_key(by.workspace, prompt), cursor=cursor, limit=limit)


def shown(found: Stored[PromptRecord], response: Response) -> Prompt:
    """A prompt as it is answered, its ETag in the header."""
    response.headers["ETag"] = found.etag
    return found.value.public()
