"""The pages of incidents as people use them."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from bot.incident import Attack, Excluded, Finding, Hypothesis, Incident, NextStep, Step, Verdict
from connectors.state.incident_port import Change, Moment
from tests.browser.stage import HOSTILE, Stage
from tests.incident_record import DIAGNOSIS, EVIDENCE, SLOW, alert, keep, minutes, run, stored

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
ADDRESS = f"/incidents/{SLOW.id}"
PAST = SLOW.model_copy(
    update={
        "id": "inc-20260311-2",
        "title": "payments ran out of connections",
        "status": "resolved",
        "services": ("payments",),
        "outcome": "confirmed",
        "opened_at": minutes(-9000),
        "began": minutes(-9000),
        "resolved_at": minutes(-8950),
    }
)
SHADOW = SLOW.model_copy(
    update={"id": "shadow", "title": "search is slow", "mode": "shadow", "severity": "warning", "flapping": True}
)
# Every control says what it does, no id stands twice, and no heading is jumped over.
SOUND = """() => {
  const wrong = [];
  const controls = 'a, button, select, input, textarea, summary, svg[role=img], [role=region]';
  for (const one of document.querySelectorAll(controls)) {
    const named = one.getAttribute('aria-label') || one.labels?.[0]?.textContent || one.textContent.trim();
    if (!named) wrong.push(one.outerHTML);
  }
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  wrong.push(...ids.filter((id, at) => ids.indexOf(id) !== at));
  const levels = [...document.querySelectorAll('main :is(h1, h2, h3)')].map((one) => Number(one.tagName[1]));
  if (levels.some((level, at) => level > (levels[at - 1] ?? 0) + 1)) wrong.push(levels.join());
  return wrong;
}"""


@pytest.fixture(scope="module", autouse=True)
def _kept(stage: Stage) -> None:
    stage.run(keep(stage.state, [SLOW, PAST, SHADOW]))


@pytest.fixture
def another(stage: Stage) -> Callable[..., Incident]:
    """Keeps an incident of its own, with a diagnosis that a test may change."""
    count = [0]

    def make(title: str = "orders is down", **change: object) -> Incident:
        count[0] += 1
        incident = SLOW.model_copy(update={"id": f"{title[:6]}-{id(count)}-{count[0]}", "title": title})
        stage.run(keep(stage.state, [incident]))
        own = DIAGNOSIS.model_copy(update={"headline": title, **change})
        stage.run(stage.state.record_diagnosis(run(f"run-{incident.id}", own, incident.id)))
        return incident

    return make


def look_again(page: Page) -> None:
    """Come back to the page, which then does not wait until it reads anew."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_the_main_page_leads_to_what_is_open_and_from_there_to_one(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("link", name="Incidents: ").click()

    first = page.get_by_role("region", name="Open").get_by_role("link", name=SLOW.title)
    expect(first).to_contain_text("Critical")
    expect(first).to_contain_text("3 alerts, 2 firing")
    expect(first).to_contain_text(SLOW.cause_says)
    shadow = page.get_by_role("link", name=SHADOW.title)
    expect(shadow).to_contain_text("Shadow: not posted")
    expect(shadow).to_contain_text("Flapping")
    expect(page.get_by_role("region", name="Over").get_by_role("link", name=PAST.title)).to_contain_text("Resolved")
    first.click()

    expect(page.get_by_role("heading", level=1)).to_have_text(DIAGNOSIS.headline)


def test_the_list_is_narrowed_by_what_stands_in_the_address(open_page: Open) -> None:
    page = open_page("/incidents")
    page.get_by_label("Mode").select_option("shadow")
    expect(page.get_by_role("link", name=SLOW.title)).to_have_count(0)
    expect(page.get_by_role("link", name=SHADOW.title)).to_be_visible()
    page.reload()
    expect(page.get_by_label("Mode")).to_have_value("shadow")

    page.get_by_role("searchbox").press_sequentially("no such thing", delay=5)
    expect(page.get_by_text("No incident matches these filters.").first).to_be_visible()
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.get_by_role("button", name="Clear filters").click()

    expect(page.get_by_role("link", name=SLOW.title)).to_be_visible()


