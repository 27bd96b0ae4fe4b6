"""The product page as people use it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import ASKED, Stage, ask

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def test_an_answer_is_drafted_checked_and_shown(open_page: Open, stage: Stage) -> None:
    page = open_page()
    question_id = ask(page, stage)

    stage.says(question_id, "status", "Searching the knowledge base")
    expect(page.get_by_role("status").filter(has_text="Searching the knowledge base")).to_contain_text(" s")
    stage.says(question_id, "append", "End the **sess")
    stage.says(question_id, "append", "ions**")
    expect(page.get_by_text("Draft, being checked")).to_be_visible()
    expect(page.locator(".draft-text")).to_have_text("End the **sessions**")
    stage.says(question_id, "replace", "End them")
    expect(page.locator(".draft-text")).to_have_text("End them")
    stage.settles(question_id)

    answer = page.get_by_role("article")
    expect(answer).to_contain_text("idle in transaction")
    expect(page.locator(".draft")).to_have_count(0)
    expect(answer.get_by_role("listitem").filter(has_text="1,842 + 211 tokens")).to_be_visible()
    expect(answer).to_contain_text("Grafana could not be asked")


def test_a_citation_opens_the_document_at_the_passage(open_page: Open, stage: Stage) -> None:
    page = open_page()
    stage.settles(ask(page, stage))
    mark = page.get_by_role("button", name="Open source 1 at the passage").first

    mark.click()

    panel = page.get_by_role("complementary")
    expect(panel.get_by_role("heading", name="Payments: connection pool exhausted")).to_be_visible()
    expect(panel.get_by_role("link", name="Original")).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(panel.locator("mark").first).to_be_in_viewport()
    assert "".join(panel.locator("mark").all_text_contents()) == "End those older than five minutes, one at a time"
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(mark).to_be_focused()


def test_sources_are_folded_and_open_at_their_passage_too(open_page: Open, stage: Stage) -> None:
    page = open_page()
    stage.settles(ask(page, stage))

    page.get_by_text("2 sources").click()
    page.get_by_role("button", name="Open source 2 at the passage: Payments").click()

    expect(page.locator("mark")).to_have_text(
        "Do not restart the pods before that: every restart opens the whole pool again"
    )


def test_a_document_that_is_gone_leaves_the_quote(open_page: Open, stage: Stage) -> None:
    page = open_page()
    question_id = ask(page, stage)
    page.route("**/api/documents/**", lambda route: route.fulfill(status=404, json={"code": "missing"}))
    stage.settles(question_id)

    page.get_by_role("button", name="Open source 2 at the passage").first.click()

    expect(page.get_by_role("complementary")).to_contain_text("Do not restart the pods before that")


def test_the_rewritten_query_can_be_edited_and_run_again(open_page: Open, stage: Stage) -> None:
    page = open_page()
    stage.settles(ask(page, stage))

    page.get_by_role("button", name="Edit the query and run it again").click()
    page.get_by_role("textbox", name="Searched as").fill("payments idle in transaction sessions")
    page.get_by_role("button", name="Run", exact=True).click()

    assert stage.text_of(stage.next_question()) == (ASKED, "payments idle in transaction sessions")
    expect(page.get_by_text("Run with your wording")).to_be_visible()


def test_a_thumb_counts_at_once_and_takes_a_reason(open_page: Open, stage: Stage) -> None:
    page = open_page()
    question_id = ask(page, stage)
    stage.settles(question_id)
    down = page.get_by_role("button", name="Not helpful")

    down.click()
    expect(down).to_have_attribute("aria-pressed", "true")
    first = [(one.vote, one.reason) for one in stage.verdicts() if one.question_id == question_id]
    dialog = page.get_by_role("dialog", name="What was wrong with it?")
    dialog.get_by_role("button", name="Out of date").click()
    dialog.get_by_role("textbox").fill("the pool is 40 now")
    dialog.get_by_role("button", name="Send").click()

    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Thank you, that is recorded.")).to_be_visible()
    last = [(one.vote, one.reason) for one in stage.verdicts() if one.question_id == question_id]
    assert (first, last) == ([("down", "")], [("down", "Out of date; the pool is 40 now")])


def test_too_little_evidence_says_what_was_looked_for(open_page: Open, stage: Stage) -> None:
    page = open_page()

    stage.settles(ask(page, stage), kind="insufficient", citations=(), looked_for=("moon gateway runbook",))

    expect(page.get_by_text("Not enough evidence for an answer")).to_be_visible()
    expect(page.locator(".looked-for").get_by_role("listitem")).to_have_text("moon gateway runbook")


def test_shift_enter_begins_a_line_and_words_being_composed_are_not_sent(open_page: Open, stage: Stage) -> None:
    page = open_page()
    box = page.get_by_role("textbox")
    box.fill("first")
    box.press("Shift+Enter")
    page.keyboard.type("second")
    box.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    expect(box).to_have_value("first\nsecond")

    box.press("Enter")

    assert stage.text_of(stage.next_question())[0] == "first\nsecond"


def test_a_question_that_is_too_long_is_not_sent(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("textbox").fill("x" * 8001)

    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    expect(page.get_by_text("8,001 of 8,000 characters")).to_be_visible()


def test_chinese_browsers_get_chinese_and_may_switch(open_page: Open) -> None:
    page = open_page(locale="zh-CN")
    expect(page.get_by_role("heading", name="出了什么问题？")).to_be_visible()

    page.get_by_role("button", name="切换到英文").click()
    expect(page.get_by_role("heading", name="What is going on?")).to_be_visible()
    page.reload()

    expect(page.get_by_role("heading", name="What is going on?")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"


def test_switching_the_language_keeps_what_is_being_written(open_page: Open, stage: Stage) -> None:
    page = open_page()
    question_id = ask(page, stage)
    stage.says(question_id, "append", "one ")
    expect(page.locator(".draft-text")).to_have_text("one")

    page.get_by_role("button", name="Switch to Chinese").click()
    stage.says(question_id, "append", "two")

    expect(page.get_by_text("草稿，正在核对")).to_be_visible()
    expect(page.locator(".draft-text")).to_have_text("one two")


BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"


def test_dark_follows_the_system_and_the_choice_wins(open_page: Open) -> None:
    page = open_page(color_scheme="dark")
    assert page.evaluate(BACKGROUND) == "rgb(17, 22, 27)"

    page.get_by_role("button", name="Theme: as the system").click()
    assert page.evaluate(BACKGROUND) == "rgb(245, 245, 242)"
    page.reload()

    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    assert page.evaluate(BACKGROUND) == "rgb(245, 245, 242)"


def test_conversations_are_listed_and_opened(open_page: Open, stage: Stage) -> None:
    page = open_page()
    stage.settles(ask(page, stage, "first question"))
    expect(page.get_by_role("article")).to_be_visible()
    page.get_by_role("button", name="New conversation").first.click()
    expect(page.get_by_role("heading", name="What is going on?")).to_be_visible()
    stage.settles(ask(page, stage, "second question"))
    expect(page.get_by_role("article")).to_be_visible()

    page.get_by_role("link", name="first question").click()

    expect(page.get_by_role("group", name="You asked")).to_have_text("first question")
    page.go_back()
    expect(page.get_by_role("group", name="You asked")).to_have_text("second question")


def test_hostile_text_shows_as_text_everywhere(open_page: Open, stage: Stage) -> None:
    page = open_page()
    bad = '<img src=x onerror="document.title=1">'
    question_id = ask(page, stage, bad)
    stage.says(question_id, "status", bad)
    stage.says(question_id, "append", bad)
    expect(page.locator(".draft-text")).to_have_text(bad)
    stage.settles(question_id, text=bad, notices=(bad,), rewritten_query=bad, looked_for=(bad,), kind="insufficient")

    expect(page.get_by_role("article")).to_contain_text(bad)
    assert page.locator("img[src=x]").count() == 0
    assert page.title() == "Nightshift"


def test_code_can_be_copied(open_page: Open, stage: Stage) -> None:
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    stage.settles(ask(page, stage))

    page.locator(".code").get_by_role("button", name="Copy").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("select pid, now()")


def test_on_a_phone_nothing_is_wider_than_the_screen(open_page: Open, stage: Stage) -> None:
    page = open_page(viewport={"width": 360, "height": 740})
    stage.settles(ask(page, stage, "x" * 200))
    expect(page.get_by_role("article")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") == 360
    scroller = page.locator(".scroll")
    assert scroller.evaluate("one => one.scrollWidth <= one.clientWidth")
    page.get_by_role("button", name="Conversations").click()
    expect(page.get_by_role("button", name="Close the list")).to_be_focused()
