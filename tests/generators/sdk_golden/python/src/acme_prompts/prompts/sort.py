"""The prompt sort."""

from typing import Literal, TypedDict

from .._async_client import AsyncPrompt
from .._async_stream import AsyncRunStream
from .._sync_client import Prompt
from .._sync_stream import RunStream
from .._wire import Pin
from ..raw import RawResponse
from ..types import Answer, RequestOptions


_SortJsonRequired = TypedDict(
    "_SortJsonRequired",
    {
        "label": Literal["bug", "idea"],
    },
    total=True,
)


_SortJsonOptional = TypedDict(
    "_SortJsonOptional",
    {
        "__proto__": str | None,
    },
    total=False,
)


class SortJson(_SortJsonRequired, _SortJsonOptional):
    """A part of what is answered."""


class SortOutput(TypedDict):
    """What the model answers: JSON, and the text that it is read from."""

    type: Literal["json"]
    json: SortJson
    text: str


class SortAnswer(Answer):
    """An answer of the prompt."""

    output: SortOutput


class Sort(Prompt[SortAnswer]):
    """The prompt sort."""

    __slots__ = ()
    _PIN = Pin("sort", version=1)

    def __call__(
        self,
        *,
        ticket: str,
        options: RequestOptions | None = None,
    ) -> SortAnswer:
        """The prompt sort.

        Args:
            options: what is to be otherwise for this call. Times in it are in seconds.

        Returns:
            The answer; its `output` has the `json` and the `text`.

        Raises:
            InvalidVariablesError: the variables do not fit the prompt; `errors` tells which and why.
            RateLimitError: too many runs; `retry_after` tells in seconds when there is room again.
            APIError: any other problem that the endpoint tells of, by its `code`.
            APITimeoutError: a time limit passed.
            APIConnectionError: the endpoint could not be reached, or the connection broke.
            UnexpectedResponseError: what answered is no prompt endpoint.

        Example:
            answer = client.sort(ticket="echo")
        """
        return self._run(
            {
                "ticket": ticket,
            },
            options,
        )
    def stream(
        self,
        *,
        ticket: str,
        options: RequestOptions | None = None,
    ) -> RunStream[SortAnswer]:
        """The same, answered piece by piece. The arguments are those of a call.

        Raises, while it is entered or iterated over:
            StreamTruncatedError: it ended before its last event; `partial` is the text until then.
            EventTooLargeError: one event is longer than it may be.
            And what a call raises.

        Example:
            with client.sort.stream(ticket="echo") as stream:
                for event in stream:
                    if event.type == "delta":
                        print(event.text, end="")
        """
        return self._events(
            {
                "ticket": ticket,
            },
            options,
        )
    def raw(
        self,
        *,
        ticket: str,
        options: RequestOptions | None = None,
    ) -> RawResponse[SortAnswer]:
        """The same as a call, but with status, headers and bytes; `parse()` gives what a call does."""
        return self._respond(
            {
                "ticket": ticket,
            },
            options,
        )

class AsyncSort(AsyncPrompt[SortAnswer]):
    """The prompt sort."""

    __slots__ = ()
    _PIN = Pin("sort", version=1)

    async def __call__(
        self,
        *,
        ticket: str,
        options: RequestOptions | None = None,
    ) -> SortAnswer:
        """The prompt sort.

        Args:
            options: what is to be otherwise for this call. Times in it are in seconds.

        Returns:
            The answer; its `output` has the `json` and the `text`.

        Raises:
            InvalidVariablesError: the variables do not fit the prompt; `errors` tells which and why.
            RateLimitError: too many runs; `retry_after` tells in seconds when there is room again.
            APIError: any other problem that the endpoint tells of, by its `code`.
            APITimeoutError: a time limit passed.
            APIConnectionError: the endpoint could not be reached, or the connection broke.
            UnexpectedResponseError: what answered is no prompt endpoint.

        Example:
            answer = await client.sort(ticket="echo")
        """
        return await self._run(
            {
                "ticket": ticket,
            },
            options,
        )
    def stream(
        self,
        *,
        ticket: str,
        options: RequestOptions | None = None,
    ) -> AsyncRunStream[SortAnswer]:
        """The same, answered piece by piece. The arguments are those of a call.

        Raises, while it is entered or iterated over:
            StreamTruncatedError: it ended before its last event; `partial` is the text until then.
            EventTooLargeError: one event is longer than it may be.
            And what a call raises.

        Example:
            async with client.sort.stream(ticket="echo") as stream:
                async for event in stream:
                    if event.type == "delta":
                        print(event.text, end="")
        """
        return self._events(
            {
                "ticket": ticket,
            },
            options,
        )
    async def raw(
        self,
        *,
        ticket: str,
        options: RequestOptions | None = None,
    ) -> RawResponse[SortAnswer]:
        """The same as a call, but with status, headers and bytes; `parse()` gives what a call does."""
        return await self._respond(
            {
                "ticket": ticket,
            },
            options,
        )