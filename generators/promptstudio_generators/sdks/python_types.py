"""Types as Python writes them: annotations, and the TypedDicts that they name."""

import keyword
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from promptstudio_generators.names.escaped import Escaped, compose
from promptstudio_generators.names.python import (
    class_name,
    comma_separated,
    doc,
    either,
    is_plain_key,
    literal,
    unused,
)
from promptstudio_generators.sdks.model import (
    NULL,
    STRING,
    Anything,
    Array,
    Enum,
    LiteralValue,
    Null,
    Object,
    Property,
    Scalar,
    TypeNode,
    Union,
)
from promptstudio_generators.sdks.types import Direction, union

_SCALARS: Final = {
    "string": Escaped("str"),
    "integer": Escaped("int"),
    "number": Escaped("float"),
    "boolean": Escaped("bool"),
}
_NONE: Final = Escaped("None")
_INDENT: Final = 4


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a TypedDict. `name` is the text of `key` where it can stand in a class, else None."""

    key: Escaped
    name: Escaped | None
    annotation: Escaped
    doc: Escaped


@dataclass(frozen=True, slots=True)
class Declaration:
    """A TypedDict, whose members all have to be there (`total`), or none. Without `is_class` it is made by a
    call, which takes members of any name."""

    name: Escaped
    bases: Escaped
    doc: Escaped
    fields: tuple[Field, ...]
    is_class: bool
    total: Escaped


class TypeWriter:
    """Writes the types of one module. `declarations` are what they name, each after those that it names
    itself; `imports` are the names that are not built in.

    What is sent is taken in forms as wide as possible; what is answered is told as it is. A member of an
    answer that may be missing can be None as well: mypy does not tell members that may be missing from those
    that may not, and would let code pass that relies on one.
    """

    def __init__(self, direction: Direction, taken: Iterable[str]) -> None:
        self._direction = direction
        self._used = {*taken, *keyword.kwlist}
        self.declarations: list[Declaration] = []
        self.imports = set[str]()

    def annotation(self, node: TypeNode, *words: str) -> Escaped:
        """The type's annotation. TypedDicts for objects in it are called after these words."""
        match node:
            case Scalar(kind):
                return _SCALARS[kind]
            case Null():
                return _NONE
            case Enum(values):
                return self._enum(values)
            case Union(members):
                return either([self.annotation(each, *words) for each in members])
            case Array(items):
                item = self.annotation(items, *words, "item")
                if self._direction == "out":
                    return compose("list[{}]", item)
                # A text is a sequence of texts. Type checkers infer less where a list is to be of a protocol.
                return self._of("SequenceNotStr[{}]" if _admits_text(items) else "Sequence[{}]", item)
            case Object():
                return self._object(node, words)
            case Anything():
                return Escaped("object") if self._direction == "in" else self._of("JsonValue")

    def _of(self, pattern: str, *parts: Escaped) -> Escaped:
        """A type of a name that has to be imported."""
        self.imports.add(pattern.partition("[")[0])
        return compose(pattern, *parts)

    def _enum(self, values: Sequence[LiteralValue]) -> Escaped:
        """`Literal` cannot hold every number: then the type is wider."""
        named = [literal(value) for value in values if not isinstance(value, float)]
        types = [self._of("Literal[{}]", comma_separated(named))] if named else []
        return either([*types, *([Escaped("float")] if len(named) < len(values) else [])])

    def _object(self, node: Object, words: Sequence[str]) -> Escaped:
        if node.others is not None and (self._direction == "in" or not node.properties):
            # A TypedDict admits no members that it does not declare.
            types = [node.others, *(each.type for each in node.properties)]
            value = self.annotation(union(types), *words, "value")
            if self._direction == "out":
                return compose("dict[str, {}]", value)
            return self._of("Mapping[str, {}]", value)
        name = unused(class_name(*words), self._used)
        self._used.add(name)
        required = tuple(self._field(each, words) for each in node.required)
        optional = tuple(self._field(each, words) for each in node.optional)
        told = doc(self._told(node), _INDENT)
        if all(each.name is not None for each in (*required, *optional)):
            self.declarations += _classes(name, told, required, optional)
        else:
            self.declarations += _calls(name, told, required, optional)
        return name

    def _field(self, each: Property, words: Sequence[str]) -> Field:
        may_be_none = self._direction == "out" and not each.required
        node = union([each.type, NULL]) if may_be_none else each.type
        annotation = self.annotation(node, *words, each.name)
        name = Escaped(each.name) if is_plain_key(each.name) else None
        return Field(literal(each.name), name, annotation, doc(each.description or "", _INDENT))

    def _told(self, node: Object) -> str:
        """What a TypedDict says of itself, and of members that can say nothing themselves."""
        whole = "A part of what is sent." if self._direction == "in" else "A part of what is answered."
        if all(is_plain_key(each.name) for each in node.properties):
            return whole
        described = [f"{each.name}: {each.description}" for each in node.properties if each.description]
        return "\n".join([whole, *([""] if described else []), *described])


_TYPED_DICT: Final = Escaped("TypedDict")
_NOT_TOTAL: Final = Escaped("TypedDict, total=False")
_TRUE: Final = Escaped("True")
_FALSE: Final = Escaped("False")


def _classes(
    name: Escaped, told: Escaped, required: tuple[Field, ...], optional: tuple[Field, ...]
) -> list[Declaration]:
    """The TypedDict. Without `Required`, which `typing` has from 3.11 on, one class holds what must be there,
    and one below it what may be left out."""
    if not optional:
        return [Declaration(name, _TYPED_DICT, told, required, is_class=True, total=_TRUE)]
    if not required:
        return [Declaration(name, _NOT_TOTAL, told, optional, is_class=True, total=_FALSE)]
    base = compose("_{}Optional", name)
    what = compose("What {} may lack.", name)
    return [
        Declaration(base, _NOT_TOTAL, what, optional, is_class=True, total=_FALSE),
        Declaration(name, base, told, required, is_class=True, total=_TRUE),
    ]


def _calls(
    name: Escaped, told: Escaped, required: tuple[Field, ...], optional: tuple[Field, ...]
) -> list[Declaration]:
    """The same for members that cannot stand in a class."""
    halves = (("_{}Required", required, _TRUE), ("_{}Optional", optional, _FALSE))
    bases = [
        Declaration(compose(pattern, name), _TYPED_DICT, told, fields, is_class=False, total=total)
        for pattern, fields, total in halves
        if fields
    ]
    heirs = comma_separated(each.name for each in bases)
    return [*bases, Declaration(name, heirs, told, (), is_class=True, total=_TRUE)]


def _admits_text(node: TypeNode) -> bool:
    members = node.members if isinstance(node, Union) else (node,)
    return any(isinstance(each, Anything) or each == STRING for each in members)
