import subprocess
import sys

import pytest

HEAVY = (
    "aiohttp",
    "fastapi",
    "starlette",
    "pydantic",
    "yaml",
    "boto3",
    "google",
    "openai",
    "anthropic",
    "uvicorn",
)
SCRIPT = """
import importlib, pkgutil, sys
import promptstudio.endpoint
for module in pkgutil.iter_modules(promptstudio.endpoint.__path__, "promptstudio.endpoint."):
    importlib.import_module(module.name)
print(*sys.modules)
"""


@pytest.mark.parametrize("module", HEAVY)
def test_the_endpoint_imports_nothing_heavy(module: str, loaded: frozenset[str]) -> None:
    assert module not in loaded


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    names = frozenset(result.stdout.split())
    assert "promptstudio.endpoint.app" in names
    return names
