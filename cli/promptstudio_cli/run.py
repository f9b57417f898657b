"""`promptstudio run`: a prompt's answer, from the model it names or from another."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from promptstudio_cli.errors import CommandError, UsageError
from promptstudio_cli.given import Input, Messages, Name, Var, Variables

if TYPE_CHECKING:
    from promptstudio.prompts.bundle import Version
    from promptstudio.prompts.file import Source
    from promptstudio.prompts.project import Project
    from promptstudio.values import Json


def run(
    name: Name,
    input_file: Input = None,
    variables: Variables = None,
    var: Var = None,
    messages: Messages = None,
    stream: Annotated[bool, typer.Option("--stream", help="Print the text as it comes.")] = False,
    model: Annotated[
        str | None, typer.Option("--model", metavar="PROVIDER/MODEL", help="Ask this model instead.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the endpoint's whole answer as JSON.")
    ] = False,
) -> None:
    """Run a prompt and print the model's answer.

    The text goes to stdout, the tokens and their cost to stderr.
    """
    from promptstudio.prompts.bundle import load_bundle
    from promptstudio_cli.ask import ask
    from promptstudio_cli.project import bundle_of, current_project, resolve
    from promptstudio_cli.variables import gather

    project = current_project()
    document = bundle_of(project)
    prompt, version = resolve(load_bundle(document), name)
    if model is not None:
        document = _bundle_on(project, prompt.name, model)
        _, version = resolve(load_bundle(document), name)
    _require_key(version)
    body = gather(
        input_file=input_file,
        variables=variables,
        assignments=var or [],
        messages=messages,
        schema=version.schema,
    )
    answer = ask(document, name, {**body, "stream": stream}, os.environ, _ignore if as_json else _print_piece)
    if as_json:
        typer.echo(answer)
    else:
        _print(answer, streamed=stream)


def _require_key(version: "Version") -> None:
    variable = version.setup.provider.api_key_env
    if variable and not os.environ.get(variable, "").strip():
        raise CommandError(
            f"{variable} is not set, and {version.model} needs it.",
            "Set it, or let the echo answer: --model echo/echo",
        )


def _bundle_on(project: "Project", name: str, model: str) -> "dict[str, Json]":
    """The project's bundle with a prompt on another model."""
    from promptstudio.prompts.diagnostics import CompileError
    from promptstudio_cli.project import bundle_of

    try:
        return bundle_of(_with_model(project, name, model))
    except CompileError as error:  # without the other model, the files had no errors
        problems = dict.fromkeys(each.message for each in error.diagnostics if each.severity == "error")
        raise UsageError(f"--model {model}: {'; '.join(problems)}.") from None


def _with_model(project: "Project", name: str, model: str) -> "Project":
    """The project with every version of a prompt on another model, checked like any other."""
    from dataclasses import replace

    from promptstudio.prompts.edit import EditError, edit
    from promptstudio.prompts.file import parse_file
    from promptstudio.prompts.front_matter import prompt_name

    def on_model(source: "Source") -> "Source":
        if prompt_name(parse_file(source.text, source.path)) != name:
            return source
        try:
            return replace(source, text=edit(source.text, {("model",): model}))
        except EditError as error:
            raise CommandError(f"{source.path}: {error}", "Name the model in the file.") from None

    return replace(project, sources=tuple(on_model(source) for source in project.sources))


def _ignore(text: str) -> None:
    """With --json the answer is printed at its end."""


def _print_piece(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _print(answer: str, *, streamed: bool) -> None:
    import json

    run = json.loads(answer)
    typer.echo("" if streamed else run["output"]["text"])
    usage, cost = run["usage"], run["cost_usd"]
    price = "unknown cost" if cost is None else f"{cost} USD"
    typer.echo(
        f"{run['model']}: {usage['input_tokens']} tokens in, {usage['output_tokens']} out, {price}"
        + ("" if run["finish_reason"] == "stop" else f" (ended by {run['finish_reason']})"),
        err=True,
    )
