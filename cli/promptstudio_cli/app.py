"""Which commands there are. Each lives in its own file and imports what is heavy only when it runs."""

from typing import Annotated

import typer

from promptstudio_cli import (
    audit,
    build,
    check,
    dev,
    doctor,
    generate,
    init,
    keys,
    pull,
    push,
    render,
    run,
    sdk,
    sign_in,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"promptstudio {version('promptstudio')}")
        raise typer.Exit


def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Write, test and version prompts, and run them as HTTPS endpoints on your own cloud."""


def serve(context: typer.Context) -> None:
    """Serve the Endpoint Protocol for this project."""
    from promptstudio_cli.serve import serve as run_server

    run_server(context.args)


app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
app.callback()(options)
app.command()(init.init)
app.command()(check.check)
app.command()(render.render)
app.command()(run.run)
# The options of `serve` belong to its own file, which main.py calls without Typer.
app.command(
    add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)(serve)
app.command()(dev.dev)
app.command()(build.build)
app.command()(generate.generate)
app.command()(sdk.sdk)
app.command()(push.push)
app.command()(pull.pull)
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")
app.command()(sign_in.sign_in)
app.command()(doctor.doctor)
