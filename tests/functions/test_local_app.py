"""The local application: pages, prompts that change under it, sample inputs."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from promptstudio.access.key_changes import KeyOrder, create_key
from promptstudio.endpoint.exchange import Message
from promptstudio.endpoint.keys import create, print_records
from promptstudio.platform_errors import PlatformError
from promptstudio_functions.local_app import LocalApp, create_app
from promptstudio_functions.local_platform import FILE, local_owner, open_store
from tests.functions.serving import write_project
from tests.unit.endpoint.asgi import Answer, Client

ECHO = "---\nmodel: echo/echo\n---\nHello."
MODEL = "---\nmodel: openai/gpt-5.4-mini\n---\nHello."
BROKEN = "---\nmodel: echo/echo\n---\n{{#if x}}"
PAGES = ("/", "/docs", "/page/main.js", "/page/prompt.js", "/page/style.css", "/page/project.json")


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project", {"hello": ECHO})


@pytest.fixture
async def opened() -> AsyncIterator[list[LocalApp]]:
    """The applications that a test has started."""
    apps: list[LocalApp] = []
    yield apps
    for each in apps:
        await each.close()


Start = Callable[..., Awaitable[LocalApp]]


@pytest.fixture
def app(root: Path, lines: list[str], opened: list[LocalApp]) -> Start:
    """Starts the application for the project."""

    async def start(environ: Mapping[str, str] | None = None, *, dev: bool = True) -> LocalApp:
        to = create_app(root, data=root.parent, environ=environ or {}, report=lines.append, dev=dev)
        opened.append(to)
        await to.start()
        return to

    return start


async def get(to: LocalApp, path: str, *, method: str = "GET") -> Answer:
    client = Client(path, method=method)
    await to(client.scope, client.receive, client.send)
    return client.answer


async def project(to: LocalApp) -> dict[str, Any]:
    shown: dict[str, Any] = (await get(to, "/page/project.json")).json
    return shown


def write_prompt(root: Path, name: str, text: str) -> None:
    (root / "prompts" / f"{name}.prompt").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_may_load_nothing_from_elsewhere(app: Start, path: str) -> None:
    answer = await get(await app(), path)
    assert answer.status == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_what_a_page_refers_to_is_served(app: Start, path: str) -> None:
    to = await app()
    found = References()
    found.feed((await get(to, path)).body.decode())
    assert found.paths
    assert not found.inline, "the policy lets no inline script or style run"
    for reference in found.paths:
        assert (await get(to, reference)).status == 200, reference


class References(HTMLParser):
    """The paths that a page names, and whether it holds scripts or styles of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: set[str] = set()
        self.inline = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inline |= tag == "style" or (tag == "script" and "src" not in given) or "style" in given
        self.inline |= any(name.startswith("on") for name in given)
        reference = given.get("href") or given.get("src") or ""
        if reference.startswith("/"):
            self.paths.add(reference)


async def test_the_scripts_import_only_what_is_served(lines: list[str], app: Start) -> None:
    to = await app()
    for name in ("main", "prompt", "form", "api", "docs", "element"):
        script = (await get(to, f"/page/{name}.js")).body.decode()
        imported = [line.split('"')[1] for line in script.splitlines() if line.startswith("import ")]
        for module in imported:
            assert (await get(to, "/page/" + module.removeprefix("./"))).status == 200, module


