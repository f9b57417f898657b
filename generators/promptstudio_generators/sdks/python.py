"""Python: a typed package with a synchronous and an asynchronous client, or one of them."""

import keyword
import re
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from promptstudio.values import Json
from promptstudio_generators.names import json_file
from promptstudio_generators.names.escaped import Escaped, compose
from promptstudio_generators.names.markdown import markdown_text
from promptstudio_generators.names.package import PackageNames
from promptstudio_generators.names.python import comma_separated, literal
from promptstudio_generators.sdks.lock import LOCK, prompts_lock
from promptstudio_generators.sdks.model import Package, PromptSdk
from promptstudio_generators.sdks.options import TRANSPORTS, SdkOptions
from promptstudio_generators.sdks.python_files import REQUIREMENTS, Kind, kinds, runtime_files
from promptstudio_generators.sdks.python_prompt import IMPORTED, PythonPrompt, python_prompts
from promptstudio_generators.sdks.render import render

_TESTS: Final = files("promptstudio_generators") / "runtime" / "sdk" / "python_tests"
_TEST_FILES: Final = ("endpoint.py", "test_calls.py")
_TOP: Final = ("CHANGELOG.md", "README.md", "pyproject.toml")
_MODULES: Final = {
    "__init__": "init.py.jinja",
    "_clients": "clients.py.jinja",
    "_package": "package.py.jinja",
}

_CLASS: Final = re.compile(r"^class (\w+)\b", re.MULTILINE)
_ERROR: Final = "Error"
_LINES: Final = ",\n    "
_NAMES: Final = (
    *("DeltaEvent", "DoneEvent", "Event", "NOT_GIVEN", "NotGiven", "RawResponse", "RequestOptions"),
    *("StartEvent", "UnknownEvent"),
)


def generate(package: Package, options: SdkOptions) -> dict[str, str]:
    """The package's files; see `sdks.generate_sdk`."""
    runtime = runtime_files(options)
    names = PackageNames.of(package.name, _taken(runtime.values()))
    found = kinds(options, names.client)
    beside = {"Timeouts", *(name for kind in found for name in (kind.client, kind.base))}
    prompts = python_prompts(package.prompts, package.label, beside)
    context = {
        **_context(package, names, found, prompts),
        **_exports(names, found, runtime["errors.py"]),
        "library": Escaped(options.transport),
        "requirements": comma_separated(compose('"{}"', each) for each in REQUIREMENTS[options.transport]),
    }
    source = f"src/{names.module}"
    modules = {
        **runtime,
        **{f"{name}.py": render(f"sdk-python/{template}", **context) for name, template in _MODULES.items()},
        "prompts/__init__.py": '"""A module for each prompt: its types and its calls."""\n',
        **{f"prompts/{each.module}.py": _prompt_module(each, found) for each in prompts},
    }
    return {
        LOCK: prompts_lock(package),
        **{path: render(f"sdk-python/{path}.jinja", **context) for path in _TOP},
        **{f"{source}/{name}": text for name, text in modules.items()},
        **_static_files(),
        "tests/prompts.json": json_file(_test_data(package, names, found, prompts)),
    }


def _context(
    package: Package, names: PackageNames, found: Sequence[Kind], prompts: Sequence[PythonPrompt]
) -> dict[str, object]:
    """What most templates are told."""
    return {
        "names": names,
        "version": Escaped(package.version),
        "bundle": markdown_text(package.bundle_hash),
        "label": None if package.label is None else markdown_text(package.label),
        "kinds": found,
        "prompts": prompts,
        "first": prompts[0],
    }


def _exports(names: PackageNames, found: Sequence[Kind], errors: str) -> dict[str, Escaped]:
    """What can be imported from the package. `errors` is the source of the module of that name."""
    clients = sorted(kind.client for kind in found)
    kept = sorted(name for name in _CLASS.findall(errors) if name.endswith(_ERROR))
    everything = sorted(["__version__", *clients, *kept, *_NAMES, f"{names.client}{_ERROR}"])
    return {
        "clients": comma_separated(clients),
        "errors": Escaped(_LINES.join(kept)),
        "exported": Escaped(_LINES.join(f'"{name}"' for name in everything)),
    }


