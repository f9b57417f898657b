"""`promptstudio generate TARGET`: a complete project for a cloud."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from promptstudio_cli.errors import UsageError

if TYPE_CHECKING:
    from promptstudio.prompts.project_settings import ProjectSettings
    from promptstudio_generators.names import HostName
    from promptstudio_generators.targets.options import StoreName, TargetOptions, VercelRuntime

# Every generated project carries the runtime, and this file in it: by that we know our own folders.
_MARK: Final = "promptstudio/protocol.json"


def generate(
    target: Annotated[
        str, typer.Argument(help="Where the endpoint will run: aws-sam, cloudflare, gcf or vercel.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write to.")],
    force: Annotated[
        bool, typer.Option("--force", help="Write even into a folder that holds other things.")
    ] = False,
    runtime: Annotated[
        str | None,
        typer.Option(help="Vercel's runtime: edge, or node for Fluid compute.", show_default="edge"),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="Where runs are counted and answers kept: durable-objects, dynamodb, upstash or none.",
            show_default="the target's own",
        ),
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option(help="A domain of yours for the endpoint, such as prompts.example.com. For cloudflare."),
    ] = None,
) -> None:
    """Generate a complete project for a cloud."""
    from promptstudio_cli.output_folder import write_into
    from promptstudio_cli.project import bundle_of, current_project
    from promptstudio_generators import targets
    from promptstudio_generators.targets.options import OptionError

    if target not in targets.TARGETS:
        raise UsageError(f'There is no target "{target}".', f"Targets: {', '.join(targets.TARGETS)}.")
    project = current_project()
    options = replace(
        _options(project.settings),
        runtime=_runtime(target, runtime),
        store=cast("StoreName | None", store),  # what is none, targets.generate refuses
        domain=_domain(domain),
    )
    try:
        files = targets.generate(target, bundle_of(project), options)
    except OptionError as error:
        raise UsageError(error.message, error.advice) from None
    changed = write_into(output, files, _MARK, force=force)
    typer.echo(f"{output}: {changed} of {len(files)} files written. How to deploy: {output / 'README.md'}")


def _runtime(target: str, named: str | None) -> "VercelRuntime":
    if named is not None and target != "vercel":
        raise UsageError(f"The target {target} has one runtime.", "--runtime is for vercel.")
    match named:
        case None | "edge":
            return "edge"
        case "node":
            return "node"
        case _:
            raise UsageError(f'Vercel has no runtime "{named}".', "Runtimes: edge, node.")


def _domain(named: str | None) -> "HostName | None":
    from promptstudio_generators.names import HostName, UnfitNameError

    try:
        return None if named is None else HostName(named)
    except UnfitNameError as error:
        raise UsageError(f"{error}.", "Name one such as prompts.example.com, and nothing else.") from None


def _options(settings: "ProjectSettings") -> "TargetOptions":
    from promptstudio_generators.targets.options import TargetOptions

    options = TargetOptions(name=settings.name, cors_origins=settings.cors_origins)
    return options if settings.body_limit is None else replace(options, body_limit=settings.body_limit)
