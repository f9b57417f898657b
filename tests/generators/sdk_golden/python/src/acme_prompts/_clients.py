"""What a connection needs, and the prompts by name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ._async_client import AsyncClient
from ._config import (
    DEFAULT_CONNECT_TIMEOUT_S,
    DEFAULT_IDLE_TIMEOUT_S,
    DEFAULT_MAX_RETRIES,
    DEFAULT_TIMEOUT_S,
    Timeouts,
    configure,
)
from ._sse import MAX_EVENT_BYTES
from ._sync_client import Client

if TYPE_CHECKING:
    import httpx2

    from .prompts.greet import AsyncGreet, Greet
    from .prompts.sort import AsyncSort, Sort
    from .prompts.speak import AsyncSpeak, Speak
    from .prompts.translate import AsyncTranslate, Translate


class AcmePrompts(Client):
    """The prompts of one endpoint, as calls that wait.

    Args:
        api_key: begins with ps_live_; without it, ACME_PROMPTS_API_KEY of the environment, if it is there.
        base_url: where the endpoint is; without it, ACME_PROMPTS_BASE_URL of the environment.
        timeout: seconds for one attempt: to the last byte of an answer, or to the headers of a stream.
        connect_timeout: seconds to connect.
        idle_timeout: seconds between two pieces of a stream.
        deadline: seconds for all of a call, attempts and waits. For this and every time, None is no limit.
        max_retries: how often a call that failed in passing is sent again.
        headers: further headers for every request.
        max_event_bytes: the longest event of a stream, in bytes.
        proxy: the URL of a proxy; without it, those of the environment.
        http_client: a client of your own to send requests with. It is not closed with this one.

    Raises:
        ConfigurationError: there is no base_url, or what was given cannot be used.

    Example:
        with AcmePrompts() as client:
            answer = client.greet(name="echo")
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float | None = DEFAULT_TIMEOUT_S,
        connect_timeout: float | None = DEFAULT_CONNECT_TIMEOUT_S,
        idle_timeout: float | None = DEFAULT_IDLE_TIMEOUT_S,
        deadline: float | None = None,
        max_retries: int = DEFAULT_MAX_RETRIES,
        headers: Mapping[str, str] | None = None,
        max_event_bytes: int = MAX_EVENT_BYTES,
        proxy: str | None = None,
        http_client: "httpx2.Client | None" = None,
    ) -> None:
        from ._sync_httpx2 import Httpx2Transport

        config = configure(
            api_key=api_key,
            base_url=base_url,
            timeouts=Timeouts(timeout, connect_timeout, idle_timeout, deadline),
            max_retries=max_retries,
            headers=headers,
            max_event_bytes=max_event_bytes,
            proxy=proxy,
            http_client=http_client,
        )
        super().__init__(config, Httpx2Transport(http_client, proxy))

    @property
    def greet(self) -> "Greet":
        """Greets. */ process.exit(1) /* `${process.exit(1)}` {{ 7 * 7 }} </script>
         // " ' \\"""
        from .prompts.greet import Greet

        return Greet(self._engine)

    @property
    def sort(self) -> "Sort":
        """The prompt sort."""
        from .prompts.sort import Sort

        return Sort(self._engine)

    @property
    def speak(self) -> "Speak":
        """The prompt speak."""
        from .prompts.speak import Speak

        return Speak(self._engine)

    @property
    def translate(self) -> "Translate":
        """Übersetzt 翻訳 🌍"""
        from .prompts.translate import Translate

        return Translate(self._engine)


class AsyncAcmePrompts(AsyncClient):
    """The prompts of one endpoint, as calls to await.

    Args:
        api_key: begins with ps_live_; without it, ACME_PROMPTS_API_KEY of the environment, if it is there.
        base_url: where the endpoint is; without it, ACME_PROMPTS_BASE_URL of the environment.
        timeout: seconds for one attempt: to the last byte of an answer, or to the headers of a stream.
        connect_timeout: seconds to connect.
        idle_timeout: seconds between two pieces of a stream.
        deadline: seconds for all of a call, attempts and waits. For this and every time, None is no limit.
        max_retries: how often a call that failed in passing is sent again.
        headers: further headers for every request.
        max_event_bytes: the longest event of a stream, in bytes.
        proxy: the URL of a proxy; without it, those of the environment.
        http_client: a client of your own to send requests with. It is not closed with this one.

    Raises:
        ConfigurationError: there is no base_url, or what was given cannot be used.

    Example:
        async with AsyncAcmePrompts() as client:
            answer = await client.greet(name="echo")
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float | None = DEFAULT_TIMEOUT_S,
        connect_timeout: float | None = DEFAULT_CONNECT_TIMEOUT_S,
        idle_timeout: float | None = DEFAULT_IDLE_TIMEOUT_S,
        deadline: float | None = None,
        max_retries: int = DEFAULT_MAX_RETRIES,
        headers: Mapping[str, str] | None = None,
        max_event_bytes: int = MAX_EVENT_BYTES,
        proxy: str | None = None,
        http_client: "httpx2.AsyncClient | None" = None,
    ) -> None:
        from ._async_httpx2 import AsyncHttpx2Transport

        config = configure(
            api_key=api_key,
            base_url=base_url,
            timeouts=Timeouts(timeout, connect_timeout, idle_timeout, deadline),
            max_retries=max_retries,
            headers=headers,
            max_event_bytes=max_event_bytes,
            proxy=proxy,
            http_client=http_client,
        )
        super().__init__(config, AsyncHttpx2Transport(http_client, proxy))

    @property
    def greet(self) -> "AsyncGreet":
        """Greets. */ process.exit(1) /* `${process.exit(1)}` {{ 7 * 7 }} </script>
         // " ' \\"""
        from .prompts.greet import AsyncGreet

        return AsyncGreet(self._engine)

    @property
    def sort(self) -> "AsyncSort":
        """The prompt sort."""
        from .prompts.sort import AsyncSort

        return AsyncSort(self._engine)

    @property
    def speak(self) -> "AsyncSpeak":
        """The prompt speak."""
        from .prompts.speak import AsyncSpeak

        return AsyncSpeak(self._engine)

    @property
    def translate(self) -> "AsyncTranslate":
        """Übersetzt 翻訳 🌍"""
        from .prompts.translate import AsyncTranslate

        return AsyncTranslate(self._engine)
