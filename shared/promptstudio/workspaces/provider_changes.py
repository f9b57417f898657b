"""How a workspace declares a provider, and entrusts a key for it to us."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, SecretStr

from promptstudio.access.principal import Principal
from promptstudio.errors import BOUNDS, FieldError
from promptstudio.ids import new_id
from promptstudio.outbound import URL_CHARACTERS, Guard
from promptstudio.platform_errors import PlatformError
from promptstudio.prompts.project_settings import header_problem
from promptstudio.providers.catalog import PROVIDERS
from promptstudio.sealing import Sealer
from promptstudio.storage.port import ABSENT, Conflict, Delete, Put, Store
from promptstudio.storage.records import Record, Stored, created, data, replaced, require_match
from promptstudio.times import rfc3339
from promptstudio.workspaces.provider_answers import BUILT_IN
from promptstudio.workspaces.providers import (
    Credential,
    ProviderType,
    WorkspaceProvider,
    credential_context,
    declared_providers,
    find_provider,
    providers_key,
)

PROVIDERS_MAX: Final = 100
SECRET_CHARACTERS: Final = 4096

_HEADERS_MAX: Final = 20
_HEADER_CHARACTERS: Final = 1000
_HINT_CHARACTERS: Final = 4
_HINTED_FROM: Final = 16  # of a shorter key four characters are too much to show
_SECRET: Final = re.compile(rf"[\x21-\x7e]{{1,{SECRET_CHARACTERS}}}")

# What frames a request is the HTTP client's to write, and what proves who asks is not for everybody to read.
_FRAMING: Final = re.compile(
    r"te|trailer|upgrade|expect|keep-alive|accept-encoding|content-encoding|proxy-.*"
)
_CREDENTIAL_NAME: Final = re.compile(r"authorization|cookie|api-?key|token|secret|passw|credential")
_CREDENTIAL_VALUE: Final = re.compile(r"(?i)(bearer|basic)\s|sk-|eyJ")


class ProviderChange(Record):
    """A provider as it should be. What is left out stays, or is as in the built-in one of its name."""

    model_config = ConfigDict(hide_input_in_errors=True)

    type: ProviderType | None = None
    base_url: Annotated[str, Field(min_length=1, max_length=URL_CHARACTERS)] | None = None
    headers: Annotated[dict[str, str], Field(max_length=_HEADERS_MAX)] | None = None
    timeout_s: Annotated[float, Field(ge=0.001, le=3600)] | None = None
    secret: SecretStr | None = None


async def put_provider(
    store: Store,
    sealer: Sealer,
    guard: Guard,
    by: Principal,
    name: str,
    change: ProviderChange,
    *,
    if_match: str | None,
    now: float,
) -> Stored[WorkspaceProvider]:
    """Declare a provider, or change a declared one, which takes its ETag.

    Where the key would go somewhere else, or out in another way, it has to come along again. Raises
    PlatformError fields_invalid, url_refused, secret_needed, providers_full, sealing_unavailable,
    if_match_missing, stale or exists.
    """
    found = await find_provider(store, by.workspace, name)
    if found is not None:
        require_match(found, if_match)
    elif if_match is not None:
        raise PlatformError("stale")
    before = None if found is None else found.value
    record = _changed(before, by, name, change, now)
    _check(record, change.secret, guard)
    credential = await _credential(sealer, by, before, record, change.secret)
    record = record.model_copy(update={"credential": credential})
    if found is None:
        return await _create(store, by, record)
    put = Put(providers_key(by.workspace), name, data(record), found.version)
    try:
        await store.transact([put])
    except Conflict:
        raise PlatformError("stale") from None
    return replaced(found, record)


async def delete_provider(store: Store, by: Principal, name: str, *, if_match: str | None) -> None:
    """Forget what was declared, and its key; a built-in provider is then as it was.

    Raises PlatformError not_found, if_match_missing or stale.
    """
    found = await find_provider(store, by.workspace, name)
    if found is None:
        raise PlatformError("not_found", kind="provider", id=name)
    require_match(found, if_match)
    try:
        await store.transact([Delete(providers_key(by.workspace), name, found.version)])
    except Conflict:
        raise PlatformError("stale") from None


async def _create(store: Store, by: Principal, record: WorkspaceProvider) -> Stored[WorkspaceProvider]:
    if len(await declared_providers(store, by.workspace)) >= PROVIDERS_MAX:
        raise PlatformError("providers_full", limit=PROVIDERS_MAX)
    try:
        await store.transact([Put(providers_key(by.workspace), record.name, data(record), ABSENT)])
    except Conflict:
        raise PlatformError("exists", kind="provider", id=record.name) from None
    return created(record)


def _changed(
    before: WorkspaceProvider | None, by: Principal, name: str, change: ProviderChange, now: float
) -> WorkspaceProvider:
    """The provider after the change, without a key; raises PlatformError fields_invalid."""
    members = _members(before, name) | change.model_dump(exclude_none=True, exclude={"secret"})
    missing = [
        FieldError(f"/{member}", "is required") for member in ("base_url", "type") if member not in members
    ]
    if missing:
        raise PlatformError("fields_invalid", errors=missing)
    return WorkspaceProvider(
        id=before.id if before else new_id("prv"),
        name=name,
        type=members["type"],
        base_url=members["base_url"].rstrip("/"),
        headers=members["headers"],
        timeout_s=members["timeout_s"],
        updated_at=rfc3339(now),
        updated_by=by.name,
    )


def _members(before: WorkspaceProvider | None, name: str) -> dict[str, Any]:
    """The members of a provider before a change, as far as they are known."""
    known = before or BUILT_IN.get(name)
    if known is None:
        return {"headers": {}, "timeout_s": float(BOUNDS["provider_timeout_s"])}
    return {member: getattr(known, member) for member in ("type", "base_url", "headers", "timeout_s")}


def _check(record: WorkspaceProvider, secret: SecretStr | None, guard: Guard) -> None:
    errors = list(_problems(record, secret))
    if errors:
        raise PlatformError("fields_invalid", errors=errors)
    guard.check(record.base_url)


def _problems(record: WorkspaceProvider, secret: SecretStr | None) -> Iterator[FieldError]:
    if record.name in PROVIDERS and record.name not in BUILT_IN:
        yield FieldError("/path/name", "is the name of a provider that cannot be changed")
    if "?" in record.base_url:
        yield FieldError("/base_url", "has a query; paths are put behind it")
    for header, value in sorted(record.headers.items()):
        if message := _header_problem(header, value):
            yield FieldError("/headers/" + header.replace("~", "~0").replace("/", "~1"), message)
    if secret is not None and not _SECRET.fullmatch(secret.get_secret_value()):
        yield FieldError("/secret", f"has 1 to {SECRET_CHARACTERS} printable ASCII characters and no spaces")


def _header_problem(name: str, value: str) -> str | None:
    if message := header_problem(name, value):
        return message
    if _FRAMING.fullmatch(name.lower()):
        return "is set for each request, and cannot be declared"
    if _CREDENTIAL_NAME.search(name.lower()) or _CREDENTIAL_VALUE.match(value):
        return "looks like a credential, which headers are not kept as: send it as the secret"
    if len(name) + len(value) > _HEADER_CHARACTERS:
        return f"is longer than {_HEADER_CHARACTERS} characters"
    return None


async def _credential(
    sealer: Sealer,
    by: Principal,
    before: WorkspaceProvider | None,
    after: WorkspaceProvider,
    secret: SecretStr | None,
) -> Credential | None:
    """The key that was sent, sealed for where it may go, or the one that is kept.

    Raises PlatformError secret_needed where the kept one would go somewhere else, or opens no more.
    """
    context = credential_context(by.workspace, after.name, after.base_url)
    if secret is not None:
        return Credential(
            sealed=await sealer.seal(secret, context),
            host=context.host,
            hint=_hint(secret.get_secret_value()),
            set_at=after.updated_at,
            set_by=after.updated_by,
        )
    kept = None if before is None else before.credential
    if before is None or kept is None:
        return None
    if kept.host != context.host or before.type != after.type:
        raise PlatformError("secret_needed", host=context.host)
    try:
        return kept.model_copy(update={"sealed": await sealer.renew(kept.sealed, context)})
    except PlatformError as error:
        if error.problem != "seal_invalid":
            raise
        raise PlatformError("secret_needed", host=context.host) from None


def _hint(secret: str) -> str:
    return secret[-_HINT_CHARACTERS:] if len(secret) >= _HINTED_FROM else ""
