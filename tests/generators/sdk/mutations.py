"""Changes of a prompt, each of which breaks code that was written for the old shape, or does not.

The type checkers of every language are held to this table, and so is what publishing says of a change.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from promptstudio.prompts.contract import Contract
from promptstudio.values import Json

PROMPT: Final = "article"

_CLOSED: Final[Mapping[str, Json]] = {"type": "object", "additionalProperties": False}

_VARIABLES: Final[Mapping[str, Json]] = {
    **_CLOSED,
    "properties": {
        "text": {"type": "string", "description": "what to read"},
        "style": {"enum": ["plain", "bullet"]},
        "count": {"type": "integer"},
        "draft": {"type": "boolean"},
        "note": {"type": ["string", "null"]},
        "reference": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "author": {
            **_CLOSED,
            "properties": {"name": {"type": "string"}, "mail": {"type": "string"}},
            "required": ["name"],
        },
        "scores": {"type": "object", "additionalProperties": {"type": "number"}},
        "extra": {"type": "object"},
    },
    "required": ["text"],
}
_SOURCE_OBJECT: Final[dict[str, Json]] = {
    **_CLOSED,
    "properties": {"url": {"type": "string"}, "year": {"type": "integer"}},
    "required": ["url"],
}
_OUTPUT: Final[Mapping[str, Json]] = {
    **_CLOSED,
    "properties": {
        "title": {"type": "string"},
        "kind": {"enum": ["news", "opinion"]},
        "score": {"type": "number"},
        "subtitle": {"type": ["string", "null"]},
        "points": {"type": "array", "items": {"type": "string"}},
        "source": _SOURCE_OBJECT,
        "link": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    },
    "required": ["title", "kind", "subtitle", "points", "source", "link"],
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A prompt as its callers see it. `output` is empty for text."""

    variables: Mapping[str, Json]
    output: Mapping[str, Json]
    defaults: Mapping[str, Json]
    name: str = PROMPT

    @property
    def contract(self) -> Contract:
        output_format = "json" if self.output else "text"
        return Contract(self.variables, self.defaults, output_format, self.output)

    @property
    def bundle(self) -> dict[str, Json]:
        output: Json = {"format": "text"}
        if self.output:
            output = {"format": "json", "schema": dict(self.output)}
        version: Json = {
            "input": {"schema": dict(self.variables), "default": dict(self.defaults)},
            "output": output,
        }
        prompt: Json = {"labels": {}, "latest": 1, "versions": {"1": version}}
        return {"hash": "sha256:" + "0" * 64, "prompts": {self.name: prompt}}


BASE: Final = Shape(_VARIABLES, _OUTPUT, {})

Path = tuple[str, ...]
GONE: Final = None


@dataclass(frozen=True, slots=True)
class Mutation:
    """What becomes of BASE. `changes` set what stands at a path in "variables", "output" or "defaults", or
    take it away (GONE)."""

    name: str
    breaks: bool
    changes: Mapping[Path, Json]

    @property
    def shape(self) -> Shape:
        tree = copy.deepcopy({"variables": dict(_VARIABLES), "output": dict(_OUTPUT), "defaults": {}})
        for path, value in self.changes.items():
            _set(cast("dict[str, Json]", tree), path, value)
        return Shape(tree["variables"], tree["output"], tree["defaults"])


def _set(tree: dict[str, Json], path: Path, value: Json) -> None:
    *parents, last = path
    for name in parents:
        tree = cast("dict[str, Json]", tree[name])
    if value is GONE:
        del tree[last]
    else:
        tree[last] = value


def _in(*path: str) -> Path:
    """The place of a variable's schema, or of something in it."""
    return ("variables", "properties", *path)


def _out(*path: str) -> Path:
    return ("output", "properties", *path)


_STRING: Final[Mapping[str, Json]] = {"type": "string"}
_INTEGER: Final[Mapping[str, Json]] = {"type": "integer"}
_AUTHOR: Final = _in("author", "properties")
_SOURCE: Final = _out("source", "properties")
_NEEDED: Final = ("output", "required")
_ALL_NEEDED: Final[list[Json]] = list(cast("list[Json]", _OUTPUT["required"]))