def test_the_list_follows_what_happens(open_page: Open, stage: Stage, another: Callable[..., Incident]) -> None:
    incident = another("cart is empty")
    page = open_page("/incidents")
    expect(page.get_by_role("region", name="Open").get_by_role("link", name=incident.title)).to_be_visible()

    row = stage.run(stage.state.incident(incident.id))
    over = stored(incident.model_copy(update={"status": "resolved", "resolved_at": minutes(50)}))
    stage.run(stage.state.change(Change(incidents=[replace(over, version=row.version)])))
    look_again(page)

    expect(page.get_by_role("region", name="Over").get_by_role("link", name=incident.title)).to_be_visible()
    expect(page.get_by_role("region", name="Open").get_by_role("link", name=incident.title)).to_have_count(0)


def test_an_incident_tells_its_whole_story(open_page: Open) -> None:
    page = open_page(ADDRESS)

    verdict = page.get_by_role("region", name="Verdict")
    expect(verdict).to_contain_text("Likely cause" + SLOW.cause_says)
    expect(verdict).to_contain_text(DIAGNOSIS.verdict.rule)
    expect(verdict.get_by_role("img", name="Chart of payments_db_pool_waiting")).to_contain_text("began")
    expect(page.get_by_role("region", name="Hypotheses")).to_contain_text("broken")
    expect(page.get_by_role("region", name="Could not be checked")).to_contain_text("Loki did not answer")
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("PaymentsPoolExhausted fires")
    expect(page.get_by_role("region", name="Cost").first).to_contain_text("18,204 tokens in")
    expect(page.get_by_role("region", name="Where people were told")).to_contain_text("has not arrived yet")
    page.get_by_role("region", name="Similar incidents").get_by_role("link", name=PAST.title).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PAST.title)


def test_a_mark_unfolds_the_evidence_and_a_page_opens_beside_it(open_page: Open) -> None:
    page = open_page(ADDRESS)
    evidence = page.locator("#evidence-5")
    expect(evidence).not_to_have_attribute("open", "")

    page.get_by_role("region", name="Next steps").get_by_role("link", name="Evidence 5").click()
    expect(evidence).to_have_attribute("open", "")
    expect(evidence).to_be_in_viewport()
    opener = evidence.get_by_role("button", name="Open the page")
    opener.press("Enter")
    expect(page.get_by_role("complementary", name=EVIDENCE[4].title)).to_contain_text("Find the longest transactions")
    page.keyboard.press("Escape")

    expect(opener).to_be_focused()


def test_an_earlier_diagnosis_says_that_it_is_one(open_page: Open) -> None:
    page = open_page(f"{ADDRESS}?diagnosis=run-1")

    expect(page.get_by_role("heading", level=1)).to_have_text("Not clear yet")
    page.get_by_role("link", name="Show the latest").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(DIAGNOSIS.headline)


def test_wrong_asks_what_it_was_and_keeps_what_is_typed(open_page: Open, another: Callable[..., Incident]) -> None:
    page = open_page(f"/incidents/{another('cart is slow').id}")
    page.get_by_role("button", name="Wrong").click()
    box = page.get_by_label("What was it?")
    expect(box).to_be_focused()
    box.fill("a full disk")

    with page.expect_response("**/api/incidents/**"):
        look_again(page)
    expect(box).to_be_focused()
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_text("Kept. It is remembered for next time.")).to_be_visible()
    expect(page.get_by_role("region", name="Verdict")).to_contain_text("Cause by a person's worda full disk")
    expect(page.get_by_role("region", name="What people said")).to_contain_text("You: wrong a full disk")


def test_another_look_and_closing(open_page: Open, another: Callable[..., Incident]) -> None:
    page = open_page(f"/incidents/{another('inventory is slow').id}")

    page.get_by_role("button", name="Look again").press("Enter")
    expect(page.get_by_text("Looking", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Look again")).to_be_disabled()
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("button", name="Close it")).to_be_focused()
    page.get_by_role("button", name="Close it").click()

    expect(page.locator(".incident-head").get_by_text("Resolved")).to_be_visible()
    expect(page.get_by_role("button", name="Resolve")).to_be_hidden()


def test_a_postmortem_is_drafted_and_downloaded(open_page: Open) -> None:
    page = open_page(ADDRESS)
    page.get_by_role("button", name="Write a draft").click()
    expect(page.locator("pre.draft")).to_contain_text("## Root cause")

    with page.expect_download() as download:
        page.get_by_role("button", name="Download .md").click()

    assert download.value.suggested_filename == f"postmortem-{SLOW.id}.md"
    assert "## Root cause" in download.value.path().read_text("utf-8")


def test_chinese_in_the_dark(open_page: Open) -> None:
    page = open_page("/incidents", locale="zh-CN", color_scheme="dark")
    entry = page.get_by_role("region", name="进行中").get_by_role("link", name=SLOW.title)
    expect(entry).to_contain_text("3 条告警，2 条触发中")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 22, 27)"
    entry.click()

    expect(page.get_by_role("region", name="结论")).to_contain_text("很可能的原因")
    page.get_by_role("button", name="生成草稿").click()
    expect(page.locator("pre.draft")).to_contain_text("## 根本原因")
    page.get_by_role("button", name="切换到英文").click()
    expect(page.get_by_role("region", name="Verdict")).to_be_visible()
    expect(page.locator("pre.draft")).to_contain_text("## Root cause")


