"""Types as TypeScript writes them."""

from typing import Final

from promptstudio.values import dumps
from promptstudio_generators.names.escaped import Escaped, compose
from promptstudio_generators.names.typescript import doc_comment, property_key, typescript_literal
from promptstudio_generators.sdks.model import Array, Enum, Null, Object, Property, Scalar, TypeNode, Union
from promptstudio_generators.sdks.types import Direction

_STEP: Final = "  "
_UNKNOWN: Final = Escaped("unknown")
_NAMES: Final = {
    "string": Escaped("string"),
    "integer": Escaped("number"),
    "number": Escaped("number"),
    "boolean": Escaped("boolean"),
}


def type_expression(node: TypeNode, direction: Direction, indent: str = "") -> Escaped:
    """The type. Its lines but for the first begin with `indent`."""
    match node:
        case Scalar(kind):
            return _NAMES[kind]
        case Null():
            return Escaped("null")
        case Enum(values):
            return _either([typescript_literal(each) for each in values])
        case Union(members):
            return _either([type_expression(each, direction, indent) for each in members])
        case Array(items):
            return _array(type_expression(items, direction, indent), items, direction)
        case Object():
            return object_body(node, direction, indent)
        case _:
            return _UNKNOWN


def object_body(node: Object, direction: Direction, indent: str = "") -> Escaped:
    """A type of objects, in the braces that an interface has as well."""
    inner = indent + _STEP
    lines = [_property(each, direction, inner) for each in node.properties]
    lines += _index(node, direction, inner)
    return compose("{{\n{}{}}}", _joined("", lines), Escaped(indent))


def _array(items: Escaped, node: TypeNode, direction: Direction) -> Escaped:
    is_compound = isinstance(node, Union) or (isinstance(node, Enum) and len(node.values) > 1)
    item = compose("({})", items) if is_compound or items.startswith("readonly ") else items
    return compose("readonly {}[]", item) if direction == "in" else compose("{}[]", item)


def _property(each: Property, direction: Direction, indent: str) -> Escaped:
    documented = [each.description or ""]
    if each.default is not None and direction == "in":
        documented.append(f"Left out, it is {dumps(each.default.value)}.")
    optional = "{}?: {} | undefined" if direction == "in" else "{}?: {}"
    written = compose(
        "{}: {}" if each.required else optional,
        property_key(each.name),
        type_expression(each.type, direction, indent),
    )
    comment = doc_comment(documented, indent)
    return compose("{}\n{}{};\n" if comment else "{}{}{};\n", comment, Escaped(indent), written)


def _index(node: Object, direction: Direction, indent: str) -> list[Escaped]:
    """What members there may be beside the declared ones. TypeScript holds those to this type too, so that it
    can be no narrower. An object without any members is not `{}`, which takes everything but null."""
    if node.others is None and node.properties:
        return []
    others = _UNKNOWN
    if node.others is None:
        others = Escaped("never")
    elif not node.properties:
        others = type_expression(node.others, direction, indent)
    return [compose("{}[name: string]: {};\n", Escaped(indent), others)]


def _either(types: list[Escaped]) -> Escaped:
    return _joined(" | ", types)


def _joined(separator: str, parts: list[Escaped]) -> Escaped:
    return compose(separator.join(["{}"] * len(parts)), *parts)
