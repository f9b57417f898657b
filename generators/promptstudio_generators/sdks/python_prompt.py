"""A prompt as the templates of a Python package are told it: every name chosen, every type written."""

import keyword
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from promptstudio_generators.names import PromptName
from promptstudio_generators.names.escaped import Escaped, compose
from promptstudio_generators.names.markdown import markdown_text
from promptstudio_generators.names.python import (
    CLIENT_MEMBERS,
    attributes,
    class_name,
    comma_separated,
    doc,
    either,
    literal,
    modules,
    unused,
)
from promptstudio_generators.sdks.model import PromptSdk, Property, VersionNote
from promptstudio_generators.sdks.python_types import Declaration, TypeWriter

IMPORTED: Final = frozenset(
    {
        *("Answer", "AsyncPrompt", "AsyncRunStream", "JsonValue", "Literal", "Mapping", "NOT_GIVEN"),
        *("NotGiven", "Pin", "Prompt", "RawResponse", "RequestOptions", "RunStream", "Sequence"),
        *("SequenceNotStr", "TextOutput", "TypedDict"),
    }
)
"""What a prompt's module may import: its own classes are called otherwise."""

_OWN_PARAMETERS: Final = ("self", "options")
_OTHERS: Final = "others"
_TEXT_OUTPUT: Final = Escaped("TextOutput")
_DOC_INDENT: Final = 12


@dataclass(frozen=True, slots=True)
class Parameter:
    """A variable: the keyword that it is passed by, and the key that it has in JSON."""

    name: Escaped
    key: Escaped
    annotation: Escaped
    required: bool
    doc: Escaped

    @property
    def signature(self) -> Escaped:
        """As it stands in a method's signature."""
        if self.required:
            return compose("{}: {}", self.name, self.annotation)
        annotation = either([self.annotation, Escaped("NotGiven")])
        return compose("{}: {} = NOT_GIVEN", self.name, annotation)


@dataclass(frozen=True, slots=True)
class PythonPrompt:
    """A prompt of a package.

    `client` is the name of its class; that whose calls are awaited has Async before it. `attribute` is the
    client's, `module` the module's. `output` annotates the JSON that it answers, None where it answers text;
    `output_key` is where an answer has it.
    `others` annotates variables that are not declared, None where there are none. `example` are arguments.
    """

    name: PromptName
    attribute: Escaped
    module: Escaped
    client: Escaped
    answer: Escaped
    output_class: Escaped
    output: Escaped | None
    output_key: Escaped
    pin: Escaped
    doc: Escaped
    summary: Escaped
    markdown: Escaped
    parameters: tuple[Parameter, ...]
    others: Escaped | None
    declarations: tuple[Declaration, ...]
    imports: frozenset[str]
    example: Escaped
    renamed: tuple[Parameter, ...]
    versions: tuple["PythonVersion", ...]


@dataclass(frozen=True, slots=True)
class PythonVersion:
    """A version for the CHANGELOG."""

    number: int
    message: Escaped


def python_prompts(
    prompts: Sequence[PromptSdk], label: str | None, taken: Collection[str]
) -> tuple[PythonPrompt, ...]:
    """All prompts of a package; no class gets a name that is `taken`."""
    names = [PromptName(each.name) for each in prompts]
    members = attributes(names, CLIENT_MEMBERS)
    files = modules(names)
    used = {*IMPORTED, *taken, *keyword.kwlist}
    stems = {name: _stem(name, used) for name in names}
    return tuple(
        _prompt(each, members[each.name], files[each.name], stems[PromptName(each.name)], label)
        for each in prompts
    )


def _stem(name: PromptName, used: set[str]) -> Escaped:
    """What the names of a prompt's classes are made of. The classes of all prompts meet in the clients."""
    stem = unused(class_name(name), used)
    while not used.isdisjoint(_classes(stem)):
        stem = compose("{}_", stem)
    used.update(_classes(stem))
    return stem


def _classes(stem: Escaped) -> tuple[Escaped, Escaped]:
    return stem, compose("Async{}", stem)


def _prompt(
    prompt: PromptSdk, attribute: Escaped, module: Escaped, stem: Escaped, label: str | None
) -> PythonPrompt:
    answer, output_class = compose("{}Answer", stem), compose("{}Output", stem)
    taken = {*IMPORTED, *_classes(stem), answer, output_class}
    sent = TypeWriter("in", taken)
    parameters = _parameters(prompt, sent, stem)
    others = prompt.variables.others
    open_type = None if others is None else sent.annotation(others, stem, "other")
    # All in one module: what is answered keeps clear of what is sent.
    answered = TypeWriter("out", {*taken, *(each.name for each in sent.declarations)})
    output = None if prompt.output is None else answered.annotation(prompt.output, stem, "json")
    return PythonPrompt(
        name=PromptName(prompt.name),
        attribute=attribute,
        module=module,
        client=stem,
        answer=answer,
        output_class=_TEXT_OUTPUT if output is None else output_class,
        output=output,
        output_key=Escaped("text" if output is None else "json"),
        pin=_pin(prompt, label),
        doc=doc(prompt.description or f"The prompt {prompt.name}.", 8),
        summary=doc(prompt.description or f"The prompt {prompt.name}.", 4),
        markdown=markdown_text(prompt.description or ""),
        parameters=parameters,
        others=open_type,
        declarations=(*sent.declarations, *answered.declarations),
        imports=frozenset(sent.imports | answered.imports),
        example=_arguments(prompt, parameters),
        renamed=tuple(each for each in parameters if each.key != literal(each.name)),
        versions=tuple(_version(each) for each in prompt.versions),
    )


def _parameters(prompt: PromptSdk, types: TypeWriter, stem: Escaped) -> tuple[Parameter, ...]:
    """Those that have to be given stand first."""
    variables = prompt.variables
    ordered = (*variables.required, *variables.optional)
    own = (*_OWN_PARAMETERS, _OTHERS) if variables.others is not None else _OWN_PARAMETERS
    names = attributes((each.name for each in ordered), own)
    return tuple(
        Parameter(
            name=names[each.name],
            key=literal(each.name),
            annotation=types.annotation(each.type, stem, each.name),
            required=each.required,
            doc=doc(_documented(each), _DOC_INDENT),
        )
        for each in ordered
    )


def _documented(variable: Property) -> str:
    told = (variable.description or "").rstrip()
    if variable.default is None:
        return told
    default = f"Left out, it is {literal(variable.default.value)}."
    return f"{told}{'' if told.endswith(('.', '!', '?')) or not told else '.'} {default}".strip()


def _pin(prompt: PromptSdk, label: str | None) -> Escaped:
    name = literal(prompt.name)
    if label is not None:
        return compose("Pin({}, label={})", name, literal(label))
    return compose("Pin({}, version={})", name, literal(prompt.version))


def _arguments(prompt: PromptSdk, parameters: Iterable[Parameter]) -> Escaped:
    """The sample as arguments of a call."""
    values = {literal(name): literal(value) for name, value in prompt.sample.items()}
    given = [each for each in parameters if each.key in values]
    return comma_separated(compose("{}={}", each.name, values[each.key]) for each in given)


def _version(note: VersionNote) -> PythonVersion:
    return PythonVersion(note.number, markdown_text(note.message or ""))
