"""Installs the peers that the benchmarks compare with, outside the repository, from the package registries.

python bench/peers/install.py [FOLDER]      (default: promptstudio-peers in the temporary folder)
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

VENVS = {
    "asgi": ["starlette==1.10.0", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0", "aiohttp==3.14.5"],
    "litellm": ["litellm[proxy]==1.106.2"],
}
# Portkey streams on a fresh install only with these older versions of its own dependencies.
PORTKEY = {
    "dependencies": {"@portkey-ai/gateway": "1.15.2"},
    "overrides": {"hono": "4.9.7", "@hono/node-server": "1.3.3"},
}


def default_folder() -> Path:
    return Path(tempfile.gettempdir()) / "promptstudio-peers"


def install(folder: Path) -> None:
    for name, packages in VENVS.items():
        python = folder / name / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    portkey = folder / "portkey"
    portkey.mkdir(parents=True, exist_ok=True)
    (portkey / "package.json").write_text(json.dumps({"private": True, **PORTKEY}))
    subprocess.run(["npm", "install", "--silent"], cwd=portkey, check=True)


if __name__ == "__main__":
    install(Path(sys.argv[1]) if len(sys.argv) > 1 else default_folder())
