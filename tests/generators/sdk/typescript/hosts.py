"""Where a generated TypeScript client runs in the tests: Node, workerd and a browser."""

import json
import select
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.request import Request, urlopen

from tests.conftest import NODE_MODULES

HERE: Final = Path(__file__).parent
ESBUILD: Final = NODE_MODULES / ".bin" / "esbuild"
PATIENCE_S: Final = 60.0
END_S: Final = 10.0

Question = Mapping[str, object]
Outcome = dict[str, Any]

HOSTS: Final = ("node", "workerd", "chromium")
NEEDS: Final = {"node": "node", "workerd": "node", "chromium": "chromium"}

_ENTRY: Final = """
import * as sdk from {package};
import {{ perform }} from {perform};
export const ask = (question) => perform(sdk, question);
export default {{
  fetch: async (request) =>
    request.method === "POST" ? Response.json(await ask(await request.json())) : new Response(),
}};
"""


class Host(Protocol):
    """Asks a generated client questions that perform.mjs understands."""

    def perform(self, question: Question) -> Outcome: ...


def bundled(package: Path, folder: Path, *options: str) -> Path:
    """The package's sources and perform.mjs in one file."""
    entry, out = folder / "entry.mjs", folder / "bundled.mjs"
    names = {"package": str(package / "src" / "index.ts"), "perform": str(HERE / "perform.mjs")}
    entry.write_text(_ENTRY.format(**{name: json.dumps(path) for name, path in names.items()}))
    command = [str(ESBUILD), str(entry), "--bundle", "--target=es2022", "--log-level=error", *options]
    subprocess.run([*command, f"--outfile={out}"], check=True, timeout=PATIENCE_S)
    return out


@contextmanager
def start(name: str, package: Path, folder: Path, page: str) -> Iterator[Host]:
    """One of the HOSTS with a package in it. `page` is the address of the page that a browser is on."""
    if name == "node":
        with node(bundled(package, folder, "--format=esm")) as host:
            yield host
    elif name == "workerd":
        with workerd(bundled(package, folder, "--format=esm")) as host:
            yield host
    else:
        with chromium(bundled(package, folder, "--format=iife", "--global-name=bundled"), page) as host:
            yield host


class _Node:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def perform(self, question: Question) -> Outcome:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        # One line is asked for at a time, so that nothing is left in our own buffer.
        assert select.select([self._process.stdout], [], [], PATIENCE_S)[0], "the client never came to an end"
        outcome: Outcome = json.loads(self._process.stdout.readline())
        return outcome


@contextmanager
def node(code: Path) -> Iterator[Host]:
    with driven(["node", str(HERE / "node_driver.mjs"), str(code)]) as process:
        yield _Node(process)


class _Workerd:
    def __init__(self, url: str) -> None:
        self._url = url

    def perform(self, question: Question) -> Outcome:
        with urlopen(Request(self._url, json.dumps(question).encode()), timeout=PATIENCE_S) as answer:
            outcome: Outcome = json.loads(answer.read())
        return outcome


@contextmanager
def workerd(code: Path) -> Iterator[Host]:
    tools = NODE_MODULES.parent / "package.json"
    with driven(["node", str(HERE / "workerd_driver.mjs"), str(code), str(tools)]) as process:
        assert process.stdout is not None
        yield _Workerd(process.stdout.readline().strip())


@contextmanager
def driven(command: list[str]) -> "Iterator[subprocess.Popen[str]]":
    """A process that ends with its input, or is ended."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()


class _Page:
    def __init__(self, page: Any) -> None:  # Playwright is there for `make prove` alone
        self._page = page

    def perform(self, question: Question) -> Outcome:
        # As JSON, so that what is undefined is left out here as well.
        script = "async (question) => JSON.stringify(await bundled.ask(JSON.parse(question)))"
        outcome: Outcome = json.loads(self._page.evaluate(script, json.dumps(question)))
        return outcome


@contextmanager
def chromium(code: Path, url: str) -> Iterator[Host]:
    from playwright.sync_api import sync_playwright

    from tests.e2e.conftest import CHROMIUM

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        page = browser.new_page()
        page.goto(url)
        page.add_script_tag(path=code)
        yield _Page(page)
        browser.close()
