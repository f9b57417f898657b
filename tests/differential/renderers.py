"""The three renderers side by side: ours in Python, ours in TypeScript, and npm dotprompt."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, cast

from promptstudio.errors import AppError
from promptstudio.messages import Media, Message, Part, Section, Text
from promptstudio.prompts.render import compile_template
from promptstudio.prompts.template import Template, TemplateError, parse
from promptstudio.values import Json, normalize
from tests.differential.driver import Driver, driver

Rendered = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A template, its partials by name, and what it is rendered with. History holds (role, text).

    With `native`, the reference prints objects, and what is missing, in its own way.
    """

    source: str
    partials: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    history: list[tuple[str, str]] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)
    native: bool = False


class Renderers:
    """Renders cases; one Node process serves them all."""

    def __init__(self, node: Driver) -> None:
        self._node = node

    def render(self, case: Case) -> dict[str, Rendered]:
        """What each of the three makes of a case: {"messages": […]} or {"error": …}."""
        question = {
            "source": case.source,
            "partials": case.partials,
            "native": case.native,
        }
        return {**self.ours(case), "dotprompt": self._ask(case, question)["dotprompt"]}

    def ours(self, case: Case) -> dict[str, Rendered]:
        """What our two make of a case."""
        try:
            template = parse(case.source)
            partials = {name: parse(text) for name, text in case.partials.items()}
        except TemplateError as error:
            return {"python": {"error": error.message}, "typescript": {"error": error.message}}
        trees = {name: partial.nodes for name, partial in partials.items()}
        answer = self._ask(case, {"nodes": template.nodes, "partial_nodes": trees})
        return {"python": _python(case, template, partials), "typescript": answer["typescript"]}

    def _ask(self, case: Case, question: dict[str, Any]) -> dict[str, Rendered]:
        question |= {
            "variables": case.variables,
            "history": [{"role": role, "text": text} for role, text in case.history],
            "context": case.context,
        }
        answer: dict[str, Rendered] = self._node.ask(question)
        return answer


@contextmanager
def renderers() -> Iterator[Renderers]:
    with driver("template_driver.mjs") as running:
        yield Renderers(running)


def _python(case: Case, template: Template, partials: dict[str, Template]) -> Rendered:
    renderer = compile_template(template.nodes, {name: part.nodes for name, part in partials.items()})
    history = [Message(role, (Text(text),)) for role, text in case.history]
    try:
        variables = cast("dict[str, Json]", normalize(deepcopy(case.variables)))
        messages = renderer.render(variables, history, case.context)
    except AppError as error:
        return {"error": error.problem}
    return {
        "messages": [{"role": each.role, "content": [_part(p) for p in each.content]} for each in messages]
    }


def _part(part: Part) -> dict[str, Any]:
    match part:
        case Text(text):
            return {"text": text}
        case Media(url, content_type):
            return {"media": url, "type": content_type}
        case Section(name):
            return {"section": name}
