"""Cold starts: from the start of a process to its first answer, for generated projects beside a baseline.

    python bench/coldstart.py [--rounds 15] [--python PYTHON] [--imports]

The Lambda project, built as `sam build` builds it, is asked for one run of an `echo/echo` prompt with an API
key. It is measured both ways: as run.sh starts it, with uvicorn and a request over loopback; and in process,
its application called as uvicorn would call it. Either way its start reads the keys, over TLS, from a stub of
Parameter Store on this machine. The baseline is a hello-world on FastAPI under Mangum that makes a client of
DynamoDB; it is given an event of API Gateway in process, without a server or a socket, and asks nobody for
anything. No figure holds what Lambda itself takes, nor AWS's Web Adapter. Every start is a fresh interpreter,
in turn with the others; all have the packages for the interpreter that is measured, compiled. --imports tells
what the project's imports cost.

The Google project, under Functions Framework, and the Worker, under miniflare, are there for information.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import cold_projects as projects
from bench.cold_starts import (
    Figures,
    Keyed,
    Start,
    answer_event,
    answer_run,
    base_environ,
    costly_imports,
    lambda_environ,
    serve,
    worker_starts,
)
from bench.cold_store import parameter_store

BASELINE = "FastAPI + Mangum + boto3, in process"
IN_PROCESS = "Lambda project, in process"
SERVED = "Lambda project, run.sh and loopback"
GOOGLE = "Google project, Functions Framework"
COLUMNS = {
    "answered": "start to answer, ms",
    "code": "code to answer, ms",
    "cpu": "CPU, ms",
    "modules": "modules",
}
FRAMEWORK = ["-m", "functions_framework", "--target", "main", "--source", "main.py", "--host", "127.0.0.1"]


def interleaved(starts: Mapping[str, Start], rounds: int) -> dict[str, list[Figures]]:
    found: dict[str, list[Figures]] = {name: [] for name in starts}
    for number in range(rounds + 1):
        for name, start in starts.items():
            figures = start()
            if number:  # the first round brings the files into memory
                found[name].append(figures)
        print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
    return found


def beside(rows: list[Figures], base: list[Figures], column: str) -> str:
    """The median, and the median of the ratios round by round."""
    if column not in rows[0]:
        return "-"
    ratios = [row[column] / other[column] for row, other in zip(rows, base, strict=True)]
    return f"{statistics.median(row[column] for row in rows):.0f} ({statistics.median(ratios):.2f}x)"


def report(found: dict[str, list[Figures]], archives: dict[str, int]) -> None:
    print(f"\n{'':<38}" + "".join(f"{title:>21}" for title in COLUMNS.values()) + f"{'zip, MB':>9}")
    for name, rows in found.items():
        cells = [beside(rows, found[BASELINE], column) for column in COLUMNS]
        size = f"{archives[name] / 1e6:.2f}" if name in archives else "-"
        print(f"{name:<38}" + "".join(f"{cell:>21}" for cell in cells) + f"{size:>9}")


def report_worker(folder: Path, rounds: int, keyed: Keyed) -> None:
    project = projects.generated("cloudflare", folder / "worker")
    said = projects.worker_upload(project)
    starts = worker_starts(project / "dist" / "index.js", rounds, keyed)
    ready, answered = (statistics.median(row[name] for row in starts) for name in ("ready", "answered"))
    print(f"\nWorker: miniflare ready in {ready:.0f} ms, first keyed run {answered:.1f} ms later. {said}")


def measure(python: projects.Interpreter, folder: Path, rounds: int, *, imports: bool) -> None:
    keyed = Keyed()
    baseline = projects.baseline(python)
    project = projects.generated("aws-sam", folder / "aws-sam")
    ours = projects.lambda_build(python, project, folder / "lambda")
    google = projects.google_build(python, projects.generated("gcf", folder / "gcf"), folder / "google")
    with parameter_store("/hello", {"PROMPTSTUDIO_KEYS": keyed.keys}, folder) as store:
        environ = lambda_environ(python, project, store)
        for_google = {**base_environ(python), "PROMPTSTUDIO_KEYS": keyed.keys}
        framework = [str(python.bare), *FRAMEWORK, "--port", "PORT"]
        starts = {
            BASELINE: partial(answer_event, python, baseline),
            IN_PROCESS: partial(answer_run, python, ours, environ, keyed),
            SERVED: partial(serve, ["./run.sh"], ours, {**environ, "AWS_LWA_PORT": "PORT"}, keyed),
            GOOGLE: partial(serve, framework, google, for_google, keyed),
        }
        if imports:
            print(costly_imports(python, ours, environ, keyed))
        found = interleaved(starts, rounds)
    archives = {BASELINE: projects.archive_bytes(baseline), SERVED: projects.archive_bytes(ours)}
    print(f"Python {python.version}, medians of {rounds} rounds")
    report(found, archives)
    report_worker(folder, rounds, keyed)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="one that has pip")
    parser.add_argument(
        "--imports", action="store_true", help="tell which imports cost a millisecond or more"
    )
    a = parser.parse_args()
    os.sched_setaffinity(0, {1})  # what is measured has the first core
    with tempfile.TemporaryDirectory() as folder:
        measure(projects.interpreter(a.python), Path(folder), a.rounds, imports=a.imports)


if __name__ == "__main__":
    main()
