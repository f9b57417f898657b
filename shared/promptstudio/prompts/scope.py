"""What the names in a template refer to, as far as that can be told before it is rendered."""

import re
from dataclasses import dataclass
from typing import Final

from promptstudio.prompts.tree import Expression

# Handlebars looks for `this` wherever a word ends in it: a path through such a word is no helper's name and
# no block parameter.
_SCOPED: Final = re.compile(r"\A\.|this(?![A-Za-z0-9_])")


@dataclass(frozen=True, slots=True)
class Path:
    """A path as written. `original` is its text without brackets, `up` counts its `..`."""

    original: str
    names: list[str]
    up: int
    data: bool
    offset: int

    @property
    def simple(self) -> bool:
        """Whether this may be the name of a helper or a block parameter."""
        return len(self.names) == 1 and self._may_be_parameter and not self.data

    @property
    def _may_be_parameter(self) -> bool:
        return not self.up and not _SCOPED.search(self.original)

    def expression(self, scope: "Scope") -> Expression:
        """What the path stands for. A block parameter hides even data (`@index`) of its name."""
        if self.names and self._may_be_parameter and self.names[0] in scope.parameters:
            return {"type": "parameter", "name": self.names[0], "names": self.names[1:]}
        if self.data and self.names:
            return {"type": "data", "up": self.up, "name": self.names[0], "names": self.names[1:]}
        return {"type": "path", "up": self.up, "names": self.names}


@dataclass(frozen=True, slots=True)
class Scope:
    """The blocks around a place. `contexts` tells for each `this`, from the outermost, whether it is the
    prompt's variables."""

    contexts: tuple[bool, ...] = (True,)
    parameters: frozenset[str] = frozenset()
    depth: int = 0

    def inside(self, helper: str, arguments: list[Expression], parameters: list[str]) -> "Scope":
        """The scope of a block's body."""
        contexts = self.contexts
        if helper == "each" or (helper == "with" and not self._is_this(arguments[0])):
            contexts = (*contexts, helper == "with" and _is_root(arguments[0]))
        return Scope(contexts, self.parameters | set(parameters), self.depth + 1)

    def deeper(self) -> "Scope":
        return Scope(self.contexts, self.parameters, self.depth + 1)

    def variable(self, expression: Expression) -> str | None:
        """The prompt's variable that a path begins with."""
        if expression["type"] == "data":
            return expression["names"][0] if expression["name"] == "root" and expression["names"] else None
        if expression["type"] != "path" or not expression["names"] or expression["up"] >= len(self.contexts):
            return None
        return expression["names"][0] if self.contexts[-1 - expression["up"]] else None

    def _is_this(self, expression: Expression) -> bool:
        """Whether a `with` of the expression leaves `this` and `..` as they are."""
        if expression["type"] == "path":
            return not expression["up"] and not expression["names"]
        return _is_root(expression) and self.contexts[-1]


def _is_root(expression: Expression) -> bool:
    return expression["type"] == "data" and expression["name"] == "root" and not expression["names"]
