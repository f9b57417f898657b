"""Request bodies that fit the prompts of a bundle, for the smoke test and for people to begin with."""

from collections.abc import Mapping
from typing import cast

from promptstudio.prompts.bundle import DEFAULT_LABEL
from promptstudio.providers.instance import smallest
from promptstudio.values import Json

_Object = Mapping[str, Json]


def sample_bodies(bundle: _Object) -> dict[str, dict[str, Json]]:
    """A run's body for each prompt, by the prompt's name, in the order of names."""
    prompts = cast("Mapping[str, _Object]", bundle["prompts"])
    return {name: {"variables": smallest(_variables(prompts[name]))} for name in sorted(prompts)}


def _variables(prompt: _Object) -> _Object:
    """The variables' schema of the version that answers by default."""
    number = cast("Mapping[str, int]", prompt["labels"]).get(DEFAULT_LABEL, prompt["latest"])
    version = cast("Mapping[str, Mapping[str, _Object]]", prompt["versions"])[str(number)]
    return cast("_Object", version["input"]["schema"])
