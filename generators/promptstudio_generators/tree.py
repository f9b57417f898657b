"""The files that come with the package: templates, and the runtimes that projects carry verbatim."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from jinja2 import Environment, StrictUndefined

from promptstudio_generators.names import json_literal, yaml_literal

_PACKAGE: Final = files("promptstudio_generators")
_TEMPLATE: Final = ".jinja"


def render_templates(target: str, context: Mapping[str, object]) -> dict[str, str]:
    """The files of `templates/<target>`: those that end in .jinja rendered, the others as they are."""
    environment = Environment(
        autoescape=False,  # noqa: S701 - no HTML; names.py makes whatever varies
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["json"] = json_literal
    environment.filters["yaml"] = yaml_literal
    rendered = {}
    for path, text in _texts(_PACKAGE / "templates" / target):
        if path.endswith(_TEMPLATE):
            text = environment.from_string(text).render(context)
        rendered[path.removesuffix(_TEMPLATE)] = text
    return rendered


def typescript_runtime() -> dict[str, str]:
    """The TypeScript runtime's sources by path, with the protocol's table beside them."""
    sources = dict(_texts(_PACKAGE / "runtime" / "typescript" / "src"))
    return {**sources, "protocol.json": (files("promptstudio") / "protocol.json").read_text("utf-8")}


def _texts(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _texts(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_text("utf-8")
