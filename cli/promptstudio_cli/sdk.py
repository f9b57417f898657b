"""`promptstudio sdk LANGUAGE`: a typed client for this project's prompts, ready for a package registry."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from promptstudio_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptstudio_generators.sdks.options import Mode, Transport

_Word = TypeVar("_Word", bound=str)


def sdk(
    language: Annotated[str, typer.Argument(help="The client's language: python, typescript or curl.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write to.")],
    prompts: Annotated[
        str | None,
        typer.Option(metavar="NAME,…", help="Which prompts.", show_default="all of them"),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The package's name.", show_default="the project's, and -prompts")
    ] = None,
    package_version: Annotated[str, typer.Option(help="The package's own version.")] = "0.1.0",
    label: Annotated[
        str | None,
        typer.Option(help="Follow this label, instead of the versions that the prompts have now."),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            help="Which calls, for python: sync, async or both.", show_default="what the transport does"
        ),
    ] = None,
    transport: Annotated[
        str | None,
        typer.Option(help="The HTTP client, for python: httpx2, requests or aiohttp.", show_default="httpx2"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write even into a folder that holds other things.")
    ] = False,
) -> None:
    """Generate a typed client for the prompts."""
    from promptstudio_cli.output_folder import write_into
    from promptstudio_cli.project import bundle_of, current_project
    from promptstudio_generators.sdks import SDKS, generate_sdk
    from promptstudio_generators.sdks.lock import LOCK
    from promptstudio_generators.sdks.options import SdkOptions, SdkOptionsError

    if language not in SDKS:
        raise UsageError(f'There is no SDK for "{language}".', f"Languages: {', '.join(SDKS)}.")
    for option, value in (("--mode", mode), ("--transport", transport)):
        if value is not None and language != "python":
            raise UsageError(f"{option} is for python.")
    project = current_project()
    client = _transport(transport)
    try:
        options = SdkOptions(
            name=name or f"{project.settings.name}-prompts",
            package_version=package_version,
            prompts=tuple(each.strip() for each in prompts.split(",")) if prompts else (),
            label=label,
            mode=_mode(mode, client),
            transport=client,
        )
        files = generate_sdk(language, bundle_of(project), options)
    except SdkOptionsError as error:
        raise UsageError(str(error)) from None
    changed = write_into(output, files, LOCK, force=force)
    typer.echo(f"{output}: {changed} of {len(files)} files written. How to use it: {output / 'README.md'}")


def _mode(named: str | None, transport: "Transport") -> "Mode":
    from promptstudio_generators.sdks.options import MODES, default_mode

    return default_mode(transport) if named is None else _one_of("mode", MODES, named)


def _transport(named: str | None) -> "Transport":
    from promptstudio_generators.sdks.options import TRANSPORTS

    return "httpx2" if named is None else _one_of("transport", TRANSPORTS, named)


def _one_of(kind: str, known: "Sequence[_Word]", named: str) -> "_Word":
    for each in known:
        if each == named:
            return each
    raise UsageError(f'There is no {kind} "{named}".', f"There are: {', '.join(known)}.")
