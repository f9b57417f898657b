"""The link that `promptstudio dev` prints, used in a browser."""

import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import COMMAND, Dev, dev_server

if find_spec("playwright"):  # only `make prove` installs it
    from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Dev]:
    with dev_server(tmp_path) as started:
        yield started


def test_who_has_signed_in_needs_no_key_where_others_do(browser: "Browser", dev: Dev) -> None:
    subprocess.run([COMMAND, "keys", "create", "ci", "--data", dev.data], check=True, capture_output=True)
    stranger = browser.new_context().new_page()
    stranger.goto(dev.address)
    expect(stranger.get_by_role("alert")).to_have_text("This endpoint asks for an API key.")

    page = browser.new_context().new_page()
    page.goto(dev.sign_in)
    expect(page).to_have_url(f"{dev.address}/")
    page.get_by_role("link", name="summarize").click()
    page.get_by_role("button", name="Run").click()
    expect(page.locator("main")).to_contain_text("This is an echo: no model was called.")


def test_the_link_works_once(browser: "Browser", dev: Dev) -> None:
    first = browser.new_context()
    first.new_page().goto(dev.sign_in)
    second = browser.new_context()
    answer = second.new_page().goto(dev.sign_in)
    assert answer is not None
    assert answer.status == 404
    assert not second.cookies()
    (cookie,) = first.cookies()
    assert (cookie.get("name"), cookie.get("httpOnly"), cookie.get("sameSite")) == ("ps_session", True, "Lax")
