"""How this project is served on this machine."""

import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1]


def command(port):
    """Functions Framework, as Google starts it."""
    framework = [sys.executable, "-m", "functions_framework", "--target", "main", "--source", "main.py"]
    return [*framework, "--host", "127.0.0.1", "--port", str(port)]
