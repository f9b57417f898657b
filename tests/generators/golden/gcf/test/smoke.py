"""python test/smoke.py       runs this project here, with an echo in the place of every model, and asks it
python test/smoke.py URL   asks what is deployed there, with the key in PROMPTSTUDIO_KEY"""

import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from checks import check
from server import SOURCE, command

START_S = 60


def main():
    if len(sys.argv) > 1:
        check(sys.argv[1].rstrip("/"), os.environ.get("PROMPTSTUDIO_KEY", ""))
    else:
        key = "ps_live_" + secrets.token_hex(20)
        with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "project", key) as url:
            check(url, key)
    print("The endpoint answers as it should.")


@contextmanager
def served(copy, key):
    """A copy of this project, served on this machine alone, with the echo model for every prompt."""
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    bundle = json.loads((SOURCE / "bundle.json").read_text("utf-8"))
    (copy / "bundle.json").write_text(json.dumps(with_echo(bundle)), encoding="utf-8")
    digest = hashlib.sha256(key.encode()).hexdigest()
    keys = [{"id": "key_smoke", "name": "smoke", "hash": digest, "created_at": "2026-01-01T00:00:00Z"}]
    port = free_port()
    environ = {**os.environ, "PROMPTSTUDIO_KEYS": json.dumps(keys)}
    process = subprocess.Popen(command(port), cwd=copy, env=environ)
    try:
        wait_until_up(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def with_echo(bundle):
    """Limits would count these runs too, and need the store that is not here."""
    bundle["providers"] = {"echo": {"type": "echo", "base_url": "", "timeout_s": 300}}
    for prompt in bundle["prompts"].values():
        for version in prompt["versions"].values():
            version.update(provider="echo", api="echo", model="echo/echo", config={})
            version.pop("limits", None)
            version.pop("cache", None)
    return bundle


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_up(process, port):
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("The server did not start.")


if __name__ == "__main__":
    main()
