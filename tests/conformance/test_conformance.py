"""Every case in every runtime, and the runtimes beside each other."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conformance.case_file import load
from tests.conformance.judge import differences, faults
from tests.conformance.play import Player


def judge(player: Player, case_file: Path, runtimes: Sequence[str]) -> None:
    """Play the case in those of the runtimes that it is for."""
    case = load(case_file)
    outcomes = {runtime: player.play(case, runtime) for runtime in runtimes if runtime in case.runtimes}
    found = [f"{runtime}: {fault}" for runtime in outcomes for fault in faults(case, outcomes[runtime])]
    for one, other in pairwise(outcomes):
        disagreements = differences(case, outcomes[one], outcomes[other])
        found += [f"{one} and {other} disagree: {disagreement}" for disagreement in disagreements]
    assert not found, "\n".join(found)


@pytest.mark.needs("node")
def test_case(player: Player, case_file: Path) -> None:
    judge(player, case_file, ("python", "workerd", "vercel"))


@pytest.mark.needs("node", "make prove")
def test_case_in_a_vercel_function_on_node(player: Player, case_file: Path) -> None:
    judge(player, case_file, ("python", "vercel_node"))


@pytest.mark.needs("functions-framework")
def test_case_in_a_google_cloud_function(player: Player, case_file: Path) -> None:
    judge(player, case_file, ("python", "gcf"))


@pytest.mark.needs("lambda-web-adapter")
def test_case_in_a_lambda_function(player: Player, case_file: Path) -> None:
    judge(player, case_file, ("python", "aws_sam"))
