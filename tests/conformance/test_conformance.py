"""Every case in every runtime, and each runtime beside the first that the case is for."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.conformance.case_file import load
from tests.conformance.conftest import VERDICTS
from tests.conformance.judge import differences, faults
from tests.conformance.play import Player


def test_case(
    player: Player,
    case_file: Path,
    runtimes: Sequence[str],
    record_property: Callable[[str, object], None],
) -> None:
    found = {runtime: ["not played to its end"] for runtime in runtimes}
    try:
        found = judged(player, case_file, runtimes)
    finally:
        verdicts = [(case_file.stem, runtime, not wrong) for runtime, wrong in found.items()]
        record_property(VERDICTS, verdicts)
    wrong = [fault for wrong in found.values() for fault in wrong]
    assert not wrong, "\n".join(wrong)


def judged(player: Player, case_file: Path, runtimes: Sequence[str]) -> dict[str, list[str]]:
    """What is wrong with each runtime; the first, if it is right, is what the other is to be equal to."""
    case = load(case_file)
    outcomes = {runtime: player.play(case, runtime) for runtime in runtimes}
    found = {
        runtime: [f"{runtime}: {fault}" for fault in faults(case, outcome)]
        for runtime, outcome in outcomes.items()
    }
    first, *others = runtimes
    for other in others if not found[first] else ():
        unequal = differences(case, outcomes[first], outcomes[other])
        found[other] += [f"{first} and {other} disagree: {difference}" for difference in unequal]
    return found
