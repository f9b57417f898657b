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
    """A TypedDict. In class syntax each member has a name."""

    name: Escaped
    doc: Escaped
    required: tuple[Field, ...]
    optional: tuple[Field, ...]

    @property
    def is_class(self) -> bool:
        return all(each.name is not None for each in (*self.required, *self.optional))


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
        self.declarations.append(Declaration(name, doc(self._told(node), _INDENT), required, optional))
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


def _admits_text(node: TypeNode) -> bool:
    members = node.members if isinstance(node, Union) else (node,)
    return any(isinstance(each, Anything) or each == STRING for each in members)
