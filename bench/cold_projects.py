"""What starts cold: the baseline, and generated projects as their clouds' builds leave them."""

import os
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
HERE: Final = ROOT / "bench"
CACHE: Final = ROOT / ".cache" / "cold-start"
RUN_PATH: Final = "/v1/prompts/hello/run"
RUN_BODY: Final = '{"variables":{"name":"world"}}'

_BUILD_S: Final = 120
_BASELINE: Final = ("fastapi==0.165.0", "mangum==0.22.0", "boto3==1.44.8")
_FOR_LAMBDA: Final = re.compile(r"--(platform|implementation|python-version) \S+")


@dataclass(frozen=True)
class Interpreter:
    """`builder` has pip and compiles; `bare` is of the same version and has no package at all."""

    builder: Path
    bare: Path
    version: str


def interpreter(python: Path) -> Interpreter:
    ask = "import platform, sys; print(platform.python_version(), sys._base_executable)"
    version, base = _output([str(python), "-c", ask]).split(" ", 1)
    folder = CACHE / f"python-{version}"
    bare = folder / "bin" / "python"
    if not bare.exists():
        subprocess.run([base.strip(), "-m", "venv", "--without-pip", "--clear", folder], check=True)
    return Interpreter(python, bare, version)


def generated(target: str, folder: Path) -> Path:
    """The target's project for the prompt in bench/hello."""
    command = [str(ROOT / ".venv" / "bin" / "promptstudio"), "generate", target, "-o", str(folder)]
    _output(command, folder=HERE / "hello")
    return folder


def lambda_build(python: Interpreter, project: Path, built: Path) -> Path:
    """What `sam build` leaves, by the project's own Makefile, but with packages for this interpreter."""
    makefile = project / "src" / "Makefile"
    text = makefile.read_text("utf-8")
    makefile.write_text(_FOR_LAMBDA.sub("", text), encoding="utf-8")
    built.mkdir()
    variables = [f"PYTHON={python.builder}", f"ARTIFACTS_DIR={built}"]
    subprocess.run(["make", "--silent", "build-Function", *variables], cwd=makefile.parent, check=True)
    return built


def google_build(python: Interpreter, project: Path, built: Path) -> Path:
    """The project with its packages beside it."""
    shutil.copytree(project, built)
    _install(python, built, "--require-hashes", "--requirement", str(project / "requirements.txt"))
    _compile(python, built)
    return built


def baseline(python: Interpreter) -> Path:
    """The hello-world's folder, installed where it is missing, and compiled as the Lambda project is."""
    folder = CACHE / f"baseline-{python.version}"
    if not (folder / ".ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _install(python, folder, *_BASELINE)
        shutil.rmtree(folder / "bin", ignore_errors=True)
        (folder / ".ready").touch()
    shutil.copy(HERE / "peers" / "mangum_hello.py", folder)
    _compile(python, folder)
    return folder


def archive_bytes(folder: Path) -> int:
    """The size of a folder as `zip -9` packs it, compiled files and all."""
    archive = folder.with_name(folder.name + ".zip")
    try:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
            for path in sorted(folder.rglob("*")):
                file.write(path, path.relative_to(folder))
        return archive.stat().st_size
    finally:
        archive.unlink(missing_ok=True)


def worker_upload(project: Path) -> str:
    """What wrangler says of the Worker that it packs into dist."""
    (project / "node_modules").symlink_to(ROOT / "tests" / "node" / "node_modules")
    command = ["node_modules/.bin/wrangler", "deploy", "--dry-run", "--outdir", "dist"]
    environ = {**os.environ, "CI": "1", "WRANGLER_SEND_METRICS": "false", "NO_COLOR": "1"}
    said = _output(command, folder=project, environ=environ)
    found = re.search(r"Total Upload: .*", said)
    if found is None:
        raise SystemExit(said)
    return found[0]


def _install(python: Interpreter, folder: Path, *what: str) -> None:
    pip = [str(python.builder), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--only-binary", ":all:", "--target", str(folder), *what], check=True)


def _compile(python: Interpreter, folder: Path) -> None:
    command = [str(python.builder), "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, str(folder)], check=True)


def _output(command: list[str], *, folder: Path = ROOT, environ: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=_BUILD_S, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout + done.stderr
