"""Whether a provider can be reached with the key that is kept for it."""

from functools import partial
from typing import Final

from promptstudio.access.principal import Principal
from promptstudio.errors import AppError, fill
from promptstudio.platform_errors import PLATFORM, PlatformError
from promptstudio.providers.transport import Connections
from promptstudio.providers.workspace_transport import WorkspaceTransport
from promptstudio.sealing import Sealer
from promptstudio.storage.port import Store
from promptstudio.storage.records import Record
from promptstudio.workspaces.providers import key_for, load_providers

_TEXTS: Final[dict[str, str]] = PLATFORM["probes"]
_ANSWERS: Final = {401: "key", 403: "key", 404: "models", 405: "models"}


class ProbeAnswer(Record):
    """What came of asking a provider for its models. `status` is null where it did not answer.

    Nothing that the provider said is in it.
    """

    ok: bool
    status: int | None
    detail: str


async def probe_provider(
    store: Store, sealer: Sealer, connections: Connections, by: Principal, name: str
) -> ProbeAnswer:
    """Ask a provider for its models, with the key that a run would use.

    Raises PlatformError not_found or sealing_unavailable.
    """
    provider = (await load_providers(store, by.workspace)).get(name)
    if provider is None or provider.type == "echo":
        raise PlatformError("not_found", kind="provider", id=name)
    transport = WorkspaceTransport(connections, partial(key_for, store, sealer, by.workspace))
    try:
        status = await transport.probe(provider)
    except AppError as error:
        if not error.problem.startswith("provider_"):
            raise
        return ProbeAnswer(ok=False, status=None, detail=error.detail)
    ok = 200 <= status < 300
    text = _TEXTS["ok" if ok else _ANSWERS.get(status, "other")]
    return ProbeAnswer(ok=ok, status=status, detail=fill(text, {"status": status}))
