"""The options by which `render` and `run` are given a prompt's variables and messages."""

from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(help="The prompt's name, or one of its aliases.")]
Input = Annotated[
    str | None,
    typer.Option(
        "--input", metavar="FILE", help='A sample: {"variables": {…}, "messages": […]}; - is stdin.'
    ),
]
Variables = Annotated[
    str | None, typer.Option("--variables", metavar="JSON|@FILE", help="The variables, as a JSON object.")
]
Var = Annotated[
    list[str] | None,
    typer.Option(
        "--var", metavar="NAME=VALUE|NAME=@FILE", help="One variable; as JSON if the schema wants no text."
    ),
]
Messages = Annotated[
    str | None,
    typer.Option("--messages", metavar="JSON|@FILE", help="The conversation so far, as a JSON array."),
]
