from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from promptstudio.access.principal import Principal, Role
from promptstudio.endpoint.keys import checksum
from promptstudio.ids import workspace_characters
from promptstudio.platform_errors import PlatformError
from promptstudio.workspaces.drafts import DraftChange, save_draft
from promptstudio.workspaces.history import list_history
from promptstudio.workspaces.labels import set_label
from promptstudio.workspaces.links import (
    PREFIX,
    LinkOrder,
    MadeLink,
    create_link,
    get_link,
    links_key,
    list_links,
    open_link,
    revoke_link,
)
from promptstudio.workspaces.prompt_changes import PromptOrder, create_prompt, delete_prompt
from promptstudio.workspaces.publishing import PublishOrder, publish
from promptstudio.workspaces.shares import set_share
from tests.people import World, problem_of, workspace_in


def text(number: int) -> str:
    return f"---\nmodel: echo/echo\ndescription: Greets {number}\n---\nHello {number}"


async def prompt(world: World, *, versions: int = 0) -> str:
    """The prompt `greet` with so many versions; returns its id."""
    order = PromptOrder(name="greet", text=text(0))
    made = await create_prompt(world.store, world.owner, order, now=world.clock())
    for number in range(1, versions + 1):
        await publish(
            world.store,
            world.owner,
            "greet",
            PublishOrder(text=text(number)),
            if_match="*",
            now=world.clock(),
        )
    return made.value.id


async def link(world: World, by: Principal | None = None, **order: object) -> MadeLink:
    wanted = LinkOrder.model_validate(order)
    return await create_link(world.store, by or world.owner, "greet", wanted, world.clock())


async def test_whoever_has_a_link_reads_the_prompt_and_nothing_else(world: World) -> None:
    await prompt(world, versions=2)
    made = await link(world)
    shown = await open_link(world.store, made.secret)
    assert shown.model_dump() == {
        "name": "greet",
        "description": "Greets 2",
        "version": 2,
        "text": text(2),
    }


async def test_a_link_follows_what_is_in_production(world: World) -> None:
    await prompt(world, versions=3)
    made = await link(world)
    await set_label(world.store, world.owner, "greet", "production", 1, if_match="*", now=0)
    assert (await open_link(world.store, made.secret)).version == 1


async def test_a_link_to_one_version_stays_with_it(world: World) -> None:
    await prompt(world, versions=3)
    made = await link(world, version=2)
    assert (await open_link(world.store, made.secret)).text == text(2)
    assert await problem_of(link(world, version=4)) == "not_found"


async def test_a_draft_is_shown_only_while_there_is_no_version(world: World) -> None:
    await prompt(world)
    made = await link(world)
    assert (await open_link(world.store, made.secret)).model_dump() == {
        "name": "greet",
        "description": "Greets 0",
        "version": 0,
        "text": text(0),
    }
    order = PublishOrder(text=text(1))
    await publish(world.store, world.owner, "greet", order, if_match="*", now=world.clock())
    change = DraftChange(text="secret plans")
    await save_draft(world.store, world.owner, "greet", change, if_match="*", now=world.clock())
    assert (await open_link(world.store, made.secret)).text == text(1)


async def test_a_link_is_kept_as_its_hash_alone(world: World) -> None:
    await prompt(world)
    made = await link(world)
    assert made.secret not in repr(made)
    kept = sha256(made.secret.encode()).hexdigest()
    assert await world.store.get(links_key(world.workspace), kept) is not None
    listed = (await list_links(world.store, world.workspace, "greet")).model_dump_json()
    assert kept not in listed
    assert made.secret not in listed
    assert await problem_of(open_link(world.store, kept)) == "link_invalid"


async def test_a_link_is_revoked(world: World) -> None:
    await prompt(world)
    made, other = await link(world), await link(world)
    link_id = made.found.value.id
    assert await get_link(world.store, world.workspace, "greet", link_id) == made.found
    revoke = revoke_link(world.store, world.owner, "greet", link_id, if_match=None, now=0)
    assert await problem_of(revoke) == "if_match_missing"
    await revoke_link(world.store, world.owner, "greet", link_id, if_match=made.found.etag, now=0)
    assert await problem_of(open_link(world.store, made.secret)) == "link_invalid"
    assert await problem_of(open_link(world.store, other.secret)) == ""
    again = revoke_link(world.store, world.owner, "greet", link_id, if_match="*", now=0)
    assert await problem_of(again) == "not_found"


async def test_a_link_expires(world: World) -> None:
    await prompt(world)
    made = await link(world, expires_in_s=60)
    world.clock.now += 59
    await open_link(world.store, made.secret)
    world.clock.now += 1
    assert await problem_of(open_link(world.store, made.secret)) == "link_invalid"
    assert (await list_links(world.store, world.workspace, "greet")).items == []


@pytest.mark.parametrize(
    "order", [{"expires_in_s": 0}, {"expires_in_s": 10**9}, {"expires_in_s": None}, {"version": 0}]
)
def test_no_link_lasts_for_ever(order: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LinkOrder.model_validate(order)


async def test_a_link_does_not_outlive_its_prompt(world: World) -> None:
    await prompt(world)
    made = await link(world)
    await delete_prompt(world.store, world.owner, "greet", if_match="*", now=world.clock())
    assert await problem_of(open_link(world.store, made.secret)) == "link_invalid"
    await prompt(world)
    assert await problem_of(open_link(world.store, made.secret)) == "link_invalid", "another of the name"


async def test_links_are_made_by_owners_of_the_prompt_and_admins(world: World) -> None:
    await prompt(world)
    for role, told in ((Role.guest, "not_found"), (Role.viewer, "role_needed"), (Role.editor, "role_needed")):
        person = await world.join(role)
        assert await problem_of(link(world, person)) == told
        await set_share(world.store, world.owner, "greet", person.id, "owner", if_match=None, now=0)
        made = await link(world, person)
        revoke = revoke_link(world.store, person, "greet", made.found.value.id, if_match="*", now=0)
        assert await problem_of(revoke) == ""
    assert await problem_of(link(world, await world.join(Role.admin))) == ""


async def test_nobody_makes_a_link_to_a_foreign_prompt(world: World) -> None:
    await prompt(world)
    made = await link(world)
    stranger = await workspace_in(world.store, world.clock)
    assert await problem_of(link(world, stranger)) == "not_found"
    revoke = revoke_link(world.store, stranger, "greet", made.found.value.id, if_match="*", now=0)
    assert await problem_of(revoke) == "not_found"
    moved = PREFIX + workspace_characters(stranger.workspace) + made.secret[len(PREFIX) + 12 : -6]
    assert await problem_of(open_link(world.store, moved + checksum(moved))) == "link_invalid"


@given(st.one_of(st.text(), st.sampled_from(["", "null", "None", "greet", "lnk_1", "prm_1", PREFIX])))
async def test_garbage_opens_nothing_and_costs_no_read(sent: str) -> None:
    for secret in (sent, PREFIX + sent):
        with pytest.raises(PlatformError, match="This link is not valid"):
            await open_link(None, secret)  # type: ignore[arg-type]


async def test_the_prompts_history_tells_of_links(world: World) -> None:
    prompt_id = await prompt(world)
    made = await link(world)
    link_id = made.found.value.id
    world.clock.now += 1
    await revoke_link(world.store, world.owner, "greet", link_id, if_match="*", now=world.clock())
    entries = (await list_history(world.store, f"{world.workspace}#prompt#{prompt_id}")).items
    assert entries[0].what == "link_revoked"
    assert {entry.what for entry in entries[1:]} == {"created", "link_created"}
    assert made.secret not in str(entries)
