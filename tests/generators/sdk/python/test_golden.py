"""The golden package is what is generated now."""

from tests.generators.sdk.python.golden import GOLDEN, golden_files


def test_the_golden_package_is_up_to_date() -> None:
    there = {
        path.relative_to(GOLDEN).as_posix(): path.read_text("utf-8")
        for path in GOLDEN.rglob("*")
        if path.is_file()
    }
    assert there == golden_files(), "run `make regen`, and read what changed"
