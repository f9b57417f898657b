"""What `generate aws-sam` writes, and that AWS's own tools take it."""

import json
import os
import stat
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio_generators.targets import generate
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.write import write
from tests.generators.hostile import texts
from tests.generators.install_python_tools import CHECKOV, SAM, python, python_313
from tests.generators.projects import OPTIONS, bundle

SECRETS = ["PROMPTSTUDIO_KEYS", "ANTHROPIC_API_KEY", "OPENAI_API_KEY"]
MAX_ARCHIVE_BYTES = 5_000_000


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions as their arguments."""


def _argument(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return None


Loader.add_multi_constructor("!", _argument)


def template(options: TargetOptions) -> dict[str, Any]:
    text = generate("aws-sam", bundle(), options)["template.yaml"]
    loaded: dict[str, Any] = yaml.load(text, Loader)
    return loaded


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(generate("aws-sam", bundle(), OPTIONS), tmp_path)
    return tmp_path


def run(folder: Path, *command: str | Path, **environ: str) -> str:
    """The output of a command that succeeds."""
    given = {**os.environ, "SAM_CLI_TELEMETRY": "0", **environ}
    done = subprocess.run(
        command, cwd=folder, env=given, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@settings(deadline=None, max_examples=50)
@given(name=texts, origins=st.lists(texts, max_size=3))
def test_a_setting_is_a_parameter_to_the_last_character(name: str, origins: list[str]) -> None:
    options = TargetOptions(name=name, body_limit=5, cors_origins=tuple(origins))
    parameters = template(options)["Parameters"]
    assert parameters["CorsOrigins"]["Default"] == ",".join(origins)
    assert parameters["BodyLimit"]["Default"] == 5
    config = tomllib.loads(generate("aws-sam", bundle(), options)["samconfig.toml"])
    stack = config["default"]["global"]["parameters"]["stack_name"]
    assert parameters["ParametersPath"]["Default"] == f"/{stack}"
    assert all(part.isalnum() for part in stack.split("-"))


def test_the_function_may_read_its_parameters_and_nothing_else() -> None:
    (policy,) = template(OPTIONS)["Resources"]["Function"]["Properties"]["Policies"]
    (statement,) = policy["Statement"]
    assert statement["Action"] == "ssm:GetParametersByPath"
    assert statement["Resource"].endswith(":parameter${ParametersPath}")


def test_secrets_are_named_and_never_valued() -> None:
    files = generate("aws-sam", bundle(), OPTIONS)
    for secret in SECRETS:
        assert f"--name /acme-prompts/{secret} " in files["README.md"]
        assert secret not in files["template.yaml"]
        assert secret not in files["samconfig.toml"]


def test_one_api_streams_every_path() -> None:
    resources = template(OPTIONS)["Resources"]
    events = resources["Function"]["Properties"]["Events"].values()
    assert [event["Properties"]["Path"] for event in events] == ["/", "/{proxy+}"]
    assert all(event["Properties"]["ResponseTransferMode"] == "RESPONSE_STREAM" for event in events)
    assert resources["Api"]["Properties"]["EndpointConfiguration"] == {"Type": "REGIONAL"}


def test_what_lambda_starts_may_be_executed(project: Path) -> None:
    assert (project / "src" / "run.sh").stat().st_mode & stat.S_IXUSR
    assert not (project / "src" / "main.py").stat().st_mode & stat.S_IXUSR


def test_cfn_lint_has_nothing_to_say(project: Path) -> None:
    assert run(project, Path(sys.executable).with_name("cfn-lint"), "template.yaml") == ""


@pytest.mark.needs("sam")
def test_sam_validates_it_without_a_warning(project: Path) -> None:
    said = run(project, SAM, "validate", "--lint", AWS_DEFAULT_REGION="eu-central-1")
    assert said.strip().endswith("is a valid SAM Template")
    assert len(said.strip().splitlines()) == 1


@pytest.mark.needs("sam")
def test_checkov_finds_nothing_that_has_no_reason(project: Path) -> None:
    report = json.loads(
        run(project, CHECKOV, "--file", "template.yaml", "--skip-download", "--output", "json")
    )
    assert report["summary"]["failed"] == 0
    assert all(row["check_result"]["suppress_comment"] for row in report["results"]["skipped_checks"])


@pytest.mark.needs("sam", "python3.13")
def test_sam_builds_a_small_archive_for_arm(project: Path) -> None:
    interpreter = python_313()
    assert interpreter is not None
    run(project, SAM, "build", PATH=f"{interpreter.parent}:{os.environ['PATH']}")
    built = project / ".aws-sam" / "build" / "Function"
    assert (built / "promptstudio" / "__pycache__" / "target.cpython-313.pyc").exists()
    assert (built / "run.sh").stat().st_mode & stat.S_IXUSR
    assert [path.name for path in built.glob("orjson/*.so")] == ["orjson.cpython-313-aarch64-linux-gnu.so"]
    archive = project / "function.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for path in built.rglob("*"):
            file.write(path, path.relative_to(built))
    assert archive.stat().st_size < MAX_ARCHIVE_BYTES


@pytest.mark.needs("lambda-web-adapter")
def test_its_own_smoke_test_passes_with_the_packages_it_pins(project: Path) -> None:
    assert "The endpoint answers as it should." in run(project, python("aws-sam"), "test/smoke.py")
