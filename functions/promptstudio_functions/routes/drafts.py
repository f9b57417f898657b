"""/api/prompts/{name}/draft: the text that is being written."""

from typing import Final

from fastapi import Response

from promptstudio.storage.records import Stored
from promptstudio.workspaces.drafts import Draft, DraftChange, get_draft, save_draft
from promptstudio.workspaces.publishing import ProposalAnswer, propose_draft
from promptstudio.workspaces.texts import Finding, check_text
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.parameters import IfMatch, PromptPath

router = noun("drafts")

_ONE: Final = "/api/prompts/{name}/draft"


class DraftAnswer(Draft):
    """A draft, and what was found in it."""

    findings: tuple[Finding, ...]


@router.get(_ONE)
async def get_one(app: App, by: By, response: Response, name: PromptPath) -> DraftAnswer:
    """The draft, with what is wrong with it."""
    return await _answer(app, by, response, name, await get_draft(app.store, by.workspace, name))


@router.put(_ONE)
async def save_one(
    app: App, by: By, response: Response, name: PromptPath, body: DraftChange, if_match: IfMatch = None
) -> DraftAnswer:
    """Give the draft another text. It is saved with its errors, and answered with them."""
    saved = await save_draft(app.store, by, name, body, if_match=if_match, now=app.now())
    return await _answer(app, by, response, name, saved)


@router.get("/api/prompts/{name}/proposal")
async def propose_one(app: App, by: By, name: PromptPath) -> ProposalAnswer:
    """What publishing the draft would say now: its errors, or its version and the reasons for that."""
    return await propose_draft(app.store, by, name, app.now())


async def _answer(app: App, by: By, response: Response, name: str, draft: Stored[Draft]) -> DraftAnswer:
    checked = await check_text(app.store, by.workspace, name, draft.value.text, app.now())
    response.headers["ETag"] = draft.etag
    return DraftAnswer(**dict(draft.value), findings=checked.findings)
