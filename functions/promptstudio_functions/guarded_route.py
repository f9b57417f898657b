"""The edge of the platform's API: each request passes the same stages, and each error is told once.

Rule, credential, CSRF, role or scope, size, content type, JSON: the first stage that fails answers.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from promptstudio.access.principal import Principal, Role
from promptstudio.access.sharing import role_on_prompt
from promptstudio.audit.entries import Source, source_of
from promptstudio.audit.recorder import Act, Recorder
from promptstudio.endpoint.problems import log_internal
from promptstudio.endpoint.request import read_json
from promptstudio.errors import BOUNDS, AppError, FieldError
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Store
from promptstudio.values import Json
from promptstudio_functions.acts import acts_of
from promptstudio_functions.authentication import authenticate
from promptstudio_functions.peer import peer_address
from promptstudio_functions.permissions import RULES, Rule
from promptstudio_functions.problem_response import problem_response
from promptstudio_functions.services import Services

_ON_PROMPT: Final = "/api/prompts/{name}"

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class GuardedRoute(APIRoute):
    """A route that the permission table names, and where it may change something the table of acts too.

    Raises KeyError, when it is made, for one that they do not.
    """

    def get_route_handler(self) -> _Handler:
        handle = super().get_route_handler()
        (method,) = cast("set[str]", self.methods)
        rule = RULES[method, self.path_format]
        acts = acts_of(method, self.path_format)
        on_prompt = self.path_format.startswith(_ON_PROMPT)

        async def guarded(request: Request) -> Response:
            prompt = request.path_params["name"] if on_prompt else None
            try:
                request.state.principal = await _admit(request, rule, prompt)
                request.state.services = _recording(request, acts)
                bounded = await _with_body(request)
                return _without_type(await handle(bounded))
            except AppError as error:
                return problem_response(request, error)
            except RequestValidationError as error:
                return problem_response(request, _fields_invalid(error))
            except ClientDisconnect:
                return Response()  # nobody is there to be told
            except Exception as error:  # noqa: BLE001 - the outermost edge
                return problem_response(request, log_internal(error, request.state.id))

        return guarded


def noun(tag: str) -> APIRouter:
    """A router for one noun's routes."""
    return APIRouter(route_class=GuardedRoute, tags=[tag])


def services(request: Request) -> Services:
    """What the application was made with; for a handler, over a store that records what it changes."""
    return cast("Services", getattr(request.state, "services", request.app.state.services))


def principal(request: Request) -> Principal:
    """Who asks."""
    found = cast("Principal | None", request.state.principal)
    if found is None:
        raise PlatformError("sign_in_needed")
    return found


def source(request: Request) -> Source:
    """Where a request comes from, and as whom."""
    address = peer_address(request, services(request).settings)
    return source_of(request.state.principal, address, request.headers.get("user-agent", ""))


App = Annotated[Services, Depends(services)]
By = Annotated[Principal, Depends(principal)]
From = Annotated[Source, Depends(source)]


async def _admit(request: Request, rule: Rule, prompt: str | None) -> Principal | None:
    """Who asks, if the rule lets them on the prompt that the path names; None only where everybody may.

    Raises AppError.
    """
    if rule.public:
        return None
    found = await authenticate(services(request), request.method, dict(request.scope["headers"]))
    if found is None:
        raise PlatformError("sign_in_needed")
    if found.role is None:
        _require_scope(found, rule, prompt)
        return found
    return await _with_role(services(request).store, found, rule, prompt)


def _require_scope(found: Principal, rule: Rule, prompt: str | None) -> None:
    if rule.scope is None:
        raise PlatformError("member_needed")
    if not found.has(rule.scope):
        raise PlatformError("scope_needed", scope=rule.scope)
    if prompt is not None and not found.may_touch(prompt):
        raise PlatformError("prompt_not_in_key", name=prompt)


async def _with_role(store: Store, found: Principal, rule: Rule, prompt: str | None) -> Principal:
    """The member, with the role they have on the prompt that the path names if that is higher."""
    if rule.role is None:
        raise PlatformError("scope_needed", scope=rule.scope or "")
    role = found.role or Role.guest
    if prompt is not None and role < Role.admin:
        role = max(role, await role_on_prompt(store, found, prompt))
        if role == Role.guest:
            raise PlatformError("not_found", kind="prompt", id=prompt)
    if role < rule.role:
        raise PlatformError("role_needed", role=rule.role.name)
    return replace(found, role=role, home=found.role)


def _recording(request: Request, acts: Sequence[Act]) -> Services:
    """The services for a request that may do these."""
    app = services(request)
    if not acts:
        return app
    named = request.path_params.get("name")
    store = Recorder(app.audit, acts, request.state.principal, source(request), named)
    return replace(app, store=store, sessions=app.sessions.over(store))


async def _with_body(request: Request) -> Request:
    """The request with its body read within the limit and known to be JSON, where there is one."""
    limit = services(request).settings.body_limit
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise AppError("body_too_large", limit=limit)
    value: dict[str, Json] | None = None
    if body:
        content_type = request.headers.get("content-type")
        value = read_json(content_type.encode("latin-1") if content_type is not None else None, body)
    return _Replayed(request, body, value)


class _Replayed(Request):
    """A request whose body was read already. `value` is its JSON: another parser would take other texts."""

    def __init__(self, request: Request, body: bytes, value: dict[str, Json] | None) -> None:
        super().__init__(request.scope, request.receive)
        self._body = body
        self._value = value

    async def json(self) -> Any:
        return self._value


def _without_type(response: Response) -> Response:
    """The answer; one without a body says of none that it is JSON, as FastAPI would."""
    if response.status_code == 204 and "content-type" in response.headers:
        del response.headers["content-type"]
    return response


def _fields_invalid(error: RequestValidationError) -> PlatformError:
    """Pydantic's findings as pointers and sentences; what was sent is not repeated."""
    listed = error.errors()[: BOUNDS["errors_listed"]]
    rows = [FieldError(_pointer(row["loc"]), _sentence(row)) for row in listed]
    return PlatformError("fields_invalid", errors=sorted(rows, key=lambda row: row.pointer))


def _pointer(location: tuple[str | int, ...]) -> str:
    """A JSON pointer into the body, or `/query/limit` and the like."""
    steps = location[1:] if location[:1] == ("body",) else location
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _sentence(row: dict[str, Any]) -> str:
    known = {"missing": "is required", "extra_forbidden": "is not a member of this body"}
    said = str(row["msg"]).removeprefix("Value error, ")
    return known.get(str(row["type"]), said[:1].lower() + said[1:])
