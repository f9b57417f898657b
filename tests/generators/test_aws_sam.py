"""What `generate aws-sam` writes, and that AWS's own tools take it."""

import json
import os
import stat
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio_generators.targets import generate
from promptstudio_generators.targets.options import StoreName, TargetOptions
from promptstudio_generators.write import write
from tests.generators.cloudformation import Call, read_template, resolved
from tests.generators.hostile import texts
from tests.generators.install_python_tools import CHECKOV, SAM, python, python_313
from tests.generators.projects import OPTIONS, bundle

SECRETS = ["PROMPTSTUDIO_KEYS", "ANTHROPIC_API_KEY", "OPENAI_API_KEY"]
MAX_ARCHIVE_BYTES = 4_900_000


def template(options: TargetOptions = OPTIONS) -> dict[str, Any]:
    return read_template(generate("aws-sam", bundle(), options)["template.yaml"])


@pytest.fixture(params=["dynamodb", "none"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    write(generate("aws-sam", bundle(), replace(OPTIONS, store=request.param)), tmp_path)
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
def test_a_setting_is_a_variable_to_the_last_character(name: str, origins: list[str]) -> None:
    options = TargetOptions(name=name, body_limit=5, cors_origins=tuple(origins))
    told = template(options)
    variables = told["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
    assert variables["PROMPTSTUDIO_CORS_ORIGINS"] == ",".join(origins)
    assert variables["PROMPTSTUDIO_BODY_LIMIT"] == "5"
    parameters = told["Parameters"]
    config = tomllib.loads(generate("aws-sam", bundle(), options)["samconfig.toml"])
    stack = config["default"]["global"]["parameters"]["stack_name"]
    assert parameters["ParametersPath"]["Default"] == f"/promptstudio/{stack}"
    assert all(part.isalnum() for part in stack.split("-"))


def allowed(*conditions: str, store: StoreName | None = None) -> dict[str, Any]:
    """Each action that the function may take, and on what, where these conditions hold."""
    role = resolved(template(replace(OPTIONS, store=store)), conditions)["Resources"]["Role"]
    statements = [
        row for policy in role["Properties"]["Policies"] for row in policy["PolicyDocument"]["Statement"]
    ]
    assert {row["Effect"] for row in statements} == {"Allow"}
    actions = [(row["Action"], row) for row in statements]
    return {
        action: row["Resource"]
        for named, row in actions
        for action in ([named] if isinstance(named, str) else named)
    }


LOGS = {"logs:CreateLogStream": "Logs.Arn", "logs:PutLogEvents": "Logs.Arn"}
TABLE = {f"dynamodb:{action}": "Table.Arn" for action in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")}
PARAMETERS = {
    "ssm:GetParametersByPath": (
        "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${ParametersPath}"
    )
}


def test_the_function_may_log_read_its_secrets_use_its_table_and_nothing_else() -> None:
    assert allowed() == LOGS | PARAMETERS | TABLE
    assert allowed(store="none") == LOGS | PARAMETERS
    assert template()["Resources"]["Function"]["Properties"]["Role"] == Call("GetAtt", "Role.Arn")


def test_a_secret_takes_the_place_of_the_parameters() -> None:
    assert allowed("HasSecret") == LOGS | TABLE | {"secretsmanager:GetSecretValue": "SecretArn"}
    for conditions, named in (((), "PROMPTSTUDIO_PARAMETERS"), (("HasSecret",), "PROMPTSTUDIO_SECRET")):
        function = resolved(template(), conditions)["Resources"]["Function"]["Properties"]
        names = {"PROMPTSTUDIO_PARAMETERS", "PROMPTSTUDIO_SECRET"}
        assert names & function["Environment"]["Variables"].keys() == {named}


@pytest.mark.parametrize(("conditions", "service"), [((), "ssm"), (("HasSecret",), "secretsmanager")])
def test_a_key_of_ones_own_opens_the_secrets_and_no_more(conditions: tuple[str, ...], service: str) -> None:
    assert allowed(*conditions, "HasKmsKey") == allowed(*conditions) | {"kms:Decrypt": "KmsKeyArn"}
    role = resolved(template(), (*conditions, "HasKmsKey"))["Resources"]["Role"]["Properties"]
    (statement,) = [
        row
        for policy in role["Policies"]
        for row in policy["PolicyDocument"]["Statement"]
        if row["Action"] == "kms:Decrypt"
    ]
    via = f"{service}.${{AWS::Region}}.amazonaws.com"
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": via}}


def test_only_traces_and_a_network_take_more() -> None:
    assert {action.partition(":")[0] for action in allowed("HasXRay").keys() - allowed().keys()} == {"xray"}
    assert {action.partition(":")[0] for action in allowed("HasVpc").keys() - allowed().keys()} == {"ec2"}


def test_without_a_store_no_table_and_nothing_for_one_is_there() -> None:
    files = generate("aws-sam", bundle(), replace(OPTIONS, store="none"))
    assert "AWS::DynamoDB" not in files["template.yaml"]
    assert "Table" not in files["template.yaml"]
    assert "store" not in files["src/main.py"]
    unwanted = ("dynamodb", "lambda_store", "storage/late", "storage/retry")
    assert not [path for path in files if any(name in path for name in unwanted)]


def test_alarms_watch_what_the_stack_measures() -> None:
    resources = resolved(template(), ("HasAccessLogs",))["Resources"]
    runs = resources["FailedRunsAlarm"]["Properties"]
    assert (runs["Namespace"], runs["MetricName"]) == ("PromptStudio", "failures")
    service = resources["Function"]["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    assert runs["Dimensions"] == [{"Name": "service", "Value": service}]
    api, stage = (resources["Api"]["Properties"][name] for name in ("Name", "StageName"))
    watched = {row["Name"]: row["Value"] for row in resources["ApiErrorsAlarm"]["Properties"]["Dimensions"]}
    assert watched == {"ApiName": api, "Stage": stage}
    (refused,) = resources["RefusedRequests"]["Properties"]["MetricTransformations"]
    alarm = resources["RefusedRequestsAlarm"]["Properties"]
    measured = (alarm["Namespace"], alarm["MetricName"])
    assert measured == (refused["MetricNamespace"], refused["MetricName"])
    assert '"status":"$context.status"' in resources["Api"]["Properties"]["AccessLogSetting"]["Format"]
    assert resources["RefusedRequests"]["Properties"]["FilterPattern"] == '{ $.status = "429" }'


def test_every_alarm_tells_the_topic() -> None:
    resources = resolved(template(), ("HasAlarmTopic", "HasAccessLogs"))["Resources"]
    alarms = {name: row for name, row in resources.items() if row["Type"] == "AWS::CloudWatch::Alarm"}
    assert set(alarms) == {
        "ApiErrorsAlarm",
        "FailedRunsAlarm",
        "FunctionErrorsAlarm",
        "FunctionThrottlesAlarm",
        "RefusedRequestsAlarm",
        "TableThrottlesAlarm",
    }
    assert all(row["Properties"]["AlarmActions"] == ["AlarmTopicArn"] for row in alarms.values())
    assert all(row["Properties"]["TreatMissingData"] == "notBreaching" for row in alarms.values())


def test_secrets_are_named_and_never_valued() -> None:
    files = generate("aws-sam", bundle(), OPTIONS)
    for secret in SECRETS:
        assert f"--name /promptstudio/acme-prompts/{secret} " in files["README.md"]
        assert secret not in files["template.yaml"]
        assert secret not in files["samconfig.toml"]


def test_one_api_streams_every_path() -> None:
    resources = template(OPTIONS)["Resources"]
    events = resources["Function"]["Properties"]["Events"].values()
    assert [event["Properties"]["Path"] for event in events] == ["/", "/{proxy+}"]
    assert all(event["Properties"]["ResponseTransferMode"] == "RESPONSE_STREAM" for event in events)
    seconds = resources["Function"]["Properties"]["Timeout"]
    assert {event["Properties"]["TimeoutInMillis"] for event in events} == {seconds * 1000}
    assert resources["Api"]["Properties"]["EndpointConfiguration"] == {"Type": "REGIONAL"}


def test_what_lambda_starts_may_be_executed(project: Path) -> None:
    assert (project / "src" / "run.sh").stat().st_mode & stat.S_IXUSR
    assert not (project / "src" / "main.py").stat().st_mode & stat.S_IXUSR


def test_generating_again_changes_what_is_deployed_and_no_parameters_default() -> None:
    """SAM sends a parameter's previous value, so that a stack never sees another default."""
    other = replace(OPTIONS, body_limit=8_000_000, cors_origins=())
    assert template(other) != template(OPTIONS)
    assert template(other)["Parameters"] == template(OPTIONS)["Parameters"]


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
@pytest.mark.parametrize("project", ["dynamodb"], indirect=True)
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
