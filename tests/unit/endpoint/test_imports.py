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


def test_an_endpoint_without_a_store_imports_none_of_it() -> None:
    """A cold start pays for each module."""
    script = "import promptstudio.target, promptstudio.storage.late, sys; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names = frozenset(result.stdout.split())
    assert "promptstudio.target" in names
    for module in ("storage.port", "limits", "idempotency", "cache.exact", "endpoint.stages"):
        assert f"promptstudio.{module}" not in names
