"""What an Idempotency-Key asks for: one run for all requests that bring the same key, and one answer.

The first request claims the key. Its claim ends when the answer is kept, when it is released, or with its
lease, if the process that held it has died.
"""

import re
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import orjson

from promptstudio.errors import BOUNDS, AppError
from promptstudio.storage.port import ABSENT, Conflict, Delete, Item, Put, Store, Unavailable

LEASE_S: Final = BOUNDS["idempotency_lease_s"]
KEPT_S: Final = BOUNDS["idempotency_kept_s"]

_KEY: Final = re.compile(rb"[\x20-\x7e]{1,%d}" % BOUNDS["idempotency_key_characters"])
_SK: Final = "claim"
_TRIES: Final = 3
_RETRY_AFTER_S: Final = 1
_SKEW_S: Final = 60  # clocks may be apart by this: so long before its end a lease counts as lost


@dataclass(frozen=True, slots=True)
class Claim:
    """What is asked for: `name` and `body` are SHA-256 in hexadecimal digits, of API key, path and
    Idempotency-Key, and of the request's body. `run` tells one holder from another."""

    name: str
    body: str
    run: str


@dataclass(frozen=True, slots=True)
class Held:
    """A claim that is ours until `until`, in seconds since 1970."""

    claim: Claim
    pk: str
    version: int
    until: int


def to_claim(caller: str, path: str, key: bytes, body: bytes, run: str) -> Claim:
    """The claim of a request with the header `key`; raises AppError idempotency_key_invalid."""
    if not _KEY.fullmatch(key):
        raise AppError("idempotency_key_invalid", limit=BOUNDS["idempotency_key_characters"])
    name = orjson.dumps([caller, path, key.decode()])
    return Claim(sha256(name).hexdigest(), sha256(body).hexdigest(), run)


async def take(store: Store, namespace: str, claim: Claim, now: float) -> Held | bytes:
    """The claim, or the answer that was kept for it.

    Raises AppError idempotency_mismatch or idempotency_running, and Unavailable.
    """
    pk, until = _pk(namespace, claim), int(now) + LEASE_S
    data = {"body": claim.body, "run": claim.run}
    for _ in range(_TRIES):
        # A response may be lost. What is there then says whose it is, and who finds nothing asks again.
        with suppress(Conflict, Unavailable):
            await store.transact([Put(pk, _SK, data, ABSENT, until)])
            return Held(claim, pk, 1, until)
        found = await store.get(pk, _SK)
        if found is not None:
            return _told(found, claim, until)
    raise Unavailable


def _told(found: Item, claim: Claim, until: int) -> Held | bytes:
    if found.data["body"] != claim.body:
        raise AppError("idempotency_mismatch")
    if "answer" in found.data:
        return b64decode(str(found.data["answer"]))
    if found.data["run"] != claim.run:
        raise AppError("idempotency_running", retry_after=_RETRY_AFTER_S)
    return Held(claim, found.pk, found.version, until)


async def keep(store: Store, held: Held, answer: bytes, now: float) -> None:
    """Keep the answer in the claim's place; without effect where the lease is lost. Raises Unavailable.

    An answer has at most kept_answer_bytes.
    """
    if now >= held.until - _SKEW_S:
        return
    # In base64 the longest answer fits an item, whatever is in it; quoted, it could be twice as long.
    data = {"body": held.claim.body, "answer": b64encode(answer).decode()}
    put = Put(held.pk, _SK, data, held.version, int(now) + KEPT_S)
    with suppress(Conflict):
        try:
            await store.transact([put])
        except Unavailable:
            await store.transact([put])  # if it was written after all, this is refused


async def release(store: Store, held: Held, now: float) -> None:
    """Give the claim back; without effect where the lease is lost or the answer kept. Raises Unavailable."""
    if now >= held.until - _SKEW_S:
        return
    with suppress(Conflict):
        # An operation, since a second try of its own could delete the claim of whoever came next.
        delete = Delete(held.pk, _SK, held.version)
        await store.transact([delete], operation=f"{held.pk}#{held.claim.run}")


async def withdraw(store: Store, namespace: str, claim: Claim, now: float) -> None:
    """Give back a claim that `take` may have written though it was Unavailable; without effect where somebody
    else holds it. Raises Unavailable."""
    found = await store.get(_pk(namespace, claim), _SK)
    if found is not None and found.data.get("run") == claim.run:
        await release(store, Held(claim, found.pk, found.version, found.expires_at or 0), now)


def _pk(namespace: str, claim: Claim) -> str:
    return f"{namespace}#idempotency#{claim.name}"
