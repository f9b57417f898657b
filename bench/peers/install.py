"""Installs the peers that the benchmarks compare with, outside the repository, from the package registries.

python bench/peers/install.py [--only litellm,hey-api] [FOLDER]
                                            (default: all, in promptstudio-peers in the temporary folder)
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

VENVS = {
    "asgi": ["starlette==1.10.0", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0", "aiohttp==3.14.5"],
    "litellm": ["litellm[proxy]==1.106.2"],
    "openapi-python-client": ["openapi-python-client==0.29.1"],
}
PACKAGES: dict[str, dict[str, dict[str, str]]] = {
    # Portkey streams on a fresh install only with these older versions of its own dependencies.
    "portkey": {
        "dependencies": {"@portkey-ai/gateway": "1.15.2"},
        "overrides": {"hono": "4.9.7", "@hono/node-server": "1.3.3"},
    },
    "hey-api": {"dependencies": {"@hey-api/openapi-ts": "0.99.0", "typescript": "5.9.3"}},
}


def default_folder() -> Path:
    return Path(tempfile.gettempdir()) / "promptstudio-peers"


def install(folder: Path, names: set[str]) -> None:
    for name in names & VENVS.keys():
        python = folder / name / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *VENVS[name]], check=True)
    for name in names & PACKAGES.keys():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "package.json").write_text(json.dumps({"private": True, **PACKAGES[name]}))
        subprocess.run(["npm", "install", "--silent"], cwd=folder / name, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=default_folder())
    parser.add_argument("--only", default=",".join([*VENVS, *PACKAGES]))
    given = parser.parse_args()
    install(given.folder, set(given.only.split(",")))


if __name__ == "__main__":
    main()
