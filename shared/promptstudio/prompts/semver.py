"""What publishing a text means to those who call the prompt: a semantic version, and the reasons for it.

Callers send variables and read the output. So variables may only come to take more, and the output may only
come to be less than it might have been, or to hold members that clients pass over. Anything else breaks
somebody, and so does what cannot be compared.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from promptstudio.errors import BOUNDS, PROTOCOL, fill
from promptstudio.prompts.contract import Contract, answered, members, opened, sent, taken
from promptstudio.prompts.subschema import ITEMS, OTHERS, Misfit, misfits
from promptstudio.prompts.validate import Schema, shown
from promptstudio.values import Json, same

Level = Literal["first", "major", "minor", "patch"]

FIRST: Final = "1.0.0"

_Path = tuple[str, ...]
_TYPE_NAMES: Final[Mapping[str, str]] = PROTOCOL["type_names"]
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")

_TAKES_LESS: Final = {
    "required": "{variable} has to be given now.",
    "refused": "{variable} is no longer taken.",
    "type": "{variable} no longer takes {detail}.",
    "value": "{variable} no longer takes {detail}.",
    "choice": "{variable} takes only certain values now.",
    "limit": "{variable} is held to {detail} now.",
    "unclear": "{variable} changed in a way that cannot be compared.",
}
_TAKES_MORE: Final = {
    "required": "{variable} may be left out now.",
    "refused": "{variable} is taken now.",
    "type": "{variable} takes {detail} too now.",
    "value": "{variable} takes {detail} too now.",
    "choice": "{variable} takes other values too now.",
    "limit": "{variable} is no longer held to {detail}.",
    "unclear": "{variable} changed, and takes all that it took.",
}
_HOLDS_MORE: Final = {
    "required": "The output may lack {property} now.",
    "refused": "The output may have {property} now.",
    "type": "The output's {property} may be {detail} now.",
    "value": "The output's {property} may be {detail} now.",
    "choice": "The output's {property} may have other values now.",
    "limit": "The output's {property} is no longer held to {detail}.",
    "unclear": "The output's {property} changed in a way that cannot be compared.",
}
_HAS_NEW: Final = {
    **dict.fromkeys(_HOLDS_MORE, "The output's {property} may have members that are new."),
    "refused": "The output may have {property} now, which is new.",
}
_HOLDS_LESS: Final = {
    **dict.fromkeys(_HOLDS_MORE, "The output's {property} is held more closely now."),
    "required": "The output always has {property} now.",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """The version a text would be published as. `reasons` are sentences, those of its level alone."""

    semver: str
    level: Level
    reasons: tuple[str, ...]

    @property
    def breaking(self) -> bool:
        return self.level == "major"


def propose(before: Contract | None, after: Contract, last: str | None) -> Proposal:
    """What follows the version `last`, whose contract was `before`; None, None where there is none yet."""
    if before is None or last is None:
        return Proposal(FIRST, "first", ("This is the first version.",))
    major, minor, patch = (int(part) for part in last.split("."))
    if breaks := _listed(_breaks(before, after)):
        return Proposal(f"{major + 1}.0.0", "major", breaks)
    if additions := _listed(_additions(before, after)):
        return Proposal(f"{major}.{minor + 1}.0", "minor", additions)
    reason = "What callers send and what they read is as it was."
    return Proposal(f"{major}.{minor}.{patch + 1}", "patch", (reason,))


def _listed(reasons: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reasons))[: BOUNDS["errors_listed"]]


def _breaks(before: Contract, after: Contract) -> Iterator[str]:
    yield from _sentences(_TAKES_LESS, misfits(sent(before), taken(after)))
    if before.output_format != after.output_format:
        yield f"The output is {after.output_format} now, no longer {before.output_format}."
    else:
        yield from _output_breaks(before.output_schema, after.output_schema)
    for alias in sorted(before.aliases - after.aliases):
        yield f"The prompt no longer answers to {alias}."


def _output_breaks(old: Schema, new: Schema) -> Iterator[str]:
    gone = list(_gone(old, new))
    yield from (_sentence("The output no longer has {property}.", path) for path in gone)
    found = misfits(answered(new), opened(answered(old)))
    yield from _sentences(_HOLDS_MORE, (misfit for misfit in found if not _lies_in(misfit.path, gone)))


def _additions(before: Contract, after: Contract) -> Iterator[str]:
    """What is new where nothing breaks."""
    more = misfits(sent(after), taken(before))
    yield from _sentences(_TAKES_MORE, more)
    told = {misfit.path for misfit in more}
    for path in _changed(_variable_defaults(before), _variable_defaults(after)):
        if path not in told:
            yield _sentence("{variable} is another value now where it is left out.", path)
    old, new = before.output_schema, after.output_schema
    yield from _sentences(_HAS_NEW, misfits(answered(new), answered(old)))
    yield from _sentences(_HOLDS_LESS, misfits(answered(old), answered(new)))
    for path in _changed(_defaults(old), _defaults(new)):
        yield _sentence("The output's {property} is another value now where a model leaves it out.", path)
    yield from (f"The prompt answers to {alias} too now." for alias in sorted(after.aliases - before.aliases))


def _variable_defaults(contract: Contract) -> dict[_Path, Json]:
    return _defaults(contract.schema) | {(name,): value for name, value in contract.default.items()}


def _defaults(schema: Schema, path: _Path = ()) -> dict[_Path, Json]:
    """The defaults that are filled in, by their place."""
    found: dict[_Path, Json] = {}
    for name, member in members(schema).items():
        if "default" in member:
            found[(*path, name)] = member["default"]
        found |= _defaults(member, (*path, name))
    if "items" in schema:
        found |= _defaults(cast("Schema", schema["items"]), (*path, ITEMS))
    return found


def _changed(before: Mapping[_Path, Json], after: Mapping[_Path, Json]) -> Iterator[_Path]:
    for path in sorted(before.keys() | after.keys()):
        if path not in before or path not in after or not same(before[path], after[path]):
            yield path


def _gone(old: Schema, new: Schema, path: _Path = ()) -> Iterator[_Path]:
    """The output's declared properties that can no longer be there."""
    closed = new.get("additionalProperties") is False
    for name, member in members(old).items():
        if name in members(new):
            yield from _gone(member, members(new)[name], (*path, name))
        elif closed:
            yield (*path, name)
    if "items" in old and "items" in new:
        yield from _gone(cast("Schema", old["items"]), cast("Schema", new["items"]), (*path, ITEMS))


