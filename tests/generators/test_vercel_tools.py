"""A generated Vercel project satisfies Vercel's own tools, whatever its prompts say."""

import gzip
import json
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from promptstudio.endpoint.keys import create, print_records
from promptstudio_generators.targets import generate
from promptstudio_generators.targets.options import StoreName, VercelRuntime
from promptstudio_generators.write import write
from tests.conftest import NODE_MODULES, VERCEL
from tests.generators.hostile import PIECES, infested
from tests.generators.projects import OPTIONS, bundle
from tests.unit.endpoint.asgi import bundle as echo_bundle

MAX_GZIP_BYTES = 40_000
TIMEOUT_S = 240
LINK = {"projectId": "prj_test", "orgId": "team_test", "settings": {"framework": None, "nodeVersion": "24.x"}}
FUNCTION = ".vercel/output/functions/index.func"
ENTRY = {"edge": "index.js", "node": "index.mjs"}

every_runtime = pytest.mark.parametrize("runtime", ["edge", "node"])
every_store = pytest.mark.parametrize("store", ["none", "upstash"])


def project(folder: Path, runtime: VercelRuntime, store: StoreName = "none") -> Path:
    """A project with hostile prompts, which are limited and cached where there is a store."""
    document = infested(bundle(), PIECES)
    prompts = cast("dict[str, dict[str, dict[str, dict[str, object]]]]", document["prompts"])
    for prompt in prompts.values() if store == "upstash" else ():
        for version in prompt["versions"].values():
            version |= {"limits": [{"requests": 1, "per": "day", "by": "key"}], "cache": {"ttl_s": 60}}
    write(generate("vercel", document, replace(OPTIONS, runtime=runtime, store=store)), folder)
    return folder


@pytest.fixture
def linked(tmp_path: Path, runtime: VercelRuntime, store: StoreName) -> Path:
    """A project with this repository's tools in the place of its own."""
    folder = project(tmp_path / "project", runtime, store)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    return folder


def run(folder: Path, *command: str) -> str:
    """The output of a command that succeeds."""
    quiet = {"CI": "1", "NO_COLOR": "1", "NO_UPDATE_NOTIFIER": "1", "VERCEL_TELEMETRY_DISABLED": "1"}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def built(folder: Path) -> dict[str, bytes]:
    """What is to be deployed, by path."""
    output = folder / ".vercel" / "output"
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and path.parent.name != "diagnostics" and path.name != "builds.json"
    }


def settings(folder: Path) -> dict[str, Any]:
    """What Vercel is told of the function."""
    told: dict[str, Any] = json.loads((folder / FUNCTION / ".vc-config.json").read_bytes())
    return told


@pytest.mark.needs("node")
@every_runtime
@every_store
def test_it_passes_the_strict_type_checker(linked: Path) -> None:
    run(linked, "node_modules/.bin/tsc", "--strict")


@pytest.mark.needs("node")
@every_runtime
@every_store
def test_a_build_is_one_small_function_and_no_static_file(linked: Path, runtime: str) -> None:
    run(linked, "node", "build.mjs")
    entry = f"functions/index.func/{ENTRY[runtime]}"
    files = built(linked)
    assert set(files) == {"config.json", "functions/index.func/.vc-config.json", entry}
    assert json.loads(files["config.json"]) == {"version": 3, "routes": [{"src": "/.*", "dest": "/index"}]}
    assert len(gzip.compress(files[entry])) < MAX_GZIP_BYTES
    code = re.sub(r'"(?:[^"\\]|\\.)*"', '""', files[entry].decode())
    assert not re.search(r"\b(eval|require)\(|new Function\b|\bimport\b\s*[\"'(]", code)


@pytest.mark.needs("node")
@pytest.mark.parametrize("runtime", ["edge"])
@every_store
def test_the_edge_is_told_every_variable_that_the_function_reads(linked: Path) -> None:
    run(linked, "node", "build.mjs")
    told = settings(linked)
    read = re.findall(r"process\.env\.(\w+)", (linked / FUNCTION / told["entrypoint"]).read_text("utf-8"))
    assert sorted(read) == sorted(told["envVarsInUse"])


@pytest.mark.needs("node")
@every_runtime
@every_store
def test_regions_come_from_vercel_json(linked: Path) -> None:
    vercel = linked / "vercel.json"
    vercel.write_text(vercel.read_text().replace("iad1", "fra1"))
    run(linked, "node", "build.mjs")
    assert settings(linked)["regions"] == ["fra1"]
    vercel.write_text('{"framework": null}')
    run(linked, "node", "build.mjs")
    assert "regions" not in settings(linked)


@pytest.mark.needs("node")
@every_runtime
@every_store
def test_its_own_smoke_test_passes_beside_what_an_earlier_bundle_left(linked: Path) -> None:
    (linked / "test" / "requests" / "gone.json").write_text("{}")
    assert "answers as it should" in run(linked, "node", "test/smoke.mjs")


@pytest.mark.needs("npm registry", "vercel")
@every_runtime
def test_vercel_builds_what_the_project_itself_builds(tmp_path: Path, runtime: VercelRuntime) -> None:
    folder = project(tmp_path / "project", runtime)
    run(folder, "npm", "install", "--no-audit", "--no-fund")
    assert "answers as it should" in run(folder, "npm", "test")
    run(folder, "npm", "run", "build")
    ours = built(folder)
    (folder / ".vercel" / "project.json").write_text(json.dumps(LINK))
    run(folder, str(VERCEL), "build", "--prod", "--yes", "--global-config", str(tmp_path / "vercel"))
    theirs = built(folder)
    assert {**theirs, "config.json": b""} == {**ours, "config.json": b""}
    assert json.loads(theirs["config.json"])["routes"][0] == {"src": "/.*", "dest": "/index"}


# One run, with Vercel's context of a request around it, and a store in which nothing is claimed.
WAITING = """
const works = [];
const context = { waitUntil: (work) => works.push(work) };
globalThis[Symbol.for("@vercel/request-context")] = { get: () => context };
globalThis.fetch = async (url, { body }) =>
  Response.json({ result: body.includes("'mismatch'") ? ["ours"] : "OK" });
const { default: handler } = await import(process.argv[1]);
const headers = { authorization: `Bearer ${process.argv[2]}`, "content-type": "application/json" };
const request = new Request("https://acme.example/v1/prompts/greet/run", {
  method: "POST",
  headers: { ...headers, "idempotency-key": "order-7" },
  body: '{"variables":{}}',
});
const answer = await (handler.fetch ?? handler)(request);
await Promise.all(works);
console.log(answer.status, works.length);
"""


@pytest.mark.needs("node")
@every_runtime
def test_vercel_is_asked_to_wait_for_what_a_run_leaves_to_be_done(
    tmp_path: Path, runtime: VercelRuntime
) -> None:
    document = echo_bundle({"greet": "---\nmodel: echo/echo\n---\nHello."})
    write(generate("vercel", document, replace(OPTIONS, runtime=runtime, store="upstash")), tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    run(tmp_path, "node", "build.mjs")
    made = create("test")
    environ = {
        "PROMPTSTUDIO_KEYS": print_records([made.record]),
        "KV_REST_API_URL": "https://store.invalid",
        "KV_REST_API_TOKEN": "t",
    }
    command = ["node", "--input-type=module", "--eval", WAITING, str(tmp_path / FUNCTION / ENTRY[runtime])]
    done = subprocess.run(
        [*command, made.key],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("200 1\n", "")
