"""A run: variables in, a question to a model, its answer checked and priced."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol, cast

from promptstudio.errors import AppError
from promptstudio.messages import Message
from promptstudio.prompts.bundle import Prompt, Version
from promptstudio.providers.base import Answer, Call, Provider, ProviderRequest, Usage
from promptstudio.providers.catalog import ADAPTERS
from promptstudio.providers.cost import cost_usd
from promptstudio.values import InvalidJsonError, Json, loads

BYPASS: Final = "bypass"
MISS: Final = "miss"
EXACT: Final = "exact"

_UNCOUNTED = Usage()


class Transport(Protocol):
    """What calls models. Both verbs raise AppError; cancelling them closes the provider's connection."""

    async def send(self, provider: Provider, request: ProviderRequest) -> bytes: ...

    def stream(
        self, provider: Provider, request: ProviderRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Entered once the provider has answered 2xx."""
        ...


@dataclass(slots=True)
class Run:
    """One execution of a prompt's version, up to what its provider is sent. `id` has no prefix yet.

    `cache` says what the cache had to do with it: BYPASS, MISS or EXACT, and then `age_s` is the answer's age
    in whole seconds.
    """

    id: str
    prompt: str
    version: Version
    request: ProviderRequest
    cache: str = BYPASS
    age_s: int | None = None


@dataclass(slots=True)
class Outcome:
    """A model's answer, checked. `json` is its value where the version promises JSON, else None."""

    text: str
    json: Json
    finish_reason: str
    usage: Usage
    cost_usd: str | None


def prepare(
    run_id: str,
    prompt: Prompt,
    version: Version,
    messages: Sequence[Message],
    *,
    stream: bool,
    user: str | None = None,
) -> Run:
    """The run that asks a version's model about these messages; raises AppError render_empty without any."""
    if not messages:
        raise AppError("render_empty")
    request = ADAPTERS[version.api].adapter.build_request(Call(version.setup, messages, stream, user))
    return Run(run_id, prompt.name, version, request)


def render(
    version: Version, variables: dict[str, Json], pointer: str, history: Sequence[Message] = ()
) -> list[Message]:
    """A version's messages for these variables, which stand at `pointer` in the body.

    Raises AppError variables_invalid or render_….
    """
    filled, errors = version.validator(variables, pointer)
    if errors:
        raise AppError("variables_invalid", errors=errors)
    return version.renderer.render(cast("dict[str, Json]", filled), history)


async def complete(run: Run, transport: Transport) -> Outcome:
    """Ask the model and wait for its whole answer."""
    version = run.version
    provider = version.setup.provider
    body = await transport.send(provider, run.request)
    return conclude(version, ADAPTERS[version.api].adapter.parse(provider, body))


def conclude(version: Version, answer: Answer) -> Outcome:
    """Check and price an answer; raises AppError output_not_json or output_mismatch."""
    value = _checked_json(version, answer.text) if version.setup.output.format == "json" else None
    return Outcome(
        answer.text,
        value,
        answer.finish_reason,
        answer.usage or _UNCOUNTED,
        cost_usd(answer.usage, version.price),
    )


def _checked_json(version: Version, text: str) -> Json:
    try:
        value = loads(text.encode())
    except InvalidJsonError:
        raise AppError("output_not_json") from None
    if version.output_validator is None:
        return value
    value, errors = version.output_validator(value, "")
    if errors:
        raise AppError("output_mismatch", errors=errors)
    return value
