"""cURL: a script for each prompt, for a POSIX shell."""

from importlib.resources import files
from typing import Final

from promptstudio_generators.names import PromptName, json_file
from promptstudio_generators.names.escaped import Escaped
from promptstudio_generators.names.markdown import markdown_text
from promptstudio_generators.names.package import PackageNames
from promptstudio_generators.names.shell import json_members, shell_word
from promptstudio_generators.sdks.lock import LOCK, prompts_lock
from promptstudio_generators.sdks.model import Enum, Package, PromptSdk, Property, Scalar, TypeNode, Union
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.sdks.render import render

_TEST: Final = "test/run.sh"
_TEXT: Final = Escaped("TEXT")
_JSON: Final = Escaped("JSON")


def generate(package: Package, options: SdkOptions) -> dict[str, str]:
    """The scripts and what goes with them; see `sdks.generate_sdk`."""
    names = PackageNames.of(package.name)
    prompts = [_prompt(each, package.label) for each in package.prompts]
    context = {
        "names": names,
        "version": Escaped(package.version),
        "bundle": markdown_text(package.bundle_hash),
        "label": None if package.label is None else markdown_text(package.label),
        "prompts": prompts,
    }
    return {
        LOCK: prompts_lock(package),
        **{path: render(f"sdk-curl/{path}.jinja", **context) for path in ("README.md", "CHANGELOG.md")},
        **{
            f"{each['name']}.sh": render("sdk-curl/prompt.sh.jinja", prompt=each, names=names)
            for each in prompts
        },
        _TEST: (files("promptstudio_generators") / "templates" / "sdk-curl" / _TEST).read_text("utf-8"),
        "test/environment": f"{names.environment}\n",
        **{f"examples/{each.name}.json": _example(each) for each in package.prompts},
        **{path: text for each in package.prompts for path, text in _expected(each, package.label).items()},
    }


def _prompt(prompt: PromptSdk, label: str | None) -> dict[str, object]:
    variables = [variable for each in prompt.variables.properties if (variable := _argument(each))]
    return {
        "name": PromptName(prompt.name),
        "description": markdown_text(prompt.description or ""),
        "pin": _pin(prompt, label),
        "variables": variables,
        "texts": [each["name"] for each in variables if each["kind"] is _TEXT],
        "others": [each["name"] for each in variables if each["kind"] is _JSON],
        "described": [_described(each) for each in prompt.variables.properties],
        "versions": [
            {"number": each.number, "message": markdown_text(each.message or "")} for each in prompt.versions
        ],
    }


def _argument(variable: Property) -> dict[str, object] | None:
    """A variable that an argument can give; None where its name is no plain word."""
    name = shell_word(variable.name)
    return None if name is None else {**_described(variable), "name": name}


def _described(variable: Property) -> dict[str, object]:
    return {
        "name": markdown_text(variable.name),
        "kind": _TEXT if _takes_text(variable.type) else _JSON,
        "required": variable.required,
        "description": markdown_text(variable.description or ""),
    }


def _takes_text(node: TypeNode) -> bool:
    """Whether a value may be text. What else it may be has to come as JSON, from stdin."""
    match node:
        case Scalar(kind):
            return kind == "string"
        case Enum(values):
            return any(isinstance(each, str) for each in values)
        case Union(members):
            return any(_takes_text(each) for each in members)
        case _:
            return False


def _pin(prompt: PromptSdk, label: str | None) -> Escaped:
    return json_members({"version": prompt.version} if label is None else {"label": label})


def _expected(prompt: PromptSdk, label: str | None) -> dict[str, str]:
    """The bodies that the script is to send for its example, by the paths of the tests' files."""
    given = _example(prompt).rstrip("\n")
    body = f'{{"variables":{given},{_pin(prompt, label)}'
    return {
        f"test/expected/{prompt.name}.json": body + "}\n",
        f"test/expected/{prompt.name}.stream.json": body + ',"stream":true}\n',
    }


def _example(prompt: PromptSdk) -> str:
    return json_file(dict(prompt.sample))
