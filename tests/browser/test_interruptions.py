"""What happens to questions and answers when the connection, the server or the page goes away."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import ASKED, Stage, ask

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def test_a_reload_in_the_middle_goes_on_without_repeating(open_page: Open, stage: Stage) -> None:
    page = open_page()
    question_id = ask(page, stage)
    stage.says(question_id, "append", "one ")
    stage.says(question_id, "append", "two ")
    expect(page.locator(".draft-text")).to_have_text("one two")

    page.reload()
    expect(page.locator(".draft-text")).to_have_text("one two")
    stage.says(question_id, "append", "three")
    expect(page.locator(".draft-text")).to_have_text("one two three")
    stage.settles(question_id)

    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("group", name="You asked")).to_have_text(ASKED)


def test_a_dropped_connection_resumes_behind_the_last_word(open_page: Open, stage: Stage) -> None:
    page = open_page()
    asked_after: list[str | None] = []
    page.on("request", lambda r: asked_after.append(r.headers.get("last-event-id")) if "/stream" in r.url else None)
    question_id = ask(page, stage)
    stage.says(question_id, "append", "one ")
    stage.says(question_id, "append", "two ")
    expect(page.locator(".draft-text")).to_have_text("one two")

    page.context.set_offline(True)
    stage.cut()
    expect(page.get_by_text("Connection lost")).to_be_visible()
    stage.says(question_id, "append", "three ")
    page.context.set_offline(False)
    expect(page.locator(".draft-text")).to_have_text("one two three")
    stage.cut()
    stage.says(question_id, "append", "four")

    expect(page.locator(".draft-text")).to_have_text("one two three four")
    assert asked_after[0] is None
    assert asked_after[-1] == "3"


def test_a_question_the_server_could_not_take_is_sent_again_as_the_same_one(open_page: Open, stage: Stage) -> None:
    page = open_page()
    ids: list[str] = []

    def unavailable_once(route) -> None:  # type: ignore[no-untyped-def]  # Playwright's handler
        ids.append(route.request.post_data_json["event_id"])
        if len(ids) == 1:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"code": "unavailable"})
        else:
            route.continue_()

    page.route("**/api/messages", unavailable_once)
    with page.expect_response(lambda response: response.status == 202):
        page.get_by_role("textbox").fill(ASKED)
        page.keyboard.press("Enter")
    stage.settles(stage.next_question())

    expect(page.get_by_role("article")).to_be_visible()
    assert len(set(ids)) == 1
    assert len(ids) == 2


def test_a_question_that_never_got_out_is_sent_after_a_reload(open_page: Open, stage: Stage) -> None:
    page = open_page()
    page.route("**/api/messages", lambda route: route.abort())
    page.get_by_role("textbox").fill(ASKED)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Sending")).to_be_visible()
    page.unroute("**/api/messages")

    page.reload()

    assert stage.text_of(stage.next_question())[0] == ASKED
    expect(page.get_by_role("group", name="You asked")).to_have_count(1)


def test_a_question_whose_acknowledgement_got_lost_is_shown_once(open_page: Open, stage: Stage) -> None:
    page = open_page()
    stage.settles(ask(page, stage, "first question"))
    expect(page.get_by_role("article")).to_be_visible()

    def unanswered(route) -> None:  # type: ignore[no-untyped-def]  # Playwright's handler
        route.fetch()
        route.abort()

    page.route("**/api/messages", unanswered)
    with page.expect_event("requestfailed"):
        page.get_by_role("textbox").fill(ASKED)
        page.keyboard.press("Enter")
    stage.next_question()
    page.unroute("**/api/messages")
    with page.expect_response("**/api/messages"):
        page.reload()

    expect(page.get_by_role("group", name="You asked")).to_have_text(["first question", ASKED])


def test_a_refused_question_keeps_its_text(open_page: Open, stage: Stage) -> None:
    page = open_page()
    page.route("**/api/messages", lambda route: route.fulfill(status=403, json={"code": "origin"}))
    page.get_by_role("textbox").fill(ASKED)
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("Not sent.")
    expect(page.get_by_role("group", name="You asked")).to_have_text(ASKED)
    page.unroute("**/api/messages")
    page.get_by_role("button", name="Try again").click()

    assert stage.text_of(stage.next_question())[0] == ASKED


def test_what_was_typed_survives_a_reload(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("textbox").fill("half a quest")
    page.reload()

    expect(page.get_by_role("textbox")).to_have_value("half a quest")
