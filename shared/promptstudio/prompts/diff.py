"""The difference between two texts of a prompt: its template, variables, output, settings and partials."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, cast

from promptstudio.prompts.config import setting_name
from promptstudio.prompts.diagnostics import CompileError
from promptstudio.prompts.file import PromptFile, parse_file
from promptstudio.prompts.lines import Hunk, hunks
from promptstudio.prompts.picoschema import PicoschemaError, to_json_schema
from promptstudio.values import Json, same

Side = Literal["before", "after"]
ChangeKind = Literal["added", "removed", "changed"]

_SECTIONS: Final = frozenset({"config", "input", "output"})  # front matter that is not compared key by key


@dataclass(frozen=True, slots=True)
class Text:
    """A .prompt file and the partials it brings in, their texts by name."""

    text: str
    partials: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A named value that differs; `before` of an added one and `after` of a removed one say nothing."""

    name: str
    change: ChangeKind
    before: Json = None
    after: Json = None


@dataclass(frozen=True, slots=True)
class PartialChange:
    """A partial that differs, and the lines of it that do."""

    name: str
    change: ChangeKind
    text: tuple[Hunk, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs, each list empty where nothing does.

    `text` holds the changes of the template, `front_matter` those of what stands above it; their lines are
    counted from the file's beginning. A variable is `{"schema", "required"}` with its `default` where
    `input.default` has one; `required` is false where there is a default. `output` may hold `format` and
    `schema`; `settings` are `model`, `config.…` and the other keys of the front matter. Front matter that
    cannot be read is on an `unreadable` side; then the files are compared as text alone, all of it `text`.
    """

    text: tuple[Hunk, ...]
    front_matter: tuple[Hunk, ...]
    variables: tuple[ValueChange, ...]
    output: tuple[ValueChange, ...]
    settings: tuple[ValueChange, ...]
    partials: tuple[PartialChange, ...]
    unreadable: tuple[Side, ...] = ()


@dataclass(frozen=True, slots=True)
class _Parts:
    """A file taken apart, as it is compared."""

    head: str
    line: int
    body: str
    variables: Mapping[str, Json]
    output: Mapping[str, Json]
    settings: Mapping[str, Json]


def diff(before: Text, after: Text) -> Difference:
    """What changed from one text to the other; neither has to compile."""
    sides: dict[Side, _Parts | None] = {"before": _parts(before.text), "after": _parts(after.text)}
    old, new = sides["before"], sides["after"]
    partials = tuple(_partial_changes(before.partials, after.partials))
    if old is None or new is None:
        unreadable = tuple(side for side, parts in sides.items() if parts is None)
        return Difference(_hunks(before.text, after.text), (), (), (), (), partials, unreadable)
    return Difference(
        text=_hunks(old.body, new.body, (old.line, new.line)),
        front_matter=_hunks(old.head, new.head),
        variables=tuple(_value_changes(old.variables, new.variables)),
        output=tuple(_value_changes(old.output, new.output)),
        settings=tuple(_value_changes(old.settings, new.settings)),
        partials=partials,
    )


def _hunks(before: str, after: str, starts: tuple[int, int] = (1, 1)) -> tuple[Hunk, ...]:
    return hunks(before.split("\n"), after.split("\n"), starts)


def _partial_changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[PartialChange]:
    for change in _value_changes(before, after):
        yield PartialChange(
            change.name, change.change, _hunks(before.get(change.name, ""), after.get(change.name, ""))
        )


def _value_changes(before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[ValueChange]:
    """By the order of `after`, what was removed last."""
    for name in dict.fromkeys((*after, *before)):
        if name not in before:
            yield ValueChange(name, "added", after=after[name])
        elif name not in after:
            yield ValueChange(name, "removed", before=before[name])
        elif not same(before[name], after[name]):
            yield ValueChange(name, "changed", before[name], after[name])


def _parts(text: str) -> _Parts | None:
    """None where the front matter cannot be read, or a schema in it."""
    try:
        file = parse_file(text, "")
        head = text[: file.body_offset]
        return _Parts(head, file.body_place[0], file.body, _variables(file), _output(file), _settings(file))
    except (CompileError, PicoschemaError):
        return None


def _variables(file: PromptFile) -> dict[str, Json]:
    inputs = _object(file.metadata.get("input"))
    schema, default = _schema(inputs), _object(inputs.get("default"))
    listed = schema.get("required")
    named = listed if isinstance(listed, list) else []
    properties = _object(schema.get("properties"))
    variables: dict[str, Json] = {}
    for name in dict.fromkeys((*properties, *default)):
        member = _object(properties.get(name))
        laid_under: dict[str, Json] = {"default": default[name]} if name in default else {}
        required = name in named and name not in default and "default" not in member
        variables[name] = {"schema": dict(member), "required": required, **laid_under}
    return variables


def _output(file: PromptFile) -> dict[str, Json]:
    output = _object(file.metadata.get("output"))
    schema = _schema(output)
    written: dict[str, Json] = {"format": output.get("format", "json" if schema else "text")}
    return {**written, "schema": schema} if schema else written


def _schema(section: Mapping[str, Json]) -> dict[str, Json]:
    schema = section.get("schema")
    return {} if schema is None else to_json_schema(schema, {})


def _settings(file: PromptFile) -> dict[str, Json]:
    settings = {key: value for key, value in file.metadata.items() if key not in _SECTIONS}
    config = _object(file.metadata.get("config"))
    return settings | {f"config.{setting_name(name)}": value for name, value in config.items()}


def _object(value: Json) -> Mapping[str, Json]:
    """The value if it is an object, else an empty one: what does not compile is compared all the same."""
    return value if isinstance(value, Mapping) else cast("Mapping[str, Json]", {})
