"""What generated SDKs cost: the import of the Python one, and generating, beside what people use instead.

    python bench/peers/install.py --only openapi-python-client,hey-api      # once: the peers
    python bench/sdk.py [--rounds 11]

Everything is a process of its own, and all are run in turn in each round. Imports are timed inside the
process; the baseline is `import httpx2`. Generation is the whole process, from a bundle (for the peers, from
its OpenAPI document) to files on disk; from what Python starts by itself, `python -c pass`, is taken off
for those that are Python. Medians, and wall and CPU time.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.peers.install import default_folder
from promptstudio.endpoint.openapi import openapi
from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.file import Source
from promptstudio.prompts.project_settings import ProjectSettings
from promptstudio.values import Json
from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.write import write

ROOT = Path(__file__).parents[1]
SIZES = (3, 100)

TIMED = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
FIRST_CLIENT = "import acme; acme.Acme(base_url='http://127.0.0.1:9').classify_0; import httpx2"
GENERATE = """
import json, sys
from pathlib import Path
from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.write import write
bundle = json.loads(Path(sys.argv[1]).read_bytes())
for language in ("python", "typescript"):
    write(generate_sdk(language, bundle, SdkOptions(name="acme")), Path(sys.argv[2]) / language)
"""


def bundle_of(size: int) -> dict[str, Json]:
    """The example prompts, over and over."""
    texts = {path.stem: path.read_text("utf-8") for path in (ROOT / "examples" / "prompts").glob("*.prompt")}
    partials = [Source(f"{name}.prompt", text) for name, text in texts.items() if name.startswith("_")]
    whole = sorted(name for name in texts if not name.startswith("_"))
    named = {f"{whole[at % len(whole)]}-{at}": texts[whole[at % len(whole)]] for at in range(size)}
    sources = [*partials, *(Source(f"{name}.prompt", text) for name, text in named.items())]
    compiled = compile_bundle(sources, ProjectSettings(name="acme"))
    assert compiled.bundle is not None
    return compiled.bundle


def spent(command: Sequence[str | Path], environ: Mapping[str, str]) -> tuple[float, float, str]:
    """Wall and CPU seconds of a command that succeeds, and what it prints."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    # Who sets this compiles every module anew, at each start.
    told = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environ}
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=True)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, done.stdout


def imports(folder: Path) -> dict[str, str]:
    """What is imported, by its name."""
    bundle = bundle_of(SIZES[0])
    write(generate_sdk("python", bundle, SdkOptions(name="acme")), folder / "acme")
    return {
        "httpx2": "import httpx2",
        "the SDK": "import acme",
        "the SDK and httpx2, with a client": FIRST_CLIENT,
        "openai": "import openai",
        "anthropic": "import anthropic",
    }


def time_imports(folder: Path, rounds: int) -> dict[str, float]:
    statements, environ = imports(folder), {"PYTHONPATH": str(folder / "acme" / "src")}
    found: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(rounds + 1):
        for name, statement in statements.items():
            _, _, said = spent([sys.executable, "-c", TIMED.format(statement)], environ)
            found[name].append(float(said))
    return {name: statistics.median(times[1:]) for name, times in found.items()}  # the first compiles


Command = Callable[[Path, Path], list[str | Path]]


def generators(peers: Path) -> dict[str, Command]:
    """The command of each: given the folder of its input and its output."""
    python_client = peers / "openapi-python-client" / "bin" / "openapi-python-client"
    hey_api = peers / "hey-api" / "node_modules" / ".bin" / "openapi-ts"
    ours: dict[str, Command] = {
        "an interpreter that does nothing": lambda source, out: [sys.executable, "-c", "pass"],
        "PromptStudio, Python and TypeScript": lambda source, out: [
            *(sys.executable, "-c", GENERATE, source / "bundle.json", out)
        ],
    }
    theirs: dict[str, Command] = {
        "openapi-python-client": lambda source, out: [
            *(python_client, "generate", "--path", source / "openapi.json", "--output-path", out)
        ],
        "hey-api, TypeScript": lambda source, out: [hey_api, "-i", source / "openapi.json", "-o", out],
    }
    return {**ours, **(theirs if python_client.exists() and hey_api.exists() else {})}


def time_generators(folder: Path, size: int, rounds: int, peers: Path) -> dict[str, tuple[float, float]]:
    """Wall and CPU seconds of each generator, for this number of prompts."""
    bundle = bundle_of(size)
    (folder / "bundle.json").write_text(json.dumps(bundle))
    (folder / "openapi.json").write_text(json.dumps(openapi(bundle)))
    # openapi-python-client looks for its formatter there.
    environ = {"PATH": f"{peers / 'openapi-python-client' / 'bin'}:{os.environ['PATH']}"}
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds + 1):
        for name, command in generators(peers).items():
            out = folder / "out"
            shutil.rmtree(out, ignore_errors=True)
            wall, cpu, _ = spent(command(folder, out), environ)
            assert name.startswith("an interpreter") or any(out.iterdir())
            found.setdefault(name, []).append((wall, cpu))
    medians = {}
    for name, rows in found.items():
        walls, cpus = zip(*rows[1:], strict=True)
        medians[name] = (statistics.median(walls), statistics.median(cpus))
    return medians


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--peers", type=Path, default=default_folder())
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        times = time_imports(folder, given.rounds)
        print(f"{'import':40} {'ms':>8} {'ratio':>8}")
        for name, seconds in times.items():
            print(f"{name:40} {1000 * seconds:8.0f} {seconds / times['httpx2']:7.2f}×")
        for size in SIZES:
            rows = time_generators(folder, size, given.rounds, given.peers)
            print(
                f"\n{f'generate {size} prompts':40} {'wall s':>8} {'CPU s':>8} {'beyond start, wall s':>22}"
            )
            bare = rows["an interpreter that does nothing"][0]
            for name, (wall, cpu) in rows.items():
                beyond = f"{wall - bare:22.3f}" if "hey-api" not in name else f"{'–':>22}"
                print(f"{name:40} {wall:8.3f} {cpu:8.3f} {beyond}")


if __name__ == "__main__":
    main()
