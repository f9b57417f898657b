"""A prompt's `config`: its names in one spelling, its values checked."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from promptstudio.prompts.validate import compile_schema
from promptstudio.values import Json

_CAPITAL: Final = re.compile(r"(?<=[a-z])([A-Z])")
_OTHER_NAMES: Final = {"max_output_tokens": "max_tokens", "stop_sequences": "stop"}

_SETTINGS: Final[dict[str, Json]] = {
    "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    "max_tokens": {"type": "integer", "minimum": 1},
    "top_p": {"type": "number", "minimum": 0, "maximum": 1},
    "frequency_penalty": {"type": "number", "minimum": -2, "maximum": 2},
    "presence_penalty": {"type": "number", "minimum": -2, "maximum": 2},
    "stop": {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1},
    "seed": {"type": "integer"},
    "reasoning_effort": {"enum": ["none", "minimal", "low", "medium", "high", "xhigh", "max"]},
}
_VALIDATE: Final = compile_schema({"properties": _SETTINGS})

KNOWN_SETTINGS: Final = frozenset(_SETTINGS)


def setting_name(name: str) -> str:
    """Our name of a setting: `maxOutputTokens` is max_tokens."""
    snake = _CAPITAL.sub(lambda capital: "_" + capital[1].lower(), name)
    return _OTHER_NAMES.get(snake, snake)


def normal_config(config: Mapping[str, Json]) -> dict[str, Json]:
    """The settings under our names."""
    return {setting_name(name): value for name, value in config.items()}


def config_problems(config: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """What is wrong with a front matter's `config`: the setting as it stands there, and a sentence."""
    spelled: dict[str, str] = {}
    for name, value in config.items():
        ours = setting_name(name)
        if ours in spelled:
            yield name, f"{name} and {spelled[ours]} are the same setting"
        spelled[ours] = name
        for error in _VALIDATE({ours: value}, "")[1]:
            yield name, f"{name}: {error.message}"
