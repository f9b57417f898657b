"""/api/prompts/{name}/runs: what was run; and /test: a draft or a version tried on models side by side."""

import os
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from promptstudio.endpoint.gate import Catalog
from promptstudio.endpoint.journal import Asked
from promptstudio.endpoint.request import read_run
from promptstudio.endpoint.responses import on_model
from promptstudio.endpoint.run import prepare, render
from promptstudio.errors import AppError
from promptstudio.messages import Message
from promptstudio.prompts.bundle import Prompt, Version
from promptstudio.storage.listings import Listing
from promptstudio.storage.records import Record, optional
from promptstudio.workspaces.prompts import get_prompt
from promptstudio.workspaces.runs import RunRecord, list_runs
from promptstudio.workspaces.settings import ModelName
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.parameters import Cursor, Limit, PromptPath
from promptstudio_functions.side_by_side import run_side_by_side

MODELS_MAX: Final = 8

router = noun("runs")

# Before OpenAPI 3.2 the schema of a stream is that of its events.
_EVENT: Final = {
    "type": "object",
    "properties": {
        "event": {"enum": ["start", "delta", "done", "error", "end"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "For each model, by its `index`: `start`, `delta`… and `done` or `error`. Then `end`.",
        "content": {"text/event-stream": {"schema": _EVENT}},
    }
}


class Trial(Record):
    """What to try: the draft, or the `version` with this number, on its own model or on `models`."""

    variables: dict[str, Any] = Field(default_factory=dict)
    messages: list[dict[str, Any]] = Field(default_factory=list)
    version: Annotated[int, Field(ge=1)] | None = optional()
    models: Annotated[tuple[ModelName, ...], Field(min_length=1, max_length=MODELS_MAX)] | None = optional()


@router.get("/api/prompts/{name}/runs")
async def list_all(
    app: App, by: By, name: PromptPath, cursor: Cursor = None, limit: Limit = 50
) -> Listing[RunRecord]:
    """A prompt's runs of the last 30 days, newest first."""
    await get_prompt(app.store, by.workspace, name)
    return await list_runs(app.store, by.workspace, name, cursor=cursor, limit=limit)


@router.post("/api/prompts/{name}/test", response_class=StreamingResponse, responses=_STREAM)
async def try_out(app: App, by: By, request: Request, name: PromptPath, body: Trial) -> StreamingResponse:
    """Run a draft or a version on several models at once, as one event stream."""
    catalog = app.catalogs.of(by)
    asked = read_run({"variables": body.variables, "messages": list(body.messages)})
    if body.version is None:
        prompt, version = await catalog.draft(name)
    else:
        prompt, version = await catalog.resolve(name, body.version)
    messages = render(version, asked.variables, "/variables", asked.messages)
    runs = [
        _asked(catalog, prompt, version, messages, model, f"/models/{index}")
        for index, model in enumerate(body.models or (version.model,))
    ]
    return StreamingResponse(run_side_by_side(runs, request.state.id), media_type="text/event-stream")


def _asked(
    catalog: Catalog,
    prompt: Prompt,
    version: Version,
    messages: Sequence[Message],
    model: str,
    pointer: str,
) -> Asked | AppError:
    """The run on one model, or why it cannot be."""
    try:
        chosen = version if model == version.model else on_model(version, model, catalog, pointer)
        run = prepare(os.urandom(12).hex(), prompt, chosen, messages, stream=True)
    except AppError as error:
        return error
    return Asked(catalog, run, None, streamed=True)
