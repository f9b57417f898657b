"""What the prompts of a bundle ask of a target."""

from collections.abc import Mapping
from typing import cast

from promptstudio.values import Json


def prompts_with(bundle: Mapping[str, Json], member: str) -> list[str]:
    """The prompts of which some version has this member, such as `limits`, in the order of names."""
    prompts = cast("Mapping[str, Mapping[str, Mapping[str, Mapping[str, Json]]]]", bundle["prompts"])
    return sorted(
        name
        for name, prompt in prompts.items()
        if any(member in version for version in prompt["versions"].values())
    )
