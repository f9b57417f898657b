import asyncio
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.access.tokens import Claim, NewToken, TokenKind, claim, new_token, redeem, tokens_key
from promptstudio.endpoint.keys import new_secret
from promptstudio.ids import workspace_characters
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import ABSENT, Conflict, Put, Store
from tests.people import World, problem_of

KIND = TokenKind.password_reset


async def made(world: World, kind: TokenKind = KIND) -> NewToken:
    token = new_token(kind, world.workspace, {"account": "mem_1"}, world.clock())
    await world.store.transact([token.put])
    return token


def test_a_token_names_its_kind_and_workspace_and_is_not_kept(world: World) -> None:
    token = new_token(KIND, world.workspace, {}, world.clock())
    assert token.text.startswith("ps_reset_" + workspace_characters(world.workspace))
    assert token.put.sk == sha256(token.text.encode()).hexdigest()
    assert token.text not in str(token.put)


async def test_a_token_is_used_once(world: World) -> None:
    token = await made(world)
    used = await claim(world.store, KIND, token.text)
    assert (used.workspace, used.subject) == (world.workspace, {"account": "mem_1"})
    await redeem(world.store, used, [])
    assert await problem_of(redeem(world.store, used, [])) == "link_invalid"
    assert await problem_of(claim(world.store, KIND, token.text)) == "link_invalid"


async def test_of_two_who_use_a_token_at_once_one_succeeds(world: World) -> None:
    used = await claim(world.store, KIND, (await made(world)).text)
    puts = [Put(world.workspace, f"effect{number}", {}) for number in range(8)]
    told = await asyncio.gather(*(problem_of(redeem(world.store, used, [put])) for put in puts))
    assert sorted(told) == ["", *["link_invalid"] * 7]
    assert len((await world.store.query(world.workspace, "effect")).items) == 1


async def test_a_token_is_not_spent_on_what_does_not_come_to_pass(world: World) -> None:
    token = await made(world)
    used = await claim(world.store, KIND, token.text)
    await world.store.transact([Put(world.workspace, "taken", {})])
    with pytest.raises(Conflict) as caught:
        await redeem(
            world.store,
            used,
            [Put(world.workspace, "free", {}, ABSENT), Put(world.workspace, "taken", {}, ABSENT)],
        )
    assert caught.value.index == 1
    await redeem(world.store, await claim(world.store, KIND, token.text), [])


@pytest.mark.parametrize("kind", TokenKind)
async def test_a_token_ends(world: World, kind: TokenKind) -> None:
    token = await made(world, kind)
    world.clock.now = token.expires_at - 1
    await claim(world.store, kind, token.text)
    world.clock.now = token.expires_at
    assert await problem_of(claim(world.store, kind, token.text)) == "link_invalid"


async def test_a_token_is_good_for_its_own_purpose_alone(world: World) -> None:
    token = await made(world)
    for kind in set(TokenKind) - {KIND}:
        assert await problem_of(claim(world.store, kind, token.text)) == "link_invalid"
        other = kind + token.text.removeprefix(KIND)
        assert await problem_of(claim(world.store, kind, other)) == "link_invalid"


async def test_its_hash_is_no_token(world: World) -> None:
    token = await made(world)
    assert await problem_of(claim(world.store, KIND, token.put.sk)) == "link_invalid"


class Unasked(Store):
    """A store that is not to be asked."""

    async def get(self, pk: str, sk: str) -> None:
        raise AssertionError(pk)


@given(st.one_of(st.text(), st.sampled_from(["", "null", "None", "undefined", "0", KIND])))
async def test_garbage_costs_no_read(text: str) -> None:
    for sent in (text, KIND + text):
        with pytest.raises(PlatformError) as caught:
            await claim(Unasked(), KIND, sent)  # type: ignore[abstract]
        assert caught.value.problem == "link_invalid"


async def test_an_unknown_token_is_told_like_garbage(world: World) -> None:
    unknown = new_secret(KIND, workspace_characters(world.workspace))
    assert await problem_of(claim(world.store, KIND, unknown)) == "link_invalid"
    assert (await world.store.query(tokens_key(world.workspace))).items == ()
    assert Claim.__slots__  # the claim carries no text of the token
