"""What a prompt's callers rely on: its variables, its output and its other names.

Defaults change what a schema means: a variable that has one may be left out, and a property of the output
that has one is always there. Here they are turned into what `required` says, so that schemas can be compared.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from promptstudio.prompts.file import parse_file
from promptstudio.prompts.front_matter import ALIASES, names, section
from promptstudio.prompts.picoschema import to_json_schema
from promptstudio.prompts.subschema import UNDECIDED
from promptstudio.prompts.validate import Schema, compile_schema
from promptstudio.values import Json

_NOT_COMPARED: Final = frozenset({"default", "description"})
_WHOLE_VALUE: Final = frozenset({"enum", "const", "anyOf"})


@dataclass(frozen=True, slots=True)
class Contract:
    """`schema` is that of the variables, `default` the values laid under them; `output_schema` is empty
    where any answer of the `output_format` will do."""

    schema: Schema = field(default_factory=dict)
    default: Mapping[str, Json] = field(default_factory=dict)
    output_format: str = "text"
    output_schema: Schema = field(default_factory=dict)
    aliases: frozenset[str] = frozenset()


def read_contract(text: str) -> Contract:
    """The contract of a .prompt file that compiles."""
    file = parse_file(text, "")
    inputs, output = section(file, "input"), section(file, "output")
    output_schema = _schema(output)
    return Contract(
        schema=_schema(inputs),
        default=cast("Mapping[str, Json]", inputs.get("default", {})),
        output_format="json" if output_schema else cast("str", output.get("format", "text")),
        output_schema=output_schema,
        aliases=frozenset(names(file, ALIASES)),
    )


def _schema(written: Mapping[str, Json]) -> Schema:
    schema = written.get("schema")
    return {} if schema is None else to_json_schema(schema, {})


def sent(contract: Contract) -> dict[str, Json]:
    """A schema that all variables fit which the prompt takes from its callers, and maybe some others."""
    return _of_object(_before_defaults(contract.schema, contract.default, certain=False))


def taken(contract: Contract) -> dict[str, Json]:
    """A schema that only variables fit which the prompt takes, though maybe not all of them."""
    return _of_object(_before_defaults(contract.schema, contract.default, certain=True))


def _of_object(schema: dict[str, Json]) -> dict[str, Json]:
    """Variables are always an object, whether their schema says so or not."""
    return schema if "type" in schema else {**schema, "type": "object"}


def _before_defaults(schema: Schema, given: Collection[str], *, certain: bool) -> dict[str, Json]:
    """What may come before defaults are filled in: `given` names members that get one from elsewhere.

    Keywords that look at the whole value see it only afterwards. They are left out, or, where the answer has
    to be certain, make the schema one that cannot be compared.
    """
    if not given and not _fills_in(schema):
        return without_defaults(schema)
    if certain and _WHOLE_VALUE & schema.keys():
        return dict(UNDECIDED)
    properties = members(schema)
    filled = {name for name, member in properties.items() if "default" in member} - set(given)
    unfit = {name for name in filled if certain and not _fits(properties[name])}
    optional = {*given, *filled}
    result = {
        keyword: value for keyword, value in without_defaults(schema).items() if keyword not in _WHOLE_VALUE
    }
    result["required"] = [*(name for name in required(schema) if name not in optional), *sorted(unfit)]
    result["properties"] = {
        name: _before_defaults(member, (), certain=certain) for name, member in properties.items()
    }
    if "items" in schema:
        result["items"] = _before_defaults(cast("Schema", schema["items"]), (), certain=certain)
    return result


def _fills_in(schema: Schema) -> bool:
    """Whether `validate` fills in a default somewhere below: it follows properties and items."""
    inner = [*members(schema).values(), *([schema["items"]] if "items" in schema else [])]
    return any("default" in member for member in members(schema).values()) or any(
        _fills_in(cast("Schema", each)) for each in inner
    )


def _fits(member: Schema) -> bool:
    """Whether a member may be left out: its default is filled in as it is, without what is missing there."""
    return not compile_schema({"properties": {"": cast("Json", member)}})({}, "")[1]


def answered(schema: Schema) -> dict[str, Json]:
    """The output schema as clients see it hold, after defaults were filled in."""
    result = without_defaults(schema)
    if "properties" in schema:
        result["properties"] = {name: _answered_member(each) for name, each in members(schema).items()}
    filled = [name for name, member in members(schema).items() if "default" in member]
    if filled:
        result["required"] = [*required(schema), *(name for name in filled if name not in required(schema))]
    if "items" in schema:
        result["items"] = answered(cast("Schema", schema["items"]))
    return result


def _answered_member(member: Schema) -> dict[str, Json]:
    """A default is filled in as it is, without what is missing in it."""
    whole = answered(member)
    if "default" in member and compile_schema(whole)(member["default"], "")[1]:
        return without_defaults(member)
    return whole


def opened(schema: Schema) -> dict[str, Json]:
    """A schema as clients are to read it: they pass over members that they do not know."""
    return _everywhere(schema, lambda keyword, value: keyword == "additionalProperties" and value is False)


def without_defaults(schema: Schema) -> dict[str, Json]:
    """A schema without what says nothing of which values fit."""
    return _everywhere(schema, lambda keyword, value: keyword in _NOT_COMPARED)


def _everywhere(schema: Schema, dropped: Callable[[str, Json], bool]) -> dict[str, Json]:
    """A schema without some of its keywords, and all schemas in it."""
    result: dict[str, Json] = {}
    for keyword, value in schema.items():
        if dropped(keyword, value):
            continue
        if keyword == "properties":
            result[keyword] = {name: _everywhere(member, dropped) for name, member in members(schema).items()}
        elif keyword == "anyOf":
            result[keyword] = [_everywhere(branch, dropped) for branch in cast("list[Schema]", value)]
        elif keyword in ("items", "additionalProperties") and isinstance(value, Mapping):
            result[keyword] = _everywhere(value, dropped)
        else:
            result[keyword] = value
    return result


def members(schema: Schema) -> Mapping[str, Schema]:
    """The schemas of an object's members."""
    return cast("Mapping[str, Schema]", schema.get("properties", {}))


def required(schema: Schema) -> list[str]:
    """The names of the members that an object has to have."""
    return cast("list[str]", schema.get("required", []))
