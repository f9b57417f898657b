"""What a run costs. Prices are integer picodollars a token; a run is rounded up once, to a nanodollar."""

from dataclasses import dataclass
from typing import Final

from promptstudio.providers.base import Usage

_PICO_PER_NANO: Final = 1000
_NANO_PER_DOLLAR: Final = 10**9


@dataclass(frozen=True, slots=True)
class Price:
    """Picodollars a token: fresh input, output, input read from a cache, input written to one."""

    input: int
    output: int
    cached: int
    cache_write: int


def cost_nanodollars(usage: Usage, price: Price) -> int:
    """The cost of a run, rounded up."""
    fresh = max(usage.input - usage.cached - usage.cache_write, 0)
    picodollars = (
        fresh * price.input
        + usage.cached * price.cached
        + usage.cache_write * price.cache_write
        + usage.output * price.output
    )
    return -(-picodollars // _PICO_PER_NANO)


def cost_usd(usage: Usage | None, price: Price | None) -> str | None:
    """The cost in US dollars as a plain decimal ("0.000123"), None where price or usage is unknown."""
    if usage is None or price is None:
        return None
    dollars, nanodollars = divmod(cost_nanodollars(usage, price), _NANO_PER_DOLLAR)
    return f"{dollars}.{nanodollars:09}".rstrip("0").rstrip(".")
