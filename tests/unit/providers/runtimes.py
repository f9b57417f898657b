"""Both runtimes behind one set of verbs, whose answers are plain JSON values: see driver.mjs."""

import asyncio
import base64
import itertools
import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from promptstudio.errors import AppError
from promptstudio.providers.base import Usage
from promptstudio.providers.catalog import ADAPTERS, resolve_api
from promptstudio.providers.cost import Price, cost_usd
from promptstudio.providers.retry import retry_after_s, wait_s
from promptstudio.providers.stream import AnswerStream
from promptstudio.sse import SseDecoder
from tests.unit.providers.cases import call_of, provider

DRIVER = Path(__file__).with_name("driver.mjs")

Answer = dict[str, Any]


class Runtime(Protocol):
    def build_request(self, api: str, call: Answer) -> Answer:
        """{"path", "headers", "body"} or {"problem"}."""
        ...

    def parse(self, api: str, data: bytes) -> Answer:
        """{"text", "finish_reason", "usage"} or {"problem"}."""
        ...

    def stream(self, api: str, data: bytes, size: int) -> Answer:
        """{"deltas"} with {"finish_reason", "usage"} or {"problem"}; the data come `size` bytes at a time."""
        ...

    def sse(self, data: bytes, size: int) -> list[list[str | None]]: ...

    def cost(self, usage: dict[str, int], price: dict[str, int]) -> str | None: ...

    def resolve_api(self, type_: str, settings: Sequence[str]) -> str: ...

    def retry_after(self, header: str | None, now_s: float) -> int | None: ...

    def wait(self, attempt: int, retry_after: int | None, random: float) -> float | None: ...


class Python:
    def build_request(self, api: str, call: Answer) -> Answer:
        try:
            request = ADAPTERS[api].adapter.build_request(call_of(call))
        except AppError as error:
            return {"problem": error.problem}
        return {"path": request.path, "headers": dict(request.headers), "body": request.body.decode()}

    def parse(self, api: str, data: bytes) -> Answer:
        try:
            answer = ADAPTERS[api].adapter.parse(provider(api), data)
        except AppError as error:
            return {"problem": error.problem}
        return {
            "text": answer.text,
            "finish_reason": answer.finish_reason,
            "usage": _usage(answer.usage),
        }

    def stream(self, api: str, data: bytes, size: int) -> Answer:
        stream = AnswerStream(ADAPTERS[api].adapter, provider(api))
        deltas: list[str] = []
        try:
            for chunk in _chunks(data, size):
                deltas.extend(stream.feed(chunk))
            deltas += stream.finish()
        except AppError as error:
            return {"deltas": deltas, "problem": error.problem}
        state = stream.state
        return {"deltas": deltas, "finish_reason": state.finish_reason, "usage": _usage(state.usage)}

    def sse(self, data: bytes, size: int) -> list[list[str | None]]:
        decoder = SseDecoder()
        events = [event for chunk in _chunks(data, size) for event in decoder.feed(chunk)]
        return [[event.event, event.data] for event in (*events, *decoder.finish())]

    def cost(self, usage: dict[str, int], price: dict[str, int]) -> str | None:
        return cost_usd(Usage(**usage), Price(**price))

    def resolve_api(self, type_: str, settings: Sequence[str]) -> str:
        return resolve_api(type_, settings)

    def retry_after(self, header: str | None, now_s: float) -> int | None:
        return retry_after_s(header, now_s)

    def wait(self, attempt: int, retry_after: int | None, random: float) -> float | None:
        return wait_s(attempt, retry_after, random)


def _chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def _usage(usage: Usage | None) -> dict[str, int] | None:
    if usage is None:
        return None
    return {name: getattr(usage, name) for name in ("input", "output", "cached", "cache_write")}


class TypeScript:
    """One Node process answers all questions."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._early: dict[int, Answer] = {}  # answers that came before they were waited for

    def ask(self, verb: str, **question: Any) -> Any:
        """The value of the answer, or {"problem", …}."""
        return self.wait_for(self.begin(verb, **question))

    async def ask_aside(self, verb: str, **question: Any) -> Any:
        """The same, while this process serves what the runtime calls."""
        return await asyncio.to_thread(self.ask, verb, **question)

    def begin(self, verb: str, **question: Any) -> int:
        """Ask, and get the id to wait for."""
        question["id"] = next(self._ids)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"verb": verb, **question}) + "\n")
        self._process.stdin.flush()
        return int(question["id"])

    def wait_for(self, id_: int) -> Any:
        assert self._process.stdout is not None
        while id_ not in self._early:
            answer = json.loads(self._process.stdout.readline())
            self._early[answer["id"]] = answer
        found = self._early.pop(id_)
        return found.get("value", found)

    def build_request(self, api: str, call: Answer) -> Answer:
        return dict(self.ask("build_request", api=api, call=call))

    def parse(self, api: str, data: bytes) -> Answer:
        return dict(self.ask("parse", api=api, data=_base64(data)))

    def stream(self, api: str, data: bytes, size: int) -> Answer:
        return dict(self.ask("stream", api=api, data=_base64(data), size=size))

    def sse(self, data: bytes, size: int) -> list[list[str | None]]:
        return list(self.ask("sse", data=_base64(data), size=size))

    def cost(self, usage: dict[str, int], price: dict[str, int]) -> str | None:
        return str(self.ask("cost", usage=usage, price=price))

    def resolve_api(self, type_: str, settings: Sequence[str]) -> str:
        return str(self.ask("resolve_api", type=type_, settings=settings))

    def retry_after(self, header: str | None, now_s: float) -> int | None:
        return self.ask("retry_after", header=header, now_s=now_s)  # type: ignore[no-any-return]

    def wait(self, attempt: int, retry_after: int | None, random: float) -> float | None:
        return self.ask("wait", attempt=attempt, retry_after=retry_after, random=random)  # type: ignore[no-any-return]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@contextmanager
def typescript() -> Iterator[TypeScript]:
    with subprocess.Popen(
        ["node", str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            yield TypeScript(process)
        finally:
            process.kill()
