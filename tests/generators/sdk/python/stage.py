"""A client of either kind, the server that it calls, and what came of a call."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import isawaitable
from types import ModuleType
from typing import Any, Final

from tests.conformance.case import Answer
from tests.conformance.upstream import PATIENCE_S, Script, ScriptedUpstream
from tests.generators.sdk.python.packages import Variant, package

UUID4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

Use = Callable[[Any], Any]


@dataclass
class Seen:
    """What came of a call: its `value` or `error`, the events of a stream until then, the waits between
    attempts in seconds, and what the server saw."""

    script: Script
    value: Any = None
    raised: BaseException | None = None
    events: list[Any] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    @property
    def error(self) -> Any:
        assert self.raised is not None, f"nothing was raised, but {self.value!r} given"
        return self.raised

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.events if event.type == "delta"]

    def has_one_effect(self, attempts: int) -> bool:
        """Whether all attempts bear one name, by which a server tells that they are one call."""
        keys = {call.headers["idempotency-key"] for call in self.script.calls}
        bodies = {call.body for call in self.script.calls}
        is_one = len(keys) == len(bodies) == 1 and all(UUID4.fullmatch(key) for key in keys)
        return is_one and len(self.script.calls) == attempts


class Unhurried:
    """A transport that notes how long it is to wait, and does not."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.waits: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def sleep(self, seconds: float) -> Any:
        self.waits.append(seconds)
        return self._transport.sleep(0)


class Stage:
    """A variant of the client on one event loop, and a server that answers as it is told: `script`."""

    def __init__(
        self, variant: Variant, server: ScriptedUpstream, runner: asyncio.Runner, **options: Any
    ) -> None:
        """`options` are every client's: without a base_url, the server's is."""
        self.variant = variant
        self.server = server
        self._runner = runner
        self._options = {"base_url": server.url, "api_key": "ps_live_secret", **options}
        self._usual: Any = None
        self.script = Script(())

    @property
    def package(self) -> ModuleType:
        return package(self.variant.transport)

    def client(self, **options: Any) -> Any:
        """A client, with these options before the usual ones."""
        name = f"{'Async' if self.variant.is_async else ''}Acme{self.variant.transport.capitalize()}"
        return getattr(self.package, name)(**{**self._options, **options})

    def outcome(self, value: Any) -> Any:
        """The value, or what comes of awaiting it."""
        return self._runner.run(_awaited(value)) if isawaitable(value) else value

    @contextmanager
    def opened(self, waits: list[float], **options: Any) -> Iterator[Any]:
        """A client that does not wait between attempts. Without options, it is the same every time."""
        if options:
            client = self._unhurried(options)
        else:
            client = self._usual = self._usual or self._unhurried({})
        client._engine._transport.waits = waits
        try:
            yield client
        finally:
            if options:
                self.close(client)

    def _unhurried(self, options: dict[str, Any]) -> Any:
        client = self.client(**options)
        client._engine._transport = Unhurried(client._engine._transport)
        return client

    def close(self, client: Any = None) -> None:
        """Close a client, or the usual one."""
        closed = client or self._usual
        if closed is not None:
            self.outcome(closed.aclose() if self.variant.is_async else closed.close())

    def play(self, *answers: Answer, use: Use, **options: Any) -> Seen:
        """What comes of `use` of a client while the server gives these answers."""
        self.script = self.server.play(answers)
        seen = Seen(self.script)
        with self.opened(seen.waits, **options) as client:
            try:
                seen.value = self.outcome(use(client))
            except BaseException as error:  # noqa: BLE001 - it is looked at
                seen.raised = error
        return seen

    def run(self, *answers: Answer, client: dict[str, Any] | None = None, **options: Any) -> Seen:
        """What comes of a call with these options."""
        return self.play(*answers, use=lambda made: made.greet(name="Ada", options=options), **(client or {}))

    def stream(
        self,
        *answers: Answer,
        client: dict[str, Any] | None = None,
        at: Callable[[Any, Any], Any] | None = None,
        **options: Any,
    ) -> Seen:
        """What comes of a stream that is read in its block. `at` is told the stream and each event: it may
        raise, give True to leave the loop, or something to await."""
        events: list[Any] = []

        def use(made: Any) -> Any:
            opened = made.greet.stream(name="Ada", options=options)
            if self.variant.is_async:
                return _read_awaited(opened, events, at or _nothing)
            return _read(opened, events, at or _nothing)

        seen = self.play(*answers, use=use, **(client or {}))
        seen.events = events
        return seen


def wait_for_call(script: Script) -> None:
    """Until the server has taken a call."""
    end = time.monotonic() + PATIENCE_S
    while not script.calls:
        assert time.monotonic() < end
        time.sleep(0.001)


def _nothing(stream: Any, event: Any) -> None:
    return None


async def _awaited(value: Any) -> Any:
    return await value


def _read(opened: Any, events: list[Any], at: Callable[[Any, Any], Any]) -> Any:
    with opened as stream:
        for event in stream:
            events.append(event)
            if at(stream, event):
                break
    return stream


async def _read_awaited(opened: Any, events: list[Any], at: Callable[[Any, Any], Any]) -> Any:
    async with opened as stream:
        async for event in stream:
            events.append(event)
            said = at(stream, event)
            if await said if isawaitable(said) else said:
                break
    return stream
