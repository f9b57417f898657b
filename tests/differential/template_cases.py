"""Hypothesis strategies for templates and what they are rendered with.

Generated templates keep clear of DESIGN's deliberate differences: a letter stands before each value (the
reference adds up values that touch), roles and sections are literals, nothing refused is used, and no value
holds a marker of the reference's own, which it would obey. Three small ones besides: no two contexts, one
in the other, are equal for `==` alone (the reference loses a level of `..`); what is laid over a partial's
context is never missing (the reference counts it in an `each` of that context); no surrogate pair is halved.
"""

from typing import Any

from hypothesis import strategies as st

from tests.differential.renderers import Case

BLANKS = [
    "",
    " ",
    "  ",
    "\t",
    "\n",
    "\r\n",
    "\n\n",
    " \n  ",
    "\n\t",
    "\u00a0",
    "\ufeff\n",
    "\u2028",
    "\u0085",
    "\x1c\n",
]
TEXTS = [*BLANKS, "a", "b\n", " c", "é😀", "}", "{", "\\", "\\\\", "<<<x>>>", "\\{{esc}}", "\\\\\\"]
NAMES = [
    "s",
    "n",
    "zero",
    "t",
    "f",
    "nul",
    "missing",
    "o",
    "o.p",
    "o.[p q]",
    "o.q.r",
    "xs",
    "xs.length",
    "xs.[0]",
]
NAMES += [
    "ys.[1].p",
    "ys.1.p",
    "s.length",
    "s.[0]",
    "empty",
    "none",
    "this",
    ".",
    "./s",
    "this.s",
    "this/o/p",
    "..",
    "../s",
]
NAMES += ["../../s", "../o.p", "item", "item.p", "i", "@index", "@key", "@first", "@last", "@root.s", "@root"]
NAMES += [
    "@../index",
    "@../../key",
    "@index.p",
    "@state.v",
    "@state",
    "@missing.v",
    '"s"',
    "[s]",
    "athis",
    "p",
    "q",
    "0",
]
LITERALS = [
    '"x"',
    "'y z'",
    '"q\\"t"',
    "7",
    "2.5",
    "-3",
    "1e",
    "true",
    "false",
    "null",
    "undefined",
    '""',
    "0",
]
HELPERS = {"if": 1, "unless": 1, "each": 1, "with": 1, "ifEquals": 2, "unlessEquals": 2}

there = st.sampled_from(
    ["@root.t", "@root.empty", "@root.none", "(json s)", "(json this)", "'y z'", "2.5", "null"]
)
tildes = st.sampled_from(["", "", "", "~"])
blanks = st.sampled_from(BLANKS)
texts = st.lists(st.sampled_from(TEXTS), max_size=3).map("".join)
paths = st.sampled_from(NAMES)


@st.composite
def arguments(draw: st.DrawFn, depth: int = 1) -> str:
    """One argument: a path, a literal, or a call."""
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return draw(st.sampled_from(LITERALS))
    if kind == 1 and depth:
        first, second = draw(arguments(depth - 1)), draw(arguments(depth - 1))
        return draw(st.sampled_from([f"(lookup {first} {second})", f"(json {first})"]))
    return draw(paths)


@st.composite
def tags(draw: st.DrawFn, inside: str) -> str:
    return "{{" + draw(tildes) + inside + draw(tildes) + "}}"


@st.composite
def values(draw: st.DrawFn) -> str:
    opening, closing = draw(st.sampled_from([("{{", "}}"), ("{{{", "}}}"), ("{{&", "}}")]))
    left, right = draw(tildes), draw(tildes)
    opening = opening[:2] + left + opening[2:]
    closing = (closing[0] + right + closing[1:]) if len(closing) == 3 else right + closing
    space = draw(st.sampled_from(["", " ", "\n"]))
    call = st.one_of(
        paths,
        arguments().map(lambda argument: f"json {argument}"),
        st.tuples(arguments(), st.sampled_from(["2", "'--'", "o.p", "0", "true"])).map(
            lambda both: f"json {both[0]} indent={both[1]}"
        ),
        st.tuples(arguments(), arguments()).map(lambda both: f"lookup {both[0]} {both[1]}"),
    )
    return f"v{opening}{space}{draw(call)}{space}{closing}"


