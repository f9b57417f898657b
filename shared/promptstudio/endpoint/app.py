"""The Endpoint Protocol as a plain ASGI application: routes, and the stages that a request passes."""

from functools import lru_cache
from time import perf_counter
from typing import Final

from promptstudio.endpoint import responses
from promptstudio.endpoint.answer import CONTENT_TYPE, RunFrames, run_body
from promptstudio.endpoint.cors import cors_headers, is_preflight, preflight_headers
from promptstudio.endpoint.documents import Documents
from promptstudio.endpoint.exchange import (
    Attendance,
    ClientGone,
    Exchange,
    Header,
    Receive,
    Scope,
    Send,
    server_timing,
)
from promptstudio.endpoint.gate import Catalog, Gate
from promptstudio.endpoint.journal import Asked, journaled
from promptstudio.endpoint.problems import answer_problem, log_internal, problem_headers
from promptstudio.endpoint.request import Sent, needs_state, read_json, read_run
from promptstudio.endpoint.response_frames import ResponseFrames, response_body
from promptstudio.endpoint.run import Outcome, complete, prepare, render
from promptstudio.endpoint.stream import EventStream, Frames, Telling, stream_run
from promptstudio.errors import BOUNDS, AppError
from promptstudio.settings import Settings

_RUN_PREFIX: Final = "/v1/prompts/"
_RUN_SUFFIX: Final = "/run"
_RESPONSES: Final = "/v1/responses"
_HEALTH: Final = "/health"


class Endpoint:
    """Serves what its gate admits to.

    `settings` may be replaced at any time. `ping_s` is how long a stream may be silent.
    """

    def __init__(self, gate: Gate, settings: Settings, *, ping_s: float = BOUNDS["ping_s"]) -> None:
        self.settings = settings
        self._gate = gate
        self._ping_s = ping_s
        self._attendance = Attendance()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        path: str = scope["path"]
        try:
            await self._serve(exchange, scope["method"], path)
        except AppError as error:
            await _refuse(exchange, path, error)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - the outermost edge
            await _refuse(exchange, path, log_internal(error, exchange.id))

    async def _serve(self, exchange: Exchange, method: str, path: str) -> None:
        name = run_name(path)
        allowed = _method(path, name)
        origins = self.settings.cors_origins
        if origins:
            exchange.extra_headers = cors_headers(exchange.headers, origins)
        if method != allowed:
            if is_preflight(method, exchange.headers, origins):
                await exchange.answer_empty(preflight_headers(allowed))
                return
            exchange.extra_headers += ((b"allow", allowed.encode()),)
            raise AppError("method_not_allowed", methods=allowed)
        if path == _HEALTH:
            await exchange.answer(200, CONTENT_TYPE, self._gate.health())
            return
        catalog = await self._gate.admit(exchange.headers, method)
        if name is not None:
            await self._run(exchange, catalog, name)
        elif path == _RESPONSES:
            await self._respond(exchange, catalog)
        else:
            await exchange.answer(200, CONTENT_TYPE, await catalog.document(path))

    async def _run(self, exchange: Exchange, catalog: Catalog, name: str) -> None:
        data = await exchange.body(self.settings.body_limit)
        request = read_run(read_json(exchange.headers.get(b"content-type"), data))
        prompt, version = await catalog.resolve(name, request.version, request.label)
        messages = render(version, request.variables, "/variables", request.messages)
        streamed = _prefers_stream(exchange) if request.stream is None else request.stream
        run = prepare(exchange.run_id, prompt, version, messages, stream=streamed, user=request.user)
        asked = Asked(catalog, run, request.user, streamed)
        if needs_state(version, exchange.headers):
            sent = Sent(f"{_RUN_PREFIX}{name}{_RUN_SUFFIX}", data, messages, request.cache)
            await self._pass_stages(exchange, sent, asked, RunFrames(run, exchange.id))
        elif streamed:
            await self._stream(exchange, asked, RunFrames(run, exchange.id))
        else:
            outcome, timing = await self._complete(exchange, asked)
            await exchange.answer(200, CONTENT_TYPE, run_body(run, outcome), (timing,))

    async def _respond(self, exchange: Exchange, catalog: Catalog) -> None:
        data = await exchange.body(self.settings.body_limit)
        request = responses.read(read_json(exchange.headers.get(b"content-type"), data))
        prompt, version = await catalog.resolve(request.prompt, request.version)
        version = responses.overridden(version, request, catalog)
        messages = responses.render_messages(version, request)
        run = prepare(exchange.run_id, prompt, version, messages, stream=request.stream, user=request.user)
        asked = Asked(catalog, run, request.user, request.stream)
        if needs_state(version, exchange.headers):
            sent = Sent(_RESPONSES, data, messages)
            await self._pass_stages(exchange, sent, asked, ResponseFrames(run, request))
        elif request.stream:
            await self._stream(exchange, asked, ResponseFrames(run, request))
        else:
            outcome, timing = await self._complete(exchange, asked)
            await exchange.answer(200, CONTENT_TYPE, response_body(run, request, outcome), (timing,))

    async def _pass_stages(self, exchange: Exchange, sent: Sent, asked: Asked, telling: Telling) -> None:
        """Answer with what is there already, else ask the model."""
        body = None
        state = asked.catalog.state(exchange.headers)
        if state is not None:
            from promptstudio.endpoint.stages import pass_stages  # late: most endpoints need none of it

            body = await pass_stages(state, exchange, sent, asked, telling)
        if body is not None and asked.streamed:
            await exchange.begin_stream()
            await exchange.write(telling.replay(body), last=True)
        elif body is not None:
            await exchange.answer(200, CONTENT_TYPE, body)
        elif asked.streamed:
            await self._stream(exchange, asked, telling)
        else:
            outcome, timing = await self._complete(exchange, asked)
            await exchange.answer(200, CONTENT_TYPE, telling.body(outcome), (timing,))

    async def _complete(self, exchange: Exchange, asked: Asked) -> tuple[Outcome, Header]:
        asked_s = perf_counter()
        work = complete(asked.run, asked.catalog.transport)
        if asked.catalog.journal is not None or asked.keeping is not None:
            work = journaled(asked, work)
        outcome = await exchange.unless_gone(work, self._attendance)
        return outcome, server_timing(perf_counter() - asked_s)

    async def _stream(self, exchange: Exchange, asked: Asked, frames: Frames) -> None:
        out = EventStream(exchange, self._ping_s)
        await exchange.unless_gone(stream_run(asked, frames, out), self._attendance)


@lru_cache(maxsize=1024)
def run_name(path: str) -> str | None:
    """The prompt that a path runs, None where it is another path."""
    if path.startswith(_RUN_PREFIX) and path.endswith(_RUN_SUFFIX):
        name = path[len(_RUN_PREFIX) : -len(_RUN_SUFFIX)]
        if name and "/" not in name:
            return name
    return None


def _method(path: str, name: str | None) -> str:
    """The one method that a path answers; raises AppError route_unknown."""
    if name is not None or path == _RESPONSES:
        return "POST"
    if path in Documents.PATHS:
        return "GET"
    raise AppError("route_unknown")


def _prefers_stream(exchange: Exchange) -> bool:
    return b"text/event-stream" in exchange.headers.get(b"accept", b"").lower()


async def _refuse(exchange: Exchange, path: str, error: AppError) -> None:
    if path == _RESPONSES:
        body = responses.error_body(error)
        await exchange.answer(error.status, CONTENT_TYPE, body, problem_headers(error))
    else:
        await answer_problem(exchange, error)
