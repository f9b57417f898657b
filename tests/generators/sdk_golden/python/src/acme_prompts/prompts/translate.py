"""The prompt translate."""

from .._async_client import AsyncPrompt
from .._async_stream import AsyncRunStream
from .._sync_client import Prompt
from .._sync_stream import RunStream
from .._wire import Pin
from ..raw import RawResponse
from ..types import Answer, RequestOptions, TextOutput


class TranslateAnswer(Answer):
    """An answer of the prompt."""

    output: TextOutput


class Translate(Prompt[TranslateAnswer]):
    """Übersetzt 翻訳 🌍"""

    __slots__ = ()
    _PIN = Pin("translate", version=1)

    def __call__(
        self,
        *,
        text: str,
        options: RequestOptions | None = None,
    ) -> TranslateAnswer:
        """Übersetzt 翻訳 🌍

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
            answer = client.translate(text="echo")
        """
        return self._run(
            {
                "text": text,
            },
            options,
        )
    def stream(
        self,
        *,
        text: str,
        options: RequestOptions | None = None,
    ) -> RunStream[TranslateAnswer]:
        """The same, answered piece by piece. The arguments are those of a call.

        Raises, while it is entered or iterated over:
            StreamTruncatedError: it ended before its last event; `partial` is the text until then.
            EventTooLargeError: one event is longer than it may be.
            And what a call raises.

        Example:
            with client.translate.stream(text="echo") as stream:
                for event in stream:
                    if event.type == "delta":
                        print(event.text, end="")
        """
        return self._events(
            {
                "text": text,
            },
            options,
        )
    def raw(
        self,
        *,
        text: str,
        options: RequestOptions | None = None,
    ) -> RawResponse[TranslateAnswer]:
        """The same as a call, but with status, headers and bytes; `parse()` gives what a call does."""
        return self._respond(
            {
                "text": text,
            },
            options,
        )

class AsyncTranslate(AsyncPrompt[TranslateAnswer]):
    """Übersetzt 翻訳 🌍"""

    __slots__ = ()
    _PIN = Pin("translate", version=1)

    async def __call__(
        self,
        *,
        text: str,
        options: RequestOptions | None = None,
    ) -> TranslateAnswer:
        """Übersetzt 翻訳 🌍

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
            answer = await client.translate(text="echo")
        """
        return await self._run(
            {
                "text": text,
            },
            options,
        )
    def stream(
        self,
        *,
        text: str,
        options: RequestOptions | None = None,
    ) -> AsyncRunStream[TranslateAnswer]:
        """The same, answered piece by piece. The arguments are those of a call.

        Raises, while it is entered or iterated over:
            StreamTruncatedError: it ended before its last event; `partial` is the text until then.
            EventTooLargeError: one event is longer than it may be.
            And what a call raises.

        Example:
            async with client.translate.stream(text="echo") as stream:
                async for event in stream:
                    if event.type == "delta":
                        print(event.text, end="")
        """
        return self._events(
            {
                "text": text,
            },
            options,
        )
    async def raw(
        self,
        *,
        text: str,
        options: RequestOptions | None = None,
    ) -> RawResponse[TranslateAnswer]:
        """The same as a call, but with status, headers and bytes; `parse()` gives what a call does."""
        return await self._respond(
            {
                "text": text,
            },
            options,
        )