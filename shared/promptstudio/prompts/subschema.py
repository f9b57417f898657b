"""Whether all values that fit one JSON Schema fit another, in the subset that `validate` knows.

The answer errs on one side: where nothing is found, all of them do. A schema is read into nodes, a list of
nodes that all apply to one value stands for their conjunction, and every alternative of `anyOf` on the
narrow side becomes a conjunction of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from typing import Final, Literal, cast

from promptstudio.prompts.validate import Schema, Validator, compile_schema, shown
from promptstudio.values import Json, number_text, same

Kind = Literal["required", "refused", "type", "value", "choice", "limit", "unclear"]

UNDECIDED: Final[Schema] = {"enum": []}
"""Stands on the wide side for a schema that cannot be compared."""

ITEMS: Final = "[]"
OTHERS: Final = "*"
"""Steps of a path, beside members' names: into an array, and to members that no name is given."""

_TYPES: Final = frozenset({"null", "boolean", "number", "string", "array", "object"})
_FINITE: Final[Mapping[str, tuple[Json, ...]]] = {"null": (None,), "boolean": (False, True)}
_LIMITS: Final[Mapping[str, tuple[str, str]]] = {  # what bounds a value of a type, from below and from above
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
}
_STEPS_MAX: Final = 20_000  # a second or so; who publishes waits for it
_ALTERNATIVES_MAX: Final = 64
_VALUES_MAX: Final = 1_000
_VALUES_MAX_OF_NO_TEXT: Final = 200  # each is compared with each


@dataclass(frozen=True, slots=True)
class Misfit:
    """A reason why some value of the narrow schema does not fit the wide one.

    `path` leads to the part of the value. The wide schema there: `required` asks for a member that may be
    missing, `refused` has no place for a member, `type` does not take the type `detail`, `value` does not
    take the value `detail`, `choice` takes only certain values, `limit` has the narrower bound `detail`. What
    cannot be told is `unclear`.
    """

    path: tuple[str, ...]
    kind: Kind
    detail: str = ""

    def below(self, step: str) -> "Misfit":
        return replace(self, path=(step, *self.path))


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """A schema taken apart. `values` is None where there is no enum and no const."""

    schema: Schema = field(default_factory=dict)
    types: frozenset[str] = _TYPES
    values: list[Json] | None = None
    required: frozenset[str] = frozenset()
    members: "Mapping[str, _Node]" = field(default_factory=dict)
    others: "_Node | None" = None
    items: "_Node | None" = None
    branches: "tuple[_Node, ...]" = ()

    def member(self, name: str) -> "_Node":
        return self.members.get(name, self.others or _ANYTHING)

    def takes(self, kind: str) -> bool:
        return kind in self.types or (kind == "integer" and "number" in self.types)


_ANYTHING: Final = _Node()
_NEVER: Final = _Node(UNDECIDED, values=[])

_Nodes = tuple[_Node, ...]


def misfits(narrow: Schema, wide: Schema) -> list[Misfit]:
    """Why not every value that fits `narrow` fits `wide`; empty where every one does.

    Defaults are not regarded: neither schema may have any.
    """
    if same(cast("Json", narrow), cast("Json", wide)):
        return []
    return _Comparison().compare((_node(narrow),), _node(wide))


def _node(schema: Schema) -> _Node:
    kinds = cast("str | list[str]", schema.get("type", list(_TYPES)))
    values = cast("list[Json] | None", schema.get("enum"))
    if "const" in schema:
        values = [value for value in values or [schema["const"]] if same(value, schema["const"])]
    additional = schema.get("additionalProperties", True)
    return _Node(
        schema=schema,
        types=_widest([kinds] if isinstance(kinds, str) else kinds),
        values=values,
        required=frozenset(cast("list[str]", schema.get("required", []))),
        members={name: _node(member) for name, member in _schemas(schema.get("properties", {})).items()},
        others=_node(additional) if isinstance(additional, Mapping) else None if additional else _NEVER,
        items=_node(cast("Schema", schema["items"])) if "items" in schema else None,
        branches=tuple(_node(branch) for branch in cast("list[Schema]", schema.get("anyOf", []))),
    )


def _schemas(members: Json) -> Mapping[str, Schema]:
    return cast("Mapping[str, Schema]", members)


def _widest(kinds: Iterable[str]) -> frozenset[str]:
    """Types without `integer` where `number` is among them."""
    types = frozenset(kinds)
    return types - {"integer"} if "number" in types else types


