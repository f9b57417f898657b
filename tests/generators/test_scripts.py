"""The shell scripts of generated projects, and what their workflows run, before shellcheck."""

import subprocess

import pytest
import yaml

from promptstudio_generators.targets import TARGETS, generate
from tests.conftest import SHELLCHECK
from tests.generators.projects import OPTIONS, bundle

WORKFLOW = ".github/workflows/deploy.yml"
ON_PURPOSE = ("--exclude=SC2086",)  # $REGIONS is to be taken apart


def scripts(target: str) -> dict[str, str]:
    files = generate(target, bundle(), OPTIONS)
    found = {path: text for path, text in files.items() if path.endswith(".sh")}
    jobs = yaml.safe_load(files[WORKFLOW])["jobs"] if WORKFLOW in files else {}
    steps = [step for job in jobs.values() for step in job["steps"] if "run" in step]
    return found | {f"{WORKFLOW} {number}": step["run"] for number, step in enumerate(steps)}


@pytest.mark.needs("shellcheck")
@pytest.mark.parametrize("target", TARGETS)
def test_shellcheck_has_nothing_to_say(target: str) -> None:
    for name, text in scripts(target).items():
        command = [SHELLCHECK, "--shell=bash", *(ON_PURPOSE if name.startswith(WORKFLOW) else ()), "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout == "", name
        assert done.returncode == 0, done.stderr
