"""Our two renderers against each other and against npm dotprompt, over generated templates and data."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from promptstudio.errors import BOUNDS
from tests.differential.renderers import Case, Renderers, renderers
from tests.differential.template_cases import cases

pytestmark = pytest.mark.needs("node")


@pytest.fixture(scope="module")
def side_by_side() -> Iterator[Renderers]:
    with renderers() as running:
        yield running


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(case=cases())
def test_both_runtimes_render_a_template_as_dotprompt_does(side_by_side: Renderers, case: Case) -> None:
    rendered = side_by_side.render(case)
    assert rendered["python"] == rendered["typescript"]
    if "error" in rendered["dotprompt"]:
        assert "error" in rendered["python"], rendered["dotprompt"]
    else:
        assert rendered["python"] == rendered["dotprompt"]


LIMIT = BOUNDS["render_characters"]
LOOPS = BOUNDS["render_loops"]


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        (Case("{{x}}", variables={"x": "a" * LIMIT}), None),
        (Case("{{x}}b", variables={"x": "a" * LIMIT}), "render_size"),
        (Case("{{x}}", variables={"x": "😀" * (LIMIT // 2)}), None),
        (Case("{{x}}b", variables={"x": "😀" * (LIMIT // 2)}), "render_size"),
        (Case("  {{> p}}", {"p": "{{x}}"}, {"x": "\n" * (LIMIT // 3)}), None),
        (Case("  {{> p}}", {"p": "{{x}}"}, {"x": "\n" * (LIMIT // 3 + 1)}), "render_size"),
        (Case("{{#each xs}}{{/each}}", variables={"xs": [0] * LOOPS}), None),
        (Case("{{#each xs}}{{/each}}{{> p}}", {"p": ""}, {"xs": [0] * LOOPS}), "render_loops"),
        (Case("{{> p}}", {"p": "{{> p}}"}), "render_depth"),
        (Case("{{#if t}}" * 63 + "{{> p}}" + "{{/if}}" * 63, {"p": "x"}, {"t": True}), None),
        (Case("{{#if t}}" * 64 + "{{> p}}" + "{{/if}}" * 64, {"p": "x"}, {"t": True}), "render_depth"),
        (Case("{{#each xs}}a{{/each}}{{> p}}", {"p": "{{> p}}"}, {"xs": [0] * (LOOPS + 1)}), "render_loops"),
    ],
)
def test_both_runtimes_stop_at_the_same_bounds(
    side_by_side: Renderers, case: Case, problem: str | None
) -> None:
    rendered = side_by_side.ours(case)
    assert rendered["python"] == rendered["typescript"]
    assert rendered["python"].get("error") == problem
