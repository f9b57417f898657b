"""The runtime: its synchronous half comes of the asynchronous one, and packages carry what they need."""

import ast
from collections.abc import Iterator

import pytest

from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import MODES, TRANSPORTS, Mode, SdkOptions, Transport, default_mode
from tests.generators.sdk.bundles import bundle_of
from tests.generators.sdk.derive_sync import DERIVED, RUNTIME, synchronous
from tests.generators.sdk.endpoints import PROMPTS

COMBINATIONS = [
    (transport, mode)
    for transport in TRANSPORTS
    for mode in MODES
    if transport == "httpx2" or mode == default_mode(transport)
]


@pytest.mark.parametrize("pattern", DERIVED)
def test_the_synchronous_half_is_derived_from_the_asynchronous_one(pattern: str) -> None:
    source = (RUNTIME / pattern.format("async")).read_text("utf-8")
    derived = (RUNTIME / pattern.format("sync")).read_text("utf-8")
    assert derived == synchronous(source, pattern.format("async")), "run tests.generators.sdk.derive_sync"


def test_deriving_keeps_what_is_not_asynchronous() -> None:
    source = (
        '"""A."""\n\nasync def f(a: AsyncThing) -> None:\n    """Use `async with`."""\n    await a.aclose()\n'
    )
    derived = synchronous(source, "_async_x.py")
    assert ast.unparse(ast.parse(derived)) == (
        '"""A."""\n\ndef f(a: Thing) -> None:\n    """Use `with`."""\n    a.close()'
    )


def imports_of(source: str) -> Iterator[tuple[int, str]]:
    """The modules that a module imports, as (level, name)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""
        elif isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)


@pytest.mark.parametrize(("transport", "mode"), COMBINATIONS)
def test_a_package_has_the_modules_that_it_imports_and_no_others(transport: Transport, mode: Mode) -> None:
    options = SdkOptions(name="acme", transport=transport, mode=mode)
    files = generate_sdk("python", bundle_of(PROMPTS), options)
    root = "src/acme/"
    modules = {path.removeprefix(root)[:-3]: text for path, text in files.items() if path.startswith(root)}
    sources = {name: text for name, text in modules.items() if f"{root}{name}.py" in files}
    imported = {"__init__", "prompts/__init__", "webhooks"}
    for name, source in sources.items():
        folder = name.split("/")[:-1]
        for level, module in imports_of(source):
            if level:
                path = "/".join([*folder[: len(folder) - level + 1], *module.split(".")])
                assert path in sources, f"{name} imports {path}"
                imported.add(path)
            else:
                top = module.partition(".")[0]
                assert top in STANDARD or top in (transport, "urllib3")
    assert imported == sources.keys()


STANDARD = {
    *("asyncio", "base64", "binascii", "collections", "contextlib", "copy", "datetime", "email", "hashlib"),
    *("hmac", "json", "logging", "math", "os", "re", "socket", "sys", "threading", "time", "types", "typing"),
    *("urllib", "uuid"),
}


@pytest.mark.parametrize(("transport", "mode"), COMBINATIONS)
def test_the_runtime_is_shipped_to_the_last_byte(transport: Transport, mode: Mode) -> None:
    options = SdkOptions(name="acme", transport=transport, mode=mode)
    files = generate_sdk("python", bundle_of(PROMPTS), options)
    own = {"__init__.py", "_clients.py", "_package.py"}
    shipped = [
        path.removeprefix("src/acme/")
        for path in files
        if path.startswith("src/acme/") and "/prompts/" not in path and path.rpartition("/")[2] not in own
    ]
    assert len(shipped) > 15
    for name in shipped:
        assert files[f"src/acme/{name}"] == (RUNTIME / name).read_text("utf-8")
    whole = sum(map(len, (files[f"src/acme/{name}"] for name in shipped)))
    rest = sum(len(text) for path, text in files.items() if path.startswith("src/acme/")) - whole
    assert whole > rest
