"""A generated Cloudflare project satisfies Cloudflare's own tools, with no step but `npm install`."""

import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from promptstudio_generators.names import HostName
from promptstudio_generators.targets import generate
from promptstudio_generators.write import write
from tests.conftest import NODE_MODULES
from tests.generators.projects import OPTIONS, bundle
from tests.generators.test_cloudflare import changed

MAX_GZIP_KIB = 40
TIMEOUT_S = 120
ESM = ("--format=esm", "--out-extension:.js=.mjs")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project, with this repository's tools in the place of its own."""
    folder = tmp_path_factory.mktemp("cloudflare")
    write(generate("cloudflare", bundle(), OPTIONS), folder)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    return folder


def run(folder: Path, *command: str) -> str:
    """The output of a command that succeeds."""
    environ = {**os.environ, "CI": "1", "WRANGLER_SEND_METRICS": "false", "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def npx(folder: Path, *command: str) -> str:
    """The output of one of the project's tools."""
    return run(folder, f"node_modules/.bin/{command[0]}", *command[1:])


LIMITED = changed(limits=[{"requests": 20, "per": "minute", "by": "key"}], cache={"ttl_s": 30})
VARIANTS = {
    "with everything": (LIMITED, replace(OPTIONS, domain=HostName("prompts.example.com"))),
    "without a store": (bundle(), replace(OPTIONS, store="none")),
}


def sizes_kib(output: str) -> Sequence[float]:
    """What wrangler says of an upload: its size, and that of its gzip."""
    match = re.search(r"Total Upload: ([\d.]+) KiB / gzip: ([\d.]+) KiB", output)
    assert match, output
    return float(match[1]), float(match[2])


@pytest.mark.needs("node")
def test_it_passes_the_strict_type_checker(project: Path) -> None:
    npx(project, "tsc", "--strict")


@pytest.mark.needs("node")
@pytest.mark.parametrize("variant", VARIANTS)
def test_each_variant_passes_the_type_checker_and_wrangler(variant: str, tmp_path: Path) -> None:
    document, options = VARIANTS[variant]
    write(generate("cloudflare", document, options), tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    npx(tmp_path, "tsc", "--strict")
    output = npx(tmp_path, "wrangler", "deploy", "--dry-run", "--outdir", "dist")
    bound = {"Claims", "Counts", "PROMPTSTUDIO_CACHE"}
    assert {name for name in bound if name in output} == (bound if options.store is None else set())
    _, gzip_kib = sizes_kib(output)
    assert gzip_kib < MAX_GZIP_KIB


@pytest.mark.needs("node")
def test_wrangler_packs_it_small_and_without_code_from_elsewhere(project: Path) -> None:
    output = npx(project, "wrangler", "deploy", "--dry-run", "--outdir", "dist")
    _, gzip_kib = sizes_kib(output)
    assert gzip_kib < MAX_GZIP_KIB
    code = (project / "dist" / "index.js").read_text("utf-8")
    assert not re.search(r"\b(eval|require)\(|new Function\b|\bimport\b\s*[\"'(]", code)


@pytest.mark.needs("node")
def test_what_the_worker_embeds_is_the_bundle_to_the_last_key(project: Path) -> None:
    (project / "embedded.mjs").write_text("export { default } from './src/bundle.json'")
    npx(project, "esbuild", "embedded.mjs", "--bundle", "--log-level=error", "--outdir=dist", *ESM)
    show = "import('./dist/embedded.mjs').then((m) => console.log(JSON.stringify(m.default)))"
    assert json.loads(run(project, "node", "--eval", show)) == bundle()


@pytest.mark.needs("node")
def test_its_own_smoke_test_passes_beside_what_an_earlier_bundle_left(project: Path) -> None:
    (project / "test" / "requests" / "gone.json").write_text("{}")
    assert "answers as it should" in run(project, "node", "test/smoke.mjs")


@pytest.mark.needs("npm registry")
def test_npm_install_and_npm_test_are_all_it_takes(tmp_path: Path) -> None:
    write(generate("cloudflare", bundle(), OPTIONS), tmp_path)
    run(tmp_path, "npm", "install", "--no-audit", "--no-fund")
    assert "answers as it should" in run(tmp_path, "npm", "test")
    npx(tmp_path, "wrangler", "deploy", "--dry-run", "--outdir", "dist")
