"""What changed between two texts of a prompt, in lines and in values."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.prompts.diff import Difference, Text, ValueChange, diff
from promptstudio.prompts.lines import Hunk, LineChange, Lines, hunks

LINES = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=40)


def front(*lines: str, body: str = "Hello") -> str:
    return "\n".join(["---", *lines, "---", body])


def difference(before: str, after: str, **partials: tuple[str, str]) -> Difference:
    old, new = ({name: texts[side] for name, texts in partials.items() if texts[side]} for side in (0, 1))
    return diff(Text(before, old), Text(after, new))


def drawn(found: Sequence[Hunk]) -> list[str]:
    """Hunks as `diff -u` prints them."""
    marks = {"equal": " ", "delete": "-", "insert": "+"}
    printed: list[str] = []
    for hunk in found:
        printed.append(f"@@ {hunk[0].before.line} {hunk[0].after.line}")
        for change in hunk:
            if change.op != "insert":
                printed += [marks.get(change.op, "-") + line for line in change.before.lines]
            if change.op in ("insert", "replace"):
                printed += ["+" + line for line in change.after.lines]
    return printed


def test_lines_are_shown_with_three_around_them() -> None:
    before = [str(number) for number in range(1, 21)]
    after = [*before[:4], "new", *before[4:14], *before[15:]]
    assert drawn(hunks(before, after)) == [
        *("@@ 2 2", " 2", " 3", " 4", "+new", " 5", " 6", " 7"),
        *("@@ 12 13", " 12", " 13", " 14", "-15", " 16", " 17", " 18"),
    ]


def test_changes_that_are_near_share_a_hunk() -> None:
    (hunk,) = hunks(["a", "b", "c"], ["x", "b", "y"])
    assert hunk == (
        LineChange("replace", Lines(1, ("a",)), Lines(1, ("x",))),
        LineChange("equal", Lines(2, ("b",)), Lines(2, ("b",))),
        LineChange("replace", Lines(3, ("c",)), Lines(3, ("y",))),
    )


def test_lines_of_the_template_are_counted_in_the_file() -> None:
    found = difference(front("model: echo/echo", body="a\nb"), front("model: echo/echo", body="a\nc"))
    assert drawn(found.text) == ["@@ 4 4", " a", "-b", "+c"]
    assert found.front_matter == ()


def test_texts_that_have_little_in_common_are_one_replacement() -> None:
    before, after = (["same", *(f"{side}{number}" for number in range(2000)), "end"] for side in "ab")
    (hunk,) = hunks(before, after)
    assert [change.op for change in hunk] == ["equal", "replace", "equal"]


@given(LINES, LINES)
def test_the_changes_lead_from_one_text_to_the_other(before: list[str], after: list[str]) -> None:
    rebuilt: list[str] = []
    place = 0
    for change in (change for hunk in hunks(before, after) for change in hunk):
        start = change.before.line - 1
        rebuilt += before[place:start]
        assert before[start : start + len(change.before.lines)] == list(change.before.lines)
        assert len(rebuilt) == change.after.line - 1
        rebuilt += change.after.lines
        place = start + len(change.before.lines)
        assert (change.op == "equal") == (change.before.lines == change.after.lines)
    assert rebuilt + before[place:] == after


@given(LINES, LINES)
def test_no_more_lines_change_than_have_to(before: list[str], after: list[str]) -> None:
    lengths = [[0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for i, line in enumerate(before):
        for j, other in enumerate(after):
            above = max(lengths[i][j + 1], lengths[i + 1][j])
            lengths[i + 1][j + 1] = lengths[i][j] + 1 if line == other else above
    changed = [change for hunk in hunks(before, after) for change in hunk if change.op != "equal"]
    assert sum(len(change.before.lines) for change in changed) == len(before) - lengths[-1][-1]


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_have_a_difference_and_none_from_themselves(before: str, after: str) -> None:
    diff(Text(front(before)), Text(front(after)))
    diff(Text(before), Text(after))
    found = diff(Text(front(before)), Text(front(before)))
    assert (found.text, found.variables, found.output, found.settings) == ((), (), (), ())


def test_variables_are_told_with_their_schemas() -> None:
    before = front("input: {schema: {a: string, b: integer, c: string}}")
    after = front("input: {schema: {a: string, b?: integer, d: boolean}, default: {d: true}}")
    assert difference(before, after).variables == (
        ValueChange(
            "b",
            "changed",
            {"schema": {"type": "integer"}, "required": True},
            {"schema": {"type": ["integer", "null"]}, "required": False},
        ),
        ValueChange("d", "added", None, {"schema": {"type": "boolean"}, "required": False, "default": True}),
        ValueChange("c", "removed", {"schema": {"type": "string"}, "required": True}),
    )


def test_the_output_is_told_by_format_and_schema() -> None:
    found = difference(front(), front("output: {schema: {a: string}}"))
    assert [(each.name, each.change) for each in found.output] == [("format", "changed"), ("schema", "added")]


def test_settings_are_told_under_our_names() -> None:
    before = front("model: openai/a", "config: {maxOutputTokens: 5, temperature: 1}", "theirs.key: 1")
    after = front("model: openai/b", "config: {max_tokens: 6}", "description: new")
    assert difference(before, after).settings == (
        ValueChange("model", "changed", "openai/a", "openai/b"),
        ValueChange("description", "added", None, "new"),
        ValueChange("config.max_tokens", "changed", 5, 6),
        ValueChange("theirs.key", "removed", 1),
        ValueChange("config.temperature", "removed", 1),
    )


def test_what_values_do_not_show_is_seen_in_the_front_matter() -> None:
    found = difference(front("# a comment", "model: openai/a"), front("# another", "model: openai/a"))
    assert (found.settings, drawn(found.front_matter)[1:4]) == ((), [" ---", "-# a comment", "+# another"])


def test_partials_are_compared_where_they_differ() -> None:
    found = difference("x", "x", tone=("be kind", "be brief"), same=("s", "s"), new=("", "hi"))
    assert [(each.name, each.change, drawn(each.text)) for each in found.partials] == [
        ("tone", "changed", ["@@ 1 1", "-be kind", "+be brief"]),
        ("new", "added", ["@@ 1 1", "-", "+hi"]),
    ]


@pytest.mark.parametrize(
    "broken",
    ["---\nmodel: [\n---\nHi", "---\nmodel: x\nHi", front("input: {schema: {a: nonsense}}"), front("- 1")],
)
def test_front_matter_that_cannot_be_read_leaves_a_difference_of_text(broken: str) -> None:
    found = difference(front("model: openai/a", body="Hi"), broken)
    assert (found.unreadable, found.variables, found.settings) == (("after",), (), ())
    assert found.text


@pytest.mark.parametrize(
    "front_matter",
    [
        "input: 5",
        "input: {schema: {type: object, properties: [1], required: 3}, default: 3}",
        "config: [1]",
        "output: x",
    ],
)
def test_front_matter_of_the_wrong_shape_is_compared_all_the_same(front_matter: str) -> None:
    assert difference(front(), front(front_matter)).front_matter


def test_keys_of_the_prototype_are_names_as_others() -> None:
    found = difference(
        front(), front("__proto__: 1", "input: {schema: {__proto__: string, constructor: any}}")
    )
    assert [each.name for each in (*found.settings, *found.variables)] == [
        "__proto__",
        "__proto__",
        "constructor",
    ]
