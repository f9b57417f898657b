"""Plays a case: compiles its prompts, puts them up in a runtime, and sends its requests."""

import itertools
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self, cast

from promptstudio.endpoint.keys import create, print_records
from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.project import load_project
from promptstudio.values import Json
from tests.conformance.case import Case, Request, Step
from tests.conformance.case_file import CaseError
from tests.conformance.client import Received, send
from tests.conformance.judge import Outcome
from tests.conformance.project import REFUSED, UPSTREAM, write_project
from tests.conformance.runtimes import Address, Deployment, Runtime, start
from tests.conformance.stores import Stores
from tests.conformance.upstream import Script, ScriptedUpstream

_KEYS: Final = {"{key}": create("conformance"), "{other_key}": create("other")}
_ENVIRON: Final = {
    "OPENAI_API_KEY": "sk-openai",
    "ANTHROPIC_API_KEY": "sk-anthropic",
    "GROQ_API_KEY": "sk-groq",
    "PROMPTSTUDIO_KEYS": print_records([key.record for key in _KEYS.values()]),
}
_AGAIN_S: Final = 20.0
_BEFORE_MIDNIGHT_S: Final = 10.0
_DAY_S: Final = 86400


class Player:
    """One upstream, and the runtimes and stores that were needed so far, for one case after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._upstream = self._stack.enter_context(ScriptedUpstream())
        self._stores = Stores(self._stack, self._upstream.refused_url)
        self._runtimes: dict[str, Runtime] = {}
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def play(self, case: Case, runtime: str) -> list[Outcome]:
        """What `runtime` does with each step of `case`."""
        deployment = self._deployment(case, runtime)
        address = self._runtime(runtime).deploy(deployment)
        if _has_limits(deployment.bundle):
            _wait_out_midnight()
        return [self._take(step, address) for step in case.steps]

    def _take(self, step: Step, address: Address) -> Outcome:
        script = self._upstream.play(step.answers)
        closed_at = None
        try:
            answers = _send_all(address, step.request, script)
            if step.request.close_after is not None:
                closed_at = time.monotonic()
                script.wait_for_abort()
        finally:
            script.finish()
        return Outcome(answers, script.calls, script.problems, closed_at)

    def _deployment(self, case: Case, runtime: str) -> Deployment:
        return Deployment(
            self._compile(case),
            {**_environ(case), **self._stores.environ(runtime, case.store)},
            case.store,
            next(self._numbers) if case.store == "empty" else 0,
            max(step.request.times for step in case.steps),
        )

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


def _send_all(address: Address, request: Request, script: Script) -> list[Received]:
    """The answers to a request, from as many clients at once as it has."""
    keys = {placeholder: key.key for placeholder, key in _KEYS.items()}

    def one(_: int) -> Received:
        return send(address.host, address.port, request, keys, script.client_received)

    if request.times > 1:
        with ThreadPoolExecutor(request.times) as clients:
            return list(clients.map(one, range(request.times)))
    end = time.monotonic() + _AGAIN_S
    while (answer := one(0)).status == request.again_on and time.monotonic() < end:
        time.sleep(0.05)
    return [answer]


def _has_limits(bundle: Mapping[str, Json]) -> bool:
    prompts = cast("Mapping[str, Mapping[str, Mapping[str, Mapping[str, Json]]]]", bundle["prompts"])
    return any("limits" in row for prompt in prompts.values() for row in prompt["versions"].values())


def _wait_out_midnight() -> None:
    """Limits of a day count from midnight on (UTC), which is not to fall into a case."""
    while time.time() % _DAY_S > _DAY_S - _BEFORE_MIDNIGHT_S:
        time.sleep(0.05)


def _environ(case: Case) -> dict[str, str]:
    merged = {**_ENVIRON, **case.environ}
    return {name: value for name, value in merged.items() if value is not None}
