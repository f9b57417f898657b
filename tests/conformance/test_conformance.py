"""Every case in every runtime, and the runtimes beside each other."""

from pathlib import Path

import pytest

from tests.conformance.case_file import load
from tests.conformance.judge import differences, faults
from tests.conformance.play import Player


def test_case(player: Player, case_file: Path, runtime: str) -> None:
    case = load(case_file)
    assert not (found := faults(case, player.play(case, runtime))), "\n".join(found)


@pytest.mark.needs("node")
def test_the_runtimes_agree_byte_for_byte(player: Player, case_file: Path) -> None:
    case = load(case_file)
    first, *others = [player.play(case, runtime) for runtime in case.runtimes]
    for other in others:
        found = differences(first, other, compare_body=case.request.close_after is None)
        assert not found, "\n".join(found)
