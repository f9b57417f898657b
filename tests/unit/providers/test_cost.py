from decimal import ROUND_CEILING, Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptstudio.providers.base import Usage
from promptstudio.providers.cost import Price, cost_nanodollars, cost_usd
from tests.unit.providers.runtimes import Python, TypeScript

PRICE = Price(input=750_000, output=4_500_000, cached=75_000, cache_write=937_500)
tokens = st.integers(0, 2**53)


@pytest.mark.parametrize(
    ("usage", "price", "cost"),
    [
        (Usage(input=1_000_000), PRICE, "0.75"),
        (Usage(output=1_000_000), PRICE, "4.5"),
        (Usage(input=1_000_000, cached=1_000_000), PRICE, "0.075"),
        (Usage(input=1_000_000, cache_write=1_000_000), PRICE, "0.9375"),
        (Usage(input=120, output=42, cached=100, cache_write=8), PRICE, "0.000213"),
        (Usage(output=2_000_000_000), PRICE, "9000"),
        (Usage(), PRICE, "0"),
        (Usage(input=1), Price(1, 0, 0, 0), "0.000000001"),
        (Usage(input=1001), Price(1, 0, 0, 0), "0.000000002"),
        (None, PRICE, None),
        (Usage(input=5), None, None),
    ],
)
def test_a_run_costs_what_its_tokens_cost_together(
    usage: Usage | None, price: Price | None, cost: str | None
) -> None:
    assert cost_usd(usage, price) == cost


@given(tokens, tokens, tokens, tokens)
@settings(deadline=None)
def test_the_sum_is_exact_and_rounded_up_once(fresh: int, cached: int, written: int, output: int) -> None:
    usage = Usage(input=fresh + cached + written, output=output, cached=cached, cache_write=written)
    rates = zip(
        (fresh, output, cached, written),
        (PRICE.input, PRICE.output, PRICE.cached, PRICE.cache_write),
        strict=True,
    )
    exact = sum((Decimal(count) * rate for count, rate in rates), Decimal(0)) / 10**12
    cost = cost_usd(usage, PRICE)
    assert cost is not None
    assert Decimal(cost) == exact.quantize(Decimal("1e-9"), rounding=ROUND_CEILING)


def test_more_cached_than_input_costs_no_less_than_nothing() -> None:
    assert cost_nanodollars(Usage(input=1, cached=10), PRICE) == 750


@given(tokens, tokens, tokens, tokens)
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.needs("node")
def test_both_runtimes_count_alike(
    node: TypeScript, input_: int, cached: int, written: int, output: int
) -> None:
    usage = {"input": input_, "output": output, "cached": cached, "cache_write": written}
    price = {"input": 750_000, "output": 180_000_000, "cached": 75_000, "cache_write": 937_501}
    assert node.cost(usage, price) == Python().cost(usage, price)
