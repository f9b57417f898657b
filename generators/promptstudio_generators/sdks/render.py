"""The templates of SDKs. They print what `names` made or checked: anything else ends the generation."""

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from promptstudio_generators.names.escaped import Escaped
from promptstudio_generators.sdks.template_cache import CompiledTemplates


class UnescapedTextError(TypeError):
    """A template prints what no function of `names` made: its own fault, whatever the bundle holds."""

    def __init__(self, value: object) -> None:
        super().__init__(f"a template prints {value!r}, which is {type(value).__name__} and not Escaped")


def render(template: str, **context: object) -> str:
    """The text of `templates/<template>` with this context; raises UnescapedTextError."""
    return _template(template).render(context)


@cache
def _template(path: str) -> Template:
    return _ENVIRONMENT.get_template(path)


def _only_escaped(value: object) -> object:
    # Whole numbers look alike in every language; `bool` does not.
    if isinstance(value, Escaped) or type(value) is int:
        return value
    raise UnescapedTextError(value)


_ENVIRONMENT: Final = Environment(
    autoescape=False,  # noqa: S701 - no HTML; `finalize` lets through what `names` made
    auto_reload=False,
    bytecode_cache=CompiledTemplates(Path(__file__)),
    finalize=_only_escaped,
    keep_trailing_newline=True,
    loader=PackageLoader("promptstudio_generators"),
    lstrip_blocks=True,
    trim_blocks=True,
    undefined=StrictUndefined,
)
