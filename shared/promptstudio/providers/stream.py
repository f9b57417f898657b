"""A streamed answer put together, without I/O: bytes in, the text they add out."""

from collections.abc import Iterable, Iterator

from promptstudio.errors import AppError
from promptstudio.providers.base import Adapter, Provider, StreamState
from promptstudio.sse import ServerSentEvent, SseDecoder


class AnswerStream:
    """Feed it chunks until `state.done` or their end, then call finish.

    `state` has the usage and the finish reason. Deltas are never empty.
    """

    __slots__ = ("_adapter", "_decoder", "_provider", "state")

    def __init__(self, adapter: Adapter, provider: Provider) -> None:
        self._adapter = adapter
        self._provider = provider
        self._decoder = SseDecoder()
        self.state = StreamState()

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The deltas in this chunk, one by one: those before a broken event come before its AppError."""
        return self._deltas(self._decoder.feed(chunk))

    def finish(self) -> list[str]:
        """What only came clear at the end. AppError provider_truncated where the last event is missing."""
        deltas = list(self._deltas(self._decoder.finish()))
        if not self.state.done:
            raise AppError("provider_truncated", provider=self._provider.name)
        return deltas

    def _deltas(self, events: Iterable[ServerSentEvent]) -> Iterator[str]:
        for event in events:
            if self.state.done:
                return
            if delta := self._adapter.parse_event(self._provider, event, self.state):
                yield delta
