"""The login form."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from bot.settings import Web
from connectors.configuration import Roots
from tests.browser.stage import Stage, serving

pytestmark = pytest.mark.browser

TOKEN = "a-token-for-the-form"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("home")
    with serving(Web(token=TOKEN), Roots(home, home)) as stage:
        yield stage


def test_the_token_lets_in_and_signing_out_locks(open_page: Callable[..., Page], guarded: Stage) -> None:
    page = open_page(guarded.address)
    page.get_by_label("Token").fill("guess")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not the token.")

    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What is going on?")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_label("Token")).to_be_visible()


def test_a_link_to_an_incident_leads_there_through_the_form(open_page: Callable[..., Page], guarded: Stage) -> None:
    page = open_page(f"{guarded.address}/incidents/none")
    page.get_by_label("Token").fill("guess")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not the token.")

    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")

    expect(page.get_by_text("There is no such incident.")).to_be_visible()


def test_the_form_speaks_chinese(open_page: Callable[..., Page], guarded: Stage) -> None:
    page = open_page(guarded.address, locale="zh-CN")

    expect(page.get_by_role("button", name="登录")).to_be_visible()