def marks() -> st.SearchStrategy[str]:
    """Tags that shape the messages, and comments."""
    inside = st.sampled_from(
        [
            'role "system"',
            "role 'user'",
            'role "model"',
            "history",
            'section "one"',
            'media url="http://a/b"',
            "media url=@root.url contentType=@root.kind",
            "! note ",
            "!-- a }} b --",
            "!",
        ]
    )
    return inside.flatmap(tags)


@st.composite
def partials(draw: st.DrawFn, names: list[str]) -> str:
    call = draw(st.sampled_from(names))
    if draw(st.booleans()):
        call += " " + draw(paths)
    for name in draw(st.lists(st.sampled_from(["s", "x", "0"]), unique=True, max_size=2)):
        call += f" {name}={draw(there)}"
    return draw(blanks) + draw(tags(f"> {call}")) + draw(blanks)


@st.composite
def blocks(draw: st.DrawFn, depth: int, names: list[str]) -> str:
    helper = draw(st.sampled_from(sorted(HELPERS)))
    sign = draw(st.sampled_from("####^"))
    head = " ".join([helper, *(draw(arguments()) for _ in range(HELPERS[helper]))])
    if helper in ("if", "unless") and draw(st.booleans()):
        head += f" includeZero={draw(st.sampled_from(['true', 'false', 'n', 'missing']))}"
    if helper in ("each", "with") and sign == "#":
        head += draw(st.sampled_from(["", "", " as |item|", " as |item i|", " as |s index|"]))
    pieces = [draw(tags(sign + head)), draw(bodies(depth - 1, names))]
    if sign == "#" and draw(st.integers(0, 4)) == 0:
        pieces += [draw(tags(f"else if {draw(arguments())}")), draw(bodies(depth - 1, names))]
    if draw(st.booleans()):
        pieces += [draw(tags(draw(st.sampled_from(["else", " else ", "^"])))), draw(bodies(depth - 1, names))]
    pieces.append(draw(tags(f"/{helper}")))
    return draw(blanks) + (draw(blanks) if draw(st.booleans()) else "").join(pieces) + draw(blanks)


@st.composite
def bodies(draw: st.DrawFn, depth: int, names: list[str]) -> str:
    kinds = [texts, values(), marks()]
    if names:
        kinds.append(partials(names))
    if depth > 0:
        kinds += [blocks(depth, names), blocks(depth, names)]
    return draw(st.lists(st.one_of(kinds), max_size=4).map("".join))


scalars = st.sampled_from(["a", "b c", "é😀", "{{s}}", 7, 2.5, -3, True, None])
objects = st.dictionaries(
    st.sampled_from(["p", "p q", "s", "length", "x", "10", "9", "__proto__"]), scalars, max_size=3
)
arrays = st.lists(st.one_of(scalars, objects, st.lists(scalars, min_size=1, max_size=3)), max_size=3)


@st.composite
def variables(draw: st.DrawFn) -> dict[str, Any]:
    chosen = {
        "s": draw(st.sampled_from(["str", "é😀", "  ", "l1\nl2"])),
        "n": draw(st.sampled_from([7, 1e21, 0.000001, 1e-7, 123456789012345680, -2.5])),
        "zero": 0,
        "t": True,
        "f": False,
        "nul": None,
        "o": {**draw(objects), "q": draw(objects)},
        "xs": draw(arrays),
        "ys": draw(st.lists(objects, max_size=3)),
        "empty": {},
        "none": [],
        "athis": "at",
        "12": "twelve",
        "url": "http://c/d",
        "kind": draw(st.sampled_from(["image/png", "", None])),
    }
    dropped = draw(st.sets(st.sampled_from(["s", "n", "o", "xs", "ys"]), max_size=2))
    return {name: value for name, value in chosen.items() if name not in dropped}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    said = st.tuples(st.sampled_from(["user", "model"]), st.sampled_from(["hi", "there"]))
    return Case(
        source=draw(bodies(3, ["one", "two"])),
        partials={"one": draw(bodies(2, ["two"])), "two": draw(bodies(1, []))},
        variables=draw(variables()),
        history=draw(st.lists(said, max_size=2)),
        context=draw(st.sampled_from([{}, {"state": {"v": 1}}, {"state": 0, "key": "k"}])),
    )
