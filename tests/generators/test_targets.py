"""What every target is asked for: a store it can have, a domain it can take, and limits that are counted."""

from dataclasses import replace
from typing import cast

import pytest

from promptstudio.values import Json
from promptstudio_generators.names import HostName
from promptstudio_generators.targets import TARGETS, generate
from promptstudio_generators.targets.options import OptionError, StoreName
from tests.generators.projects import OPTIONS, bundle

STORES: dict[str, tuple[StoreName, ...]] = {
    "aws-sam": ("dynamodb", "none"),
    "cloudflare": ("durable-objects", "none"),
    "gcf": ("none", "upstash"),
    "vercel": ("none", "upstash"),
}

every_target = pytest.mark.parametrize("target", TARGETS)


def limited(*names: str) -> dict[str, Json]:
    """The bundle with a limit in one version of each of these prompts."""
    document = bundle()
    prompts = cast("dict[str, dict[str, dict[str, dict[str, Json]]]]", document["prompts"])
    for name in names:
        version = next(iter(prompts[name]["versions"].values()))
        version["limits"] = [{"requests": 60, "per": "minute", "by": "key"}]
    return document


def test_every_target_has_its_stores_the_default_first() -> None:
    assert {name: row.stores for name, row in TARGETS.items()} == STORES


@every_target
def test_a_target_that_is_told_no_store_has_its_default(target: str) -> None:
    default = replace(OPTIONS, store=STORES[target][0])
    assert generate(target, bundle(), OPTIONS) == generate(target, bundle(), default)


@pytest.mark.parametrize(
    ("target", "store"),
    [("cloudflare", "upstash"), ("aws-sam", "durable-objects"), ("vercel", "dynamodb"), ("gcf", "dynamodb")],
)
def test_a_store_that_a_target_cannot_have_is_refused(target: str, store: StoreName) -> None:
    with pytest.raises(OptionError) as refusal:
        generate(target, bundle(), replace(OPTIONS, store=store))
    assert refusal.value.message == f'The target {target} has no store "{store}".'
    assert refusal.value.advice == f"Stores: {', '.join(STORES[target])}."


@every_target
def test_limits_need_a_store(target: str) -> None:
    with pytest.raises(OptionError) as refusal:
        generate(target, limited("translate", "greet"), replace(OPTIONS, store="none"))
    assert refusal.value.message == (
        f"Without a store the target {target} cannot count runs, and these prompts have limits: "
        "greet, translate."
    )
    change = "Generate with --store upstash" if STORES[target][0] == "none" else "Leave --store none out"
    assert refusal.value.advice == f"{change}, or take the limits out of the prompts."


@pytest.mark.parametrize("target", ["gcf", "vercel"])
def test_limits_are_refused_too_where_the_default_is_no_store(target: str) -> None:
    with pytest.raises(OptionError, match=r"cannot count runs, and these prompts have limits: greet\.$"):
        generate(target, limited("greet"), OPTIONS)


@every_target
def test_limits_are_taken_where_they_are_counted(target: str) -> None:
    (store,) = [store for store in STORES[target] if store != "none"]
    assert generate(target, limited("greet"), replace(OPTIONS, store=store))


@pytest.mark.parametrize("target", ["aws-sam", "gcf", "vercel"])
def test_a_domain_is_refused_where_it_is_set_at_deployment(target: str) -> None:
    with pytest.raises(OptionError) as refusal:
        generate(target, bundle(), replace(OPTIONS, domain=HostName("prompts.example.com")))
    assert refusal.value.message == f"The target {target} takes no domain."
    assert refusal.value.advice == (
        "--domain is for cloudflare; elsewhere a domain is set when the project is deployed."
    )


def test_cloudflare_takes_a_domain() -> None:
    assert generate("cloudflare", bundle(), replace(OPTIONS, domain=HostName("prompts.example.com")))
