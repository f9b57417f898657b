"""/api/prompts/{name}/labels: which version each label points to. Changes take the prompt's ETag."""

from typing import Annotated, Final

from fastapi import Response
from pydantic import Field

from promptstudio.storage.listings import Listing
from promptstudio.storage.records import Record
from promptstudio.workspaces.labels import delete_label, roll_back, set_label
from promptstudio.workspaces.prompts import Prompt, get_prompt
from promptstudio.workspaces.versions import NUMBER_MAX
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.parameters import IfMatch, LabelPath, PromptPath
from promptstudio_functions.routes.prompts import shown

router = noun("labels")

_ALL: Final = "/api/prompts/{name}/labels"
_ONE: Final = _ALL + "/{label}"


class Label(Record):
    """A label, and the version it points to. Only admins move one that is protected."""

    name: str
    version: int
    protected: bool


class LabelMove(Record):
    """Where a label is to point."""

    version: Annotated[int, Field(ge=1, le=NUMBER_MAX)]


@router.get(_ALL)
async def list_all(app: App, by: By, response: Response, name: PromptPath) -> Listing[Label]:
    """All labels of a prompt. The ETag is the prompt's."""
    prompt = shown(await get_prompt(app.store, by.workspace, name), response)
    labels = [
        Label(name=label, version=number, protected=label in prompt.protected)
        for label, number in prompt.labels.items()
    ]
    return Listing[Label](items=labels)


@router.put(_ONE)
async def set_one(
    app: App,
    by: By,
    response: Response,
    name: PromptPath,
    label: LabelPath,
    body: LabelMove,
    if_match: IfMatch = None,
) -> Prompt:
    """Let a label point to a version. Runs by that label have it within five seconds."""
    moved = await set_label(app.store, by, name, label, body.version, if_match=if_match, now=app.now())
    return shown(moved, response)


@router.delete(_ONE)
async def delete_one(
    app: App, by: By, response: Response, name: PromptPath, label: LabelPath, if_match: IfMatch = None
) -> Prompt:
    """Take a label away."""
    return shown(await delete_label(app.store, by, name, label, if_match=if_match, now=app.now()), response)


@router.post(_ONE + "/rollback")
async def roll_back_one(
    app: App, by: By, response: Response, name: PromptPath, label: LabelPath, if_match: IfMatch = None
) -> Prompt:
    """Let a label point to the version that it had before its last move."""
    return shown(await roll_back(app.store, by, name, label, if_match=if_match, now=app.now()), response)
