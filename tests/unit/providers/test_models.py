from datetime import date
from decimal import Decimal

import pytest

from promptstudio.providers.cost import Price
from promptstudio.providers.models import Model, find_model
from tests.refresh_models import trim

CURRENT = [
    "openai/gpt-6-sol",
    "openai/gpt-6-luna",
    "openai/gpt-5.6-sol",
    "openai/gpt-5.4",
    "openai/gpt-5.4-mini",
    "anthropic/claude-opus-5-5",
    "anthropic/claude-sonnet-5-5",
    "anthropic/claude-haiku-5-5",
    "groq/openai/gpt-oss-120b",
]
RETIRING = {
    "openai/gpt-5": (date(2026, 12, 11), "openai/gpt-5.6-sol"),
    "openai/gpt-5-mini": (date(2026, 12, 11), "openai/gpt-5.6-terra"),
    "openai/gpt-5-nano": (date(2026, 12, 11), "openai/gpt-5.6-luna"),
    "openai/o3": (date(2026, 12, 11), "openai/gpt-5.6-sol"),
    "openai/gpt-4o": (date(2027, 1, 14), "openai/gpt-6-luna"),
    "openai/gpt-4o-mini": (date(2027, 1, 14), "openai/gpt-6-luna"),
    "openai/gpt-4.1": (date(2027, 1, 14), "openai/gpt-6-luna"),
    "openai/gpt-4.1-mini": (date(2027, 1, 14), "openai/gpt-6-luna"),
}


def known(name: str) -> Model:
    model = find_model(name)
    assert model is not None
    return model


@pytest.mark.parametrize("name", CURRENT)
def test_a_current_model_has_a_price_and_no_end(name: str) -> None:
    model = known(name)
    assert model.price is not None
    assert model.price.output > model.price.input > model.price.cached > 0
    assert model.retires is None


@pytest.mark.parametrize("name", RETIRING)
def test_a_retiring_model_has_a_date_and_a_successor_that_lives_on(name: str) -> None:
    model = known(name)
    assert (model.retires, model.successor) == RETIRING[name]
    assert model.retires is not None
    assert model.successor is not None
    assert not model.retired(date(2026, 12, 10))
    assert model.retired(model.retires)
    assert known(model.successor).retires is None


def test_a_dated_name_has_the_facts_of_its_undated_one() -> None:
    assert find_model("openai/gpt-5.4-mini-2026-03-17") == find_model("openai/gpt-5.4-mini")
    assert find_model("anthropic/claude-haiku-4-5-20251001") == find_model("anthropic/claude-haiku-4-5")


def test_a_dated_name_may_have_facts_of_its_own() -> None:
    assert known("openai/gpt-4o-2024-05-13").retires == date(2026, 10, 23)
    assert known("openai/gpt-4o-2024-11-20").retires == date(2027, 1, 14)


def test_prices_are_picodollars_a_token() -> None:
    assert known("openai/gpt-5.4-mini").price == Price(
        input=750_000, output=4_500_000, cached=75_000, cache_write=750_000
    )


def test_a_model_nobody_told_us_of_is_unknown() -> None:
    assert find_model("ollama/llama3") is None
    assert find_model("gpt-5.4-mini") is None


def test_the_trimmed_table_keeps_text_models_and_what_is_special_about_their_dated_names() -> None:
    row: dict[str, object] = {
        "mode": "chat",
        "input_cost_per_token": Decimal("7.5e-07"),
        "output_cost_per_token": Decimal("1e-6"),
    }
    table: dict[str, dict[str, object]] = {
        "gpt-9": {**row, "litellm_provider": "openai", "max_input_tokens": 1000},
        "gpt-9-2027-01-01": {**row, "litellm_provider": "openai", "max_input_tokens": 1000},
        "gpt-9-2027-02-02": {**row, "litellm_provider": "openai", "max_input_tokens": 2000},
        "gpt-9-audio": {**row, "litellm_provider": "openai"},
        "ft:gpt-9": {**row, "litellm_provider": "openai"},
        "groq/maker/9": {**row, "litellm_provider": "groq", "supports_sampling_params": False},
        "text-embedding-9": {"mode": "embedding", "litellm_provider": "openai"},
        "other-9": {**row, "litellm_provider": "other"},
    }
    rows = {name: row for name, row in trim(table).items() if "9" in name}
    assert rows == {
        "groq/maker/9": {"input": 750_000, "output": 1_000_000, "lacks": ["temperature", "top_p"]},
        "openai/gpt-9": {"input": 750_000, "output": 1_000_000, "context": 1000},
        "openai/gpt-9-2027-02-02": {"input": 750_000, "output": 1_000_000, "context": 2000},
    }
