"""The exact-match cache: what a model answered, for whoever asks it the very same."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, cast

import orjson

from promptstudio.errors import BOUNDS
from promptstudio.prompts.bundle import Version
from promptstudio.providers.base import Answer, ProviderRequest, Usage
from promptstudio.storage.port import Put, Store
from promptstudio.values import Json, canonical, loads

COMPLETE: Final = "stop"
"""The finish_reason of answers that are cached: the model said all it had to say."""

_SK: Final = "exact"


@dataclass(frozen=True, slots=True)
class Hit:
    """A cached answer, and for how many whole seconds it has been there."""

    answer: Answer
    age_s: int


def exact_key(prompt: str, version: Version, request: ProviderRequest) -> str:
    """The name of what a version's model is asked: SHA-256 in hexadecimal digits.

    `request` is the provider's, built without stream and user. What an answer is checked against does not
    always stand in it, and so stands beside it.
    """
    output = version.setup.output
    asked: list[Json] = [
        prompt,
        version.number,
        version.source,
        version.model,
        version.setup.provider.base_url,
        request.path,
        loads(request.body),
        [output.format, cast("Json", output.schema)],
    ]
    return sha256(canonical(asked)).hexdigest()


async def find(store: Store, namespace: str, key: str, now: float) -> Hit | None:
    """What is cached under a key. Raises Unavailable."""
    item = await store.get(_pk(namespace, key), _SK)
    if item is None:
        return None
    usage = Usage(*cast("list[int]", item.data["usage"]))
    answer = Answer(cast("str", item.data["text"]), COMPLETE, usage)
    return Hit(answer, max(int(now - cast("float", item.data["at"])), 0))


async def keep(
    store: Store, namespace: str, key: str, text: str, usage: Usage, ttl_s: int, now: float
) -> None:
    """Cache an answer, unless it is larger than kept_answer_bytes. Raises Unavailable."""
    counted: list[Json] = [usage.input, usage.output, usage.cached, usage.cache_write]
    data: dict[str, Json] = {"at": now, "text": text, "usage": counted}
    if len(orjson.dumps(data)) <= BOUNDS["kept_answer_bytes"]:
        await store.transact([Put(_pk(namespace, key), _SK, data, expires_at=int(now) + ttl_s)])


def _pk(namespace: str, key: str) -> str:
    return f"{namespace}#cache#{key}"
