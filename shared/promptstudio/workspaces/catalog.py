"""What the members and keys of workspaces may run: published prompts, with the workspace's own providers."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar, cast

from pydantic import SecretStr

from promptstudio.access.principal import Principal, Role
from promptstudio.access.sharing import find_share
from promptstudio.endpoint.documents import Documents
from promptstudio.endpoint.gate import State
from promptstudio.errors import AppError
from promptstudio.platform_errors import PlatformError
from promptstudio.prompts.bundle import DEFAULT_LABEL, FORMAT, Prompt, Version, load_bundle
from promptstudio.prompts.front_matter import can_be_called
from promptstudio.prompts.project_settings import ProjectSettings
from promptstudio.providers.base import Provider
from promptstudio.providers.cost import Price
from promptstudio.providers.models import find_model
from promptstudio.providers.transport import Connections
from promptstudio.providers.workspace_transport import WorkspaceTransport
from promptstudio.sealing import Sealer
from promptstudio.storage.port import Store
from promptstudio.values import Json
from promptstudio.workspaces.aliases import find_alias
from promptstudio.workspaces.bundle import draft_document, load_version, version_document
from promptstudio.workspaces.drafts import draft_of
from promptstudio.workspaces.local_keys import LocalKeys
from promptstudio.workspaces.prompts import PromptRecord, PromptSearch, find_prompt, list_prompts
from promptstudio.workspaces.providers import key_for
from promptstudio.workspaces.runs import RunJournal
from promptstudio.workspaces.settings import project_settings
from promptstudio.workspaces.texts import check_text
from promptstudio.workspaces.versions import version_of

FRESH_S: Final = 2.0

_KNOWN_MAX: Final = 4096
_COMPILED_MAX: Final = 500  # of a large prompt, some megabytes
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Known:
    value: object
    until: float


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A version's bundle, what it was compiled with, and the version itself ready to run."""

    settings: ProjectSettings
    document: dict[str, Json]
    version: Version


class Catalogs:
    """The catalogs of all workspaces over one store.

    What a run needs to know of labels and settings may be `fresh_s` seconds old, 0 to ask at each run. On
    somebody's own machine `local` has the keys that its environment holds.
    """

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        connections: Connections,
        now: Callable[[], float],
        *,
        fresh_s: float = FRESH_S,
        local: LocalKeys | None = None,
    ) -> None:
        self.store = store
        self.sealer = sealer
        self.connections = connections
        self.now = now
        self.local = local
        self._fresh_s = fresh_s
        self._known: dict[Hashable, _Known] = {}
        self._compiled: dict[tuple[str, int], _Compiled] = {}

    def of(self, caller: Principal) -> "WorkspaceCatalog":
        """What somebody may run in the workspace that they come with."""
        return WorkspaceCatalog(self, caller)

    async def known(self, key: Hashable, read: Callable[[], Awaitable[_T]]) -> _T:
        """What `read` gives, or gave a moment ago."""
        found = self._known.get(key)
        if found is not None and self.now() < found.until:
            return cast("_T", found.value)
        value = await read()
        if self._fresh_s:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            self._known[key] = _Known(value, self.now() + self._fresh_s)
        return value

    async def compiled(
        self, workspace: str, prompt: PromptRecord, number: int, settings: ProjectSettings
    ) -> _Compiled | None:
        """A version of a prompt, None where there is no such number.

        A version never changes, so that it is compiled once, as long as the settings stay.
        """
        kept = self._compiled.get((prompt.id, number))
        if kept is not None and kept.settings == settings:
            return kept
        found = await version_of(self.store, workspace, prompt.id, number)
        if found is None:
            return None
        available = None if self.local is None else self.local.has
        document = await asyncio.to_thread(version_document, prompt.name, found.value, settings, available)
        if len(self._compiled) >= _COMPILED_MAX:
            self._compiled.clear()
        made = _Compiled(settings, document, load_version(document))
        self._compiled[prompt.id, number] = made
        return made


