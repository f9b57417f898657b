"""What a template refers to: its partials, and the variables that its prompt has to declare."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from promptstudio.prompts.diagnostics import Diagnostic
from promptstudio.prompts.template import Template
from promptstudio.prompts.tree import Node, PartialNode

_NEW_CONTEXT: Final = frozenset({"each", "with"})


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
    for node in _partial_nodes(file.template.nodes):
        if node["name"] not in partials:
            line, column = node["at"]
            message = f"there is no partial {node['name']}: it would be a file _{node['name']}.prompt"
            yield Diagnostic(file.path, line, column, message)


def undeclared_variables(
    file: TemplateFile, declared: frozenset[str], partials: Mapping[str, TemplateFile]
) -> Iterator[Diagnostic]:
    """Errors where the template, or a partial that sees the same variables, uses one that is not declared."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(file, declared)]
    while waiting:
        current, known = waiting.pop()
        for name, line, column in current.template.variables:
            if name not in known:
                message = f"the template uses {name}, which input.schema does not declare"
                if current is not file:
                    message += f" in {file.path}"
                yield Diagnostic(current.path, line, column, message)
        for node in _partials_in_context(current.template.nodes):
            step = (node["name"], known.union(node.get("hash", {})))
            if node["name"] in partials and step not in seen:
                seen.add(step)
                waiting.append((partials[node["name"]], step[1]))


def _partial_nodes(nodes: Sequence[Node]) -> Iterator[PartialNode]:
    for node in nodes:
        if node["type"] == "partial":
            yield node
        elif node["type"] == "block":
            yield from _partial_nodes(node["body"])
            yield from _partial_nodes(node.get("else", []))


def _partials_in_context(nodes: Sequence[Node]) -> Iterator[PartialNode]:
    """The partials that are rendered with the context their template has at its top."""
    for node in nodes:
        if node["type"] == "partial" and "context" not in node:
            yield node
        elif node["type"] == "block":
            if node["helper"] not in _NEW_CONTEXT:
                yield from _partials_in_context(node["body"])
            yield from _partials_in_context(node.get("else", []))
