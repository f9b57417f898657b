"""YAML 1.2 (core schema) on PyYAML's parser, with the place of every value.

PyYAML resolves scalars by YAML 1.1, where `no` is a boolean and `12:30` a number; so only its events are
used, and scalars are resolved here. Offsets count characters from the beginning of the text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, cast

import yaml

from promptstudio.errors import BOUNDS
from promptstudio.values import InvalidJsonError, Json, normalize

_NODES_MAX: Final = 10_000
_CHARACTERS_A_NODE: Final = 100  # a text behind an alias counts as often, so that none multiplies the bundle
_TAG: Final = "tag:yaml.org,2002:"
_TAGGED_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    _TAG + "null": (type(None),),
    _TAG + "bool": (bool,),
    _TAG + "int": (int,),
    _TAG + "float": (int, float),
}
_TOO_DEEP: Final = f"nested deeper than {BOUNDS['json_depth']} levels"
_NULL: Final = re.compile(r"null|Null|NULL|~|")
_BOOL: Final = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

# What YAML 1.2 takes for ordinary characters and the parser does not (line breaks of YAML 1.1, and in flow
# collections a question mark inside a word) is hidden from it behind code points that Unicode keeps for such
# use and never for text.
_HIDDEN: Final = str.maketrans("\x85\u2028\u2029", "\ufdd0\ufdd1\ufdd2")
_INNER_QUESTION_MARK: Final = re.compile(r"(?<=[^\s,\[\]{}])\?")
_HIDDEN_QUESTION_MARK: Final = "\ufdd3"
_SHOWN: Final = str.maketrans("\ufdd0\ufdd1\ufdd2\ufdd3", "\x85\u2028\u2029?")


class YamlError(Exception):
    """Text that is not the YAML we take. `offset` is where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it is written: from `start` to `end`, its anchor and tag included.

    `keys` holds where each member's key begins and ends, `children` what a mapping or sequence holds.
    `flow` is false for block collections and block scalars. `size` is what an alias of it counts for: the
    values from this one down, those behind aliases too, long texts as several.
    """

    kind: Literal["scalar", "sequence", "mapping", "alias"]
    value: Json
    start: int
    end: int
    flow: bool = True
    keys: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    children: "Mapping[str | int, Node]" = field(default_factory=dict)
    size: int = 1


def compose(text: str) -> Node | None:
    """The one document in a text, or None where there is nothing but comments; raises YamlError."""
    hidden = _INNER_QUESTION_MARK.sub(_HIDDEN_QUESTION_MARK, text.translate(_HIDDEN))
    try:
        node = _Composer(yaml.parse(hidden, Loader=yaml.SafeLoader), text).document()
        if node is not None:
            normalize(node.value)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(
            error.problem or error.context or "cannot be read", mark.index if mark else 0
        ) from error
    except yaml.reader.ReaderError as error:
        raise YamlError("a control character cannot stand here", int(error.position)) from error
    except InvalidJsonError:
        raise YamlError(_TOO_DEEP, 0) from None
    return node


class _Composer:
    """Builds nodes from parse events. Anchors hold for the document; `_nodes` bounds what aliases add."""

    def __init__(self, events: Iterator[yaml.Event], text: str) -> None:
        self._events = events
        self._text = text
        self._anchors: dict[str, Node] = {}
        self._nodes = 0

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise YamlError("a second document begins here", _start(event))
                root = self._node(next(self._events), 1)
        empty = root is not None and root.kind == "scalar" and root.start == root.end
        return None if empty else root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if depth > BOUNDS["json_depth"]:
            raise YamlError(_TOO_DEEP, _start(event))
        if isinstance(event, yaml.AliasEvent):
            return self._counted(self._alias(event), None)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._counted(self._sequence(event, depth), event.anchor)
        if isinstance(event, yaml.MappingStartEvent):
            return self._counted(self._mapping(event, depth), event.anchor)
        return self._counted(
            self._scalar(cast("yaml.ScalarEvent", event)), cast("yaml.ScalarEvent", event).anchor
        )

    def _counted(self, node: Node, anchor: str | None) -> Node:
        self._nodes += node.size if node.kind == "alias" else 1
        if self._nodes > _NODES_MAX:
            raise YamlError(f"more than {_NODES_MAX} values, or aliases of too much text", node.start)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _alias(self, event: yaml.AliasEvent) -> Node:
        target = self._anchors.get(event.anchor or "")
        if target is None:
            raise YamlError(f"there is no anchor &{event.anchor} before this", _start(event))
        return Node("alias", target.value, _start(event), _end(event), size=target.size)

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        start, end = _start(event), _end(event)
        text = _text(event)
        if event.tag is None:
            value = _resolve(text, start) if event.implicit[0] else text
        else:
            value = _tagged(event.tag, text, start)
        block = event.style in ("|", ">")
        if block:
            end = start + len(_without_blank_end(self._text[start:end]))
        return Node("scalar", value, start, end, flow=not block, size=_text_size(text))

    def _sequence(self, event: yaml.SequenceStartEvent, depth: int) -> Node:
        _check_tag(event.tag, "seq", _start(event))
        items: list[Node] = []
        inner = next(self._events)
        while not isinstance(inner, yaml.SequenceEndEvent):
            items.append(self._node(inner, depth + 1))
            inner = next(self._events)
        return Node(
            kind="sequence",
            value=[item.value for item in items],
            start=_start(event),
            end=_collection_end(event, inner, items),
            flow=bool(event.flow_style),
            children=dict(enumerate(items)),
            size=1 + sum(item.size for item in items),
        )

    def _mapping(self, event: yaml.MappingStartEvent, depth: int) -> Node:
        _check_tag(event.tag, "map", _start(event))
        keys: dict[str, tuple[int, int]] = {}
        members: dict[str | int, Node] = {}
        inner = next(self._events)
        while not isinstance(inner, yaml.MappingEndEvent):
            key = _key(inner)
            if key in keys:
                raise YamlError(f"the key {key} stands here twice", _start(inner))
            keys[key] = _start(inner), _end(inner)
            members[key] = self._node(next(self._events), depth + 1)
            inner = next(self._events)
        return Node(
            kind="mapping",
            value={key: members[key].value for key in keys},
            start=_start(event),
            end=_collection_end(event, inner, list(members.values())),
            flow=bool(event.flow_style),
            keys=keys,
            children=members,
            size=_text_size(*keys) + sum(member.size for member in members.values()),
        )


def _text_size(*texts: str) -> int:
    """What a node that holds texts counts for."""
    return 1 + sum(len(text) // _CHARACTERS_A_NODE for text in texts)


def _start(event: yaml.Event) -> int:
    return cast("yaml.Mark", event.start_mark).index


def _end(event: yaml.Event) -> int:
    return cast("yaml.Mark", event.end_mark).index


def _without_blank_end(block: str) -> str:
    """A block scalar's mark lies behind the blank lines that follow it; `|+` makes them its own."""
    keeps = "+" in block[: block.find("\n")].partition("#")[0]
    return block.removesuffix("\n").removesuffix("\r") if keeps else block.rstrip()


