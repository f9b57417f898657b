"""The clouds that a bundle can be generated for: one row and one folder of templates each."""

from collections.abc import Callable, Mapping
from typing import Final

from promptstudio.values import Json
from promptstudio_generators.targets import aws_sam, cloudflare, gcf, vercel
from promptstudio_generators.targets.options import TargetOptions

TARGETS: Final[Mapping[str, Callable[[Mapping[str, Json], TargetOptions], dict[str, str]]]] = {
    "aws-sam": aws_sam.generate,
    "cloudflare": cloudflare.generate,
    "gcf": gcf.generate,
    "vercel": vercel.generate,
}


def generate(target: str, bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, str]:
    """A complete project for `target` (a row of TARGETS), as text by relative path.

    Pure: the same bundle and options give the same bytes. Raises UnfitNameError where the bundle names
    a prompt or an environment variable in a way that the compiler would have refused.
    """
    return TARGETS[target](bundle, options)
