"""The player: what it waits for before a case with limits."""

import pytest

from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.file import Source
from promptstudio.prompts.project_settings import ProjectSettings
from tests.conformance.play import have_room, windows_s

MIDNIGHT = 1_800_057_600.0
assert MIDNIGHT % 86400 == 0


@pytest.mark.parametrize("windows", [(), (60,), (3600, 86400), (60, 3600, 86400)])
def test_a_case_begins_at_once_far_from_the_ends_of_its_windows(windows: tuple[int, ...]) -> None:
    assert have_room(windows, MIDNIGHT + 7230)


@pytest.mark.parametrize(
    ("windows", "now"),
    [((86400,), MIDNIGHT - 9), ((3600, 86400), MIDNIGHT + 3595), ((60,), MIDNIGHT + 115)],
)
def test_a_case_waits_where_a_window_is_about_to_end(windows: tuple[int, ...], now: float) -> None:
    assert not have_room(windows, now)
    assert have_room(windows, now + 10)


def test_a_case_waits_while_two_of_its_windows_end_together() -> None:
    assert not have_room((60, 3600), MIDNIGHT - 40)
    assert have_room((60, 3600), MIDNIGHT - 80)
    assert have_room((60,), MIDNIGHT - 40)


def test_the_windows_are_those_of_all_limits_of_the_bundle() -> None:
    texts = {
        "a": "promptstudio.limits: [{requests: 1, per: day}, {requests: 1, per: day, by: key}]",
        "b": "promptstudio.limits: [{requests: 1, per: minute}]",
        "c": "description: none",
    }
    sources = [Source(f"{name}.prompt", f"---\n{text}\n---\nHi") for name, text in texts.items()]
    bundle = compile_bundle(sources, ProjectSettings(name="p", model="echo/echo")).bundle
    assert bundle is not None
    assert windows_s(bundle) == {86400, 60}
