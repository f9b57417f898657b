"""The store on Upstash Redis, through its REST client.

Every call is a script, which Redis runs alone and on its primary: transactions are whole, and reads see all
that was acknowledged. A failover may lose the last writes; Redis has no more to offer. Eviction has to be
off, because here Redis is the store.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from promptstudio.storage.port import (
    Item,
    Page,
    Unavailable,
    Write,
    check_key,
    check_query,
    encode_writes,
)
from promptstudio.storage.retry import ANSWER_S, CONNECT_S, RETRY, Lost, NotDone, Retry
from promptstudio.storage.upstash_scripts import (
    GET,
    QUERY,
    TRANSACT,
    Script,
    item_key,
    partition_key,
    read_item,
    read_page,
    read_transaction,
    transact_args,
    transact_keys,
)

if TYPE_CHECKING:
    import httpx
    from upstash_redis.asyncio import Redis

_NOT_DONE: Final = ("BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "READONLY", "TRYAGAIN")
# What the client raises for an answer that is none: it looks into it without looking at it.
_GARBAGE: Final = (ValueError, LookupError, TypeError, AttributeError, AssertionError)

_Read = TypeVar("_Read")


class UpstashStore:
    """A Store in the database at `url`. Its keys begin with `prefix`. `now` gives seconds since 1970."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        prefix: str = "store:",
        answer_s: float = ANSWER_S,
        now: Callable[[], float] = time.time,
        retry: Retry = RETRY,
    ) -> None:
        self._url = url
        self._token = token
        self._prefix = prefix
        self._answer_s = answer_s
        self._now = now
        self._retry = retry
        self._client: Redis | None = None
        self._closed = False

    async def get(self, pk: str, sk: str) -> Item | None:
        check_key(pk)
        check_key(sk)
        return await self._retry.until_answered(
            lambda: self._run(
                GET, [item_key(pk, sk)], [], lambda flat: read_item(pk, sk, flat, self._seconds())
            )
        )

    async def query(
        self, pk: str, prefix: str = "", *, after: str | None = None, limit: int = 100, reverse: bool = False
    ) -> Page:
        check_query(pk, prefix, after, limit)
        items: list[Item] = []
        size = limit + 1  # one more tells whether there are more
        while True:
            args = [prefix, after or "", str(size), "reverse" if reverse else ""]
            found, after = await self._look(pk, args)
            items += found
            if len(items) > limit:
                return Page(tuple(items[:limit]), items[limit - 1].sk)
            if after is None:
                return Page(tuple(items), None)
            size = min(2 * size, 1000)  # past what has expired

    async def transact(
        self, writes: Sequence[Write], *, operation: str | None = None
    ) -> list[dict[str, int]]:
        encoded = encode_writes(writes)
        keys = transact_keys(writes, operation)
        return await self._retry.until_answered(
            lambda: self._run(
                TRANSACT, keys, transact_args(writes, encoded, operation, self._seconds()), read_transaction
            ),
            repeatable=operation is not None,
        )

    async def close(self) -> None:
        self._closed = True
        if self._client is not None:
            await self._client.close()

    async def _look(self, pk: str, args: list[str]) -> tuple[list[Item], str | None]:
        now = self._seconds()
        args = [*args, self._prefix + item_key(pk, ""), str(now)]
        return await self._retry.until_answered(
            lambda: self._run(
                QUERY,
                [partition_key(pk)],
                args,
                lambda answer: read_page(pk, answer, now),
            )
        )

    async def _run(
        self, script: Script, keys: Sequence[str], args: list[str], read: Callable[[list[Any]], _Read]
    ) -> _Read:
        """What `read` makes of the script's answer. Raises NotDone, Lost or Unavailable."""
        import httpx
        from upstash_redis.errors import UpstashError

        try:
            async with asyncio.timeout(self._answer_s):
                answer = await self._evaluate(script, [self._prefix + key for key in keys], args)
            return read(answer)
        except UpstashError as error:  # scripts fail before they write
            raise (NotDone() if str(error).startswith(_NOT_DONE) else Unavailable()) from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NotDone from error
        except (httpx.HTTPError, TimeoutError, *_GARBAGE) as error:
            raise Lost from error

    async def _evaluate(self, script: Script, keys: list[str], args: list[str]) -> Any:
        from upstash_redis.errors import UpstashError

        client = self._connected()
        try:
            return await client.evalsha(script.sha1, keys, args)
        except UpstashError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
        return await client.eval(script.text, keys, args)

    def _connected(self) -> "Redis":
        """The client, made late because it takes a tenth of a second."""
        if self._closed:
            raise Unavailable
        if self._client is None:
            import httpx
            from upstash_redis.asyncio import Redis

            self._client = Redis(self._url, self._token, rest_retries=0, allow_telemetry=False)
            inner = self._client._http._client  # noqa: SLF001 - it has no bounds and reads no status
            inner.timeout = httpx.Timeout(self._answer_s, connect=CONNECT_S)
            inner.event_hooks = {"response": [_check_status]}
        return self._client

    def _seconds(self) -> int:
        return int(self._now())


async def _check_status(response: "httpx.Response") -> None:
    """Other refusals have an `error` in their body, which the client does read."""
    if response.status_code == 429:
        raise NotDone
    if response.status_code >= 500:
        raise Lost
