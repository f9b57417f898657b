"""Python: a typed package with a synchronous and an asynchronous client."""

from promptstudio_generators.sdks.lock import LOCK, prompts_lock
from promptstudio_generators.sdks.model import Package
from promptstudio_generators.sdks.options import SdkOptions


def generate(package: Package, options: SdkOptions) -> dict[str, str]:
    """The package's files; see `sdks.generate_sdk`."""
    return {LOCK: prompts_lock(package)}
