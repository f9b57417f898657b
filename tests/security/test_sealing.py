"""What is sealed for one opens for nobody else, and nothing opens without its key."""

import itertools
import logging
import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from promptstudio.platform_errors import PlatformError
from promptstudio.sealing import Context, LocalKey, Sealer
from promptstudio.sealing_fetched import KEPT_S, FetchedKey, unavailable

CANARY = "sk-canary-8a63b1"
SEALER = Sealer(LocalKey(bytes(range(32))))
CONTEXTS = [
    Context(workspace, purpose, host)
    for workspace in ("ws_a", "ws_b", "ws_")
    for purpose in ("provider:openai", "provider:acme", "webhook:1")
    for host in ("https://api.openai.com:443", "http://api.openai.com:80", "https://evil.example:443", "")
]


async def refusal(sealed: str, context: Context) -> PlatformError:
    with pytest.raises(PlatformError) as refused:
        await SEALER.open(sealed, context)
    return refused.value


async def test_text_moved_to_another_context_never_opens() -> None:
    """security.md (b), stored keys: cross-tenant ciphertext swap, 100% refused."""
    sealed = {context: await SEALER.seal(SecretStr(CANARY), context) for context in CONTEXTS}
    for mine, other in itertools.permutations(CONTEXTS, 2):
        assert (await refusal(sealed[mine], other)).problem == "seal_invalid"
    for context in CONTEXTS:
        assert (await SEALER.open(sealed[context], context)).get_secret_value() == CANARY


async def test_halves_of_two_sealings_never_open_together() -> None:
    """security.md (b), stored keys: a data key opens only what it sealed."""
    context = CONTEXTS[0]
    first, second = [(await SEALER.seal(SecretStr(CANARY), context)).split(".") for _ in range(2)]
    assert (await refusal(".".join((*first[:3], second[3])), context)).problem == "seal_invalid"


@settings(max_examples=500, deadline=None)
@given(parts=st.lists(st.text(max_size=6), min_size=6, max_size=6))
def test_contexts_are_told_apart_by_every_member(parts: list[str]) -> None:
    """security.md (b), stored keys: no two contexts authenticate as the same bytes, however they are cut."""
    first, second = Context(*parts[:3]), Context(*parts[3:])
    assert (first.authenticated() == second.authenticated()) == (first == second)


async def test_text_that_was_changed_or_cut_never_opens(caplog: pytest.LogCaptureFixture) -> None:
    """security.md (c) 14: one error, no plaintext, nothing logged; every single character counts."""
    caplog.set_level(logging.DEBUG)
    context = CONTEXTS[0]
    sealed = await SEALER.seal(SecretStr(CANARY), context)
    changed = {sealed[:at] + other + sealed[at + 1 :] for at in range(len(sealed)) for other in "A-z.=~é "}
    cut = {sealed[:at] for at in range(len(sealed))} | {sealed[at:] for at in range(1, len(sealed))}
    odd = {
        "",
        ".",
        "...",
        "v1...",
        CANARY,
        sealed + ".",
        sealed + "=",
        sealed + "A",
        " " + sealed,
        sealed * 2,
    }
    for text in (changed | cut | odd) - {sealed}:
        error = await refusal(text, context)
        assert (error.problem, error.__cause__) == ("seal_invalid", None)
        assert CANARY not in error.detail
    assert caplog.text == ""


async def test_random_text_never_opens() -> None:
    """security.md (c) 14: what was not sealed is refused, whatever it looks like."""
    chance = random.Random(7)
    for _ in range(2000):
        parts = [chance.randbytes(chance.randrange(60)).hex() for _ in range(2)]
        assert (
            await refusal(f"v1.{SEALER.current.id}.{parts[0]}.{parts[1]}", CONTEXTS[0])
        ).problem == "seal_invalid"


async def test_a_key_that_is_denied_expires_on_schedule_and_nothing_opens_then(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """security.md (c) 14: KMS denied; cached keys expire on schedule, requests get 503, no plaintext."""
    caplog.set_level(logging.DEBUG)
    key, now, denied = os.urandom(32), [0.0], [False]

    async def fetch() -> bytes:
        if denied[0]:
            raise unavailable("kms:test", "AccessDeniedException")
        return key

    sealer = Sealer(FetchedKey("kms:test", fetch, clock=lambda: now[0]))
    sealed = await sealer.seal(SecretStr(CANARY), CONTEXTS[0])
    denied[0] = True
    now[0] = KEPT_S - 0.001
    assert (await sealer.open(sealed, CONTEXTS[0])).get_secret_value() == CANARY
    now[0] = KEPT_S
    for verb in (sealer.open(sealed, CONTEXTS[0]), sealer.seal(SecretStr(CANARY), CONTEXTS[0])):
        with pytest.raises(PlatformError) as failed:
            await verb
        assert (failed.value.problem, failed.value.status) == ("sealing_unavailable", 503)
        assert failed.value.retry_after is not None
    assert CANARY not in caplog.text
    assert key.hex() not in caplog.text


async def test_what_holds_a_secret_does_not_show_it() -> None:
    """LiteLLM guardrail-logging incident: secrets reach traces by way of a repr."""
    key = b"canary-key-of-exactly-32-bytes!!"
    sealer = Sealer(LocalKey(key))
    opened = await sealer.open(await sealer.seal(SecretStr(CANARY), CONTEXTS[0]), CONTEXTS[0])
    for shown in (repr(sealer), str(sealer.current), repr(opened), str(opened), f"{opened}"):
        assert CANARY not in shown
        assert "canary" not in shown
