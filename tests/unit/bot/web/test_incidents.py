"""Incidents by HTTP: what a visitor reads of them, and what they may do with one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from bot.assistant import Assistant
from bot.membership import Membership
from bot.settings import Proxy, Web
from bot.tending import judge
from bot.web.router import build_router
from connectors.configuration import Roots
from connectors.directory.memory import MemoryDirectory
from connectors.directory.port import Person
from connectors.embedding.memory import MemoryEmbedding
from connectors.load import load
from connectors.state.incident_port import Judgement
from connectors.state.port import State
from connectors.vectors.memory import MemoryVectors
from knowledge.chunk import Chunk, StoredDocument, chunk_id
from knowledge.library import Library
from tests.incident_record import ALERTS, DIAGNOSIS, OPENED, PAGE, QUOTE, SLOW, keep, minutes, run
from tests.unit.bot.web.front_end import Site

NOW = minutes(60)
ADDRESS = f"/api/incidents/{SLOW.id}"
ANN = Person("ann", "Ann", "payments", "en", accounts=("slack:T1/U1",))
Visit = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    async with load("state", "memory", {}, Roots(tmp_path, tmp_path)) as state:
        await keep(state)
        yield state


@pytest.fixture
async def visit(state: State) -> AsyncIterator[Visit]:
    """Browsers of people; ann is in the group that may read the runbook."""
    library = Library(MemoryEmbedding(384), MemoryVectors())
    chunk = Chunk(chunk_id(PAGE, 0), PAGE, 0, "", QUOTE)
    await library.add([StoredDocument(PAGE, "Pool", "", {"kind": "page"}, (chunk,), ("payments",))], NOW)
    await library.finish(NOW)
    assistant = Assistant(state, library, Membership(MemoryDirectory([ANN])))
    app = FastAPI()
    app.include_router(build_router(assistant, Web(proxy=Proxy(addresses=("127.0.0.1",))), lambda: NOW))
    async with AsyncExitStack() as opened:

        async def as_visitor(name: str = "bob") -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
            headers = {"X-Forwarded-User": name}
            browser = httpx.AsyncClient(transport=transport, base_url="http://localhost:8080", headers=headers)
            return await opened.enter_async_context(browser)

        yield as_visitor


OTHERS = [
    SLOW.model_copy(update={"id": "shadowed", "mode": "shadow", "title": "search is slow", "services": ("search",)}),
    SLOW.model_copy(update={"id": "over", "status": "resolved", "severity": "warning", "opened_at": minutes(1)}),
]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        pytest.param("", ["shadowed", SLOW.id, "over"], id="opened-last-first"),
        pytest.param("status=open", ["shadowed", SLOW.id], id="open"),
        pytest.param("status=resolved&status=merged", ["over"], id="several-states"),
        pytest.param("service=search", ["shadowed"], id="service"),
        pytest.param("severity=warning", ["over"], id="severity"),
        pytest.param("mode=shadow", ["shadowed"], id="shadow"),
        pytest.param("text=SEARCH slow", ["shadowed"], id="all-words-in-any-order"),
        pytest.param("text=exhausted&status=open&mode=live", [SLOW.id], id="by-the-cause"),
        pytest.param("text=nothing of this", [], id="none"),
    ],
)
async def test_the_list_is_narrowed(visit: Visit, state: State, query: str, ids: list[str]) -> None:
    await keep(state, OTHERS)

    found = (await (await visit()).get(f"/api/incidents?{query}")).json()

    assert [one["id"] for one in found["incidents"]] == ids


async def test_pages_of_the_list_lose_nothing_that_opened_at_the_same_moment(visit: Visit, state: State) -> None:
    same = [SLOW.model_copy(update={"id": f"s{n}", "opened_at": OPENED - timedelta(hours=n // 5)}) for n in range(23)]
    await keep(state, same)
    browser, before, seen = await visit(), "", list[str]()

    while before is not None:
        page = (
            await browser.get("/api/incidents", params={"limit": 4, **({"before": before} if before else {})})
        ).json()
        seen += [one["id"] for one in page["incidents"]]
        before = page["before"]

    assert sorted(seen) == sorted([SLOW.id, *(one.id for one in same)])


@pytest.mark.parametrize("query", ["status=gone", "limit=0", "limit=999", "before=noon", "colour=red"])
async def test_a_list_that_cannot_be_asked_for_is_refused(visit: Visit, query: str) -> None:
    assert (await (await visit()).get(f"/api/incidents?{query}")).status_code == 422


async def test_open_incidents_are_counted(visit: Visit, state: State) -> None:
    await keep(state, OTHERS)

    assert (await (await visit()).get("/api/incidents/count")).json() == {"open": 2, "more": False}


async def test_the_story_has_all_that_is_kept(visit: Visit) -> None:
    story = (await (await visit("ann")).get(ADDRESS)).json()

    assert story["incident"]["title"] == SLOW.title
    assert story["diagnosis"]["headline"] == DIAGNOSIS.headline
    assert [one["id"] for one in story["runs"]] == ["run-2", "run-1"]
    assert [one["kind"] for one in story["timeline"]] == ["alert", "verdict", "posted", "said"]
    assert {one["name"] for one in story["alerts"]} == {one.fingerprint for one in ALERTS}
    arrived = {one["channel"]: (one["arrived"], one["rung"]) for one in story["places"]}
    assert arrived == {"slack": (True, "card"), "feishu": (False, "")}
    assert story["diagnosis"]["evidence"][0]["chart"]["curves"][0]["name"] == "checkout"


async def test_an_earlier_diagnosis_can_be_read(visit: Visit) -> None:
    story = (await (await visit()).get(f"{ADDRESS}?diagnosis=run-1")).json()

    assert (story["diagnosis"]["id"], story["diagnosis"]["headline"]) == ("run-1", "Not clear yet")


async def test_a_browser_that_has_it_gets_it_once(visit: Visit) -> None:
    browser = await visit()
    first = await browser.get(ADDRESS)

    again = await browser.get(ADDRESS, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")


async def test_links_lead_to_web_pages_only(visit: Visit, state: State) -> None:
    evil = DIAGNOSIS.evidence[0].model_copy(update={"link": "javascript:alert(1)"})
    await state.record_diagnosis(run("run-2", DIAGNOSIS.model_copy(update={"evidence": (evil,)}), begun=NOW))

    assert "javascript" not in (await (await visit()).get(ADDRESS)).text


async def test_who_may_read_the_page_sees_its_quote(visit: Visit) -> None:
    story = (await (await visit("ann")).get(ADDRESS)).json()["diagnosis"]

    assert story["findings"][-1]["quote"] == QUOTE
    assert story["withheld"] == 0


async def test_evidence_out_of_a_closed_page_is_left_out_wherever_it_stands(visit: Visit) -> None:
    bob = await visit("bob")
    whole = await bob.get(ADDRESS)
    drafts = [await bob.get(f"{ADDRESS}/postmortem?language={one}") for one in ("en", "zh")]

    assert all(QUOTE not in one.text and "doc:pool" not in one.text for one in (whole, *drafts))
    story = whole.json()["diagnosis"]
    assert story["withheld"] == 1
    assert story["next_steps"][1]["says"] == "(This rests on a page that is not for your groups.)"
    assert story["findings"][0]["quote"] == DIAGNOSIS.findings[0].quote


async def test_a_summary_that_repeats_a_closed_page_is_left_out(visit: Visit, state: State) -> None:
    copied = DIAGNOSIS.model_copy(update={"summary": f"The page says: {QUOTE}"})
    await state.record_diagnosis(run("run-3", copied, begun=NOW))

    assert QUOTE not in (await (await visit("bob")).get(ADDRESS)).text
    assert QUOTE in (await (await visit("ann")).get(ADDRESS)).text


async def test_a_similar_incident_is_named_when_it_can_be_opened(visit: Visit, state: State) -> None:
    known = SLOW.model_copy(update={"id": "inc-20260311-2", "title": "payments was slow"})
    both = DIAGNOSIS.model_copy(update={"similar": (known.id, PAGE, "gone")})
    await keep(state, [known])
    await state.record_diagnosis(run("run-3", both, begun=NOW))

    ann, bob = [(await (await visit(who)).get(ADDRESS)).json()["diagnosis"]["similar"] for who in ("ann", "bob")]

    assert [(one["title"], one["incident_id"]) for one in ann] == [("payments was slow", known.id), ("Pool", "")]
    assert [one["title"] for one in bob] == ["payments was slow"]


async def test_a_judgement_is_kept_and_becomes_the_cause(visit: Visit, state: State) -> None:
    ann = await visit("ann")

    answer = await ann.post(f"{ADDRESS}/judgement", json={"right": False, "cause": " a leak in refunds "})

    assert answer.status_code == 204
    assert await state.judgements(SLOW.id) == (
        Judgement(SLOW.id, "ann", right=False, cause="a leak in refunds", given_at=NOW),
    )
    story = (await ann.get(ADDRESS)).json()
    assert (story["incident"]["cause_says"], story["incident"]["cause"]) == ("a leak in refunds", None)
    assert story["timeline"][-1]["text"] == "Ann: the diagnosis is wrong, it was a leak in refunds"
    assert story["judgements"][0]["own"]
    assert "a leak in refunds (The word of Ann" in (await ann.get(f"{ADDRESS}/postmortem")).text


async def test_people_are_called_by_their_names(visit: Visit, state: State) -> None:
    await judge(state, Judgement(SLOW.id, "slack:T1/U1", right=False, cause="a leak", given_at=NOW))
    bob = await visit("bob")

    story = (await bob.get(ADDRESS)).json()

    assert (story["judgements"][0]["author"], story["judgements"][0]["own"]) == ("Ann", False)
    assert story["timeline"][-1]["text"] == "Ann: the diagnosis is wrong, it was a leak"
    assert "(The word of Ann" in (await bob.get(f"{ADDRESS}/postmortem")).text


async def test_numbers_of_another_list_of_sources_are_not_shown(visit: Visit, state: State) -> None:
    await state.record_diagnosis(run("run-3", DIAGNOSIS.model_copy(update={"summary": "It waits [2]."}), begun=NOW))

    assert "[2]" not in (await (await visit()).get(ADDRESS)).json()["diagnosis"]["summary"]


async def test_right_brings_the_diagnosed_cause_back(visit: Visit) -> None:
    ann = await visit("ann")
    await ann.post(f"{ADDRESS}/judgement", json={"right": False, "cause": "a leak"})

    await ann.post(f"{ADDRESS}/judgement", json={"right": True, "cause": "ignored"})

    story = (await ann.get(ADDRESS)).json()
    assert story["incident"]["cause_says"] == SLOW.cause_says
    assert [(one["right"], one["cause"]) for one in story["judgements"]] == [(True, "")]


async def test_another_look_begins_one_diagnosis(visit: Visit, state: State) -> None:
    bob = await visit()

    begun, again = [await bob.post(f"{ADDRESS}/diagnose") for _ in range(2)]

    assert (begun.status_code, again.status_code, again.json()["code"]) == (202, 409, "looking")
    story = (await bob.get(ADDRESS)).json()
    assert (story["runs"][0]["id"], story["runs"][0]["state"]) == (begun.json()["diagnosis_id"], "runs")
    assert story["diagnosis"]["id"] == "run-2"


async def test_closing_is_done_once_and_told(visit: Visit, state: State) -> None:
    bob = await visit()

    first, second = [await bob.post(f"{ADDRESS}/resolve") for _ in range(2)]

    assert (first.status_code, second.status_code, second.json()["code"]) == (204, 409, "closed")
    kept = await state.incident(SLOW.id)
    assert kept is not None
    assert (kept.status, kept.version, kept.card) == ("resolved", 2, "{}")
    closed = (await bob.get(ADDRESS)).json()["incident"]
    assert (closed["resolved_at"][:16], closed["firing"]) == ("2026-11-20T13:02", 2)


async def test_a_merged_incident_is_neither_diagnosed_nor_closed(visit: Visit, state: State) -> None:
    await keep(state, [SLOW.model_copy(update={"id": "part", "status": "merged", "merged_into": SLOW.id})])
    bob = await visit()

    assert (await bob.post("/api/incidents/part/diagnose")).status_code == 409
    assert (await bob.post("/api/incidents/part/resolve")).status_code == 409


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/postmortem"), ("POST", "/judgement"), ("POST", "/diagnose"), ("POST", "/resolve")],
)
async def test_an_unknown_incident_is_missing(visit: Visit, method: str, path: str) -> None:
    answer = await (await visit()).request(method, f"/api/incidents/none{path}", json={"right": True})

    assert (answer.status_code, answer.json()["code"]) == (404, "missing")


async def test_a_draft_is_markdown_in_the_language_asked_for(visit: Visit) -> None:
    bob = await visit()
    english, chinese = [await bob.get(f"{ADDRESS}/postmortem?language={one}") for one in ("", "zh")]

    assert english.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert english.headers["Content-Disposition"] == f'attachment; filename="postmortem-{SLOW.id}.md"'
    assert "## Root cause" in english.text
    assert "## 根本原因" in chinese.text


@pytest.mark.parametrize("path", ["", f"/{SLOW.id}", f"/{SLOW.id}/postmortem", "/count"])
async def test_nobody_reads_without_signing_in(site: Site, path: str) -> None:
    stranger = await site.browser(Web(token=SecretStr("secret")))

    assert (await stranger.get(f"/api/incidents{path}")).status_code == 401


@pytest.mark.parametrize("path", ["judgement", "diagnose", "resolve"])
async def test_a_page_of_another_site_changes_nothing(visit: Visit, state: State, path: str) -> None:
    answer = await (await visit()).post(
        f"{ADDRESS}/{path}", json={"right": True}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    kept = await state.incident(SLOW.id)
    assert (answer.status_code, kept and kept.version) == (403, 1)


async def test_a_word_that_is_too_long_is_refused(visit: Visit) -> None:
    answer = await (await visit()).post(f"{ADDRESS}/judgement", json={"right": False, "cause": "x" * 2_001})

    assert answer.status_code == 422
