"""TypeScript: a typed package without a dependency, for Node, edge runtimes and browsers."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from promptstudio.values import Json
from promptstudio_generators.names import PromptName, json_file
from promptstudio_generators.names.escaped import Escaped
from promptstudio_generators.names.markdown import markdown_text
from promptstudio_generators.names.package import PackageNames
from promptstudio_generators.names.typescript import (
    TypeScriptNames,
    doc_comment,
    typescript_literal,
    typescript_names,
)
from promptstudio_generators.sdks.lock import LOCK, prompts_lock
from promptstudio_generators.sdks.model import Package, PromptSdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.sdks.render import render
from promptstudio_generators.sdks.typescript_types import object_body, type_expression

_RUNTIME: Final = files("promptstudio_generators") / "runtime" / "sdk" / "typescript"
_TEMPLATES: Final = files("promptstudio_generators") / "templates" / "sdk-typescript"
_STATIC: Final = (
    ".gitignore",
    "cjs/package.json",
    "tsconfig.json",
    "tsconfig.cjs.json",
    "test/package.test.mjs",
)
_RENDERED: Final = ("package.json", "README.md", "CHANGELOG.md", "src/index.ts")
_BASE_ERROR: Final = "PromptsError"
_EXPORT: Final = re.compile(
    r"^export (?:async )?(?:class|const|function\*?|interface|type) (\w+)", re.MULTILINE
)

# `import … from "events"` is Node's own module, whatever is installed: `builtinModules` of Node 20 to 24
# without those that are imported as "node:…" alone. npm keeps `node_modules` for itself.
_NODE_MODULES: Final = frozenset(
    {
        *("assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto"),
        *("dgram", "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https"),
        *("inspector", "module", "net", "node_modules", "os", "path", "perf_hooks", "process", "punycode"),
        *("querystring", "readline", "repl", "stream", "string_decoder", "sys", "timers", "tls"),
        *("trace_events", "tty", "url", "util", "v8", "vm", "wasi", "worker_threads", "zlib"),
    }
)


def generate(package: Package, options: SdkOptions) -> dict[str, str]:
    """The package's files; see `sdks.generate_sdk`."""
    names = PackageNames.of(package.name, _taken() | _NODE_MODULES)
    members = typescript_names([PromptName(each.name) for each in package.prompts], _taken() | {names.client})
    prompts = [_prompt(each, members[PromptName(each.name)], package.label) for each in package.prompts]
    context = {
        "names": names,
        "version": Escaped(package.version),
        "bundle": markdown_text(package.bundle_hash),
        "label": None if package.label is None else markdown_text(package.label),
        "head": _head(package),
        "prompts": prompts,
    }
    return {
        LOCK: prompts_lock(package),
        **{path: (_TEMPLATES / path).read_text("utf-8") for path in _STATIC},
        **{path: render(f"sdk-typescript/{path}.jinja", **context) for path in _RENDERED},
        "test/prompts.json": json_file(_test_data(package, names, members)),
        **{f"src/{name}": text for name, text in typescript_sdk_runtime().items()},
    }


@cache
def typescript_sdk_runtime() -> Mapping[str, str]:
    """The sources that every package ships verbatim, by their names."""
    sources = (entry for entry in _RUNTIME.iterdir() if entry.name.endswith(".ts"))
    return {entry.name: entry.read_text("utf-8") for entry in sorted(sources, key=lambda entry: entry.name)}


@cache
def _taken() -> frozenset[str]:
    """Names that no client may have: the runtime's, and those that would give its error such a name."""
    exported = {name for text in typescript_sdk_runtime().values() for name in _EXPORT.findall(text)}
    stems = {name.removesuffix("Error") for name in exported - {_BASE_ERROR} if name.endswith("Error")}
    return frozenset(exported | stems)


def _head(package: Package) -> Escaped:
    return doc_comment(
        [
            f"The prompts of the bundle {package.bundle_hash}.",
            "PromptStudio made this file: what is changed here is lost when it is made anew.",
        ],
        "",
    )


def _prompt(prompt: PromptSdk, names: TypeScriptNames, label: str | None) -> dict[str, object]:
    sample = dict(prompt.sample)
    return {
        "name": PromptName(prompt.name),
        "names": names,
        "description": markdown_text(prompt.description or ""),
        "comment": _comment(prompt, label),
        "pin": typescript_literal(_pin(prompt, label)),
        "variables": object_body(prompt.variables, "in"),
        "json": None if prompt.output is None else type_expression(prompt.output, "out"),
        "sample": typescript_literal(sample) if sample else Escaped(""),
        "versions": [
            {"number": each.number, "message": markdown_text(each.message or "")} for each in prompt.versions
        ],
    }


def _comment(prompt: PromptSdk, label: str | None) -> Escaped:
    which = f"version {prompt.version}" if label is None else f"what the label {label} stands at"
    return doc_comment(
        [prompt.description or "", f"Runs {prompt.name}: {which}, unless the options say otherwise."], "  "
    )


def _pin(prompt: PromptSdk, label: str | None) -> dict[str, Json]:
    return {"version": prompt.version} if label is None else {"label": label}


def _test_data(
    package: Package, names: PackageNames, members: Mapping[PromptName, TypeScriptNames]
) -> dict[str, Json]:
    """What the package's own tests are told."""
    return {
        "client": names.client,
        "environment": names.environment,
        "prompts": [
            {
                "name": each.name,
                "member": members[PromptName(each.name)].member,
                "pin": _pin(each, package.label),
                "variables": dict(each.sample),
                "output": "text" if each.output is None else "json",
            }
            for each in package.prompts
        ],
    }
