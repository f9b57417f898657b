"""An endpoint with a store, a clock that stands until it is moved, and API keys."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.gate import Ended, State
from promptstudio.endpoint.keys import KeyRing, create
from promptstudio.settings import Settings
from promptstudio.storage.port import Store
from promptstudio.storage.sqlite import SqliteStore
from tests.unit.endpoint.asgi import JSON, Answer, Client, ScriptedTransport, ask, bundle

RUN = "/v1/prompts/greet/run"
RESPONSES = "/v1/responses"
ADA = {"variables": {"name": "Ada"}}


@dataclass
class Clock:
    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


class Journal:
    def __init__(self) -> None:
        self.ended: list[Ended] = []

    async def record(self, ended: Ended) -> None:
        self.ended.append(ended)


def greet(*lines: str, model: str = "openai/gpt-5.4-mini") -> str:
    """The prompt `greet` with these lines of front matter below `promptstudio:`."""
    ours = ["promptstudio:", *(f"  {line}" for line in lines)] if lines else []
    schema = ["input: {schema: {name: string}}"]
    return "\n".join(["---", f"model: {model}", *ours, *schema, "---", "Greet {{name}}."])


class Served(BundleGate):
    """An endpoint of these prompts. `first` and `second` are API keys that it takes."""

    def __init__(self, store: Store | None, prompts: Mapping[str, str], model: ScriptedTransport) -> None:
        keys = [create("first"), create("second")]
        super().__init__(bundle(prompts), model, KeyRing([key.record for key in keys]))
        self.store = store
        self.model = model
        self.runs = Journal()
        self.journal = self.runs
        self.clock = Clock()
        self.first, self.second = (key.key for key in keys)
        self.endpoint = Endpoint(self, Settings())

    def state(self, headers: Mapping[bytes, bytes]) -> State | None:
        found = super().state(headers)
        return None if found is None else replace(found, now=self.clock)

    def client(
        self, body: object = ADA, *, path: str = RUN, key: str | None = None, by: str | None = None
    ) -> Client:
        """A request with the Idempotency-Key `key`, by the holder of the API key `by`."""
        headers = [JSON, (b"authorization", f"Bearer {by or self.first}".encode())]
        if key is not None:
            headers.append((b"idempotency-key", key.encode("latin-1")))
        return Client(path, body, headers=headers)

    async def ask(
        self, body: object = ADA, *, path: str = RUN, key: str | None = None, by: str | None = None
    ) -> Answer:
        return await ask(self.endpoint, self.client(body, path=path, key=key, by=by))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "store.db")
    yield store
    await store.close()
