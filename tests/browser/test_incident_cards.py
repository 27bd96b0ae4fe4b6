"""An incident as the answer to a question on the page: read, opened, and judged."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from connectors.chat.card_port import Folded
from connectors.state.incident_port import Change, StoredIncident
from tests.browser.stage import HOSTILE, Stage, ask, usual_card
from tests.unit.bot.steps.cases import NOW, incident

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def answered(page: Page, stage: Stage, **more: object) -> str:
    """Ask, and have an incident's card for an answer; the incident's id."""
    question_id = ask(page, stage)
    one = incident(id=f"INC-{question_id}")
    row = StoredIncident(one.id, one.status, NOW, NOW, one.model_dump_json())
    stage.run(stage.state.change(Change(incidents=[row])))
    folded = Folded(title="Ruled out (1)", text=f"- The network {HOSTILE}")
    shown = {"kind": "incident", "title": "checkout answers with errors", "tone": "bad", "cause": "the pool was full",
             "link": "https://ops.example/incidents/INC-12", "folded": (folded,), **more}  # fmt: skip
    stage.run(stage.state.settle(question_id, usual_card(one.id, **shown).model_dump_json()))
    expect(page.get_by_role("article")).to_be_visible()
    return one.id


def judgements(stage: Stage, incident_id: str) -> list[tuple[bool, str]]:
    return [(one.right, one.cause) for one in stage.run(stage.state.judgements(incident_id))]


def test_it_is_read_and_the_rest_is_opened(open_page: Open, stage: Stage) -> None:
    page = open_page(viewport={"width": 380, "height": 720})
    answered(page, stage)

    expect(page.get_by_role("heading", name="checkout answers with errors")).to_be_visible()
    expect(page.get_by_text("The network")).to_be_hidden()
    page.get_by_text("Ruled out (1)").click()
    expect(page.get_by_text(f"The network {HOSTILE}")).to_be_visible()
    expect(page.get_by_role("link", name="Open the incident")).to_have_attribute(
        "href", "https://ops.example/incidents/INC-12"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_its_cause_is_confirmed(open_page: Open, stage: Stage) -> None:
    page = open_page()
    incident_id = answered(page, stage)
    button = page.get_by_role("button", name="Right: the pool was full")
    button.press("Enter")

    expect(button).to_have_attribute("aria-pressed", "true")
    assert judgements(stage, incident_id) == [(True, "")]


def test_wrong_counts_at_once_and_what_it_was_behind_it(open_page: Open, stage: Stage) -> None:
    page = open_page()
    incident_id = answered(page, stage)
    page.get_by_role("button", name="Wrong").click()
    page.get_by_role("textbox", name="What was it?").fill("a full disk")
    page.get_by_role("button", name="Send", exact=True).first.click()

    expect(page.get_by_text("The next incident like it")).to_be_visible()
    assert judgements(stage, incident_id) == [(False, "a full disk")]


def test_there_are_no_thumbs(open_page: Open, stage: Stage) -> None:
    page = open_page()
    answered(page, stage, cause="")

    expect(page.get_by_role("button", name="I know what it was")).to_be_visible()
    expect(page.locator("[data-vote]")).to_have_count(0)
