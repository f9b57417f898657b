"""Hypothesis strategies: schemas of our subset, and values that often fit them."""

from typing import Any

from hypothesis import strategies as st

from promptstudio.values import Json, normalize

NAMES = st.sampled_from(["a", "b", "ab/c", "~", "__proto__", "constructor", "1", "\U0001f600", "\uffff"])
TEXTS = st.text(st.sampled_from('ab\U0001f600é"\u2028'), max_size=4)
NUMBERS = st.sampled_from([0, 1, -1, 2, 3.5, 1e21, 1e-7, 2**53])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TYPE_NAMES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
SMALL = st.integers(0, 3)


@st.composite
def schemas(draw: st.DrawFn, depth: int = 0) -> dict[str, Json]:
    """One to three keywords: a schema of many takes next to nothing."""
    inner = st.just({}) if depth == 2 else st.deferred(lambda: schemas(depth + 1))
    keywords: dict[str, st.SearchStrategy[Any]] = {
        "type": TYPE_NAMES | st.lists(TYPE_NAMES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "minimum": NUMBERS,
        "maximum": NUMBERS,
        "minLength": SMALL,
        "maxLength": SMALL,
        "minItems": SMALL,
        "maxItems": SMALL,
        "items": inner,
        "anyOf": st.lists(inner, min_size=1, max_size=3),
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "additionalProperties": st.booleans() | inner,
    }
    chosen = draw(st.lists(st.sampled_from(list(keywords)), min_size=1, max_size=3, unique=True))
    return {keyword: draw(keywords[keyword]) for keyword in chosen}


@st.composite
def schemas_with_values(draw: st.DrawFn) -> tuple[dict[str, Json], Json]:
    schema = draw(schemas())
    return schema, normalize(draw(VALUES | _likely(schema)))


def _likely(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that look as the schema asks, one level deep."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "properties" in schema:
        members = {name: VALUES | _likely(member) for name, member in schema["properties"].items()}
        return st.fixed_dictionaries({}, optional=members)
    if "items" in schema:
        return st.lists(VALUES | _likely(schema["items"]), max_size=3)
    return st.just(schema["const"]) if "const" in schema else SCALARS