@cache
def _static_files() -> dict[str, str]:
    """What is the same in every package, and is no part of what it does."""
    ignored = files("promptstudio_generators") / "templates" / "sdk-python" / ".gitignore"
    tests = {f"tests/{name}": (_TESTS / name).read_text("utf-8") for name in _TEST_FILES}
    return {".gitignore": ignored.read_text("utf-8"), **tests}


def _taken(runtime: Iterable[str]) -> frozenset[str]:
    """Names that no package and no client may have: of modules that it imports, and of its own classes."""
    classes = {name for text in runtime for name in _CLASS.findall(text)} - {"PromptsError"}
    stems = {name.removesuffix(_ERROR) for name in classes if name.endswith(_ERROR)}
    modules = {*sys.stdlib_module_names, *keyword.kwlist, *TRANSPORTS}
    return frozenset({*modules, *classes, *stems, *IMPORTED, *_NAMES})


def _prompt_module(prompt: PythonPrompt, found: Sequence[Kind]) -> str:
    imports = _imports(prompt, found)
    return render("sdk-python/prompt.py.jinja", prompt=prompt, kinds=found, imports=imports)


def _imports(prompt: PythonPrompt, found: Sequence[Kind]) -> list[Escaped]:
    """The import statements of a prompt's module: nothing that is not used."""
    is_json = prompt.output is not None
    leaves_out = any(not each.required for each in prompt.parameters)
    typing = {
        *(prompt.imports & {"Literal"}),
        *({"Literal"} if is_json else ()),
        *({"TypedDict"} if is_json or prompt.declarations else ()),
    }
    types = {"Answer", "RequestOptions", *(prompt.imports & {"JsonValue", "SequenceNotStr"})}
    types |= {"NOT_GIVEN", "NotGiven"} if leaves_out else set()
    types |= set() if is_json else {"TextOutput"}
    blocks = [
        [_from("collections.abc", prompt.imports & {"Mapping", "Sequence"}), _from("typing", typing)],
        [
            *(line for kind in found if kind.is_async for line in _bases("async", kind)),
            *(line for kind in found if not kind.is_async for line in _bases("sync", kind)),
            _from(".._wire", {"Pin"}),
            _from("..raw", {"RawResponse"}),
            _from("..types", types),
        ],
    ]
    given = [[line for line in block if line] for block in blocks]
    return [line for block in given if block for line in (Escaped(""), *block)][1:]


def _bases(half: str, kind: Kind) -> tuple[Escaped, Escaped]:
    return (
        _from(f".._{half}_client", {kind.prompt_base}),
        _from(f".._{half}_stream", {kind.stream}),
    )


def _from(module: str, names: Iterable[str]) -> Escaped:
    """An import; nothing where there are no names. All are names of the runtime."""
    listed = ", ".join(sorted(names, key=lambda name: (not name.isupper(), name)))
    return Escaped(f"from {module} import {listed}" if listed else "")


def _test_data(
    package: Package, names: PackageNames, found: Sequence[Kind], prompts: Sequence[PythonPrompt]
) -> dict[str, Json]:
    """What the package's own tests are told."""
    return {
        "module": names.module,
        "client": names.client,
        "environment": names.environment,
        "clients": [kind.client for kind in found],
        "prompts": [
            _prompt_data(sdk, prompt, package.label)
            for sdk, prompt in zip(package.prompts, prompts, strict=True)
        ],
    }


def _prompt_data(sdk: PromptSdk, prompt: PythonPrompt, label: str | None) -> dict[str, Json]:
    names = {each.key: each.name for each in prompt.parameters}
    return {
        "name": prompt.name,
        "attribute": prompt.attribute,
        "pin": {"version": sdk.version} if label is None else {"label": label},
        "variables": dict(sdk.sample),
        "arguments": {names[literal(name)]: value for name, value in sdk.sample.items()},
        "output": "text" if sdk.output is None else "json",
    }
