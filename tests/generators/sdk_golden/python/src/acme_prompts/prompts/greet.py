"""The prompt greet."""

from typing import Literal

from .._async_client import AsyncPrompt
from .._async_stream import AsyncRunStream
from .._sync_client import Prompt
from .._sync_stream import RunStream
from .._wire import Pin
from ..raw import RawResponse
from ..types import NOT_GIVEN, Answer, NotGiven, RequestOptions, TextOutput


class GreetAnswer(Answer):
    """An answer of the prompt."""

    output: TextOutput


class Greet(Prompt[GreetAnswer]):
    """Greets. */ process.exit(1) /* `${process.exit(1)}` {{ 7 * 7 }} </script>
     // " ' \\"""

    __slots__ = ()
    _PIN = Pin("greet", version=2)

    def __call__(
        self,
        *,
        name: str,
        tone: Literal["warm", "formal"] | NotGiven = NOT_GIVEN,
        options: RequestOptions | None = None,
    ) -> GreetAnswer:
        """Greets. */ process.exit(1) /* `${process.exit(1)}` {{ 7 * 7 }} </script>
         // " ' \\

        Args:
            name: Whom to greet. {% raw %}
            tone: Left out, it is "warm".
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
            answer = client.greet(name="echo")
        """
        return self._run(
            {
                "name": name,
                "tone": tone,
            },
            options,
        )
    def stream(
        self,
        *,
        name: str,
        tone: Literal["warm", "formal"] | NotGiven = NOT_GIVEN,
        options: RequestOptions | None = None,
    ) -> RunStream[GreetAnswer]:
        """The same, answered piece by piece. The arguments are those of a call.

        Raises, while it is entered or iterated over:
            StreamTruncatedError: it ended before its last event; `partial` is the text until then.
            EventTooLargeError: one event is longer than it may be.
            And what a call raises.

        Example:
            with client.greet.stream(name="echo") as stream:
                for event in stream:
                    if event.type == "delta":
                        print(event.text, end="")
        """
        return self._events(
            {
                "name": name,
                "tone": tone,
            },
            options,
        )
    def raw(
        self,
        *,
        name: str,
        tone: Literal["warm", "formal"] | NotGiven = NOT_GIVEN,
        options: RequestOptions | None = None,
    ) -> RawResponse[GreetAnswer]:
        """The same as a call, but with status, headers and bytes; `parse()` gives what a call does."""
        return self._respond(
            {
                "name": name,
                "tone": tone,
            },
            options,
        )

class AsyncGreet(AsyncPrompt[GreetAnswer]):
    """Greets. */ process.exit(1) /* `${process.exit(1)}` {{ 7 * 7 }} </script>
     // " ' \\"""

    __slots__ = ()
    _PIN = Pin("greet", version=2)

    async def __call__(
        self,
        *,
        name: str,
        tone: Literal["warm", "formal"] | NotGiven = NOT_GIVEN,
        options: RequestOptions | None = None,
    ) -> GreetAnswer:
        """Greets. */ process.exit(1) /* `${process.exit(1)}` {{ 7 * 7 }} </script>
         // " ' \\

        Args:
            name: Whom to greet. {% raw %}
            tone: Left out, it is "warm".
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
            answer = await client.greet(name="echo")
        """
        return await self._run(
            {
                "name": name,
                "tone": tone,
            },
            options,
        )
    def stream(
        self,
        *,
        name: str,
        tone: Literal["warm", "formal"] | NotGiven = NOT_GIVEN,
        options: RequestOptions | None = None,
    ) -> AsyncRunStream[GreetAnswer]:
        """The same, answered piece by piece. The arguments are those of a call.

        Raises, while it is entered or iterated over:
            StreamTruncatedError: it ended before its last event; `partial` is the text until then.
            EventTooLargeError: one event is longer than it may be.
            And what a call raises.

        Example:
            async with client.greet.stream(name="echo") as stream:
                async for event in stream:
                    if event.type == "delta":
                        print(event.text, end="")
        """
        return self._events(
            {
                "name": name,
                "tone": tone,
            },
            options,
        )
    async def raw(
        self,
        *,
        name: str,
        tone: Literal["warm", "formal"] | NotGiven = NOT_GIVEN,
        options: RequestOptions | None = None,
    ) -> RawResponse[GreetAnswer]:
        """The same as a call, but with status, headers and bytes; `parse()` gives what a call does."""
        return await self._respond(
            {
                "name": name,
                "tone": tone,
            },
            options,
        )