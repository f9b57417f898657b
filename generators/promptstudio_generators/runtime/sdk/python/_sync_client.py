"""What every generated client does, and every prompt of one."""

# Derived from _async_client.py, by tests/generators/sdk/derive_sync.py.

import copy
from collections.abc import Mapping
from types import TracebackType
from typing import ClassVar, Generic, TypeVar

from ._config import Config, checked_headers, checked_retries, checked_timeouts
from ._sync_engine import Engine, connection_error
from ._sync_stream import RunStream
from ._sync_transport import Transport
from ._transport import TransportError
from ._wire import Pin, prepare
from .raw import RawResponse
from .types import NOT_GIVEN, NotGiven, RequestOptions

A = TypeVar("A")
Self = TypeVar("Self", bound="Client")


class Client:
    """A client of one endpoint. It may be used by many threads at once."""

    def __init__(self, config: Config, transport: Transport) -> None:
        self._engine = Engine(config, transport)
        self._owns_connections = True

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections: those of an `http_client` that was given, and of `with_options`, stay."""
        if self._owns_connections:
            self._engine.close()

    def with_options(
        self: Self,
        *,
        timeout: float | NotGiven | None = NOT_GIVEN,
        connect_timeout: float | NotGiven | None = NOT_GIVEN,
        idle_timeout: float | NotGiven | None = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
        max_retries: int | NotGiven = NOT_GIVEN,
        headers: Mapping[str, str] | NotGiven = NOT_GIVEN,
    ) -> Self:
        """The same client with other options, on the same connections. Times are in s; None is no limit.

        `headers` are added to those that there are. Raises ConfigurationError.
        """
        config = self._engine.config
        given = {
            "attempt": timeout,
            "connect": connect_timeout,
            "idle": idle_timeout,
            "deadline": deadline,
        }
        changed = {name: value for name, value in given.items() if not isinstance(value, NotGiven)}
        client = copy.copy(self)
        client._owns_connections = False  # noqa: SLF001 - a copy of ourselves
        client._engine = self._engine.configured(  # noqa: SLF001
            config._replace(
                timeouts=checked_timeouts(config.timeouts._replace(**changed)),
                max_retries=(
                    config.max_retries if isinstance(max_retries, NotGiven) else checked_retries(max_retries)
                ),
                headers={
                    **config.headers,
                    **({} if isinstance(headers, NotGiven) else checked_headers(headers)),
                },
            )
        )
        return client

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._engine.config.base_url!r})"


class Prompt(Generic[A]):
    """A prompt of a client."""

    _PIN: ClassVar[Pin]
    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _run(self, variables: Mapping[str, object], options: RequestOptions | None) -> A:
        response = self._respond(variables, options)
        return response.parse()

    def _respond(self, variables: Mapping[str, object], options: RequestOptions | None) -> RawResponse[A]:
        exchange = self._engine.send(prepare(self._engine.config, self._PIN, variables, options))
        try:
            content = exchange.content()
        except TransportError as error:
            raise connection_error(error, exchange.head.attempts) from error
        finally:
            exchange.close()
        return RawResponse(exchange.head, content)

    def _events(self, variables: Mapping[str, object], options: RequestOptions | None) -> RunStream[A]:
        config = self._engine.config
        return RunStream(self._engine, prepare(config, self._PIN, variables, options, streams=True))
