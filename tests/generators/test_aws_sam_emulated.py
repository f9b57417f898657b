"""The built Lambda project in AWS's Runtime Interface Emulator, as it streams and with its answers whole."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from promptstudio.endpoint.keys import create, print_records
from promptstudio_generators.targets import generate
from promptstudio_generators.write import write
from tests.conformance.case import Answer
from tests.conformance.runtimes.lambda_stub import gateway_event
from tests.conformance.upstream import ScriptedUpstream
from tests.generators.install_python_tools import python_313
from tests.generators.lambda_emulator import build, emulated
from tests.generators.projects import OPTIONS
from tests.unit.endpoint.asgi import GREETING, bundle

pytestmark = pytest.mark.needs("sam", "lambda-web-adapter", "python3.13")

KEY = create("emulated")
PROMPTS = {
    "greet": "---\nmodel: echo/echo\ninput:\n  schema:\n    name: string\n---\nHello {{name}}.",
    "ask": "---\nmodel: openai/gpt-5.4-mini\ninput:\n  schema:\n    name: string\n---\nHello {{name}}.",
}
RUN = {"variables": {"name": "Ada"}}
PRELUDE_ENDS = b"\0" * 8


@dataclass(frozen=True)
class Built:
    """A project, its function as it is built, and when each of that folder's files was written."""

    project: Path
    folder: Path
    written: dict[Path, int]


def written(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def python() -> Path:
    interpreter = python_313()
    assert interpreter is not None
    return interpreter


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, python: Path, model: ScriptedUpstream) -> Built:
    root = tmp_path_factory.mktemp("emulated")
    project, folder = root / "project", root / "built"
    write(
        generate("aws-sam", bundle(PROMPTS, f'[providers.openai]\nbase_url = "{model.url}"\n'), OPTIONS),
        project,
    )
    build(project, python, folder)
    return Built(project, folder, written(folder))


@pytest.fixture(scope="module", params=["buffered", "response_stream"])
def function(
    request: pytest.FixtureRequest, built: Built, python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where events are taken, in each of the adapter's modes."""
    keys = {"OPENAI_API_KEY": "sk", "PROMPTSTUDIO_KEYS": print_records([KEY.record])}
    environ = {"AWS_LWA_INVOKE_MODE": request.param, **keys}
    scratch = tmp_path_factory.mktemp("emulator")
    with emulated(built.project, built.folder, python, scratch, environ) as url:
        yield url


def invoke(url: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """The status, the headers and the body that API Gateway would make of what the function answers."""
    sent = b"" if body is None else json.dumps(body).encode()
    event = gateway_event("POST" if sent else "GET", path, headers.items(), sent)
    with urlopen(url, json.dumps(event).encode(), timeout=60) as response:
        answer: bytes = response.read()
    if PRELUDE_ENDS in answer:
        head, _, rest = answer.partition(PRELUDE_ENDS)
        prelude = json.loads(head)
        return prelude["statusCode"], prelude["headers"], rest
    whole: dict[str, Any] = json.loads(answer)
    text = whole["body"] or ""
    content = base64.b64decode(text) if whole["isBase64Encoded"] else text.encode()
    return (
        whole["statusCode"],
        {name: value[-1] for name, value in whole["multiValueHeaders"].items()},
        content,
    )


def keyed(url: str, body: object, prompt: str = "greet") -> tuple[int, dict[str, str], bytes]:
    headers = {"Authorization": f"Bearer {KEY.key}", "Content-Type": "application/json"}
    return invoke(url, f"/v1/prompts/{prompt}/run", body, **headers)


def test_it_is_up(function: str) -> None:
    status, headers, body = invoke(function, "/health")
    assert (status, headers["content-type"], json.loads(body)["status"]) == (200, "application/json", "ok")


def test_a_run_is_answered(function: str) -> None:
    status, headers, body = keyed(function, RUN)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body)["output"]["text"].endswith("Hello Ada.")


def test_a_model_is_asked(function: str, model: ScriptedUpstream) -> None:
    script = model.play([Answer(200, {"content-type": "application/json"}, [GREETING], streamed=False)])
    status, _, body = keyed(function, RUN, "ask")
    assert (status, json.loads(body)["output"]["text"]) == (200, "Hello!")
    assert [call.headers["authorization"] for call in script.calls] == ["Bearer sk"]


def test_a_stream_comes_to_its_end(function: str) -> None:
    status, headers, body = keyed(function, {**RUN, "stream": True})
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    frames = [frame.partition(b"\n")[0] for frame in body.split(b"\n\n") if frame.startswith(b"event:")]
    assert frames[0] == b"event: start"
    assert frames[-1] == b"event: done"
    assert b"event: delta" in frames


def test_a_run_without_a_key_is_refused_as_everywhere(function: str) -> None:
    status, headers, body = invoke(
        function, "/v1/prompts/greet/run", RUN, **{"Content-Type": "application/json"}
    )
    assert (status, headers["content-type"]) == (401, "application/problem+json")
    assert json.loads(body)["code"] == "unauthorized"


def test_where_x_ray_is_on_it_starts_with_the_tracer(built: Built, python: Path, tmp_path: Path) -> None:
    """The emulator tells of no trace; what is traced is proved in tests/unit/test_lambda_log.py."""
    environ = {
        "LAMBDA_TASK_ROOT": str(built.folder),
        "PROMPTSTUDIO_KEYS": print_records([KEY.record]),
        "PROMPTSTUDIO_XRAY": "on",
    }
    with emulated(built.project, built.folder, python, tmp_path, environ) as url:
        assert keyed(url, RUN)[0] == 200


def test_everything_is_compiled_before_it_starts(function: str, built: Built) -> None:
    assert keyed(function, RUN)[0] == 200
    compiled = {
        path.parent.parent / path.name.partition(".")[0] for path in built.written if path.suffix == ".pyc"
    }
    assert compiled == {path.with_suffix("") for path in built.written if path.suffix == ".py"}
    assert written(built.folder) == built.written
