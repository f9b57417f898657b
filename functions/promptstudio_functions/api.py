"""The platform's API under /api: FastAPI, its routes one file per noun, its errors told in one place."""

from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from promptstudio.platform_errors import PlatformError
from promptstudio_functions.description import described
from promptstudio_functions.dressing import Dressing
from promptstudio_functions.problem_response import Problem, problem_response
from promptstudio_functions.routes import (
    audit,
    drafts,
    invitations,
    keys,
    labels,
    links,
    members,
    partials,
    prompts,
    providers,
    runs,
    session,
    sharing,
    versions,
    workspace,
)
from promptstudio_functions.services import Services

TITLE: Final = "PromptStudio"
VERSION: Final = "1"
SCHEMA_PATH: Final = "/api/openapi.json"

NOUNS: Final[tuple[APIRouter, ...]] = (
    session.router,
    members.router,
    invitations.router,
    keys.router,
    workspace.router,
    prompts.router,
    drafts.router,
    versions.router,
    labels.router,
    partials.router,
    sharing.router,
    links.router,
    providers.router,
    runs.router,
    audit.router,
)

_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {status: {"model": Problem} for status in ("4XX", "5XX")}


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The description of the API, which is made once."""
        if self.openapi_schema is None:
            self.openapi_schema = described(super().openapi())
        return self.openapi_schema


def create_app(services: Services) -> FastAPI:
    """The application that serves /api and /sign-in with these services."""
    app = _Api(
        title=TITLE,
        version=VERSION,
        openapi_url=SCHEMA_PATH,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_PROBLEMS,
        generate_unique_id_function=_operation_id,
    )
    app.state.services = services
    for router in NOUNS:
        app.include_router(router)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_middleware(Dressing, cors_origins=services.settings.cors_origins)
    return app


def _operation_id(route: APIRoute) -> str:
    """`members_get_one`: a noun, and what is done to it."""
    return f"{route.tags[0]}_{route.name}"


async def _no_route(request: Request, error: Exception) -> Response:
    """What the router itself refuses: an unknown path, or a method that a path does not answer."""
    if not isinstance(error, HTTPException) or error.status_code != 405:
        return problem_response(request, PlatformError("route_unknown"))
    allowed = (error.headers or {}).get("Allow", "")
    response = problem_response(request, PlatformError("method_not_allowed", methods=allowed))
    response.headers["Allow"] = allowed
    return response
