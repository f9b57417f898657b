"""`promptstudio render`: the messages that a model would be sent."""

from typing import TYPE_CHECKING, Annotated

import typer

from promptstudio.messages import Media, Message, Text
from promptstudio_cli.given import Input, Messages, Name, Var, Variables

if TYPE_CHECKING:
    from promptstudio.values import Json


def render(
    name: Name,
    input_file: Input = None,
    variables: Variables = None,
    var: Var = None,
    messages: Messages = None,
    as_json: Annotated[bool, typer.Option("--json", help='Print {"messages":[{"role","content"}]}.')] = False,
) -> None:
    """Print a prompt's messages, without asking a model."""
    from promptstudio.endpoint.request import read_run
    from promptstudio.endpoint.run import render as render_messages
    from promptstudio.prompts.bundle import load_bundle
    from promptstudio.providers.content import transcript
    from promptstudio.values import dumps
    from promptstudio_cli.project import bundle_of, current_project, resolve
    from promptstudio_cli.variables import gather

    bundle = load_bundle(bundle_of(current_project()))
    prompt, version = resolve(bundle, name)
    body = gather(
        input_file=input_file,
        variables=variables,
        assignments=var or [],
        messages=messages,
        schema=version.schema,
    )
    request = read_run(body)
    _, version = bundle.resolve(prompt.name, request.version, request.label)
    rendered = render_messages(version, request.variables, "/variables", request.messages)
    if as_json:
        typer.echo(dumps({"messages": [_to_json(message) for message in rendered]}))
    else:
        typer.echo(transcript(rendered))


def _to_json(message: Message) -> "dict[str, Json]":
    """A message as a history holds it: content is a string where there is only text."""
    parts: list[Json] = []
    for part in message.content:
        if isinstance(part, Text):
            parts.append({"text": part.text})
        elif isinstance(part, Media):
            media: dict[str, Json] = {"url": part.url}
            if part.content_type is not None:
                media["content_type"] = part.content_type
            parts.append({"media": media})
    texts = [part.text for part in message.content if isinstance(part, Text)]
    return {"role": message.role, "content": "".join(texts) if len(texts) == len(parts) else parts}
