"""Plays a case: compiles its prompts, puts them up in a runtime, and sends the request."""

import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from promptstudio.endpoint.keys import create, print_records
from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.project import load_project
from promptstudio.values import Json
from tests.conformance.case import Case
from tests.conformance.case_file import CaseError
from tests.conformance.client import send
from tests.conformance.judge import Outcome
from tests.conformance.project import REFUSED, UPSTREAM, write_project
from tests.conformance.runtimes import Deployment, Runtime, start
from tests.conformance.upstream import ScriptedUpstream

_KEY: Final = create("conformance")
_ENVIRON: Final = {
    "OPENAI_API_KEY": "sk-openai",
    "ANTHROPIC_API_KEY": "sk-anthropic",
    "GROQ_API_KEY": "sk-groq",
    "PROMPTSTUDIO_KEYS": print_records([_KEY.record]),
}


class Player:
    """One upstream and the runtimes that were needed so far; which serve one case after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._upstream = self._stack.enter_context(ScriptedUpstream())
        self._runtimes: dict[str, Runtime] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def play(self, case: Case, runtime: str) -> Outcome:
        """What `runtime` does with `case`."""
        address = self._runtime(runtime).deploy(Deployment(self._compile(case), _environ(case)))
        script = self._upstream.play(case.answers)
        closed_at = None
        try:
            received = send(address.host, address.port, case.request, _KEY.key, script.client_received)
            if case.request.close_after is not None:
                closed_at = time.monotonic()
                script.wait_for_abort()
        finally:
            script.finish()
        return Outcome(received, script.calls, script.problems, closed_at)

    def _runtime(self, name: str) -> Runtime:
        if name not in self._runtimes:
            self._runtimes[name] = self._stack.enter_context(start(name))
        return self._runtimes[name]

    def _compile(self, case: Case) -> dict[str, Json]:
        root = self._folder / case.name
        write_project(case, root, {UPSTREAM: self._upstream.url, REFUSED: self._upstream.refused_url})
        project = load_project(root)
        compiled = compile_bundle(project.sources, project.settings)
        if compiled.bundle is None:
            message = f"{case.name}: the prompts do not compile: {'; '.join(map(str, compiled.diagnostics))}"
            raise CaseError(message)
        return compiled.bundle


def _environ(case: Case) -> dict[str, str]:
    merged = {**_ENVIRON, **case.environ}
    return {name: value for name, value in merged.items() if value is not None}
