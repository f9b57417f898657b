"""Publishing: versions that never change, numbers without gaps, and no break without a word."""

import asyncio
from dataclasses import replace
from types import ModuleType

import pytest

from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Put
from promptstudio.workspaces import partials, publishing, texts
from promptstudio.workspaces.aliases import Alias, find_alias
from promptstudio.workspaces.settings import WorkspaceChange, change_workspace
from promptstudio.workspaces.versions import list_versions
from tests.people import problem_of
from tests.unit.workspaces.desk import Desk, off_loop, prompt, takes


async def test_a_draft_becomes_the_next_version(desk: Desk) -> None:
    await desk.create("greet", prompt("description: Says hello", "model: openai/gpt-5.4-mini"))
    made = await desk.publish("greet", message="First words")
    assert made.model_dump(exclude={"id", "sha256", "text"}) == {
        "number": 1,
        "semver": "1.0.0",
        "level": "first",
        "reasons": ("This is the first version.",),
        "message": "First words",
        "model": "openai/gpt-5.4-mini",
        "description": "Says hello",
        "created_at": made.created_at,
        "created_by": {"id": desk.by.id, "name": desk.by.name},
        "partials": {},
    }
    assert len(made.sha256) == 64
    assert await desk.version("greet", 1) == made
    record = (await desk.prompt("greet")).value
    assert (record.latest, record.semver) == (1, "1.0.0")
    assert (await desk.draft("greet")).value.base == 1
    assert (await desk.happened("greet"))[0] == ("published", {"version": 1, "semver": "1.0.0"})


async def test_versions_are_listed_newest_first_without_their_texts(desk: Desk) -> None:
    await desk.create("greet")
    for number in range(12):
        await desk.publish("greet", str(number))
    page = await list_versions(desk.store, desk.workspace, "greet", limit=2)
    assert [each.number for each in page.items] == [12, 11]
    rest = await list_versions(desk.store, desk.workspace, "greet", cursor=page.next_cursor)
    assert [each.number for each in rest.items] == list(range(10, 0, -1))
    assert not hasattr(page.items[0], "text")


async def test_a_version_stays_as_it_was(desk: Desk) -> None:
    await desk.create("greet", "{{> tone}}")
    await desk.partial("tone", "{{> deep}}")
    await desk.partial("deep", "Be kind.")
    await desk.partial("unrelated", "{{#broken")
    first = await desk.publish("greet")
    assert first.partials == {"deep": "Be kind.", "tone": "{{> deep}}"}
    await desk.partial("deep", "Be brief.")
    second = await desk.publish("greet")
    assert second.sha256 != first.sha256, "a partial that changes changes what brings it in"
    assert await desk.version("greet", 1) == first
    assert second.partials["deep"] == "Be brief."


async def test_the_same_again_is_no_version(desk: Desk) -> None:
    await desk.create("greet")
    await desk.publish("greet")
    assert await problem_of(desk.publish("greet")) == "nothing_new"
    assert (await desk.prompt("greet")).value.latest == 1
    assert (await desk.propose("greet")).unchanged


async def test_another_default_model_makes_another_version_of_the_same_text(desk: Desk) -> None:
    await desk.create("greet")
    assert (await desk.publish("greet")).model == "echo/echo"
    change = WorkspaceChange(model="openai/gpt-5.4-mini")
    await change_workspace(desk.store, desk.by, change, if_match="*", now=desk.now())
    second = await desk.publish("greet")
    assert (second.model, second.semver) == ("openai/gpt-5.4-mini", "1.0.1")


async def test_a_text_that_is_given_is_the_draft_too(desk: Desk) -> None:
    await desk.create("greet", "draft")
    await desk.publish("greet", "given")
    draft = (await desk.draft("greet")).value
    assert (draft.text, draft.base) == ("given", 1)


async def test_publishing_takes_the_etag_of_the_draft(desk: Desk) -> None:
    await desk.create("greet")
    seen = await desk.draft("greet")
    await desk.save("greet", "changed")
    assert await problem_of(desk.publish("greet", if_match=seen.etag)) == "stale"
    assert await problem_of(desk.publish("greet", if_match=None)) == "if_match_missing"
    await desk.publish("greet", if_match=(await desk.draft("greet")).etag)


