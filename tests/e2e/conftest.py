"""A running `promptstudio dev` and a real browser on it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

COMMAND = Path(sys.executable).with_name("promptstudio")
# Sandboxing and shared memory are not to be had in every container that runs this.
CHROMIUM = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]


@dataclass(frozen=True)
class Dev:
    """A running `promptstudio dev`: where it is, the link that signs in, and its folder of local state."""

    address: str
    sign_in: str
    data: Path


@contextmanager
def dev_server(folder: Path) -> Iterator[Dev]:
    """`promptstudio dev` on the examples, without any provider's key."""
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    process = subprocess.Popen(
        [COMMAND, "dev", "--port", "0", "--data", folder / "data"],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    try:
        address = ""
        for line in process.stdout:
            found = re.search(r"http://\S+", line)
            if found and "/sign-in" in found[0]:
                yield Dev(address, found[0], folder / "data")
                break
            address = found[0] if found else address
    finally:
        process.terminate()
        process.stdout.read()
        process.stdout.close()
        assert process.wait(30) == 0


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the examples are served to this machine."""
    with dev_server(tmp_path_factory.mktemp("dev")) as dev:
        yield dev.address


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A browser until the module ends: Playwright's event loop would be in the way of asynchronous tests."""
    from playwright.sync_api import sync_playwright  # `make test` does not install it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser", address: str) -> "Iterator[Page]":
    """A fresh tab on the page; what it logs as an error fails the test."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/")
    yield page
    context.close()
    assert not errors
