"""What is known of models: prices, context, retirement. The facts are data, in models.json."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, TypedDict

from promptstudio.providers.cost import Price

_DATED: Final = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$")


@dataclass(frozen=True, slots=True)
class Model:
    """`name` is `provider/model`. What is not known is None. `context` counts tokens of input. `lacks`
    holds the settings that the model refuses though its provider has them."""

    name: str
    price: Price | None = None
    context: int | None = None
    retires: date | None = None
    successor: str | None = None
    lacks: frozenset[str] = frozenset()

    def retired(self, today: date) -> bool:
        """Whether the provider has shut the model down by now."""
        return self.retires is not None and self.retires <= today


def find_model(name: str) -> Model | None:
    """The model of this name (`openai/gpt-5.4-mini`); a dated name has its undated one's facts unless the
    table knows it better. None where the table does not know it."""
    models = _models()
    return models.get(name) or models.get(undated(name))


def undated(name: str) -> str:
    """The name without the date that a provider puts at the end of a snapshot's."""
    return _DATED.sub("", name)


@cache
def _models() -> Mapping[str, Model]:
    table = json.loads(Path(__file__).with_name("models.json").read_bytes())
    return {name: _model(name, row) for name, row in table["models"].items()}


class _Row(TypedDict, total=False):
    """A line of models.json. Prices are picodollars a token, and come all or not at all."""

    input: int
    output: int
    cached: int
    cache_write: int
    context: int
    retires: str
    successor: str
    lacks: list[str]


def _model(name: str, row: _Row) -> Model:
    price = None
    if "input" in row:
        price = Price(
            input=row["input"],
            output=row["output"],
            cached=row.get("cached", row["input"]),
            cache_write=row.get("cache_write", row["input"]),
        )
    return Model(
        name=name,
        price=price,
        context=row.get("context"),
        retires=date.fromisoformat(row["retires"]) if "retires" in row else None,
        successor=row.get("successor"),
        lacks=frozenset(row.get("lacks", ())),
    )
