"""/api/audit: what was done in the workspace, by whom and from where."""

from typing import Annotated, Any, Final

from fastapi import Query
from fastapi.responses import StreamingResponse

from promptstudio.audit.entries import AuditEntry
from promptstudio.storage.listings import Listing
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.parameters import Cursor, Limit

router = noun("audit")

_ALL: Final = "/api/audit"
_TYPE: Final = "application/jsonl"
_LINES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The entries, oldest first, each a line, and a last line that tells their end.",
        "content": {_TYPE: {"schema": {"type": "string"}}},
    }
}


@router.get(_ALL)
async def list_all(app: App, by: By, cursor: Cursor = None, limit: Limit = 50) -> Listing[AuditEntry]:
    """The audit log, newest entry first."""
    return await app.audit.list_entries(by.workspace, cursor=cursor, limit=limit)


@router.get(_ALL + "/export", response_class=StreamingResponse, responses=_LINES)
async def export_all(
    app: App, by: By, after: Annotated[int, Query(ge=0, lt=10**12)] = 0
) -> StreamingResponse:
    """The audit log as JSON lines, which `promptstudio audit verify` reads, from behind entry `after` on."""
    head = await app.audit.head(by.workspace)
    return StreamingResponse(app.audit.export(by.workspace, head, after=after), media_type=_TYPE)
