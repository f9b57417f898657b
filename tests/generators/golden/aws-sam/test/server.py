"""How this project is served on this machine."""

import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"


def command(port):
    """uvicorn, as run.sh starts it on Lambda."""
    uvicorn = [sys.executable, "-m", "uvicorn", "main:app", "--host", "127.0.0.1", "--port", str(port)]
    return [*uvicorn, "--lifespan", "off", "--log-level", "warning"]