def _collection_end(
    first: yaml.SequenceStartEvent | yaml.MappingStartEvent, last: yaml.Event, children: Sequence[Node]
) -> int:
    """A block collection's mark lies behind the comments that follow it."""
    return _end(last) if first.flow_style or not children else children[-1].end


def _key(event: yaml.Event) -> str:
    if not isinstance(event, yaml.ScalarEvent):
        raise YamlError("a key has to be text", _start(event))
    return _text(event)


def _text(event: yaml.ScalarEvent) -> str:
    """A scalar's text. Two escapes that name a surrogate pair are one character, as in JSON."""
    text = event.value.translate(_SHOWN)
    try:
        return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise YamlError("half of a surrogate pair is no character", _start(event)) from None


def _check_tag(tag: str | None, expected: str, offset: int) -> None:
    if tag not in (None, "!", _TAG + expected):
        raise YamlError(f"the tag {tag} is not known", offset)


def _tagged(tag: str, text: str, offset: int) -> Json:
    if tag in ("!", _TAG + "str"):
        return text
    value = _resolve(text, offset)
    kinds = _TAGGED_KINDS.get(tag)
    if kinds is None:
        raise YamlError(f"the tag {tag} is not known", offset)
    if type(value) not in kinds:
        raise YamlError("a value is not of the type that its tag names", offset)
    return value


def _resolve(text: str, offset: int) -> Json:
    """A plain scalar's value by the core schema."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text[0] in "tT"
    if _INT.fullmatch(text) or _FLOAT.fullmatch(text):
        return _number(text, offset)
    if _NOT_FINITE.fullmatch(text):
        raise YamlError("a number has to be finite", offset)
    return text


def is_plain_text(text: str) -> bool:
    """Whether text without quotes is read as text, not as null, a boolean or a number."""
    return not any(pattern.fullmatch(text) for pattern in (_NULL, _BOOL, _INT, _FLOAT, _NOT_FINITE))


def _number(text: str, offset: int) -> Json:
    base = {"0o": 8, "0x": 16}.get(text[:2])
    try:
        if base:
            return normalize(int(text[2:], base))
        return normalize(int(text) if len(text) < 20 and _INT.fullmatch(text) else float(text))
    except InvalidJsonError:
        raise YamlError("a number is beyond the range of a double", offset) from None