class WorkspaceCatalog:
    """The catalog of one caller: the prompts that they may touch, and a journal of what they run."""

    def __init__(self, catalogs: Catalogs, caller: Principal) -> None:
        self._catalogs = catalogs
        self.caller = caller
        self._settings: ProjectSettings | None = None
        self.journal = RunJournal(catalogs.store, caller, catalogs.now)
        self.transport = WorkspaceTransport(catalogs.connections, self._key)

    @property
    def providers(self) -> Mapping[str, Provider]:
        """Those of the workspace, once a prompt was resolved."""
        return {} if self._settings is None else self._settings.providers

    def price(self, model: str) -> Price | None:
        known = find_model(model)
        prices = {} if self._settings is None else self._settings.prices
        return prices.get(model) or (known.price if known else None)

    def state(self, headers: Mapping[bytes, bytes]) -> State:
        catalogs = self._catalogs
        return State(catalogs.store, self.caller.workspace, self.caller.id, catalogs.now)

    async def resolve(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> tuple[Prompt, Version]:
        prompt = await self._prompt(name)
        number = _number(prompt, name, version, label)
        made = await self._catalogs.compiled(self.caller.workspace, prompt, number, await self.settings())
        if made is None:
            raise AppError("version_unknown", name=name, version=number)
        return _as_prompt(prompt, number, made.version), made.version

    async def draft(self, name: str) -> tuple[Prompt, Version]:
        """The draft of a prompt as version 0; raises AppError prompt_unknown or fields_invalid."""
        prompt = await self._prompt(name)
        store, workspace = self._catalogs.store, self.caller.workspace
        settings = await self.settings()
        text = (await draft_of(store, workspace, prompt.id, prompt.name)).value.text
        checked = await check_text(store, workspace, prompt.name, text, self._catalogs.now())
        available = None if self._catalogs.local is None else self._catalogs.local.has
        version = load_version(draft_document(prompt.name, text, checked, settings, available))
        return _as_prompt(prompt, version.number, version), version

    async def find(self, name: str) -> PromptRecord | None:
        """The prompt that a name or an alias means, as its record was a moment ago."""
        workspace, store = self.caller.workspace, self._catalogs.store
        if not can_be_called(name):
            return None

        async def read() -> PromptRecord | None:
            found = await find_prompt(store, workspace, name)
            if found is None:
                alias = await find_alias(store, workspace, name)
                found = None if alias is None else await find_prompt(store, workspace, alias.name)
            return None if found is None else found.value

        return await self._catalogs.known(("prompt", workspace, name), read)

    async def settings(self) -> ProjectSettings:
        """What the workspace's prompts are compiled with."""
        if self._settings is None:
            workspace, store = self.caller.workspace, self._catalogs.store

            async def read() -> ProjectSettings:
                settings = await project_settings(store, workspace)
                local = self._catalogs.local
                return settings if local is None else await local.settled(store, workspace, settings)

            self._settings = await self._catalogs.known(("settings", workspace), read)
        return self._settings

    async def document(self, path: str) -> bytes:
        """The document at a path, of all prompts that were published and that the caller sees."""
        document = await self.bundle()
        return Documents(document, load_bundle(document)).at(path)

    async def bundle(self) -> dict[str, Json]:
        """A bundle of what each prompt answers by default, for its documents: it is none to be deployed."""
        settings = await self.settings()
        providers: dict[str, Json] = {}
        prompts: dict[str, Json] = {}
        cursor: str | None = None
        while True:
            page = await list_prompts(
                self._catalogs.store, self.caller, PromptSearch(), cursor=cursor, limit=100
            )
            for prompt in page.items:
                record = await self.find(prompt.name)
                if record is not None and record.latest:
                    made = await self._usable(record, settings)
                    if made is not None:
                        providers |= cast("dict[str, Json]", made.document["providers"])
                        prompts |= cast("dict[str, Json]", made.document["prompts"])
            cursor = page.next_cursor
            if cursor is None:
                return {"format": FORMAT, "hash": "live", "providers": providers, "prompts": prompts}

    async def _usable(self, record: PromptRecord, settings: ProjectSettings) -> _Compiled | None:
        """What a prompt answers by default; None where its provider is there no longer."""
        number = _number(record, record.name, None, None)
        try:
            return await self._catalogs.compiled(self.caller.workspace, record, number, settings)
        except PlatformError as error:
            if error.problem != "version_unusable":
                raise
            return None

    async def _prompt(self, name: str) -> PromptRecord:
        prompt = await self.find(name)
        if prompt is None:
            raise AppError("prompt_unknown", name=name)
        await self._require_runner(prompt)
        if not self.caller.may_touch(prompt.name):
            raise PlatformError("prompt_not_in_key", name=name)
        return prompt

    async def _require_runner(self, prompt: PromptRecord) -> None:
        """Let pass who is an editor, in the workspace or of the prompt: a run costs the workspace money.

        Raises AppError prompt_unknown for a guest without a share, PlatformError role_needed for others.
        """
        role = self.caller.role
        if role is None or role >= Role.editor:
            return
        share = await find_share(self._catalogs.store, self.caller.workspace, prompt.id, self.caller.id)
        if share is None and role == Role.guest:
            raise AppError("prompt_unknown", name=prompt.name)
        if share is None or Role[share.value.role] < Role.editor:
            raise PlatformError("role_needed", role=Role.editor.name)

    async def _key(self, provider: Provider) -> SecretStr | None:
        """The key that a request to a provider is sent with."""
        catalogs = self._catalogs
        try:
            return await key_for(catalogs.store, catalogs.sealer, self.caller.workspace, provider)
        except PlatformError as error:
            local = None if catalogs.local is None else catalogs.local.key(provider)
            if error.problem != "provider_key_absent" or local is None:
                raise
            return local


def _number(prompt: PromptRecord, name: str, version: int | None, label: str | None) -> int:
    """The number of the version that a run asks for; raises AppError version_unknown or label_unknown."""
    if label is not None:
        if label not in prompt.labels:
            raise AppError("label_unknown", name=name, label=label)
        return prompt.labels[label]
    if version is not None:
        return version
    if not prompt.latest:
        raise PlatformError("not_published", name=name)
    return prompt.labels.get(DEFAULT_LABEL, prompt.latest)


def _as_prompt(record: PromptRecord, number: int, version: Version) -> Prompt:
    return Prompt(record.name, record.aliases, record.labels, record.latest, {number: version})
