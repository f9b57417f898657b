"""The whole of PromptStudio in one process on a laptop."""

from collections.abc import Callable, Mapping
from pathlib import Path


def serve(
    root: Path,
    *,
    data: Path,
    environ: Mapping[str, str],
    report: Callable[[str], None],
    host: str = "127.0.0.1",
    port: int = 8787,
    dev: bool = False,
) -> None:
    """Serve the project in `root` until SIGINT or SIGTERM, then finish what runs and return.

    API keys are read from `data`/keys.json, or from PROMPTSTUDIO_KEYS. `port` 0 takes a free one. `report`
    is given lines for the terminal: first the address, then (with `dev`, which watches the project's files
    and runs on echo what lacks its provider's key) diagnostics at each change. Raises CompileError,
    ProjectError, SettingsError, KeysError, or ServeError where it may not or cannot listen.
    """
    raise NotImplementedError
