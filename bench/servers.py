"""The servers under test: ours and the peers, each a command, a port, and how to ask it for a run."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE = ROOT / "bench"
NODE = ROOT / "tests" / "node" / "node_modules"
BIN = ROOT / ".venv" / "bin"
UPSTREAM_PORT = 9190
UPSTREAM = f"http://127.0.0.1:{UPSTREAM_PORT}"

TEXT = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt. " * 8
SYSTEM = (
    "You are a careful editor. You keep every name, number and date as it stands, you add nothing that the "
    "text does not say, and you leave out what a hurried reader would skip."
)


@dataclass(frozen=True)
class Server:
    """`works` maps a kind of work (chat, stream, paced) to a path and a body."""

    name: str
    port: int
    command: list[str]
    works: dict[str, tuple[str, dict[str, object]]]
    headers: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = ROOT


def completions(model: str, *, stream: bool) -> tuple[str, dict[str, object]]:
    """What a client asks a pass-through: the body that our endpoint makes of the same variables."""
    question = f'Summarise the following text in the style "plain":\n\n{TEXT}'
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    body: dict[str, object] = {"model": model, "messages": messages, "temperature": 0.2, "max_tokens": 200}
    return "/v1/chat/completions", body | ({"stream": True} if stream else {})


def run(prompt: str, *, stream: bool) -> tuple[str, dict[str, object]]:
    body: dict[str, object] = {"variables": {"text": TEXT}}
    return f"/v1/prompts/{prompt}/run", body | ({"stream": True} if stream else {})


PASS_THROUGH = {
    "chat": completions("fake", stream=False),
    "stream": completions("fake-100", stream=True),
    "paced": completions("fake-50-p5", stream=True),
}
OURS = {
    "chat": run("chat", stream=False),
    "stream": run("stream", stream=True),
    "paced": run("paced", stream=True),
}


def uvicorn(peers: Path, name: str, port: int) -> Server:
    command = [
        str(peers / "asgi/bin/uvicorn"),
        f"{name}:app",
        "--app-dir",
        str(HERE / "peers"),
        "--port",
        str(port),
    ]
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return Server(name, port, [*command, *options], PASS_THROUGH, environment={"UPSTREAM": UPSTREAM})


def ours(data: Path) -> Server:
    """`promptstudio serve` on the bench project, with a key."""
    made = subprocess.run(
        [str(BIN / "promptstudio"), "keys", "create", "bench", "--json", "--data", str(data)],
        cwd=HERE / "project",
        check=True,
        capture_output=True,
        text=True,
    )
    key = json.loads(made.stdout)["key"]
    command = [str(BIN / "promptstudio"), "serve", "--port", "9201", "--data", str(data)]
    return Server(
        "promptstudio", 9201, command, OURS, [f"authorization: Bearer {key}"], folder=HERE / "project"
    )


def workerd(
    name: str, port: int, config: Path, works: dict[str, tuple[str, dict[str, object]]], headers: list[str]
) -> Server:
    binary = NODE / "@cloudflare" / "workerd-linux-64" / "bin" / "workerd"
    return Server(name, port, [str(binary), "serve", str(config)], works, headers)


def worker_config(folder: Path, name: str, port: int, script: Path, secrets: dict[str, str]) -> Path:
    """A workerd configuration in which every fetch goes to the fake upstream."""
    bindings = ", ".join(
        f"(name = {json.dumps(key)}, text = {json.dumps(value)})" for key, value in secrets.items()
    )
    config = folder / f"{name}.capnp"
    config.write_text(
        f"""using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "{os.path.relpath(script, folder)}")],
      compatibilityDate = "2026-04-01", globalOutbound = "up", bindings = [{bindings}])),
    (name = "up", external = (address = "127.0.0.1:{UPSTREAM_PORT}", http = ())),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")]
);
"""
    )
    return config


def workers(data: Path, key: str) -> list[Server]:
    """The generated Worker, bundled as wrangler bundles it, beside the bare pass-through Worker."""
    project = data / "worker"
    subprocess.run(
        [str(BIN / "promptstudio"), "generate", "cloudflare", "-o", str(project), "--force"],
        cwd=HERE / "project",
        check=True,
        capture_output=True,
    )
    bundled = data / "worker.js"
    subprocess.run(
        [
            str(NODE / ".bin/esbuild"),
            str(project / "src/index.ts"),
            "--bundle",
            "--format=esm",
            "--minify",
            "--target=es2022",
            f"--outfile={bundled}",
            "--log-level=error",
        ],
        check=True,
    )
    bare = data / "bare.js"
    bare.write_text((HERE / "peers" / "worker.js").read_text())
    exported = subprocess.run(
        [str(BIN / "promptstudio"), "keys", "export", "--data", str(data)],
        check=True,
        capture_output=True,
        text=True,
    )
    secrets = {"PROMPTSTUDIO_KEYS": exported.stdout}
    return [
        workerd(
            "worker",
            9202,
            worker_config(data, "worker", 9202, bundled, secrets),
            OURS,
            [f"authorization: Bearer {key}"],
        ),
        workerd("worker_bare", 9203, worker_config(data, "bare", 9203, bare, {}), PASS_THROUGH, []),
    ]


def gateways(peers: Path) -> list[Server]:
    portkey = peers / "portkey" / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    litellm = [str(peers / "litellm/bin/litellm"), "--config", str(HERE / "peers/litellm.yaml")]
    return [
        Server(
            "portkey",
            9206,
            ["node", str(portkey), "--port=9206", "--headless"],
            PASS_THROUGH,
            [
                "x-portkey-provider: openai",
                f"x-portkey-custom-host: {UPSTREAM}/v1",
                "authorization: Bearer sk-x",
            ],
            {"NODE_ENV": "production"},
        ),
        Server(
            "litellm",
            9207,
            [*litellm, "--host", "127.0.0.1", "--port", "9207", "--num_workers", "1"],
            PASS_THROUGH,
            ["authorization: Bearer sk-bench"],
            {
                "LITELLM_MASTER_KEY": "sk-bench",
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "LITELLM_LOG": "ERROR",
                "LITELLM_MODE": "PRODUCTION",
                "NO_DOCS": "True",
            },
        ),
    ]


NAMES = (
    "promptstudio",
    "starlette_aiohttp",
    "asgi_aiohttp",
    "worker",
    "worker_bare",
    "portkey",
    "litellm",
)


def servers(data: Path, peers: Path, names: Sequence[str] = NAMES) -> list[Server]:
    """The servers of these names. `data` keeps what ours need; `peers` is where install.py put the others."""
    first = ours(data)
    found = [
        first,
        uvicorn(peers, "starlette_aiohttp", 9204),
        uvicorn(peers, "asgi_aiohttp", 9205),
        *gateways(peers),
    ]
    if "worker" in names or "worker_bare" in names:
        found += workers(data, first.headers[0].rpartition(" ")[2])
    return sorted(
        (server for server in found if server.name in names), key=lambda server: NAMES.index(server.name)
    )
