"""What a template refers to: its partials, and the variables that its prompt has to declare."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from promptstudio.prompts.diagnostics import Diagnostic
from promptstudio.prompts.template import Template
from promptstudio.prompts.tree import Node, PartialNode

_NEW_CONTEXT: Final = frozenset({"each", "with"})
_UNDECLARED: Final = "the template uses {}, which input.schema does not declare"


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A parsed template and the file it stands in, whose text is `source`."""

    path: str
    source: str
    template: Template


def reached_partials(template: Template, partials: Mapping[str, TemplateFile]) -> dict[str, TemplateFile]:
    """Every partial that a template brings in, directly or through another; those that exist, by name."""
    reached: dict[str, TemplateFile] = {}
    waiting = sorted(template.partials)
    while waiting:
        name = waiting.pop()
        if name in partials and name not in reached:
            reached[name] = partials[name]
            waiting += sorted(partials[name].template.partials)
    return dict(sorted(reached.items()))


def missing_partials(file: TemplateFile, partials: Mapping[str, TemplateFile]) -> Iterator[Diagnostic]:
    """An error wherever a template names a partial that does not exist."""
    for node in _all_nodes(file.template.nodes):
        if node["type"] == "partial" and node["name"] not in partials:
            line, column = node["at"]
            message = f"there is no partial {node['name']}: it would be a file _{node['name']}.prompt"
            yield Diagnostic(file.path, line, column, message)


def undeclared_variables(
    file: TemplateFile, declared: frozenset[str], partials: Mapping[str, TemplateFile]
) -> Iterator[Diagnostic]:
    """Errors where the template, or a partial that sees the same variables, uses one that is not declared."""
    for name, line, column in file.template.variables:
        if name not in declared:
            yield Diagnostic(file.path, line, column, _UNDECLARED.format(name))
    for partial, known in _known_in_partials(file.template, declared, partials).items():
        for name, line, column in partials[partial].template.variables:
            if name not in known:
                message = f"{_UNDECLARED.format(name)} in {file.path}"
                yield Diagnostic(partials[partial].path, line, column, message)


def _known_in_partials(
    template: Template, declared: frozenset[str], partials: Mapping[str, TemplateFile]
) -> dict[str, frozenset[str]]:
    """For each partial that sees the prompt's variables, the names that are there wherever it is used."""
    known: dict[str, frozenset[str]] = {}
    waiting = [(template, declared)]
    while waiting:
        current, names = waiting.pop()
        for node in _partials_in_context(current.nodes):
            name, given = node["name"], names.union(node.get("hash", {}))
            common = known[name] & given if name in known else given
            if name in partials and common != known.get(name):
                known[name] = common
                waiting.append((partials[name].template, common))
    return known


def says(templates: Iterable[Template], word: str) -> bool:
    """Whether templates have a word in their own text, in whatever case; `word` is in lower case."""
    nodes = (node for template in templates for node in _all_nodes(template.nodes))
    return any(node["type"] == "text" and word in node["text"].lower() for node in nodes)


def _all_nodes(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        if node["type"] == "block":
            yield from _all_nodes(node["body"])
            yield from _all_nodes(node.get("else", []))


def _partials_in_context(nodes: Sequence[Node]) -> Iterator[PartialNode]:
    """The partials that are rendered with the context their template has at its top."""
    for node in nodes:
        if node["type"] == "partial" and "context" not in node:
            yield node
        elif node["type"] == "block":
            if node["helper"] not in _NEW_CONTEXT:
                yield from _partials_in_context(node["body"])
            yield from _partials_in_context(node.get("else", []))
