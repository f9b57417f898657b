"""`serve` and the generated Worker beside gateways and bare pass-throughs, in one interleaved run.

    python bench/peers/install.py            # once: the peers
    python bench/endpoint.py [--only promptstudio,starlette_aiohttp] [--rounds 5] [--work chat:1,chat:64]

The server under test has the first core, load and fake upstream the second; the others are stopped
meanwhile. The primary figure is CPU time per request, by the scheduler's own accounting, which moves
little with other load on the machine; every figure is also given as a ratio to starlette_aiohttp (for the
Worker, to worker_bare). Latency is what the server adds to a direct call of the same round.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.peers.install import default_folder
from bench.servers import NAMES, PASS_THROUGH, UPSTREAM, UPSTREAM_PORT, Server, servers

HERE = Path(__file__).parent
BASELINES = {"worker": "worker_bare"}
Row = dict[str, float]


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found, todo = [], [pid]
    while todo:
        current = todo.pop()
        found.append(current)
        for children in Path(f"/proc/{current}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                todo += [int(child) for child in children.read_text().split()]
    return found


def cpu_seconds(pid: int) -> float:
    total = 0
    for process in tree(pid):
        for stat in Path(f"/proc/{process}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(stat.read_text().split()[0])
    return total / 1e9


def memory_mb(pid: int) -> float:
    total = 0
    for process in tree(pid):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return total / 1024


def send_signal(pid: int, number: signal.Signals) -> None:
    for process in tree(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)


def start(
    command: list[str], core: int, environment: dict[str, str], folder: Path
) -> subprocess.Popen[bytes]:
    log = Path(tempfile.gettempdir()) / "promptstudio-bench.log"
    with log.open("ab") as out:
        return subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGCONT)
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def until_ready(server: Server, process: subprocess.Popen[bytes]) -> float:
    """Seconds until the server answered a run."""
    began = time.monotonic()
    path, body = server.works["chat"]
    headers = dict(line.split(": ", 1) for line in server.headers) | {"content-type": "application/json"}
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}", json.dumps(body).encode(), headers
    )
    while time.monotonic() - began < 120:
        if process.poll() is not None:
            raise SystemExit(f"{server.name} ended with {process.returncode}")
        try:
            urllib.request.urlopen(request, timeout=20).read()
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{server.name} answers {error.code}: {error.read()[:300]!r}") from None
        except OSError:
            time.sleep(0.005)
        else:
            return time.monotonic() - began
    raise SystemExit(f"{server.name} did not start")


def measure(
    base: str, work: tuple[str, dict[str, object]], headers: list[str], connections: int, seconds: float
) -> Row:
    path, body = work
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(body, file, separators=(",", ":"))
        file.flush()
        command = [
            "taskset",
            "-c",
            "1",
            sys.executable,
            str(HERE / "load.py"),
            base + path,
            "--body",
            file.name,
        ]
        command += ["--connections", str(connections), "--seconds", str(seconds), "--requests", "200000"]
        command += [part for line in headers for part in ("--header", line)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 60)
    row: Row = json.loads(done.stdout)
    return row


@contextlib.contextmanager
def running(chosen: list[Server]) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    processes: dict[str, subprocess.Popen[bytes]] = {}
    upstream = start([sys.executable, str(HERE / "upstream.py"), str(UPSTREAM_PORT)], 1, {}, HERE)
    try:
        for server in chosen:
            processes[server.name] = start(server.command, 0, server.environment, server.folder)
            until_ready(server, processes[server.name])
            send_signal(processes[server.name].pid, signal.SIGSTOP)
        yield processes
    finally:
        for process in [*processes.values(), upstream]:
            stop(process)


def under_load(server: Server, pid: int, work: str, connections: int, seconds: float) -> Row:
    send_signal(pid, signal.SIGCONT)
    base = f"http://127.0.0.1:{server.port}"
    measure(base, server.works[work], server.headers, connections, 0.5)
    before = cpu_seconds(pid)
    row = measure(base, server.works[work], server.headers, connections, seconds)
    row["cpu"] = (cpu_seconds(pid) - before) * 1e6 / max(row["ok"], 1)
    row["cpu_chunk"] = row["cpu"] * row["ok"] / row["chunks"] if row["chunks"] else 0.0
    row["memory"] = memory_mb(pid)
    send_signal(pid, signal.SIGSTOP)
    return row


def compare(
    chosen: list[Server], works: list[tuple[str, int]], rounds: int, seconds: float
) -> dict[tuple[str, int, str], list[Row]]:
    rows: dict[tuple[str, int, str], list[Row]] = {}
    with running(chosen) as processes:
        for number in range(rounds):
            for work, connections in works:
                direct = measure(UPSTREAM, PASS_THROUGH[work], [], connections, seconds)
                for server in chosen:
                    row = under_load(server, processes[server.name].pid, work, connections, seconds)
                    for figure in ("p50", "p99", "first_p50"):
                        row[figure] -= direct[figure]
                    rows.setdefault((work, connections, server.name), []).append(row)
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return rows


def start_up(chosen: list[Server], rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {server.name: [] for server in chosen}
    upstream = start([sys.executable, str(HERE / "upstream.py"), str(UPSTREAM_PORT)], 1, {}, HERE)
    try:
        for _ in range(rounds):
            for server in chosen:
                process = start(server.command, 0, server.environment, server.folder)
                times[server.name].append(until_ready(server, process))
                stop(process)
    finally:
        stop(upstream)
    return times


FIGURES = {
    "cpu": "CPU us/request",
    "p50": "added p50 us",
    "p99": "added p99 us",
    "first_p50": "first byte us",
    "cpu_chunk": "CPU us/chunk",
    "memory": "memory MB",
}


def beside(values: list[float], base: list[float]) -> str:
    """The median, and the median of the ratios round by round."""
    if not any(base):
        return "-"
    ratio = statistics.median(value / other for value, other in zip(values, base, strict=True) if other)
    return f"{statistics.median(values):.4g} ({ratio:.2f}x)"


def report(rows: dict[tuple[str, int, str], list[Row]], starts: dict[str, list[float]]) -> None:
    for work, connections in dict.fromkeys((work, connections) for work, connections, _ in rows):
        print(
            f"\n{f'{work}, {connections} at once':<22}"
            + "".join(f"{title:>19}" for title in FIGURES.values())
        )
        for name in starts:
            found = rows[work, connections, name]
            base = rows.get((work, connections, BASELINES.get(name, "starlette_aiohttp")), found)
            cells = [
                beside([row[figure] for row in found], [row[figure] for row in base]) for figure in FIGURES
            ]
            failed = sum(int(row["failed"]) for row in found)
            print(
                f"{name:<22}"
                + "".join(f"{cell:>19}" for cell in cells)
                + (f"  failed {failed}" if failed else "")
            )
    print("\nstart to the first answered run, s")
    for name, times in starts.items():
        print(f"{name:<22}{beside(times, starts.get(BASELINES.get(name, 'starlette_aiohttp'), times)):>19}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(NAMES), help="names, with commas between")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--work", default="chat:1,chat:64,stream:16,paced:16")
    parser.add_argument("--peers", type=Path, default=default_folder())
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        chosen = servers(Path(data), a.peers, a.only.split(","))
        works = [(work, int(count)) for work, count in (item.split(":") for item in a.work.split(","))]
        starts = start_up(chosen, min(a.rounds, 5))
        report(compare(chosen, works, a.rounds, a.seconds), starts)


if __name__ == "__main__":
    main()
