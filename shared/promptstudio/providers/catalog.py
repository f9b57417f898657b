"""Which APIs there are, what each can be told, and the providers that need no declaration."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from promptstudio.errors import BOUNDS
from promptstudio.providers import anthropic, echo, openai, openai_chat
from promptstudio.providers.base import Adapter, Provider


@dataclass(frozen=True, slots=True)
class Api:
    """One way to ask a model: its adapter, the settings it has, and the header that carries the key.

    `headers` are those that every request has beside it; its adapter adds them by itself.
    """

    adapter: Adapter
    settings: frozenset[str]
    key_header: str = "Authorization"
    key_prefix: str = "Bearer "
    headers: Mapping[str, str] = field(default_factory=dict)


ADAPTERS: Final[Mapping[str, Api]] = {
    "openai": Api(openai, openai.SETTINGS),
    "openai-chat": Api(openai_chat, openai_chat.SETTINGS),
    "anthropic": Api(
        anthropic, anthropic.SETTINGS, key_header="x-api-key", key_prefix="", headers=anthropic.HEADERS
    ),
    "echo": Api(echo, echo.SETTINGS),
}

_TIMEOUT_S: Final = BOUNDS["provider_timeout_s"]

PROVIDERS: Final[Mapping[str, Provider]] = {
    provider.name: provider
    for provider in (
        Provider("openai", "openai", "https://api.openai.com/v1", "OPENAI_API_KEY", timeout_s=_TIMEOUT_S),
        Provider(
            "anthropic",
            "anthropic",
            "https://api.anthropic.com/v1",
            "ANTHROPIC_API_KEY",
            timeout_s=_TIMEOUT_S,
        ),
        Provider(
            "groq", "openai-chat", "https://api.groq.com/openai/v1", "GROQ_API_KEY", timeout_s=_TIMEOUT_S
        ),
        Provider("echo", "echo", "", timeout_s=_TIMEOUT_S),
    )
}
"""The providers that exist undeclared, by name. Their types are the keys of ADAPTERS."""


def resolve_api(provider_type: str, settings: Iterable[str]) -> str:
    """The key of ADAPTERS that serves these settings of a provider of this type.

    OpenAI's Responses API lacks some settings that its Chat Completions API has.
    """
    if provider_type == "openai" and not ADAPTERS["openai"].settings.issuperset(settings):
        return "openai-chat"
    return provider_type
