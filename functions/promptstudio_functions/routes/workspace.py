"""/api/workspace: the workspace's name, the model of prompts that name none, and prices."""

from fastapi import Response

from promptstudio.workspaces.settings import (
    WorkspaceAnswer,
    WorkspaceChange,
    change_workspace,
    get_workspace,
)
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.parameters import IfMatch

router = noun("workspace")

_ONE = "/api/workspace"


@router.get(_ONE)
async def get_one(app: App, by: By, response: Response) -> WorkspaceAnswer:
    """The workspace."""
    found = await get_workspace(app.store, by.workspace)
    response.headers["ETag"] = found.etag
    return found.value


@router.patch(_ONE)
async def change_one(
    app: App, by: By, response: Response, body: WorkspaceChange, if_match: IfMatch = None
) -> WorkspaceAnswer:
    """Change the workspace. Another default model counts for what is published from then on."""
    changed = await change_workspace(app.store, by, body, if_match=if_match, now=app.now())
    response.headers["ETag"] = changed.etag
    return changed.value
