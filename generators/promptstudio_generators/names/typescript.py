"""TypeScript: members and types for prompts, literals, and comments that nothing can break out of."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from promptstudio.values import Json
from promptstudio_generators.names import PromptName, json_literal
from promptstudio_generators.names.escaped import Escaped
from promptstudio_generators.names.text import lines_of

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*", re.ASCII)

# What an instance has already, or what has a meaning for JavaScript: a client with `then` would be a promise.
_MEMBERS: Final = frozenset(
    {
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "then",
        "toJSON",
        "toLocaleString",
        "toString",
        "valueOf",
        "withOptions",
    }
)


@dataclass(frozen=True, slots=True)
class TypeScriptNames:
    """A prompt's names: the client's `member` (supportReply), and the types of what goes in (`variables`), of
    what comes out (`output`) and of the JSON in it (`json`)."""

    member: Escaped
    variables: Escaped
    output: Escaped
    json: Escaped


def typescript_names(
    prompts: Collection[PromptName], taken: frozenset[str]
) -> dict[PromptName, TypeScriptNames]:
    """The names of all prompts of a package. No type gets a name that is `taken`.

    They do not depend on the order. A name without hyphens goes before others that come to the same.
    """
    found: dict[PromptName, TypeScriptNames] = {}
    used = set[str]()
    for prompt in sorted(prompts, key=lambda each: ("-" in each, each)):
        names = next(each for each in map(_names, _members(prompt)) if _is_free(each, used, taken))
        used.add(names.member)
        found[prompt] = names
    return {prompt: found[prompt] for prompt in sorted(found)}


def _members(prompt: PromptName) -> Iterable[str]:
    """The names that a member might have, the best first."""
    first, *others = (word for word in prompt.split("-") if word)
    yield first + "".join(word.capitalize() for word in others)
    name = prompt.replace("-", "_")
    while True:
        yield name
        name += "_"


def _names(member: str) -> TypeScriptNames:
    stem = member[0].upper() + member[1:]
    return TypeScriptNames(
        *(Escaped(each) for each in (member, f"{stem}Variables", f"{stem}Output", f"{stem}Json"))
    )


def _is_free(names: TypeScriptNames, used: Collection[str], taken: Collection[str]) -> bool:
    types = {names.variables, names.output, names.json}
    return names.member not in used and names.member not in _MEMBERS and not types & set(taken)


def typescript_literal(value: Json) -> Escaped:
    """An expression that is this value, and for single values its type too."""
    if isinstance(value, dict) and value:
        members = (f"{_literal_key(key)}: {typescript_literal(each)}" for key, each in value.items())
        return Escaped(f"{{ {', '.join(members)} }}")
    if isinstance(value, list):
        return Escaped(f"[{', '.join(typescript_literal(each) for each in value)}]")
    return Escaped(json_literal(value))


def _literal_key(name: str) -> str:
    """Without brackets, `__proto__` sets an object's prototype."""
    return '["__proto__"]' if name == "__proto__" else property_key(name)


def property_key(name: str) -> Escaped:
    """A property's name in a type: as it is, or in quotes."""
    return Escaped(name if _PLAIN_KEY.fullmatch(name) else json_literal(name))


def doc_comment(paragraphs: Sequence[str], indent: str) -> Escaped:
    """A comment for what follows it in the next line; nothing where there is nothing to say.

    Whatever the texts are: it ends at its end, holds no tag, and Markdown shows what was written.
    """
    blocks = [lines for each in paragraphs if (lines := [_documented(line) for line in lines_of(each)])]
    lines = [line for block in blocks for line in ("", *block)][1:]
    if not lines:
        return Escaped("")
    if len(lines) == 1:
        return Escaped(f"{indent}/** {lines[0]} */")
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return Escaped(f"{indent}/**\n{body}{indent} */")


def _documented(line: str) -> str:
    """Editors show comments as Markdown, where a backslash makes text of what has a meaning."""
    return re.sub(r"[\\`*\[<@#]|(?<=\*)/", r"\\\g<0>", line)
