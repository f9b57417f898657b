"""What `dev` serves: the prompts that are published in the workspace, and the project's files."""

from collections.abc import Mapping
from typing import cast

from promptstudio.access.principal import Role
from promptstudio.access.roles import require_role
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.documents import Documents
from promptstudio.endpoint.gate import Catalog, Journal, State
from promptstudio.endpoint.run import Transport
from promptstudio.errors import AppError
from promptstudio.prompts.bundle import Prompt, Version, load_bundle
from promptstudio.providers.base import Provider
from promptstudio.providers.cost import Price
from promptstudio.values import Json
from promptstudio.workspaces.bundle import DRAFT
from promptstudio.workspaces.catalog import WorkspaceCatalog

_Object = Mapping[str, Json]


class LocalCatalog:
    """The catalog of one caller.

    A prompt that was published in the workspace is that one; one that was not is the project's file. Version
    0 is the file in any case.
    """

    def __init__(self, files: BundleGate, workspace: WorkspaceCatalog) -> None:
        self._files = files
        self._workspace = workspace
        self._chosen: Catalog = files

    @property
    def transport(self) -> Transport:
        """That of the prompt that was resolved."""
        return self._chosen.transport

    @property
    def providers(self) -> Mapping[str, Provider]:
        return self._chosen.providers

    @property
    def journal(self) -> Journal | None:
        return self._workspace.journal

    def price(self, model: str) -> Price | None:
        return self._chosen.price(model)

    def state(self, headers: Mapping[bytes, bytes]) -> State:
        return self._workspace.state(headers)

    async def resolve(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> tuple[Prompt, Version]:
        prompt = await self._workspace.find(name)
        published = prompt is not None and prompt.latest > 0 and version != DRAFT
        if published or (prompt is not None and name not in self._files.bundle.prompts):
            self._chosen = self._workspace
            return await self._workspace.resolve(name, version, label)
        found = await self._files.resolve(name, version, label)
        if not self._sees(found[0].name):
            raise AppError("prompt_unknown", name=name)
        if self._workspace.caller.role is not None:
            require_role(self._workspace.caller, Role.editor)
        return found

    async def document(self, path: str) -> bytes:
        mine, theirs = self._files.bundle_document, await self._workspace.bundle()
        merged = dict(mine)
        files = cast("_Object", mine["prompts"])
        for part, first in (
            ("providers", cast("_Object", mine["providers"])),
            ("prompts", {name: row for name, row in files.items() if self._sees(name)}),
        ):
            merged[part] = {**first, **cast("_Object", theirs[part])}
        return Documents(merged, load_bundle(merged)).at(path)

    def _sees(self, name: str) -> bool:
        """Whether a file's prompt is for this caller: guests have only what was shared in the workspace."""
        caller = self._workspace.caller
        return caller.role != Role.guest and caller.may_touch(name)
