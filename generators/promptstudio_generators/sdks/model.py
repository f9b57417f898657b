"""What an SDK is made of, before any language has a say: prompts, and the types of what goes in and out.

Types are as wide as the schemas they stand for, or wider: a value that the endpoint takes or gives always
fits. Bounds (`minimum`, `maxLength` …) are the endpoint's to check.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from promptstudio.values import Json

ScalarKind = Literal["string", "integer", "number", "boolean"]
LiteralValue: TypeAlias = "str | int | float | bool"
TypeNode: TypeAlias = "Scalar | Null | Anything | Enum | Array | Object | Union"


@dataclass(frozen=True, slots=True)
class Scalar:
    """Any text, number, integer or truth value."""

    kind: ScalarKind


@dataclass(frozen=True, slots=True)
class Null:
    """JSON's null."""


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value."""


@dataclass(frozen=True, slots=True)
class Enum:
    """One of these values, each once; a constant is an enum of one. Null is not among them (see Union)."""

    values: tuple[LiteralValue, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """Values of one type in a row."""

    items: TypeNode


@dataclass(frozen=True, slots=True)
class Default:
    """A value that is filled in where one is left out. Null is one too."""

    value: Json


@dataclass(frozen=True, slots=True)
class Property:
    """A member of an object, or a prompt's variable, by the name that it has in JSON: any text.

    `required` tells whether it has to be there. A variable with a default need not; a member of an output
    with one always is.
    """

    name: str
    type: TypeNode
    required: bool
    description: str | None = None
    default: Default | None = None


@dataclass(frozen=True, slots=True)
class Object:
    """An object. `others` is the type of members that are not listed; None admits none."""

    properties: tuple[Property, ...]
    others: "TypeNode | None" = None

    @property
    def required(self) -> tuple[Property, ...]:
        """The members that have to be there."""
        return tuple(each for each in self.properties if each.required)

    @property
    def optional(self) -> tuple[Property, ...]:
        """The members that may be left out."""
        return tuple(each for each in self.properties if not each.required)


@dataclass(frozen=True, slots=True)
class Union:
    """Two or more types, each once and none of them a union. Null is the last, where it is there."""

    members: tuple[TypeNode, ...]


STRING: Final = Scalar("string")
NULL: Final = Null()
ANYTHING: Final = Anything()


@dataclass(frozen=True, slots=True)
class VersionNote:
    """A version of a prompt, for the CHANGELOG. `message` is what its author said of it, where the bundle has
    it."""

    number: int
    message: str | None


@dataclass(frozen=True, slots=True)
class PromptSdk:
    """A prompt as callers see it, at the version that the package is made for.

    `output` is the type of the answer's `json`; None for a prompt that answers with text. `schema_hash` is
    over what callers rely on: variables, defaults and output. `sample` are variables that fit. `versions` are
    all that the bundle holds, the newest first.
    """

    name: str
    version: int
    description: str | None
    variables: Object
    output: "TypeNode | None"
    schema_hash: str
    sample: Mapping[str, Json]
    versions: tuple[VersionNote, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """A whole SDK. `prompts` are in the order of their names; `label` is None where calls are pinned to
    versions."""

    name: str
    version: str
    bundle_hash: str
    label: str | None
    prompts: tuple[PromptSdk, ...]
