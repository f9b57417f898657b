"""Editing front matter: the value changes, every other byte stays."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.prompts.edit import EditError, KeyPath, edit
from promptstudio.prompts.file import parse_file
from promptstudio.values import Json, normalize, same

FILE = """\
# (c) Acme
---
# Which model
model:   openai/gpt-5.4-mini   # cheap
config: {temperature: 0.2, 'stop': ["a", b], }
theirs.key: "kept \\u0041s it is"

input:
    schema:   # the variables
        text: string
        style?(enum, how): [plain, 'bullet']
    # a comment at the end

description: |
    Two
    lines

---
  Hello {{text}}
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("model",), "anthropic/claude", "openai/gpt-5.4-mini", "anthropic/claude"),
        (("config", "temperature"), 1, "0.2", "1"),
        (("config", "stop"), "x", '["a", b]', "x"),
        (("config", "top_p"), 0.5, "b], }", "b], top_p: 0.5, }"),
        (("theirs.key",), "new", '"kept \\u0041s it is"', '"new"'),
        (("input", "schema", "text"), "number", "text: string", "text: number"),
        (("description",), "One line", "|\n    Two\n    lines", "One line"),
        (("description",), "a\nb: c", "|\n    Two\n    lines", '"a\\nb: c"'),
        (
            ("input", "default"),
            {"style": "plain"},
            "'bullet']",
            "'bullet']\n    default:\n      style: plain",
        ),
        (("name",), "hi", "    lines\n", "    lines\nname: hi\n"),
        (
            ("input",),
            {"schema": {"a": "string"}, "default": {}},
            FILE[FILE.index("input:") + 6 : FILE.index("\n    # a comment")],
            "\n  schema:\n    a: string\n  default: {}",
        ),
        (
            ("promptstudio.labels",),
            ["production"],
            "    lines\n",
            "    lines\npromptstudio.labels: [production]\n",
        ),
    ],
)
def test_only_what_changed_changes(path: KeyPath, value: Json, old: str, new: str) -> None:
    assert FILE.count(old) == 1
    assert edit(FILE, {path: value}) == FILE.replace(old, new)


def test_windows_line_ends_stay() -> None:
    text = "---\r\nconfig:\r\n\ttop_p: 1 # c\r\n---\r\nHi\r\n".replace("\t", "  ")
    changed = edit(text, {("config", "seed"): 7, ("name",): "x"})
    assert changed == "---\r\nconfig:\r\n  top_p: 1 # c\r\n  seed: 7\r\nname: x\r\n---\r\nHi\r\n"


def test_an_empty_key_gets_its_first_member() -> None:
    text = "---\nconfig: # none yet\nname: x\n---\n"
    assert edit(text, {("config", "seed"): 7}) == "---\nconfig:\n  seed: 7 # none yet\nname: x\n---\n"
    assert edit("---\nconfig: {}\n---\n", {("config", "seed"): 7}) == "---\nconfig: {seed: 7}\n---\n"


@pytest.mark.parametrize("front", ["---\n---\n", "---\n# nothing\n---\n"])
def test_empty_front_matter_gets_its_first_key(front: str) -> None:
    assert edit(front + "Hi", {("name",): "x"}) == front.removesuffix("---\n") + "name: x\n---\nHi"


def test_a_file_without_front_matter_gets_one() -> None:
    assert edit("Hi\n", {("config", "seed"): 7}) == "---\nconfig:\n  seed: 7\n---\nHi\n"


def test_a_value_that_is_there_already_changes_nothing() -> None:
    assert edit(FILE, {("config",): {"temperature": 0.2, "stop": ["a", "b"]}}) == FILE


def test_a_block_that_keeps_its_blank_lines_keeps_them() -> None:
    text = "---\na: |+\n  x\n\n\n---\nHi"
    assert edit(text, {("b",): 1}) == "---\na: |+\n  x\n\n\nb: 1\n---\nHi"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("---\na: &x 1\nb: *x\n---\n", ("a",)),
        ("---\na: &x {c: 1}\nb: *x\n---\n", ("b", "c")),
        ("---\na: [1]\n---\n", ("a", "b")),
        ("---\na: text\n---\n", ("a", "b")),
    ],
)
def test_a_change_that_would_touch_more_is_refused(text: str, path: KeyPath) -> None:
    with pytest.raises(EditError):
        edit(text, {path: 2})


