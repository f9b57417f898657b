"""The languages that an SDK can be generated for: a row and a folder of templates each."""

from collections.abc import Callable, Mapping
from typing import Final

from promptstudio.values import Json
from promptstudio_generators.sdks import curl, python, typescript
from promptstudio_generators.sdks.build import build_package
from promptstudio_generators.sdks.model import Package
from promptstudio_generators.sdks.options import SdkOptions

SDKS: Final[Mapping[str, Callable[[Package, SdkOptions], dict[str, str]]]] = {
    "python": python.generate,
    "typescript": typescript.generate,
    "curl": curl.generate,
}


def generate_sdk(language: str, bundle: Mapping[str, Json], options: SdkOptions) -> dict[str, str]:
    """A whole package in `language` (a row of SDKS), as text by relative path.

    Pure: the same bundle and options give the same bytes. Raises SdkOptionsError where the options and the
    bundle do not go together, and UnfitNameError.
    """
    return SDKS[language](build_package(bundle, options), options)
