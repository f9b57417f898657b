"""The built-in page, used as a person uses it."""

from importlib.util import find_spec

import pytest

if find_spec("playwright"):  # only `make prove` installs it
    from playwright.sync_api import Page, expect

pytestmark = pytest.mark.needs("chromium")


def test_the_page_lists_the_example_prompts(page: "Page") -> None:
    links = page.get_by_role("navigation", name="Prompts").get_by_role("link")
    expect(links).to_have_text(["classify", "extract", "summarize", "support-reply", "translate"])


def test_a_prompt_is_filled_in_and_its_answer_shown_as_an_echo(page: "Page") -> None:
    page.get_by_role("link", name="summarize").click()
    page.get_by_label("text", exact=False).first.fill("The harbour froze <b>over</b> in 1963.")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("main")).to_contain_text("This is an echo: no model was called.")
    expect(page.locator("main")).to_contain_text("The harbour froze <b>over</b> in 1963.")
    expect(page.locator("main")).to_contain_text("tokens")


def test_a_refused_history_is_shown_with_the_place_that_is_wrong(page: "Page") -> None:
    page.get_by_role("link", name="classify").click()
    page.locator("summary", has_text="What was said before").click()
    page.locator("details textarea").first.fill('[{"role": "boss", "content": "Hi"}]')
    page.get_by_role("button", name="Run").click()
    expect(page.locator("main")).to_contain_text('/messages/0/role "boss" is not one of')
    expect(page.locator("details textarea").first).to_be_focused()


def test_the_page_works_by_keyboard_alone(page: "Page") -> None:
    page.get_by_role("link", name="summarize").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="summarize")).to_be_visible()
    page.get_by_role("button", name="Run").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("This is an echo")


def test_nothing_is_wider_than_a_phone(page: "Page") -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_role("link", name="support-reply").click()
    expect(page.get_by_role("heading", name="support-reply")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_documentation_shows_each_route_and_its_members(page: "Page") -> None:
    page.get_by_role("link", name="API documentation").click()
    expect(page.locator("#operations")).to_contain_text("POST /v1/prompts/summarize/run")
    expect(page.locator("#operations")).to_contain_text("POST /v1/responses")