async def test_what_breaks_callers_has_to_be_meant(desk: Desk) -> None:
    await desk.create("greet", takes("name: string"))
    await desk.publish("greet")
    await desk.save("greet", takes("name: string", "tone: string"))
    with pytest.raises(PlatformError) as caught:
        await desk.publish("greet")
    assert (caught.value.problem, caught.value.status) == ("breaking_change", 409)
    assert [repr(error) for error in caught.value.errors] == [
        "/breaking: The variable tone has to be given now."
    ]
    assert (await desk.publish("greet", breaking=True)).semver == "2.0.0"
    await desk.save("greet", takes("name: string", "tone: string", "lang?: string"))
    made = await desk.publish("greet", breaking=True)
    assert (made.semver, made.level, made.reasons) == ("2.1.0", "minor", ("The variable lang is taken now.",))


async def test_a_proposal_says_what_publishing_would(desk: Desk) -> None:
    await desk.create("greet", "{{#if")
    proposal = await desk.propose("greet")
    assert (proposal.number, proposal.semver, len(proposal.findings)) == (1, None, 1)
    await desk.save("greet", "fine")
    proposal = await desk.propose("greet")
    assert (proposal.semver, proposal.level, proposal.unchanged) == ("1.0.0", "first", False)
    await desk.publish("greet")
    await desk.save("greet", takes("a: string"))
    proposal = await desk.propose("greet")
    assert (proposal.number, proposal.semver, proposal.level) == (2, "2.0.0", "major")
    assert "The variable a has to be given now." in proposal.reasons


async def test_numbers_and_labels_in_the_text_say_nothing(desk: Desk) -> None:
    await desk.create("greet", prompt("version: 41", "promptstudio.labels: [production]"))
    assert (await desk.publish("greet")).number == 1
    assert (await desk.prompt("greet")).value.labels == {}


async def test_labels_move_with_the_version(desk: Desk) -> None:
    await desk.create("greet")
    await desk.publish("greet", labels=("staging", "production"))
    assert (await desk.prompt("greet")).value.labels == {"production": 1, "staging": 1}
    await desk.publish("greet", "more", labels=("staging",))
    assert (await desk.prompt("greet")).value.labels == {"production": 1, "staging": 2}
    assert (await desk.happened("greet"))[0][1]["labels"] == ["staging"]


async def test_a_protected_label_moves_with_a_version_of_an_admin_alone(desk: Desk) -> None:
    await desk.create("greet")
    await desk.change("greet", protected=("production",))
    editor = desk.of(await desk.world.join(Role.editor))
    assert await problem_of(editor.publish("greet", labels=("production",))) == "role_needed"
    assert (await desk.prompt("greet")).value.latest == 0
    await editor.publish("greet", labels=("staging",))
    assert (await desk.publish("greet", "two", labels=("production",))).number == 2


async def test_of_twenty_at_once_each_gets_a_number_of_its_own_or_none(desk: Desk) -> None:
    await desk.create("greet")

    async def attempt(number: int) -> int:
        try:
            return (await desk.publish("greet", f"text {number}")).number
        except PlatformError as error:
            assert error.problem == "stale"  # noqa: PT017
            return 0

    numbers = [number for number in await asyncio.gather(*map(attempt, range(20))) if number]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert numbers
    assert (await desk.prompt("greet")).value.latest == len(numbers)
    texts = {(await desk.version("greet", number)).text for number in numbers}
    assert len(texts) == len(numbers), "no version is lost"


async def test_of_many_who_saw_the_same_draft_one_publishes(desk: Desk) -> None:
    await desk.create("greet")
    etag = (await desk.draft("greet")).etag
    calls = [problem_of(desk.publish("greet", f"{number}", etag)) for number in range(20)]
    assert sorted(await asyncio.gather(*calls)) == ["", *["stale"] * 19]
    assert (await desk.prompt("greet")).value.latest == 1


async def test_twenty_one_after_the_other_are_numbered_without_gaps(desk: Desk) -> None:
    await desk.create("greet")
    assert [(await desk.publish("greet", str(number))).number for number in range(20)] == list(range(1, 21))


