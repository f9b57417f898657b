"""The table of mutations says what publishing says."""

import pytest

from promptstudio.prompts.semver import propose
from tests.generators.sdk.mutations import BASE, MUTATIONS, Mutation


def test_there_are_enough_of_them() -> None:
    assert len(MUTATIONS) >= 40
    assert min(sum(each.breaks for each in MUTATIONS), sum(not each.breaks for each in MUTATIONS)) >= 20


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name.replace(" ", "-"))
def test_publishing_calls_breaking_what_breaks(mutation: Mutation) -> None:
    proposal = propose(BASE.contract, mutation.shape.contract, "1.0.0")
    assert proposal.breaking == mutation.breaks, proposal.reasons
