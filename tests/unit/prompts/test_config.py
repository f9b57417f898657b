"""Settings: their spellings, types and bounds."""

import pytest

from promptstudio.prompts.config import config_problems, normal_config, setting_name
from promptstudio.values import Json


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("maxOutputTokens", "max_tokens"),
        ("maxTokens", "max_tokens"),
        ("max_tokens", "max_tokens"),
        ("topP", "top_p"),
        ("stopSequences", "stop"),
        ("frequencyPenalty", "frequency_penalty"),
        ("reasoningEffort", "reasoning_effort"),
        ("temperature", "temperature"),
    ],
)
def test_dotprompts_spelling_is_taken(written: str, name: str) -> None:
    assert setting_name(written) == name


def test_settings_keep_their_values_and_order() -> None:
    config: dict[str, Json] = {"topP": 0.5, "stop": "x", "maxOutputTokens": 5}
    assert list(normal_config(config).items()) == [("top_p", 0.5), ("stop", "x"), ("max_tokens", 5)]


@pytest.mark.parametrize(
    ("config", "name", "message"),
    [
        ({"temperature": "hot"}, "temperature", 'temperature: "hot" is not a number'),
        ({"temperature": 2.5}, "temperature", "temperature: 2.5 is more than 2"),
        ({"maxOutputTokens": 0}, "maxOutputTokens", "maxOutputTokens: 0 is less than 1"),
        ({"seed": 1.5}, "seed", "seed: 1.5 is not an integer"),
        ({"stop": []}, "stop", "stop: has fewer than 1 items"),
        ({"top_p": 1, "topP": 1}, "topP", "topP and top_p are the same setting"),
    ],
)
def test_a_wrong_value_is_named_under_the_name_it_has_in_the_file(
    config: dict[str, Json], name: str, message: str
) -> None:
    assert list(config_problems(config)) == [(name, message)]