_BREAKING: Final[Mapping[str, Mapping[Path, Json]]] = {
    "a variable that is needed is new": {
        _in("topic"): dict(_STRING),
        ("variables", "required"): ["text", "topic"],
    },
    "a variable that was needed is gone": {_in("text"): GONE, ("variables", "required"): []},
    "a variable that could be left out is gone": {_in("count"): GONE},
    "a variable has another name": {
        _in("text"): GONE,
        _in("body"): dict(_STRING),
        ("variables", "required"): ["body"],
    },
    "a variable cannot be left out any more": {("variables", "required"): ["text", "count"]},
    "a variable becomes a number": {_in("text"): dict(_INTEGER)},
    "a variable becomes a list": {_in("text"): {"type": "array", "items": dict(_STRING)}},
    "a number becomes text": {_in("count"): dict(_STRING)},
    "a truth value becomes text": {_in("draft"): dict(_STRING)},
    "a list becomes text": {_in("tags"): dict(_STRING)},
    "a list's items become numbers": {_in("tags", "items"): dict(_INTEGER)},
    "an object becomes text": {_in("author"): dict(_STRING)},
    "a choice is taken away": {_in("style", "enum"): ["plain"]},
    "a choice is called otherwise": {_in("style", "enum"): ["plain", "bullets"]},
    "text is held to choices": {_in("text"): {"enum": ["a", "b"]}},
    "null is no longer taken": {_in("note"): dict(_STRING)},
    "an alternative is taken away": {_in("reference"): dict(_STRING)},
    "a member that is needed is new": {
        (*_AUTHOR, "team"): dict(_STRING),
        _in("author", "required"): ["name", "team"],
    },
    "a member is gone": {(*_AUTHOR, "mail"): GONE},
    "a member cannot be left out any more": {_in("author", "required"): ["name", "mail"]},
    "a member becomes a number": {(*_AUTHOR, "name"): dict(_INTEGER)},
    "an open object is closed": {_in("extra"): dict(_CLOSED)},
    "an object's values become text": {_in("scores", "additionalProperties"): dict(_STRING)},
    "the output becomes text": {("output",): {}},
    "the output loses a property": {
        _out("title"): GONE,
        _NEEDED: [name for name in _ALL_NEEDED if name != "title"],
    },
    "the output's property has another name": {
        _out("title"): GONE,
        _out("headline"): dict(_STRING),
        _NEEDED: ["headline", *(name for name in _ALL_NEEDED if name != "title")],
    },
    "the output loses a property that it could lack": {_out("score"): GONE},
    "the output may lack a property": {_NEEDED: [name for name in _ALL_NEEDED if name != "title"]},
    "the output's text becomes a number": {_out("title"): dict(_INTEGER)},
    "the output's number becomes text": {_out("score"): dict(_STRING)},
    "the output's text may be null": {_out("title", "type"): ["string", "null"]},
    "the output's text may be a number": {_out("title", "type"): ["string", "integer"]},
    "the output's list becomes text": {_out("points"): dict(_STRING)},
    "the output's list holds numbers": {_out("points", "items"): dict(_INTEGER)},
    "the output's list may hold null": {_out("points", "items", "type"): ["string", "null"]},
    "the output has a choice more": {_out("kind", "enum"): ["news", "opinion", "letter"]},
    "the output's choice becomes free": {_out("kind"): dict(_STRING)},
    "the output has an alternative more": {
        _out("link", "anyOf"): [dict(_STRING), dict(_INTEGER), {"type": "null"}]
    },
    "the output's object may be null": {
        _out("source"): {
            "anyOf": [cast("dict[str, dict[str, Json]]", _OUTPUT["properties"])["source"], {"type": "null"}]
        }
    },
    "the output's object loses a member": {(*_SOURCE, "url"): GONE, _out("source", "required"): []},
    "the output's object may lack a member": {_out("source", "required"): []},
    "the output's object has another type of member": {(*_SOURCE, "year"): dict(_STRING)},
}

_COMPATIBLE: Final[Mapping[str, Mapping[Path, Json]]] = {
    "nothing changes": {},
    "a variable is new that can be left out": {_in("topic"): dict(_STRING)},
    "a variable is new that has a default": {
        _in("topic"): dict(_STRING),
        ("variables", "required"): ["text", "topic"],
        ("defaults", "topic"): "sports",
    },
    "a variable is new that has a default in its schema": {_in("topic"): {**_STRING, "default": "sports"}},
    "a variable may be left out now": {("variables", "required"): []},
    "a variable that is needed has a default now": {("defaults", "text"): "…"},
    "a choice is new": {_in("style", "enum"): ["plain", "bullet", "headline"]},
    "choices become free text": {_in("style"): dict(_STRING)},
    "null is taken too": {_in("text", "type"): ["string", "null"]},
    "a number is taken in the place of text": {_in("text", "type"): ["string", "integer"]},
    "fractions are taken too": {_in("count"): {"type": "number"}},
    "anything is taken": {_in("count"): {}},
    "an alternative is new": {
        _in("reference", "anyOf"): [dict(_STRING), dict(_INTEGER), {"type": "boolean"}]
    },
    "a list's items may be numbers too": {_in("tags", "items", "type"): ["string", "integer"]},
    "a member is new that can be left out": {(*_AUTHOR, "team"): dict(_STRING)},
    "a member may be left out now": {_in("author", "required"): []},
    "an object takes further members": {_in("author", "additionalProperties"): True},
    "an object's values may be text too": {
        _in("scores", "additionalProperties", "type"): ["number", "string"]
    },
    "a description changes": {_in("text", "description"): "what to read, and */ more"},
    "a default is new": {("defaults", "count"): 3},
    "the output has a property more": {
        _out("summary"): dict(_STRING),
        _NEEDED: [*_ALL_NEEDED, "summary"],
    },
    "the output has a property more that it may lack": {_out("summary"): dict(_STRING)},
    "the output takes further members": {("output", "additionalProperties"): True},
    "the output always has a property": {_NEEDED: [*_ALL_NEEDED, "score"]},
    "the output's number is whole": {_out("score"): dict(_INTEGER)},
    "the output's text is never null": {_out("subtitle"): dict(_STRING)},
    "the output's text is held to choices": {_out("title"): {"enum": ["a", "b"]}},
    "the output has a choice less": {_out("kind", "enum"): ["news"]},
    "the output has an alternative less": {_out("link"): dict(_STRING)},
    "the output's object has a member more": {(*_SOURCE, "author"): dict(_STRING)},
    "the output's object always has a member": {_out("source", "required"): ["url", "year"]},
    "the output has a default where the model leaves it out": {_out("score", "default"): 1},
}

MUTATIONS: Final = (
    *(Mutation(name, True, changes) for name, changes in _BREAKING.items()),
    *(Mutation(name, False, changes) for name, changes in _COMPATIBLE.items()),
)
