"""What the CI workflows of generated projects may do."""

import json
import re
from typing import Any, Final, cast

import pytest
import yaml

from promptstudio_generators.targets import TARGETS, generate
from tests.generators.projects import OPTIONS, bundle

FILE: Final = ".github/workflows/deploy.yml"
SIGNS_IN: Final = ("aws-actions/configure-aws-credentials", "google-github-actions/auth")

every_target = pytest.mark.parametrize("target", TARGETS)


def text(target: str) -> str:
    return generate(target, bundle(), OPTIONS)[FILE]


def workflow(target: str) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(text(target)))


def steps(target: str) -> list[dict[str, Any]]:
    return [step for job in workflow(target)["jobs"].values() for step in job["steps"]]


@every_target
def test_an_action_is_pinned_by_its_commit_with_its_version_beside_it(target: str) -> None:
    used = re.findall(r"uses: (.*)", text(target))
    assert used
    assert all(re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+(\.\d+\.\d+)?", action) for action in used)


@every_target
def test_it_may_read_the_repository_and_ask_for_a_token_to_deploy_with(target: str) -> None:
    assert workflow(target)["permissions"] == {"contents": "read"}
    jobs = workflow(target)["jobs"]
    assert "permissions" not in jobs["test"]
    assert jobs["deploy"].get("permissions", {}) in ({}, {"contents": "read", "id-token": "write"})
    checkouts = [step for step in steps(target) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


@every_target
def test_what_is_tested_on_main_alone_is_deployed_one_after_the_other(target: str) -> None:
    deploy = workflow(target)["jobs"]["deploy"]
    assert deploy["if"] == "github.ref == 'refs/heads/main'"
    assert deploy["needs"] == "test"
    assert workflow(target)["concurrency"] == {
        "group": "deploy-${{ github.ref }}",
        "cancel-in-progress": False,
    }


@every_target
def test_no_job_runs_for_hours_on_whatever_system_is_the_latest(target: str) -> None:
    for job in workflow(target)["jobs"].values():
        assert job["timeout-minutes"] <= 30
        assert job["runs-on"] == "ubuntu-24.04"


@every_target
def test_no_setting_becomes_a_part_of_a_command(target: str) -> None:
    assert not [step["run"] for step in steps(target) if "${{" in step.get("run", "")]


@every_target
def test_packages_are_built_before_anybody_is_signed_in(target: str) -> None:
    names = [step.get("uses", step.get("run", "")) for step in workflow(target)["jobs"]["deploy"]["steps"]]
    signed_in = [index for index, name in enumerate(names) if name.startswith(SIGNS_IN)]
    after = names[signed_in[0] :] if signed_in else []
    assert not [name for name in after if re.search(r"sam build|pip install|npm", name)]


@pytest.mark.parametrize("target", ["cloudflare", "vercel"])
def test_where_a_network_takes_its_time_it_waits_until_the_new_bundle_answers(target: str) -> None:
    files = generate(target, bundle(), OPTIONS)
    last = workflow(target)["jobs"]["deploy"]["steps"][-1]
    assert last["if"] == "vars.ENDPOINT_URL != ''"
    waits = re.search(
        r'"\$ENDPOINT_URL/health" \|\s+jq --exit-status --slurpfile bundle (\S+) '
        r"'\.bundle == \$bundle\[0\]\.hash' && exit$",
        last["run"],
        re.MULTILINE,
    )
    assert waits
    assert json.loads(files[waits[1]])["hash"]
    assert last["run"].rstrip().endswith("exit 1")
