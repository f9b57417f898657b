"""The prompt speak."""

from .._async_client import AsyncPrompt
from .._async_stream import AsyncRunStream
from .._sync_client import Prompt
from .._sync_stream import RunStream
from .._wire import Pin
from ..raw import RawResponse
from ..types import Answer, RequestOptions, TextOutput


class SpeakAnswer(Answer):
    """An answer of the prompt."""

    output: TextOutput


class Speak(Prompt[SpeakAnswer]):
    """The prompt speak."""

    __slots__ = ()
    _PIN = Pin("speak", version=1)

    def __call__(
        self,
        *,
        options: RequestOptions | None = None,
    ) -> SpeakAnswer:
        """The prompt speak.

        Args:
            options: what is to be otherwise for this call. Times in it are in seconds.

        Returns:
            The answer; its `output` has the `text`.

        Raises:
            InvalidVariablesError: the variables do not fit the prompt; `errors` tells which and why.
            RateLimitError: too many runs; `retry_after` tells in seconds when there is room again.
            APIError: any other problem that the endpoint tells of, by its `code`.
            APITimeoutError: a time limit passed.
            APIConnectionError: the endpoint could not be reached, or the connection broke.
            UnexpectedResponseError: what answered is no prompt endpoint.

        Example:
            answer = client.speak()
        """
        return self._run(
            {
            },
            options,
        )
    def stream(
        self,
        *,
        options: RequestOptions | None = None,
    ) -> RunStream[SpeakAnswer]:
        """The same, answered piece by piece. The arguments are those of a call.

        Raises, while it is entered or iterated over:
            StreamTruncatedError: it ended before its last event; `partial` is the text until then.
            EventTooLargeError: one event is longer than it may be.
            And what a call raises.

        Example:
            with client.speak.stream() as stream:
                for event in stream:
                    if event.type == "delta":
                        print(event.text, end="")
        """
        return self._events(
            {
            },
            options,
        )
    def raw(
        self,
        *,
        options: RequestOptions | None = None,
    ) -> RawResponse[SpeakAnswer]:
        """The same as a call, but with status, headers and bytes; `parse()` gives what a call does."""
        return self._respond(
            {
            },
            options,
        )

class AsyncSpeak(AsyncPrompt[SpeakAnswer]):
    """The prompt speak."""

    __slots__ = ()
    _PIN = Pin("speak", version=1)

    async def __call__(
        self,
        *,
        options: RequestOptions | None = None,
    ) -> SpeakAnswer:
        """The prompt speak.

        Args:
            options: what is to be otherwise for this call. Times in it are in seconds.

        Returns:
            The answer; its `output` has the `text`.

        Raises:
            InvalidVariablesError: the variables do not fit the prompt; `errors` tells which and why.
            RateLimitError: too many runs; `retry_after` tells in seconds when there is room again.
            APIError: any other problem that the endpoint tells of, by its `code`.
            APITimeoutError: a time limit passed.
            APIConnectionError: the endpoint could not be reached, or the connection broke.
            UnexpectedResponseError: what answered is no prompt endpoint.

        Example:
            answer = await client.speak()
        """
        return await self._run(
            {
            },
            options,
        )
    def stream(
        self,
        *,
        options: RequestOptions | None = None,
    ) -> AsyncRunStream[SpeakAnswer]:
        """The same, answered piece by piece. The arguments are those of a call.

        Raises, while it is entered or iterated over:
            StreamTruncatedError: it ended before its last event; `partial` is the text until then.
            EventTooLargeError: one event is longer than it may be.
            And what a call raises.

        Example:
            async with client.speak.stream() as stream:
                async for event in stream:
                    if event.type == "delta":
                        print(event.text, end="")
        """
        return self._events(
            {
            },
            options,
        )
    async def raw(
        self,
        *,
        options: RequestOptions | None = None,
    ) -> RawResponse[SpeakAnswer]:
        """The same as a call, but with status, headers and bytes; `parse()` gives what a call does."""
        return await self._respond(
            {
            },
            options,
        )