async def test_a_page_answers_no_other_method(app: Start) -> None:
    answer = await get(await app(), "/", method="POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_the_pages_are_public_and_the_project_is_not(app: Start) -> None:
    to = await app({"PROMPTSTUDIO_KEYS": "[]"})
    assert (await get(to, "/")).status == 200
    assert (await get(to, "/page/project.json")).status == 401


async def test_the_page_is_told_of_samples_and_echoes(root: Path, app: Start) -> None:
    write_prompt(root, "ask", MODEL)
    (root / "inputs").mkdir()
    (root / "inputs" / "hello.json").write_text('{"variables":{"a":1}}', encoding="utf-8")
    (root / "inputs" / "ask.json").write_text("[]", encoding="utf-8")
    (root / "inputs" / "more.json").mkdir()
    shown = await project(await app({"OPENAI_API_KEY": "sk"}))
    assert shown["prompts"] == {
        "ask": {"model": "openai/gpt-5.4-mini", "echo": False},
        "hello": {"model": "echo/echo", "echo": True, "input": {"variables": {"a": 1}}},
    }
    assert shown["diagnostics"] == [
        "inputs/ask.json:1:1: warning: this is not a JSON object",
        "inputs/more.json:1:1: warning: this is not a JSON object",
    ]


async def test_in_dev_a_model_without_a_key_is_an_echo(root: Path, app: Start) -> None:
    write_prompt(root, "ask", MODEL)
    assert (await project(await app()))["prompts"]["ask"] == {"model": "echo/echo", "echo": True}
    served = await project(await app(dev=False))
    assert served["prompts"]["ask"] == {"model": "openai/gpt-5.4-mini", "echo": False}


async def test_a_changed_file_is_loaded_again(root: Path, lines: list[str], app: Start) -> None:
    to = await app()
    before = (await project(to))["bundle"]
    write_prompt(root, "more", ECHO)
    to.refresh()
    assert set((await project(to))["prompts"]) == {"hello", "more"}
    assert (await project(to))["bundle"] != before
    assert "Loaded the prompts again." in lines


async def test_files_that_stay_as_they_are_are_not_loaded_again(lines: list[str], app: Start) -> None:
    to = await app()
    to.refresh()
    assert lines == []


async def test_while_files_are_bad_the_last_good_prompts_serve(
    root: Path, lines: list[str], app: Start
) -> None:
    to = await app()
    good = (await project(to))["bundle"]
    write_prompt(root, "hello", BROKEN)
    to.refresh()
    shown = await project(to)
    assert shown["bundle"] == good
    assert shown["diagnostics"][0].startswith("prompts/hello.prompt:4")
    assert any(line.startswith("prompts/hello.prompt:4") for line in lines)
    write_prompt(root, "hello", ECHO)
    to.refresh()
    assert (await project(to))["diagnostics"] == []


async def test_dev_waits_for_better_files(root: Path, app: Start) -> None:
    write_prompt(root, "hello", BROKEN)
    to = await app()
    assert (await project(to))["prompts"] == {}
    write_prompt(root, "hello", ECHO)
    to.refresh()
    assert set((await project(to))["prompts"]) == {"hello"}


async def test_a_project_that_loses_its_settings_is_still_served(root: Path, app: Start) -> None:
    to = await app()
    (root / "promptstudio.toml").rename(root / "away.toml")
    to.refresh()
    shown = await project(to)
    assert set(shown["prompts"]) == {"hello"}
    assert "promptstudio.toml" in shown["diagnostics"][0]


async def test_new_endpoint_settings_are_in_force_at_once(root: Path, app: Start) -> None:
    to = await app()
    with (root / "promptstudio.toml").open("a", encoding="utf-8") as file:
        file.write("[endpoint]\nbody_limit = 2\n")
    to.refresh()
    client = Client("/v1/prompts/hello/run", b"{ }")
    await to(client.scope, client.receive, client.send)
    assert client.answer.status == 413


async def test_the_lifespan_tells_the_terminal_what_answers_by_echo(lines: list[str], app: Start) -> None:
    to = await app()
    asked: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    told: list[str] = []

    async def receive() -> Message:
        return asked.pop(0)

    async def send(message: Message) -> None:
        told.append(json.dumps(message))

    await to({"type": "lifespan"}, receive, send)
    assert told == ['{"type": "lifespan.startup.complete"}', '{"type": "lifespan.shutdown.complete"}']
    assert lines == ["No model is called for hello: echo answers. A provider's API key changes that."]


LIMITED = "---\nmodel: echo/echo\npromptstudio.limits: [{requests: 1, per: day, by: key}]\n---\nHello."


async def run(
    to: LocalApp, key: str | None = None, idempotency: str | None = None, body: object = None
) -> Answer:
    headers = [(b"content-type", b"application/json")]
    if key is not None:
        headers.append((b"authorization", f"Bearer {key}".encode()))
    if idempotency is not None:
        headers.append((b"idempotency-key", idempotency.encode()))
    client = Client("/v1/prompts/hello/run", body or {}, headers=headers)
    await to(client.scope, client.receive, client.send)
    return client.answer


@pytest.mark.parametrize("dev", [True, False])
async def test_an_idempotency_key_is_answered_alike_without_keys(app: Start, dev: bool) -> None:
    to = await app(dev=dev)
    first, second, other = [await run(to, idempotency=key) for key in ("a", "a", "b")]
    assert (first.status, first.body) == (200, second.body)
    assert other.json["id"] != first.json["id"]
    assert (await run(to, idempotency="a", body={"user": "u"})).json["code"] == "idempotency_mismatch"


async def test_with_fixed_keys_the_store_is_opened_by_who_needs_it(root: Path, app: Start) -> None:
    keys = [create("first"), create("second")]
    to = await app({"PROMPTSTUDIO_KEYS": print_records([key.record for key in keys])}, dev=False)
    assert (await run(to, keys[0].key)).status == 200
    assert not (root.parent / FILE).exists()
    bodies = [(await run(to, key.key, "a")).body for key in (*keys, *keys)]
    assert (root.parent / FILE).exists()
    assert bodies[:2] == bodies[2:]
    assert bodies[0] != bodies[1]


async def test_a_store_that_cannot_be_opened_refuses_only_what_needs_it(root: Path, app: Start) -> None:
    key = create("test")
    (root.parent / FILE).write_bytes(b"no database at all, but long enough to be read as one" * 100)
    to = await app({"PROMPTSTUDIO_KEYS": print_records([key.record])}, dev=False)
    assert (await run(to, key.key)).status == 200
    refused = await run(to, key.key, "a")
    assert (refused.status, refused.json["code"]) == (503, "unavailable")
    (root.parent / FILE).unlink()
    assert (await run(to, key.key, "a")).status == 200


async def test_limits_need_their_store_from_the_start(root: Path, app: Start) -> None:
    key = create("test")
    write_prompt(root, "hello", LIMITED)
    (root.parent / FILE).write_bytes(b"no database at all, but long enough to be read as one" * 100)
    with pytest.raises(PlatformError, match="cannot be used"):
        await app({"PROMPTSTUDIO_KEYS": print_records([key.record])}, dev=False)


async def test_limits_hold_for_each_fixed_key(root: Path, app: Start) -> None:
    keys = [create("first"), create("second")]
    write_prompt(root, "hello", LIMITED)
    to = await app({"PROMPTSTUDIO_KEYS": print_records([key.record for key in keys])}, dev=False)
    assert [(await run(to, key.key)).status for key in (*keys, *keys)] == [200, 200, 429, 429]


async def test_limits_hold_for_each_key_of_the_workspace_and_in_dev_and_serve_apart(
    root: Path, app: Start
) -> None:
    write_prompt(root, "hello", LIMITED)
    keys = await new_keys(root.parent, 2)
    serve = await app(dev=False)
    assert [(await run(serve, key)).status for key in (*keys, *keys)] == [200, 200, 429, 429]
    dev = await app(dev=True)
    assert [(await run(dev, key)).status for key in (*keys, *keys)] == [200, 200, 429, 429]


async def new_keys(data: Path, number: int) -> list[str]:
    store = open_store(data)
    owner = await local_owner(store, time.time())
    made = [await create_key(store, owner, KeyOrder(name="test"), time.time()) for _ in range(number)]
    await store.close()
    return [key.text for key in made]