class _Comparison:
    """One question and what was found on the way to its answer. Every pair is looked at once."""

    def __init__(self) -> None:
        self._found: dict[tuple[_Nodes, _Node], list[Misfit]] = {}
        self._validators: dict[_Node, Validator] = {}
        self._steps = 0

    def compare(self, narrow: _Nodes, wide: _Node) -> list[Misfit]:
        """Misfits of what fits all the nodes of `narrow`."""
        if wide is _ANYTHING or _NEVER in narrow:
            return []
        key = narrow, wide
        if key not in self._found:
            self._found[key] = self._alternatives(narrow, wide)
        return self._found[key]

    def _alternatives(self, narrow: _Nodes, wide: _Node) -> list[Misfit]:
        choices = product(*(list(_expanded(node)) for node in narrow))
        alternatives = list(islice(choices, _ALTERNATIVES_MAX + 1))
        if len(alternatives) > _ALTERNATIVES_MAX:
            return [Misfit((), "unclear")]
        found: list[Misfit] = []
        for choice in alternatives:
            found += self._choice(tuple(dict.fromkeys(node for nodes in choice for node in nodes)), wide)
        return list(dict.fromkeys(found))

    def _choice(self, narrow: _Nodes, wide: _Node) -> list[Misfit]:
        """`narrow` has every alternative chosen: the branches of its nodes no longer count."""
        listed = [node.values for node in narrow if node.values is not None]
        if listed:
            return self._values(min(listed, key=len), narrow, wide)
        found: list[Misfit] = []
        for kind in sorted(_common_types(narrow)):
            found += self._of_type(kind, narrow, wide)
        return found

    def _values(self, values: Sequence[Json], narrow: _Nodes, wide: _Node) -> list[Misfit]:
        others = sum(not isinstance(value, str) for value in values)
        if len(values) > _VALUES_MAX or others > _VALUES_MAX_OF_NO_TEXT:
            return [Misfit((), "unclear")]
        possible = (value for value in values if all(self._takes(node, value) for node in narrow))
        return [Misfit((), "value", shown(value)) for value in possible if not self._takes(wide, value)]

    def _takes(self, node: _Node, value: Json) -> bool:
        if node not in self._validators:
            self._validators[node] = compile_schema(node.schema)
        return not self._validators[node](value, "")[1]

    def _of_type(self, kind: str, narrow: _Nodes, wide: _Node) -> list[Misfit]:
        """What fits `narrow` and is of one type."""
        self._steps += 1
        if self._steps > _STEPS_MAX:
            return [Misfit((), "unclear")]
        if not wide.takes(kind):
            return [Misfit((), "type", kind)]
        if kind in _FINITE:
            return self._values(_FINITE[kind], narrow, wide)
        if wide.values is not None:
            return [Misfit((), "choice" if wide.values else "unclear")]
        found = list(_beyond_limits(kind, narrow, wide))
        if kind == "array":
            found += self._items(narrow, wide)
        if kind == "object":
            found += self._members(narrow, wide)
        return found + self._branches(kind, narrow, wide)

    def _branches(self, kind: str, narrow: _Nodes, wide: _Node) -> list[Misfit]:
        found: list[list[Misfit]] = []
        for branch in wide.branches:
            found.append(self._of_type(kind, narrow, branch))
            if not found[-1]:
                return []
        return found[0] if len(found) == 1 else [Misfit((), "unclear")] if found else []

    def _items(self, narrow: _Nodes, wide: _Node) -> list[Misfit]:
        if wide.items is None or any(node.schema.get("maxItems") == 0 for node in narrow):
            return []
        items = _distinct(node.items or _ANYTHING for node in narrow)
        return [misfit.below(ITEMS) for misfit in self.compare(items, wide.items)]

    def _members(self, narrow: _Nodes, wide: _Node) -> Iterator[Misfit]:
        given = frozenset[str]().union(*(node.required for node in narrow))
        yield from (Misfit((name,), "required") for name in sorted(wide.required - given))
        named = dict.fromkeys(name for node in (*narrow, wide) for name in node.members)
        for name in named:
            member = _distinct(node.member(name) for node in narrow)
            yield from self._member(name, member, wide.member(name))
        others = _distinct(node.others or _ANYTHING for node in narrow)
        yield from self._member(OTHERS, others, wide.others or _ANYTHING)

    def _member(self, step: str, narrow: _Nodes, wide: _Node) -> list[Misfit]:
        if wide is _NEVER and _NEVER not in narrow:
            return [Misfit((step,), "refused")]
        return [misfit.below(step) for misfit in self.compare(narrow, wide)]


def _distinct(nodes: Iterable[_Node]) -> _Nodes:
    return tuple(dict.fromkeys(nodes))


def _expanded(node: _Node) -> Iterator[_Nodes]:
    """The node with each of its alternatives, and of theirs."""
    if not node.branches:
        yield (node,)
    for branch in node.branches:
        yield from ((node, *chosen) for chosen in _expanded(branch))


def _common_types(nodes: _Nodes) -> frozenset[str]:
    """The types that all nodes take."""
    every = frozenset[str]().union(*(node.types for node in nodes))
    return _widest(kind for kind in every if all(node.takes(kind) for node in nodes))


def _beyond_limits(kind: str, narrow: _Nodes, wide: _Node) -> Iterator[Misfit]:
    for keyword in _LIMITS.get(kind, ()):
        if keyword in wide.schema:
            limit = cast("float", wide.schema[keyword])
            if not _is_held(keyword, limit, narrow):
                yield Misfit((), "limit", f"{keyword} {number_text(limit)}")


def _is_held(keyword: str, limit: float, nodes: _Nodes) -> bool:
    """Whether what fits all nodes keeps within a limit."""
    given = [cast("float", node.schema[keyword]) for node in nodes if keyword in node.schema]
    if keyword.startswith("max"):
        return any(bound <= limit for bound in given)
    return any(bound >= limit for bound in given) or (limit <= 0 and keyword != "minimum")
