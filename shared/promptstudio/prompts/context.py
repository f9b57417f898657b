"""What a template sees while it is rendered: values as ECMAScript has them, contexts, and the bounds."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from promptstudio.errors import BOUNDS, AppError
from promptstudio.messages import Media, Section
from promptstudio.values import Json, dumps, in_key_order, to_text

_GAP_MAX: Final = 10  # ECMA-262, JSON.stringify: the indentation's length


class Undefined:
    """ECMAScript's undefined: what a missing variable gives. It is not null."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined()
Value: TypeAlias = "Json | Undefined"

NO_VALUES: Final[Mapping[str, Json]] = {}
NO_CONTEXT: Final[dict[str, Json]] = {}
"""What `this` becomes in the body of a block where it was null or undefined."""


class Mark:
    """A place between messages: a role begins, or, without a name, the history goes here."""

    __slots__ = ("role",)

    def __init__(self, role: str | None) -> None:
        self.role = role


Piece: TypeAlias = str | Media | Section | Mark


class Run:
    """One rendering: what it has printed, and what is left of the bounds."""

    left = BOUNDS["render_characters"]
    loops = BOUNDS["render_loops"]
    depth = BOUNDS["render_depth"]

    def __init__(self) -> None:
        self.pieces: list[Piece] = []

    def write(self, text: str) -> None:
        self.left -= len(text) if text.isascii() else utf16_length(text)
        if self.left < 0:
            raise _too_large()
        self.pieces.append(text)

    def charge(self, characters: int) -> None:
        """Count characters, in UTF-16 code units, before they are printed."""
        self.left -= characters
        if self.left < 0:
            raise _too_large()

    def loop(self) -> None:
        """Count one iteration, or one partial: either can multiply what a template does."""
        self.loops -= 1
        if self.loops < 0:
            raise AppError("render_loops", limit=BOUNDS["render_loops"])

    def enter(self, levels: int) -> None:
        self.depth -= levels
        if self.depth < 0:
            raise AppError("render_depth", limit=BOUNDS["render_depth"])

    def leave(self, levels: int) -> None:
        self.depth += levels


def _too_large() -> AppError:
    return AppError("render_size", limit=BOUNDS["render_characters"])


class State:
    """What a node sees.

    `depths` are the contexts that `..` reaches, the first being `context`, but where that is NO_CONTEXT.
    `data` are the variables written with `@`: of the innermost `each` first, of those around it after.
    """

    __slots__ = ("context", "data", "depths", "parameters", "run")

    def __init__(
        self,
        run: Run,
        context: Value,
        depths: tuple[Value, ...],
        data: "tuple[Mapping[str, Value], ...]",
        parameters: Mapping[str, Value] = NO_VALUES,
    ) -> None:
        self.run = run
        self.context = context
        self.depths = depths
        self.data = data
        self.parameters = parameters

    def inside(self) -> "State":
        """The state in the body of a block that leaves `this` as it is."""
        if self.context is not None and self.context is not UNDEFINED:
            return self
        return State(self.run, NO_CONTEXT, deepened(NO_CONTEXT, self.depths), self.data, self.parameters)


def deepened(context: Value, depths: tuple[Value, ...]) -> tuple[Value, ...]:
    """The contexts that `..` reaches within a block: a context that is the one around it adds no level."""
    around = depths[0]
    if identical(context, around) or (context is NO_CONTEXT and around is None):
        return depths
    return (context, *depths)


def identical(left: Value, right: Value) -> bool:
    """ECMAScript's `===`."""
    if left is right:
        return True
    if isinstance(left, str):
        return isinstance(right, str) and left == right
    return _is_number(left) and _is_number(right) and left == right


def truthy(value: Value) -> bool:
    """Whether ECMAScript takes a value for true."""
    return bool(value) or isinstance(value, (list, dict))


def filled(value: Value, *, zero: bool) -> bool:
    """Whether a block takes a value for something: an empty array is nothing, an empty object is."""
    return bool(value) or isinstance(value, dict) or (zero and _is_number(value))


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def member(value: Value, name: str) -> Value:
    """The own property of a value; null has null for all of them."""
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if isinstance(value, (list, str)):
        return _element(value, name)
    return None if value is None else UNDEFINED


def _element(value: list[Json] | str, name: str) -> Value:
    if name == "length":
        return len(value) if isinstance(value, list) else utf16_length(value)
    if not name.isascii() or not name.isdecimal() or (name[0] == "0" and name != "0"):
        return UNDEFINED
    index = int(name[:16])
    if isinstance(value, list):
        return value[index] if index < len(value) else UNDEFINED
    return _unit(value.encode("utf-16-le"), index) or UNDEFINED


def utf16_length(text: str) -> int:
    """A string's length, as ECMAScript has it."""
    return len(text.encode("utf-16-le")) // 2


def _unit(text: bytes, index: int) -> str:
    """A UTF-16 code unit; half of a surrogate pair, which is no character, becomes U+FFFD."""
    return text[2 * index : 2 * index + 2].decode("utf-16-le", "replace")


def merged(value: Value, added: Mapping[str, Value]) -> dict[str, Json]:
    """A partial's context: the own properties of a value, with those added laid over them.

    What is undefined is left out: it prints and tests as if it were there.
    """
    members: dict[str, Value] = {**_own(value), **added}
    return in_key_order({name: item for name, item in members.items() if not isinstance(item, Undefined)})


def _own(value: Value) -> Mapping[str, Json]:
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    text = value.encode("utf-16-le") if isinstance(value, str) else b""
    return {str(index): _unit(text, index) for index in range(len(text) // 2)}


def text_of(value: Value) -> str:
    """How a template prints a value."""
    if isinstance(value, str):
        return value
    if isinstance(value, Undefined):
        return ""
    return to_text(value)


def key_of(value: Value) -> str:
    """A value as the name of a property."""
    if isinstance(value, Undefined):
        return "undefined"
    return "null" if value is None else to_text(value)


def json_of(value: Value, indent: Value) -> str:
    """What the helper `json` prints: JSON.stringify, but nothing of what is missing."""
    return "" if isinstance(value, Undefined) else dumps(value, _gap(indent))


def _gap(indent: Value) -> str:
    if isinstance(indent, str):
        return indent.encode("utf-16-le")[: 2 * _GAP_MAX].decode("utf-16-le", "replace")
    if isinstance(indent, (int, float)) and not isinstance(indent, bool):
        return " " * int(min(indent, _GAP_MAX))
    return ""