async def test_an_alias_means_the_prompt_that_published_it(desk: Desk) -> None:
    made = await desk.create("greet", prompt("promptstudio.aliases: [pmpt_1, greet, hello]"))
    assert await find_alias(desk.store, desk.workspace, "pmpt_1") is None
    await desk.publish("greet")
    assert await find_alias(desk.store, desk.workspace, "pmpt_1") == Alias(prompt=made.value.id, name="greet")
    assert (await desk.prompt("greet")).value.aliases == ("hello", "pmpt_1")
    text = prompt("promptstudio.aliases: [pmpt_2]")
    assert await problem_of(desk.publish("greet", text)) == "breaking_change"
    await desk.publish("greet", text, breaking=True)
    assert await find_alias(desk.store, desk.workspace, "pmpt_1") is None
    assert (await desk.create("hello")).value.name == "hello"


async def test_an_alias_that_is_taken_is_refused(desk: Desk) -> None:
    await desk.create("greet", prompt("promptstudio.aliases: [hello, pmpt_1]"))
    await desk.publish("greet")
    await desk.create("other", prompt("promptstudio.aliases: [pmpt_1]"))
    assert await problem_of(desk.publish("other")) == "exists"
    await desk.save("other", prompt("promptstudio.aliases: [greet]"))
    assert await problem_of(desk.publish("other")) == "exists"
    assert await problem_of(desk.create("hello")) == "exists"
    assert (await desk.prompt("other")).value.latest == 0


async def test_a_new_alias_takes_somebody_who_may_touch_every_prompt(desk: Desk) -> None:
    """A name is taken from everybody, so who has to do with one prompt cannot take it."""
    text = prompt("promptstudio.aliases: [payments]")
    await desk.create("greet", text)
    guest = await desk.world.join(Role.guest)
    on_this = replace(guest, role=Role.editor, home=Role.guest)  # as a share makes them
    assert await problem_of(desk.of(on_this).publish("greet")) == "role_needed"
    scopes = frozenset({Scope.write})
    limited = Principal(desk.workspace, "key_1", "ci", scopes=scopes, prompts=frozenset({"greet"}))
    assert await problem_of(desk.of(limited).publish("greet")) == "key_limited"
    assert await find_alias(desk.store, desk.workspace, "payments") is None
    await desk.of(replace(limited, prompts=None)).publish("greet")
    await desk.of(limited).publish("greet", prompt("promptstudio.aliases: [payments]", body="Again"))
    assert await find_alias(desk.store, desk.workspace, "payments") is not None


async def test_of_two_who_publish_one_alias_one_has_it(desk: Desk) -> None:
    text = prompt("promptstudio.aliases: [shared]")
    await desk.create("a", text)
    await desk.create("b", text)
    results = await asyncio.gather(problem_of(desk.publish("a")), problem_of(desk.publish("b")))
    assert sorted(results) == ["", "exists"]


async def test_a_prompt_has_a_few_aliases(desk: Desk) -> None:
    names = [f"pmpt_{number}" for number in range(6)]
    await desk.create("greet", prompt(f"promptstudio.aliases: [{', '.join(names)}]"))
    with pytest.raises(PlatformError) as caught:
        await desk.publish("greet")
    assert repr(caught.value.errors[0]) == "/text: has more than 5 aliases"
    await desk.publish("greet", prompt(f"promptstudio.aliases: [{', '.join(names[:5])}]"))
    others = prompt(f"promptstudio.aliases: [{', '.join('x' + name[5:] for name in names[:5])}]")
    await desk.publish("greet", others, breaking=True)


async def test_texts_and_partials_are_kept_in_as_many_pieces_as_it_takes(desk: Desk) -> None:
    names = [f"p{number}" for number in range(3)]
    for name in names:
        await desk.partial(name, name * 100_000)
    text = "".join(f"{{{{> {name}}}}}" for name in names) + "x" * 200_000
    await desk.create("long", text)
    await desk.publish("long")
    version = await desk.version("long", 1)
    assert version.text == text
    assert version.partials == {name: name * 100_000 for name in names}


async def test_more_than_a_transaction_holds_is_refused_by_name(desk: Desk) -> None:
    names = [f"p{number}" for number in range(4)]
    for name in names:
        await desk.partial(name, name * 130_000)
    await desk.create("long", "".join(f"{{{{> {name}}}}}" for name in names) + "x" * 10_000)
    assert await problem_of(desk.publish("long")) == "item_too_large"
    assert (await desk.prompt("long")).value.latest == 0


