"""What push and pull decide, played on two clones and a workspace in memory."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from promptstudio_cli.sync.differences import (
    Change,
    Content,
    Difference,
    Here,
    Identity,
    Kind,
    Synced,
    There,
    differences,
)
from promptstudio_cli.sync.places import folder_of
from promptstudio_cli.sync.plan import Action, Settle, Verb, plan_pull, plan_push

GREET = Identity(Kind.prompt, "greet")
HEADER = Identity(Kind.partial, "header")


def here(text: str, folder: str = "", path: str = "prompts/greet.prompt") -> Here:
    return Here(path, folder, text)


def there(text: str, folder: str = "", etag: str = '"1"') -> There:
    return There(folder, text, etag)


def synced(text: str, folder: str = "", etag: str = '"1"') -> Synced:
    return Synced("prompts/greet.prompt", there(text, folder).content, etag)


def difference(
    ours: Here | None = None, theirs: There | None = None, base: Synced | None = None
) -> Difference:
    return Difference(GREET, ours, theirs, base)


@pytest.mark.parametrize(
    ("ours", "theirs", "base", "change"),
    [
        (here("a"), there("a"), synced("a"), Change.same),
        (here("b"), there("b"), synced("a"), Change.same),
        (here("a"), there("a"), None, Change.same),
        (here("a"), None, None, Change.new_here),
        (None, there("a"), None, Change.new_there),
        (here("b"), there("a"), synced("a"), Change.changed_here),
        (here("a"), there("b"), synced("a"), Change.changed_there),
        (here("a", "x"), there("a"), synced("a"), Change.changed_here),
        (here("a"), there("a", "x"), synced("a"), Change.changed_there),
        (None, there("a"), synced("a"), Change.deleted_here),
        (here("a"), None, synced("a"), Change.deleted_there),
        (here("a"), there("b"), None, Change.conflict),
        (here("b"), there("c"), synced("a"), Change.conflict),
        (None, there("b"), synced("a"), Change.conflict),
        (here("b"), None, synced("a"), Change.conflict),
        (None, None, synced("a"), Change.gone),
        (here("b", "x"), there("b"), synced("a"), Change.changed_here),
        (here("b"), there("b", "x"), synced("a"), Change.changed_there),
        (here("b"), there("a", "x"), synced("a"), Change.conflict),
        (here("a", "x"), there("a"), None, Change.conflict),
    ],
)
def test_both_sides_are_compared_with_the_last_sync(
    ours: Here | None, theirs: There | None, base: Synced | None, change: Change
) -> None:
    assert difference(ours, theirs, base).change == change


@pytest.mark.parametrize("crlf", ["a\n", "a\r\n", "\ufeffa\n"])
def test_a_line_end_or_a_byte_order_mark_makes_a_difference(crlf: str) -> None:
    assert difference(here(crlf), there("a"), synced("a")).change == Change.changed_here


def push(*found: Difference, delete: bool = False, doubtful: dict[Identity, str] | None = None) -> list[str]:
    return [f"{action.verb}" for action in plan_push(found, doubtful or {}, delete=delete)]


def pull(
    *found: Difference, delete: bool = False, settle: Settle | None = None, paths: tuple[str, ...] = ()
) -> list[Action]:
    return plan_pull(found, {}, prompts="prompts", paths=paths, delete=delete, settle=settle)


def test_push_sends_what_changed_here_alone() -> None:
    assert push(difference(here("b"), None, None)) == ["create"]
    assert push(difference(here("b"), there("a"), synced("a"))) == ["update"]
    assert push(difference(here("a"), there("b"), synced("a"))) == ["tell"]
    assert push(difference(here("b"), there("c"), synced("a"))) == ["conflict"]
    assert push(difference(here("a"), there("a"), synced("a"))) == ["keep"]


def test_what_became_alike_by_itself_is_only_recorded() -> None:
    assert push(difference(here("b"), there("b"), synced("a"))) == ["record"]
    assert push(difference(here("b"), there("b"), None)) == ["record"]
    assert push(difference(here("a"), there("a", etag='"2"'), synced("a"))) == ["record"]


def test_push_deletes_only_when_told_to_and_only_what_it_has_seen() -> None:
    unchanged, changed = (
        difference(None, there("a"), synced("a")),
        difference(None, there("b"), synced("a")),
    )
    assert push(unchanged) == ["tell"]
    assert push(unchanged, delete=True) == ["delete"]
    assert push(changed, delete=True) == ["conflict"]


def test_partials_are_sent_before_prompts_and_deleted_behind_them() -> None:
    header = Difference(HEADER, here("a", path="prompts/_header.prompt"), None, None)
    found = differences({GREET: here("a"), HEADER: header.here or here("")}, {}, {})
    assert [action.identity for action in plan_push(found, {})] == [HEADER, GREET]
    base = {HEADER: synced("a"), GREET: synced("a")}
    found = differences({}, {HEADER: there("a"), GREET: there("a")}, base)
    assert [action.identity for action in plan_push(found, {}, delete=True)] == [GREET, HEADER]


def test_a_prompt_of_several_files_is_refused_whatever_changed() -> None:
    [action] = plan_push([difference(here("a"), there("a"), synced("a"))], {GREET: "is in two files"})
    assert (action.verb, action.reason) == (Verb.refuse, "is in two files")


def test_pull_writes_what_changed_there_alone() -> None:
    verbs = [
        pull(difference(*sides))[0].verb
        for sides in (
            (None, there("a"), None),
            (here("a"), there("b"), synced("a")),
            (here("b"), there("a"), synced("a")),
            (here("b"), there("c"), synced("a")),
            (here("a"), there("a"), synced("a")),
            (here("a"), None, synced("a")),
        )
    ]
    assert verbs == [Verb.write, Verb.write, Verb.tell, Verb.conflict, Verb.keep, Verb.tell]
    assert pull(difference(here("a"), None, synced("a")), delete=True)[0].verb is Verb.remove
    assert pull(difference(here("b"), None, synced("a")), delete=True)[0].verb is Verb.conflict


def test_a_conflict_is_settled_only_by_naming_a_side() -> None:
    both = difference(here("b"), there("c"), synced("a"))
    assert pull(both, settle=Settle.theirs)[0].verb is Verb.write
    assert pull(both, settle=Settle.ours)[0].verb is Verb.record
    deleted_there = difference(here("b"), None, synced("a"))
    assert pull(deleted_there, settle=Settle.theirs)[0].verb is Verb.conflict
    assert pull(deleted_there, settle=Settle.theirs, delete=True)[0].verb is Verb.remove
    assert pull(deleted_there, settle=Settle.ours)[0].verb is Verb.forget
    deleted_here = difference(None, there("b"), synced("a"))
    assert pull(deleted_here, settle=Settle.theirs)[0].verb is Verb.write
    assert pull(deleted_here, settle=Settle.ours)[0].verb is Verb.record


def test_a_settled_side_leaves_changes_of_one_side_alone() -> None:
    changed_here = difference(here("b"), there("a"), synced("a"))
    changed_there = difference(here("a"), there("b"), synced("a"))
    assert pull(changed_here, settle=Settle.theirs)[0].verb is Verb.tell
    assert pull(changed_there, settle=Settle.ours)[0].verb is Verb.write


def test_a_new_file_lies_in_the_folder_that_the_workspace_gives_it() -> None:
    assert pull(difference(None, there("a", "support/mail")))[0].path == "prompts/support/mail/greet.prompt"
    named = "---\nname: greet\n---\nb"
    moved = difference(here("a", "x", "prompts/x/hello.prompt"), there(named, "y"), synced("a", "x"))
    assert pull(moved)[0].path == "prompts/y/hello.prompt"
    nameless = difference(here("a", "x", "prompts/x/hello.prompt"), there("b", "x"), synced("a", "x"))
    assert pull(nameless)[0].path == "prompts/x/greet.prompt"
    partial = Difference(HEADER, None, there("a"), None)
    assert pull(partial)[0].path == "prompts/_header.prompt"


@pytest.mark.parametrize(
    "folder",
    ["..", "../x", "x/../../y", "/etc", "x//y", ".", ".git/hooks", "x\\y", "C:", "x\0", "x\n", "x ", "x."],
)
def test_a_folder_that_leads_elsewhere_is_refused(folder: str) -> None:
    [action] = pull(difference(None, there("a", folder)))
    assert action.verb is Verb.refuse


@pytest.mark.parametrize("name", ["../x", "/x", "x/y", "", ".", "X", "x\0", "con:"])
@pytest.mark.parametrize("kind", Kind)
def test_a_name_that_no_file_may_have_is_refused(kind: Kind, name: str) -> None:
    [action] = pull(Difference(Identity(kind, name), None, there("a"), None))
    assert (action.verb, action.path) == (
        (Verb.write, "prompts/_X.prompt") if (kind, name) == (Kind.partial, "X") else (Verb.refuse, "")
    )


def test_a_text_that_calls_itself_otherwise_is_refused() -> None:
    [action] = pull(difference(None, there("---\nname: other\n---\nHi")))
    assert (action.verb, action.reason) == (Verb.refuse, "as a file it would be the prompt other")


def test_no_file_is_written_over_another() -> None:
    [action] = pull(difference(None, there("a")), paths=("prompts/Greet.prompt",))
    assert (action.verb, action.reason) == (
        Verb.refuse,
        "it would be written to prompts/Greet.prompt, which is another file",
    )
    one, other = (Difference(Identity(Kind.partial, name), None, there("a"), None) for name in ("A", "a"))
    assert [action.verb for action in pull(one, other)] == [Verb.write, Verb.refuse]


# Two clones and a workspace, changed and synced in any order.

NAMES = [GREET, HEADER, Identity(Kind.prompt, "bye")]
TEXTS = st.sampled_from(["a", "b", "c"])
FOLDERS = st.sampled_from(["", "x"])
IDENTITIES = st.sampled_from(NAMES)

OVERWRITES_THERE = {Verb.create, Verb.update, Verb.delete}
OVERWRITES_HERE = {Verb.write, Verb.remove}
HARMLESS = {Verb.keep, Verb.tell, Verb.conflict, Verb.refuse}


@dataclass
class Clone:
    """The files of one person, and their record of the last sync."""

    here: dict[Identity, Here] = field(default_factory=dict)
    synced: dict[Identity, Synced] = field(default_factory=dict)

    def edit(self, identity: Identity, text: str, folder: str) -> None:
        prefix = "_" if identity.kind is Kind.partial else ""
        folder = "" if prefix else folder
        path = "/".join(filter(None, ["prompts", folder, f"{prefix}{identity.name}.prompt"]))
        self.here[identity] = Here(path, folder, text)


class TwoClones(RuleBasedStateMachine):
    """Whatever two people and the workspace do, a sync overwrites only what it has seen."""

    clones = Bundle("clones")

    @initialize(target=clones)
    def first(self) -> Clone:
        self.there: dict[Identity, There] = {}
        self.writes = 0
        return Clone()

    @rule(target=clones)
    def another(self) -> Clone:
        return Clone()

    @rule(clone=clones, identity=IDENTITIES, text=TEXTS, folder=FOLDERS)
    def edit_here(self, clone: Clone, identity: Identity, text: str, folder: str) -> None:
        clone.edit(identity, text, folder)

    @rule(clone=clones, identity=IDENTITIES)
    def delete_here(self, clone: Clone, identity: Identity) -> None:
        clone.here.pop(identity, None)

    @rule(identity=IDENTITIES, text=TEXTS, folder=FOLDERS)
    def edit_there(self, identity: Identity, text: str, folder: str) -> None:
        self.put(identity, text, "" if identity.kind is Kind.partial else folder)

    @rule(identity=IDENTITIES)
    def delete_there(self, identity: Identity) -> None:
        self.there.pop(identity, None)

    @rule(clone=clones, delete=st.booleans())
    def push(self, clone: Clone, delete: bool) -> None:
        for action in self.plan_push(clone, delete):
            assert action.verb not in OVERWRITES_HERE
            if action.verb in OVERWRITES_THERE:
                each = action.difference
                assert not unseen(each.there, each.here, each.synced)
            self.apply(clone, action)
        assert all(action.verb in HARMLESS for action in self.plan_push(clone, delete))

    @rule(clone=clones, delete=st.booleans())
    def pull(self, clone: Clone, delete: bool) -> None:
        for action in self.plan_pull(clone, delete):
            assert action.verb not in OVERWRITES_THERE
            if action.verb in OVERWRITES_HERE:
                each = action.difference
                assert not unseen(each.here, each.there, each.synced)
            self.apply(clone, action)
        assert all(action.verb in HARMLESS for action in self.plan_pull(clone, delete))

    @rule(clone=clones)
    def settle_and_push(self, clone: Clone) -> None:
        """With `ours`, then a push and a pull that may delete, both sides hold the same."""
        for action in self.plan_pull(clone, False, Settle.ours):
            assert action.verb not in OVERWRITES_THERE | {Verb.remove}
            self.apply(clone, action)
        self.push(clone, True)
        assert self.contents(clone.here) == self.contents(self.there)

    @rule(clone=clones)
    def pull_into_a_second_clone(self, clone: Clone) -> None:
        """What was pushed and is in step comes out alike in an empty clone."""
        self.push(clone, True)
        second = Clone()
        self.pull(second, False)
        assert self.contents(second.here) == self.contents(self.there)
        in_step = {action.identity for action in self.plan_push(clone, False) if action.verb is Verb.keep}
        for identity in in_step:
            assert second.here[identity].content == clone.here[identity].content
        assert {action.verb for action in self.plan_push(second, True)} <= {Verb.keep}

    def plan_push(self, clone: Clone, delete: bool) -> list[Action]:
        return plan_push(differences(clone.here, self.there, clone.synced), {}, delete=delete)

    def plan_pull(self, clone: Clone, delete: bool, settle: Settle | None = None) -> list[Action]:
        paths = [each.path for each in clone.here.values()]
        found = differences(clone.here, self.there, clone.synced)
        return plan_pull(found, {}, prompts="prompts", paths=paths, delete=delete, settle=settle)

    def put(self, identity: Identity, text: str, folder: str) -> None:
        self.writes += 1
        self.there[identity] = There(folder, text, f'"{self.writes}"')

    def apply(self, clone: Clone, action: Action) -> None:
        identity, ours, theirs = action.identity, action.difference.here, action.difference.there
        if action.verb in (Verb.create, Verb.update) and ours:
            self.put(identity, ours.text, ours.folder)
        elif action.verb is Verb.delete:
            del self.there[identity]
        elif action.verb is Verb.write and theirs:
            folder = folder_of(action.path, "prompts") if identity.kind is Kind.prompt else ""
            clone.here[identity] = Here(action.path, folder, theirs.text)
        elif action.verb is Verb.remove:
            del clone.here[identity]
        if action.verb in (Verb.delete, Verb.remove, Verb.forget):
            clone.synced.pop(identity, None)
        elif action.verb not in HARMLESS:
            now = self.there[identity]
            clone.synced[identity] = Synced(action.path, now.content, now.etag)

    @staticmethod
    def contents(side: dict[Identity, Here] | dict[Identity, There]) -> dict[Identity, Content]:
        return {identity: each.content for identity, each in side.items()}


def unseen(overwritten: Here | There | None, wanted: Here | There | None, base: Synced | None) -> list[str]:
    """What an action would overwrite, or delete, although the last sync has not seen it."""
    now, then, seen = (side.content if side else (None, None) for side in (overwritten, wanted, base))
    rows = zip(now, then, seen, strict=True)
    return [f"{was} becomes {will}" for was, will, known in rows if was not in (will, known)]


TwoClones.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
test_a_sync_overwrites_only_what_it_has_seen = TwoClones.TestCase
