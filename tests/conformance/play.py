"""Plays a case: compiles its prompts, puts them up in a runtime, and sends its requests."""

import itertools
import math
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self, cast

from promptstudio.endpoint.keys import create, print_records
from promptstudio.errors import PROTOCOL
from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.project import load_project
from promptstudio.values import Json
from tests.conformance.case import Case, Request, Step
from tests.conformance.case_file import CaseError
from tests.conformance.client import Received, send
from tests.conformance.judge import Outcome
from tests.conformance.project import REFUSED, UPSTREAM, write_project
from tests.conformance.runtimes import Address, Deployment, Runtime, start
from tests.conformance.stores import ENGINES, Stores
from tests.conformance.upstream import Script, ScriptedUpstream

_KEYS: Final = {"{key}": create("conformance"), "{other_key}": create("other")}
_ENVIRON: Final = {
    "OPENAI_API_KEY": "sk-openai",
    "ANTHROPIC_API_KEY": "sk-anthropic",
    "GROQ_API_KEY": "sk-groq",
    "PROMPTSTUDIO_KEYS": print_records([key.record for key in _KEYS.values()]),
}
_WINDOWS_S: Final[dict[str, int]] = PROTOCOL["limits"]["windows_s"]
_AGAIN_S: Final = 20.0
_CASE_S: Final = 10.0  # no case with limits takes longer


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
        _wait_for_room(windows_s(deployment.bundle))
        return [self._take(step, address) for step in case.steps]

    def _take(self, step: Step, address: Address) -> Outcome:
        script = self._upstream.play(step.answers)
        closed_at = None
        try:
            answers = send_all(address, step.request, script)
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
            next(self._numbers) if case.store == "empty" and runtime not in ENGINES else 0,
            at_once(case),
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


def at_once(case: Case) -> int:
    """How many requests the case sends at the same time."""
    return max(step.request.times for step in case.steps)


def send_all(address: Address, request: Request, script: Script) -> list[Received]:
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


def windows_s(bundle: Mapping[str, Json]) -> set[int]:
    """The windows of a bundle's limits."""
    prompts = cast("Mapping[str, Mapping[str, Mapping[str, Mapping[str, Json]]]]", bundle["prompts"])
    versions = (version for prompt in prompts.values() for version in prompt["versions"].values())
    limits = (
        limit for version in versions for limit in cast("list[dict[str, str]]", version.get("limits", []))
    )
    return {_WINDOWS_S[limit["per"]] for limit in limits}


def have_room(windows: Collection[int], now: float) -> bool:
    """Whether no window ends within a case that begins now, and no two of them at the same time."""
    ends = {math.ceil(now / window) * window for window in windows}
    return len(ends) == len(windows) and all(end - now > _CASE_S for end in ends)


def _wait_for_room(windows: Collection[int]) -> None:
    while not have_room(windows, time.time()):
        time.sleep(0.05)


def _environ(case: Case) -> dict[str, str]:
    merged = {**_ENVIRON, **case.environ}
    return {name: value for name, value in merged.items() if value is not None}