# Files as people write them: any style of value, comments, blank lines, both line ends.
keys = st.sampled_from(["a", "b", "model", "x.y", "tags?(array, of)", "(*)", "'q'", '"d"'])
scalars = st.sampled_from(
    [
        "1",
        "0.50",
        "text",
        "two words",
        "'it''s'",
        '"d\\n"',
        "true",
        "~",
        "",
        "[1, {a: b}]",
        "{a: 1}",
        "{}",
        "[]",
        "|\n{}  block\n",
        ">-\n{}  folded\n{}  more\n",
        "|+\n{}  kept\n\n\n",
        "[1,\n{}  2]",
        "two\n{}  lines",
    ]
)
comments = st.sampled_from(["", "", "", "  # why", " #"])


@st.composite
def block(draw: st.DrawFn, depth: int = 0, indent: str = "") -> str:
    lines = ""
    for key in draw(st.lists(keys, min_size=1, max_size=3, unique=True)):
        lines += draw(st.sampled_from(["", "", "\n", f"{indent}# note: x\n"]))
        if depth < 2 and draw(st.booleans()):
            deeper = indent + " " * draw(st.integers(1, 4))
            lines += f"{indent}{key}:{draw(comments)}\n{draw(block(depth + 1, deeper))}"
            continue
        value = draw(scalars).replace("{}  ", indent + "  ")
        after = "" if "\n" in value else draw(comments)
        lines += f"{indent}{key}:{' ' * draw(st.integers(1, 2))}{value}{after}\n".replace(
            "\n\n\n\n", "\n\n\n"
        )
    return lines


texts = st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=8)
values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2**60)
    | st.floats(0, 1)
    | texts
    | st.sampled_from(["null", "1", "yes", "- a", "a: b", "x # y", "", " ", "é", "\u2028", "'", '"']),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


@settings(deadline=None)
@given(front=block(), crlf=st.booleans(), data=st.data())
def test_the_change_is_there_and_all_else_is_untouched(front: str, crlf: bool, data: st.DataObject) -> None:
    text = f"# c\n---\n{front}---\n\n Hi {{{{a}}}}\n"
    text = text.replace("\n", "\r\n") if crlf else text
    before = parse_file(text, "")
    path = data.draw(
        st.lists(st.sampled_from(["a", "b", "model", "(*)", "new", "q"]), min_size=1, max_size=3)
    )
    value = normalize(data.draw(values))
    try:
        after = edit(text, {tuple(path): value})
    except EditError:
        assert _is_blocked(before.metadata, path)
        return
    assert same(_at(parse_file(after, "").metadata, path), value)
    assert after.partition("---")[0] == text.partition("---")[0]
    assert after.endswith("---\r\n\r\n Hi {{a}}\r\n" if crlf else "---\n\n Hi {{a}}\n")
    assert _lines_but_of(text, path) <= _lines_but_of(after, path)
    assert ("\n" in after.replace("\r\n", "")) == (not crlf)


def _at(value: Any, path: list[str]) -> Any:
    for key in path:
        value = value[key]
    return value


def _is_blocked(value: Json, path: list[str]) -> bool:
    """Whether something on the way is neither a mapping nor nothing."""
    for key in path[:-1]:
        if not isinstance(value, dict):
            break
        value = value.get(key)
    return value is not None and not isinstance(value, dict)


def _lines_but_of(text: str, path: list[str]) -> set[str]:
    """The lines outside the top-level member that a path goes to."""
    file = parse_file(text, "")
    assert file.front is not None
    assert file.front.root is not None
    front = text[file.front.start : file.front.end]
    node = file.front.root.children.get(path[0])
    if node is not None:
        begin = file.front.root.keys[path[0]][0]
        front = front[:begin] + front[front.find("\n", max(node.end, begin)) :]
    return set(front.splitlines())