def test_what_strangers_wrote_shows_as_text(open_page: Open, stage: Stage, another: Callable[..., Incident]) -> None:
    evidence = EVIDENCE[3].model_copy(update={"title": HOSTILE, "text": HOSTILE, "heading": HOSTILE, "query": HOSTILE})
    lines = EVIDENCE[0].model_copy(update={"lines": (EVIDENCE[0].lines[0].model_copy(update={"name": HOSTILE}),)})
    attack = Attack(asks=HOSTILE, outcome="broken", says=HOSTILE)
    cause = Hypothesis(id="1", cause="code", service=HOSTILE, says=HOSTILE, supports=("x",), attacks=(attack,))
    incident = another(
        HOSTILE,
        verdict=Verdict(outcome="likely", hypotheses=(cause,), rule=HOSTILE),
        findings=(Finding(id="x", by=HOSTILE, kind="log", says=HOSTILE, cites=(evidence.id,), quote=HOSTILE),),
        evidence=(evidence, lines),
        excluded=(Excluded(says=HOSTILE),),
        next_steps=(NextStep(says=HOSTILE),),
        gaps=(HOSTILE,),
        summary=HOSTILE,
        steps=(Step(by=HOSTILE, does=HOSTILE, tool=HOSTILE, outcome=HOSTILE),),
    )
    bad = alert(HOSTILE, HOSTILE, minutes(1), summary=HOSTILE, link="javascript:alert(1)")
    moved = replace(bad, incident_id=incident.id)
    stage.run(stage.state.change(Change(alerts=[moved], moments=[Moment(incident.id, minutes(2), HOSTILE, HOSTILE)])))
    page = open_page("/incidents")
    page.get_by_role("link", name=HOSTILE).click()

    for part in ("Verdict", "Findings", "Alerts", "Timeline", "Evidence"):
        expect(page.get_by_role("region", name=part, exact=True).first).to_contain_text(HOSTILE)
    page.get_by_role("button", name="Write a draft").click()
    expect(page.locator("pre.draft")).to_contain_text("onerror")
    assert page.locator("img[src=x], a[href^=javascript]").count() == 0
    assert page.title() == f"{HOSTILE} · Nightshift"


@pytest.mark.parametrize("address", ["/incidents", ADDRESS])
def test_on_a_phone_nothing_is_wider_than_the_screen(open_page: Open, address: str) -> None:
    page = open_page(address, viewport={"width": 360, "height": 740})
    expect(page.get_by_role("heading", level=2).first).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.locator("main").evaluate("one => one.scrollWidth <= one.clientWidth")
    page.get_by_role("button", name="Navigation", exact=True).click()
    expect(page.get_by_role("button", name="Close the navigation")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Navigation", exact=True)).to_be_focused()


@pytest.mark.parametrize("address", ["/incidents", ADDRESS])
def test_everything_has_a_name_and_its_place(open_page: Open, address: str) -> None:
    page = open_page(address)
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")

    assert page.evaluate(SOUND) == []


def test_what_cannot_be_read_says_so_and_is_tried_again(open_page: Open) -> None:
    page = open_page()
    page.route("**/api/incidents?*", lambda route: route.fulfill(status=503, json={"code": "unavailable"}))
    page.goto(page.url + "incidents")
    expect(page.get_by_text("This cannot be shown right now.")).to_be_visible()
    page.unroute("**/api/incidents?*")

    look_again(page)

    expect(page.get_by_role("link", name=SLOW.title)).to_be_visible()


def test_an_unknown_incident_says_so(open_page: Open) -> None:
    expect(open_page("/incidents/none").get_by_text("There is no such incident.")).to_be_visible()
