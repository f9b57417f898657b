"""The built-in pages: static files, and what they show of a project. The pages themselves are public."""

import json
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final, NamedTuple, cast

from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.exchange import Exchange, Header, Receive, Scope, Send
from promptstudio.endpoint.gate import Gate
from promptstudio.endpoint.problems import answer_problem, log_internal
from promptstudio.errors import AppError
from promptstudio.values import Json, dumps
from promptstudio_functions.live_project import LiveProject


class _File(NamedTuple):
    name: str
    content_type: bytes


_HTML: Final = b"text/html; charset=utf-8"
_SCRIPT: Final = b"text/javascript; charset=utf-8"
_FILES: Final = {
    "/": _File("index.html", _HTML),
    "/docs": _File("docs.html", _HTML),
    "/page/style.css": _File("style.css", b"text/css; charset=utf-8"),
    "/page/icon.svg": _File("icon.svg", b"image/svg+xml"),
    **{
        f"/page/{name}": _File(name, _SCRIPT)
        for name in ("main.js", "prompt.js", "form.js", "api.js", "docs.js", "element.js")
    },
}
_PROJECT: Final = "/page/project.json"
_PROMPTS: Final = "/v1/prompts"

PATHS: Final = frozenset({*_FILES, _PROJECT})

_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)


class Site:
    """Answers PATHS."""

    def __init__(self, project: LiveProject, files: BundleGate, gate: Gate, *, dev: bool) -> None:
        self._project = project
        self._files = files
        self._gate = gate
        self._dev = dev
        self._folder = Path(__file__).with_name("page")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        try:
            await self._serve(exchange, scope["method"], scope["path"])
        except AppError as error:
            await answer_problem(exchange, error)
        except Exception as error:  # noqa: BLE001 - the outermost edge
            await answer_problem(exchange, log_internal(error, exchange.id))

    async def _serve(self, exchange: Exchange, method: str, path: str) -> None:
        if method not in ("GET", "HEAD"):
            exchange.extra_headers = ((b"allow", b"GET, HEAD"),)
            raise AppError("method_not_allowed", methods="GET, HEAD")
        if path == _PROJECT:
            catalog = await self._gate.admit(exchange.headers, method)
            listed = json.loads(await catalog.document(_PROMPTS))["prompts"]
            body = dumps(self._described({row["name"] for row in listed})).encode()
            await exchange.answer(200, b"application/json", body, _HEADERS)
        else:
            file = _FILES[path]
            body = self._folder.joinpath(file.name).read_bytes()
            await exchange.answer(200, file.content_type, body, _HEADERS)

    def _described(self, listed: AbstractSet[str]) -> dict[str, Json]:
        """What the page shows beside /v1/prompts: `echo` says that a prompt reaches no model.

        Whoever may not run all of the files, which `listed` names, is told only of what they may.
        """
        project = self._project
        prompts = cast("dict[str, Json]", {})
        files = self._files.bundle.prompts
        for prompt in (prompt for name, prompt in files.items() if name in listed):
            version = prompt.default
            row: dict[str, Json] = {"model": version.model, "echo": version.setup.provider.type == "echo"}
            if prompt.name in project.inputs:
                row["input"] = project.inputs[prompt.name]
            prompts[prompt.name] = row
        return {
            "name": project.settings.name,
            "dev": self._dev,
            "bundle": self._files.bundle.hash,
            "prompts": prompts,
            "diagnostics": [str(found) for found in project.diagnostics] if files.keys() <= listed else [],
        }
