"""The part of `promptstudio` that Python projects carry: what their entry imports, verbatim."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

_PACKAGE: Final = "promptstudio"
_FOLDER: Final = files(_PACKAGE)


@cache
def python_runtime(*entries: str) -> dict[str, str]:
    """The sources of these modules, of all that they import, and the data files that they name, by path.

    An import counts wherever it stands, but for those that only type checkers see.
    """
    found: dict[str, str] = {}
    waiting = list(entries)
    while waiting:
        path = _path(waiting.pop())
        if path is None or path in found:
            continue
        found[path] = _source(path).read_text("utf-8")
        tree = ast.parse(found[path])
        waiting += [*_packages_of(path), *_imports(tree)]
        found.update(_data_files(path, tree))
    return dict(sorted(found.items()))


def _path(module: str) -> str | None:
    """Where a module of ours stands; None for what is another's, or no module."""
    top, *parts = module.split(".")
    if top != _PACKAGE:
        return None
    stem = "/".join(parts)
    candidates = [f"{stem}/__init__.py" if stem else "__init__.py", f"{stem}.py"]
    return next((path for path in candidates if _source(path).is_file()), None)


def _source(path: str) -> Traversable:
    return _FOLDER.joinpath(*path.split("/"))


def _packages_of(path: str) -> Iterator[str]:
    """The packages that are imported before the module at this path."""
    parts = path.split("/")[:-1]
    for depth in range(len(parts) + 1):
        yield ".".join([_PACKAGE, *parts[:depth]])


def _imports(tree: ast.AST) -> Iterator[str]:
    """The modules that a tree imports; a name imported from a module may be one too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not _is_for_type_checkers(node):
            yield from _imports(node)


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _data_files(path: str, tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The files beside a module that one of its literals names."""
    folder, _, _ = path.rpartition("/")
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            continue
        name = node.value
        if name.endswith((".json", ".lua")) and "/" not in name:
            beside = f"{folder}/{name}" if folder else name
            if _source(beside).is_file():
                yield beside, _source(beside).read_text("utf-8")
