"""The files that come with the package: templates, and the runtimes that projects carry verbatim."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from jinja2 import Environment, StrictUndefined

from promptstudio_generators.names import json_literal, yaml_literal

_PACKAGE: Final = files("promptstudio_generators")
_TEMPLATE: Final = ".jinja"
_ADAPTER: Final = "state-"


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


def typescript_runtime(store: str) -> dict[str, str]:
    """The TypeScript runtime's sources by path, with the protocol's table beside them.

    Of the adapters, state-STORE….ts, only those of this store: the others need what is not there.
    """
    sources = {
        path: text
        for path, text in _texts(_PACKAGE / "runtime" / "typescript" / "src")
        if not path.startswith(_ADAPTER) or path.startswith(_ADAPTER + store)
    }
    return {**sources, "protocol.json": (files("promptstudio") / "protocol.json").read_text("utf-8")}


def _texts(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _texts(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_text("utf-8")
