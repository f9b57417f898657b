"""A bundle that holders of API keys may run: what `serve` and every target deploy."""

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from promptstudio.endpoint.access import authorize, presented_key
from promptstudio.endpoint.documents import Documents
from promptstudio.endpoint.gate import Journal, State
from promptstudio.endpoint.keys import Keys
from promptstudio.endpoint.run import Transport
from promptstudio.prompts.bundle import Prompt, Version, load_bundle
from promptstudio.providers.base import Provider
from promptstudio.providers.cost import Price
from promptstudio.values import Json

if TYPE_CHECKING:
    from promptstudio.storage.port import Store

LOCAL: Final = "local"
"""The caller where no key is needed."""


class BundleGate:
    """Gate and Catalog in one: everybody with a key may run everything, and nothing is recorded.

    `keys` may be replaced at any time; without keys only requests addressed to this machine's own name are
    let in. `bundle` is what `load` made ready of `bundle_document`. With a `store`, limits hold, answers are
    cached, and requests may bring an Idempotency-Key; what is kept there begins with `namespace`.
    """

    journal: Journal | None = None
    store: "Store | None" = None
    namespace: str = "endpoint"

    def __init__(self, bundle: Mapping[str, Json], transport: Transport, keys: Keys | None) -> None:
        self.keys = keys
        self.transport = transport
        self.load(bundle)

    def load(self, bundle: Mapping[str, Json]) -> None:
        """Serve another bundle from the next request on; raises ValueError where its format is not ours."""
        self.bundle_document = bundle
        self.bundle = load_bundle(bundle)
        self._documents = Documents(bundle, self.bundle)

    @property
    def providers(self) -> Mapping[str, Provider]:
        return self.bundle.providers

    async def admit(self, headers: Mapping[bytes, bytes], method: str) -> "BundleGate":
        authorize(self.keys, headers)
        return self

    def state(self, headers: Mapping[bytes, bytes]) -> State | None:
        if self.store is None:
            return None
        key = None if self.keys is None else presented_key(headers)
        caller = LOCAL if key is None else sha256(key).hexdigest()
        return State(self.store, self.namespace, caller)

    async def resolve(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> tuple[Prompt, Version]:
        return self.bundle.resolve(name, version, label)

    def price(self, model: str) -> Price | None:
        """Only the bundle's own models have a price at run time."""
        versions = (other for prompt in self.bundle.prompts.values() for other in prompt.versions.values())
        return next((other.price for other in versions if other.model == model), None)

    async def document(self, path: str) -> bytes:
        return self._documents.at(path)

    def health(self) -> bytes:
        return self._documents.at("/health")
