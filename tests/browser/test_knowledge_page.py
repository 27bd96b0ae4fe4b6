"""The page of what is known as people use it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import HOSTILE, RUNBOOK

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def titles(page: Page) -> list[str]:
    """The titles of the documents that are listed."""
    return page.locator(".list .document-title").all_text_contents()


def test_the_main_page_leads_there_and_back(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("link", name="What is known").click()
    expect(page.get_by_role("heading", name="What is known")).to_be_visible()
    expect(page.get_by_text("5 documents")).to_be_visible()

    page.get_by_role("link", name="Conversation").first.click()

    expect(page.get_by_role("heading", name="What is going on?")).to_be_visible()


def test_a_service_opens_to_its_components(open_page: Open) -> None:
    page = open_page("/knowledge")
    service = page.get_by_role("link", name="payments 4")
    expect(service).to_have_attribute("aria-expanded", "false")
    service.click()
    expect(page.get_by_text("4 documents")).to_be_visible()

    page.get_by_role("link", name="Database 1").click()

    expect(page.get_by_role("heading", name="payments › Database")).to_be_visible()
    expect(page.get_by_text("1 document", exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_text("4 documents")).to_be_visible()


def test_a_service_that_nothing_is_known_about_says_so(open_page: Open) -> None:
    page = open_page("/knowledge")

    page.get_by_role("link", name="checkout 0").click()

    expect(page.get_by_text("Nothing is known here yet.")).to_be_visible()
    expect(page.get_by_role("link", name="Ask about this")).to_be_hidden()


def test_an_address_leads_to_a_symptom_without_its_component(open_page: Open) -> None:
    page = open_page("/knowledge#service=payments&symptom=disk+full")

    expect(page.get_by_role("heading", level=1)).to_have_text("payments › Disk full")
    expect(page.get_by_text("1 document", exact=True)).to_be_visible()


def test_filters_narrow_it_down_and_are_part_of_the_address(open_page: Open) -> None:
    page = open_page("/knowledge#service=payments")
    page.get_by_role("checkbox", name="Incidents 1").check()
    expect(page.get_by_text("1 document", exact=True)).to_be_visible()
    expect(page.get_by_role("checkbox", name="Incidents 1")).to_be_focused()
    page.reload()
    expect(page.locator(".list .document-title")).to_have_text(["Payments were down"])

    page.get_by_role("button", name="Clear filters").click()

    expect(page.get_by_text("4 documents")).to_be_visible()
    assert page.url.endswith("#service=payments")


def test_titles_are_searched_while_typing(open_page: Open) -> None:
    page = open_page("/knowledge")
    box = page.get_by_role("searchbox", name="Search in titles")

    box.press_sequentially("pool exhausted", delay=10)

    expect(page.get_by_text("1 document", exact=True)).to_be_visible()
    assert titles(page) == [RUNBOOK.title]
    expect(box).to_be_focused()
    box.fill("no such title")
    expect(page.get_by_text("No document matches these filters.")).to_be_visible()


def test_a_document_opens_beside_the_list_and_escape_closes_it(open_page: Open) -> None:
    page = open_page("/knowledge")
    entry = page.get_by_role("button", name=RUNBOOK.title)
    entry.press("Enter")

    panel = page.get_by_role("complementary", name=RUNBOOK.title)
    expect(panel.get_by_role("heading", name=RUNBOOK.title)).to_be_visible()
    expect(panel).to_contain_text("Find the longest transactions first.")
    page.keyboard.press("Escape")

    expect(panel).to_be_hidden()
    expect(entry).to_be_focused()


def test_a_document_that_is_gone_says_so(open_page: Open) -> None:
    page = open_page("/knowledge")
    page.route("**/api/documents/**", lambda route: route.fulfill(status=404, json={"code": "missing"}))

    page.get_by_role("button", name=RUNBOOK.title).click()

    expect(page.get_by_role("complementary")).to_contain_text("It may be gone, or closed to you.")


def test_ask_about_this_puts_a_question_into_the_box_and_sends_nothing(open_page: Open) -> None:
    page = open_page("/knowledge#service=payments")

    page.get_by_role("link", name="Ask about this").click()

    expect(page.get_by_role("textbox")).to_have_value("What do we know about payments?")
    expect(page.get_by_role("article")).to_have_count(0)
    assert page.url.endswith("/")


def test_gaps_say_what_to_do_and_open_at_the_passage(open_page: Open) -> None:
    page = open_page("/knowledge")
    page.get_by_role("link", name="Gaps").click()

    expect(page.get_by_role("region", name="Services without a runbook")).to_contain_text("checkout, tier 1, shop")
    contradictions = page.get_by_role("region", name="Contradictions")
    expect(contradictions).to_contain_text("DB_POOL_MAX, payments, 20 ≠ 40")
    expect(contradictions).to_contain_text("correct the other")
    contradictions.get_by_role("button", name="Payments: notes of the move").click()

    expect(page.locator("mark").first).to_be_in_viewport()
    assert "DB_POOL_MAX=40" in "".join(page.locator("mark").all_text_contents())


def test_gaps_that_take_a_while_come_later(open_page: Open) -> None:
    page = open_page()
    answers = iter([{"kinds": [], "complete": False}, {"kinds": [], "complete": True}])
    page.route("**/api/knowledge/gaps", lambda route: route.fulfill(json=next(answers)))

    page.goto(page.url + "knowledge#view=gaps")

    expect(page.get_by_text("Texts are being compared")).to_be_visible()
    expect(page.get_by_text("No gaps were found in what you may read.")).to_be_visible()


def test_what_cannot_be_shown_can_be_tried_again(open_page: Open) -> None:
    page = open_page()
    page.route("**/api/knowledge*", lambda route: route.fulfill(status=503, json={"code": "unavailable"}))
    page.goto(page.url + "knowledge")
    expect(page.get_by_text("This cannot be shown right now.").first).to_be_visible()
    page.unroute("**/api/knowledge*")

    page.get_by_role("button", name="Try again").first.click()

    expect(page.get_by_text("5 documents")).to_be_visible()


def test_chinese_browsers_get_chinese_titles_and_advice(open_page: Open) -> None:
    page = open_page("/knowledge#service=payments", locale="zh-CN")
    expect(page.get_by_role("link", name="数据库 1")).to_be_visible()
    expect(page.get_by_role("checkbox", name="事件 1")).to_be_visible()

    page.get_by_role("link", name="缺口").click()

    expect(page.get_by_role("region", name="相互矛盾")).to_contain_text("查明哪一个正确")
    page.get_by_role("button", name="切换到英文").click()
    expect(page.get_by_role("heading", name="Gaps")).to_be_visible()


def test_hostile_titles_labels_and_texts_show_as_text(open_page: Open) -> None:
    page = open_page("/knowledge#view=gaps")
    expect(page.get_by_role("region", name="Marked at ingest")).to_contain_text(HOSTILE)
    page.goto(page.url.partition("#")[0] + "#service=")

    page.get_by_role("button", name=HOSTILE).click()

    expect(page.get_by_role("complementary").locator(".document")).to_contain_text(HOSTILE)
    assert page.locator("img[src=x]").count() == 0
    assert page.title() == "What is known · Nightshift"


def test_an_address_that_somebody_made_up_shows_as_text(open_page: Open) -> None:
    page = open_page(f"/knowledge#service={HOSTILE}&kind={HOSTILE}&words={HOSTILE}&view=no")

    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(page.get_by_text("No document matches these filters.")).to_be_visible()
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("view", ["service=payments", "view=gaps"])
def test_on_a_phone_nothing_is_wider_than_the_screen(open_page: Open, view: str) -> None:
    page = open_page(f"/knowledge#{view}", viewport={"width": 360, "height": 740})
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.locator("main").evaluate("one => one.scrollWidth <= one.clientWidth")

    page.get_by_role("button", name="Services").click()
    expect(page.get_by_role("button", name="Close the list")).to_be_focused()
    page.get_by_role("link", name="General 1").click()

    expect(page.get_by_role("heading", name="General")).to_be_visible()
    expect(page.locator("nav")).to_be_hidden()
