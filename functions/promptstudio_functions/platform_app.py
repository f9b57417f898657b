"""The platform as one ASGI application: the API under /api, and what workspaces published under /v1."""

from collections.abc import Mapping
from typing import Final

from promptstudio.access.principal import Scope
from promptstudio.endpoint import exchange
from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.gate import Catalog
from promptstudio.errors import AppError
from promptstudio.platform_errors import PlatformError
from promptstudio.settings import Settings
from promptstudio_functions.api import create_app
from promptstudio_functions.authentication import authenticate
from promptstudio_functions.services import Services

_API: Final = ("/api/", "/sign-in")


class PlatformGate:
    """Lets in API keys with the scope `run`, and members in a session."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def admit(self, headers: Mapping[bytes, bytes], method: str) -> Catalog:
        caller = await authenticate(self._services, method, headers)
        if caller is None:
            raise AppError("key_missing")
        if caller.is_key and not caller.has(Scope.run):
            raise PlatformError("scope_needed", scope=Scope.run)
        return self._services.catalogs.of(caller)

    def health(self) -> bytes:
        return b'{"status":"ok"}'


class PlatformApp:
    """Serves `services`, for as long as they are open."""

    def __init__(self, services: Services) -> None:
        settings = services.settings
        self.api = create_app(services)
        self._endpoint = Endpoint(
            PlatformGate(services),
            Settings(cors_origins=settings.cors_origins, body_limit=settings.body_limit),
        )

    async def __call__(self, scope: exchange.Scope, receive: exchange.Receive, send: exchange.Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(_API):
            await self._endpoint(scope, receive, send)
        else:
            await self.api(scope, receive, send)