async def test_more_than_a_transaction_has_writes_for_is_refused_by_name(desk: Desk) -> None:
    names = [f"p{number}" for number in range(26)]
    for name in names:
        await desk.partial(name, "\x01" * 40_000)  # six times as long in JSON
    await desk.create("long", "".join(f"{{{{> {name}}}}}" for name in names))
    assert await problem_of(desk.publish("long")) == "item_too_large"


async def test_a_text_brings_in_a_bounded_number_of_partials(desk: Desk) -> None:
    await desk.create("many", "".join(f"{{{{> p{number}}}}}" for number in range(101)))
    (found,) = (await desk.propose("many")).findings
    assert found.message == "this brings in more than 100 partials"


async def test_what_a_text_brings_in_has_a_bounded_length(desk: Desk) -> None:
    for number in range(30):
        await desk.partial(f"p{number}", "x" * 200_000)
    await desk.create("many", "".join(f"{{{{> p{number}}}}}" for number in range(30)))
    (found,) = (await desk.propose("many")).findings
    assert found.message == "this brings in partials of more than 1048576 characters"
    assert await problem_of(desk.publish("many")) == "fields_invalid"


async def test_partials_that_bring_in_each_other_end(desk: Desk) -> None:
    await desk.partial("a", "{{> b}}")
    await desk.partial("b", "{{#if x}}{{> a}}{{/if}}")
    await desk.create("loop", "{{> a}}")
    assert set((await desk.publish("loop")).partials) == {"a", "b"}


async def test_a_foreign_version_is_none(desk: Desk) -> None:
    await desk.create("greet")
    await desk.publish("greet")
    for number in (0, 2, 10**9):
        assert await problem_of(desk.version("greet", number)) == "not_found"
    await desk.store.transact([Put("ws_other#prompts", "x", {"id": "prm_x"})])
    assert await problem_of(desk.version("x", 1)) == "not_found"


DUNDERS = [
    "{{__class__.__mro__}}",
    "{{lookup this '__globals__'}}",
    "{{constructor.constructor}}",
    "{{this.__proto__.polluted}}",
    "{{#with (lookup this 'constructor')}}{{prototype}}{{/with}}",
    "{x.__class__} ${process.env} %(x)s {0.__class__} {{{{raw}}}}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "{{ ''|attr('__class__') }}",
]


@pytest.mark.parametrize("text", DUNDERS)
async def test_templates_that_break_out_elsewhere_are_text_here(desk: Desk, text: str) -> None:
    """security.md (a), Templates: LiteLLM's and Jinja's sandboxes, LangChain's f-strings, `__proto__`."""
    await desk.create("hostile", text)
    problem = await problem_of(desk.publish("hostile"))
    assert problem in ("", "fields_invalid")
    if not problem:
        assert (await desk.version("hostile", 1)).text == text
    assert (await desk.draft("hostile")).value.text == text


async def test_keys_that_mean_something_elsewhere_are_data_here(desk: Desk) -> None:
    """security.md (a), Templates: LangChain revives dicts with `lc`, and imports what `../` names."""
    text = prompt(
        "lc: 1", "__proto__: {polluted: true}", "$ref: ../../etc/passwd", "theirs.key: !!python/object x"
    )
    await desk.create("hostile", text)
    assert await problem_of(desk.publish("hostile")) == "fields_invalid"
    text = prompt("lc: 1", "__proto__: {polluted: true}", "$ref: ../../etc/passwd")
    made = await desk.publish("hostile", text)
    assert made.text == text


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "__proto__", "x" * 2000, "constructor"])
async def test_a_partial_is_never_looked_for_outside_the_workspace(desk: Desk, name: str) -> None:
    """security.md (a), Templates: `../` in a prompt's configuration."""
    await desk.create("hostile", f"{{{{> [{name}]}}}}")
    assert await problem_of(desk.publish("hostile")) == "fields_invalid"


@pytest.mark.parametrize(
    ("module", "function"), [(texts, "compile_bundle"), (partials, "_brought_in"), (publishing, "propose")]
)
async def test_what_takes_its_time_holds_up_nobody_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, module: ModuleType, function: str
) -> None:
    await desk.create("greet", takes("name: string"))
    threads = off_loop(monkeypatch, module, function)
    await desk.propose("greet")
    await desk.publish("greet")
    assert set(threads) == {False}
