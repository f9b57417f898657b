"""An endpoint with a store, a clock that stands until it is moved, and API keys."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.gate import Ended, State
from promptstudio.endpoint.keys import KeyRing, create
from promptstudio.settings import Settings
from promptstudio.storage.port import Store
from tests.unit.endpoint.asgi import JSON, Answer, Client, ScriptedTransport, ask, bundle

RUN = "/v1/prompts/greet/run"
RESPONSES = "/v1/responses"
ADA: Mapping[str, object] = {"variables": {"name": "Ada"}}
ADA_RESPONSES: Mapping[str, object] = {"prompt": {"id": "greet", **ADA}}
STREAM = (b"accept", b"text/event-stream")
BEGUN = 1_800_000_000.0
"""A minute and an hour begin then; of the day, 57600 seconds are left."""


@dataclass
class Clock:
    seconds: float = BEGUN

    def __call__(self) -> float:
        return self.seconds


class Journal:
    def __init__(self) -> None:
        self.ended: list[Ended] = []
        self.broken = False

    async def record(self, ended: Ended) -> None:
        if self.broken:
            raise ValueError("a fault of ours")
        self.ended.append(ended)


def greet(*lines: str, head: Sequence[str] = (), model: str = "openai/gpt-5.4-mini") -> str:
    """The prompt `greet`, with these lines below `promptstudio:` and `head` above it."""
    ours = ["promptstudio:", *(f"  {line}" for line in lines)] if lines else []
    schema = "input: {schema: {name: string}}"
    return "\n".join(["---", f"model: {model}", *head, *ours, schema, "---", "Greet {{name}}."])


class Served(BundleGate):
    """An endpoint that serves prompts by an answer of the model, `first` and `second` being its API keys."""

    def __init__(
        self, store: Store | None, clock: Callable[[], float], *, settings: Settings | None = None
    ) -> None:
        keys = [create("first"), create("second")]
        self.model = ScriptedTransport()
        super().__init__(bundle({"greet": greet()}), self.model, KeyRing([key.record for key in keys]))
        self.store = store
        self.clock = clock
        self.runs = Journal()
        self.journal = self.runs
        self.first, self.second = (key.key for key in keys)
        self.endpoint = Endpoint(self, settings or Settings())

    def serve(self, text: str, **others: str) -> None:
        """Serve this text as `greet`, and others by their names."""
        self.load(bundle({"greet": text, **others}))

    def answers(self, *steps: bytes | Exception | None) -> ScriptedTransport:
        """From now on the model answers so."""
        self.model = self.transport = ScriptedTransport(*steps)
        return self.model

    def state(self, headers: Mapping[bytes, bytes]) -> State | None:
        found = super().state(headers)
        return None if found is None else replace(found, now=self.clock)

    def client(
        self,
        body: object = ADA,
        *more: tuple[bytes, bytes],
        path: str = RUN,
        key: str | None = None,
        by: str | None = None,
    ) -> Client:
        """A request with `key` as its Idempotency-Key, by the holder of the API key `by`."""
        headers = [JSON, (b"authorization", f"Bearer {by or self.first}".encode()), *more]
        if key is not None:
            headers.append((b"idempotency-key", key.encode("latin-1")))
        return Client(path, body, headers=headers)

    async def ask(
        self,
        body: object = ADA,
        *more: tuple[bytes, bytes],
        path: str = RUN,
        key: str | None = None,
        by: str | None = None,
    ) -> Answer:
        return await ask(self.endpoint, self.client(body, *more, path=path, key=key, by=by))