def _lies_in(path: _Path, places: Iterable[_Path]) -> bool:
    return any(path[: len(place)] == place for place in places)


def _sentences(texts: Mapping[str, str], found: Iterable[Misfit]) -> Iterator[str]:
    """One sentence for each place and kind, with all that was found there."""
    details: dict[tuple[_Path, str], list[str]] = {}
    for misfit in found:
        detail = _TYPE_NAMES[misfit.detail] if misfit.kind == "type" else misfit.detail
        details.setdefault((misfit.path, misfit.kind), []).append(detail)
    for (path, kind), listed in details.items():
        yield _sentence(texts[kind], path, ", ".join(listed))


def _sentence(text: str, path: _Path, detail: str = "") -> str:
    written = _written(path)
    variable = {"": "The object of the variables", OTHERS: "Any variable that is not declared"}
    parameters: dict[str, str | int] = {
        "variable": variable.get(written, f"The variable {written}"),
        "property": {"": "value", OTHERS: "other members"}.get(written, written),
        "detail": detail,
    }
    return fill(text, parameters)


def _written(path: _Path) -> str:
    """A path as people write it: `items[].name`; a name that is not plain stands in quotes."""
    steps = (step if step in (ITEMS, OTHERS) or _PLAIN_NAME.fullmatch(step) else shown(step) for step in path)
    return ".".join(steps).replace(f".{ITEMS}", ITEMS)
