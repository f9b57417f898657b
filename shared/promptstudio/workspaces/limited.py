"""A catalog within the limits of one caller."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from promptstudio.access.principal import Principal
from promptstudio.endpoint.app import run_name
from promptstudio.endpoint.gate import Catalog, Journal, State
from promptstudio.endpoint.run import Transport
from promptstudio.platform_errors import PlatformError
from promptstudio.prompts.bundle import Prompt, Version
from promptstudio.providers.base import Provider
from promptstudio.providers.cost import Price
from promptstudio.values import dumps

_PROMPTS: Final = "/v1/prompts"


@dataclass(frozen=True, slots=True)
class LimitedCatalog:
    """What `catalog` has of the prompts that a key is limited to."""

    catalog: Catalog
    caller: Principal

    @property
    def transport(self) -> Transport:
        return self.catalog.transport

    @property
    def providers(self) -> Mapping[str, Provider]:
        return self.catalog.providers

    @property
    def journal(self) -> Journal | None:
        return self.catalog.journal

    def state(self, headers: Mapping[bytes, bytes]) -> State | None:
        found = self.catalog.state(headers)
        return None if found is None else replace(found, caller=self.caller.id)

    async def resolve(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> tuple[Prompt, Version]:
        prompt, found = await self.catalog.resolve(name, version, label)
        if not self.caller.may_touch(prompt.name):
            raise PlatformError("prompt_not_in_key", name=name)
        return prompt, found

    def price(self, model: str) -> Price | None:
        return self.catalog.price(model)

    async def document(self, path: str) -> bytes:
        """The document without what it says of other prompts."""
        whole = await self.catalog.document(path)
        if self.caller.prompts is None:
            return whole
        document = json.loads(whole)
        if path == _PROMPTS:
            document["prompts"] = [row for row in document["prompts"] if self.caller.may_touch(row["name"])]
        else:
            document["paths"] = {at: row for at, row in document["paths"].items() if self._shows(at)}
        return dumps(document).encode()

    def _shows(self, path: str) -> bool:
        """Whether a path of the API may be told: it runs no prompt, or one of the caller's."""
        name = run_name(path)
        return name is None or self.caller.may_touch(name)
