"""The web API: questions in, answers out, nobody else's threads."""

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest

from bot.settings import Web
from connectors.chat.card_port import Card
from connectors.chat.port import IncomingMessage
from tests.unit.bot.web.front_end import CITATION, Site

Write = Callable[..., Card]
FRAMES = [
    ("status", {"step": "retrieve", "text": "Searching"}),
    ("append", {"text": "Roll "}),
    ("append", {"text": "b"}),
]


def events(body: str) -> list[tuple[int, str, dict[str, object]]]:
    """The events of a stream: number, kind, data."""
    blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in body.strip().split("\n\n")]
    return [(int(block["id"]), block["event"], json.loads(block["data"])) for block in blocks if "event" in block]


async def asked(site: Site, browser: httpx.AsyncClient, question: dict[str, str]) -> str:
    """Ask, and let some progress happen."""
    question_id = (await browser.post("/api/messages", json=question)).json()["question_id"]
    for kind, data in FRAMES:
        await site.state.append(question_id, kind, json.dumps(data))
    return str(question_id)


async def test_a_question_is_stored_before_it_is_acknowledged(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str]
) -> None:
    answer = await guest.post("/api/messages", json={**question, "query": "checkout latency"})

    stored = await site.state.question(answer.json()["question_id"])
    assert (answer.status_code, answer.json()["fresh"]) == (202, True)
    assert stored is not None
    message = IncomingMessage.model_validate_json(stored.body)
    assert (message.text, message.query, message.channel) == (question["text"], "checkout latency", "web")
    assert (message.sent_at, message.thread_id) == (site.time, answer.json()["thread_id"])


async def test_the_same_event_twice_is_one_question(guest: httpx.AsyncClient, question: dict[str, str]) -> None:
    first = (await guest.post("/api/messages", json=question)).json()
    second = (await guest.post("/api/messages", json=question)).json()

    assert second == {**first, "fresh": False}


async def test_the_same_event_in_another_thread_is_named_where_it_is(
    guest: httpx.AsyncClient, question: dict[str, str]
) -> None:
    first = (await guest.post("/api/messages", json=question)).json()
    other = {"text": "hello", "event_id": "9d5e3f0c-9a52-4a57-8f0d-5b2f3c1e7a10"}
    elsewhere = (await guest.post("/api/messages", json=other)).json()["thread_id"]

    again = (await guest.post("/api/messages", json={**question, "thread_id": elsewhere})).json()

    assert again == {**first, "fresh": False}


async def test_anothers_event_id_gives_nobody_anothers_question(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str]
) -> None:
    first = (await guest.post("/api/messages", json=question)).json()
    second = (await (await site.browser()).post("/api/messages", json=question)).json()

    assert second["fresh"]
    assert second["question_id"] != first["question_id"]
    assert second["thread_id"] != first["thread_id"]


async def test_a_thread_goes_on(guest: httpx.AsyncClient, question: dict[str, str]) -> None:
    thread_id = (await guest.post("/api/messages", json=question)).json()["thread_id"]
    follow_up = {"text": "and in staging?", "event_id": "9d5e3f0c-9a52-4a57-8f0d-5b2f3c1e7a10", "thread_id": thread_id}

    assert (await guest.post("/api/messages", json=follow_up)).json()["thread_id"] == thread_id
    thread = (await guest.get(f"/api/threads/{thread_id}")).json()
    assert [one["text"] for one in thread["questions"]] == [question["text"], "and in staging?"]


REFUSED = [
    pytest.param({"text": ""}, 422, "empty", id="empty"),
    pytest.param({"text": " \n\t"}, 422, "empty", id="blank"),
    pytest.param({"text": "\0"}, 422, "empty", id="only-a-zero-byte"),
    pytest.param({"text": "x" * 8001}, 413, "too_long", id="one-character-too-long"),
    pytest.param({"query": "查" * 8001}, 413, "too_long", id="query-too-long"),
    pytest.param({"event_id": "1"}, 422, "invalid", id="event-id-is-no-uuid"),
    pytest.param({"text": 5}, 422, "invalid", id="text-is-no-text"),
    pytest.param({"author": "root"}, 422, "invalid", id="unknown-field"),
    pytest.param({"thread_id": "web-of-somebody-else"}, 404, "missing", id="unknown-thread"),
]


@pytest.mark.parametrize(("change", "status", "code"), REFUSED)
async def test_bad_questions_get_a_sentence_and_leave_nothing(
    guest: httpx.AsyncClient, question: dict[str, str], change: dict[str, object], status: int, code: str
) -> None:
    answer = await guest.post("/api/messages", json={**question, **change})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(answer.json()["detail"]) > 10
    assert (await guest.get("/api/threads")).json() == {"threads": []}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"text": "\\ud800", "event_id": "x"}', b"\xff"])
async def test_a_broken_body_is_a_refusal(guest: httpx.AsyncClient, body: bytes) -> None:
    answer = await guest.post("/api/messages", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]


async def test_the_longest_question_is_taken(guest: httpx.AsyncClient, question: dict[str, str]) -> None:
    assert (await guest.post("/api/messages", json={**question, "text": "查" * 8000})).status_code == 202


async def test_a_stream_tells_everything_and_ends_with_the_card(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str], card: Write
) -> None:
    question_id = await asked(site, guest, question)
    await site.state.settle(question_id, card(question_id).model_dump_json())

    answer = await guest.get(f"/api/questions/{question_id}/stream")

    told = events(answer.text)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [(kind, data) for _, kind, data in told[:3]] == FRAMES
    assert [number for number, _, _ in told] == [1, 2, 3, 4]
    assert told[3][1] == "card"
    assert 'data-citation="1"' in str(told[3][2]["html"])
    assert told[3][2]["text"] == "Roll back [1]."


@pytest.mark.parametrize("seen", range(5))
@pytest.mark.parametrize("by", ["header", "address"])
async def test_a_stream_goes_on_behind_what_was_seen(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str], card: Write, seen: int, by: str
) -> None:
    question_id = await asked(site, guest, question)
    await site.state.append(question_id, "replace", json.dumps({"text": "Restart."}))
    await site.state.settle(question_id, card(question_id).model_dump_json())
    headers = {"last-event-id": str(seen)} if by == "header" else {}

    path = f"/api/questions/{question_id}/stream" + (f"?after={seen}" if by == "address" else "")

    assert [number for number, _, _ in events((await guest.get(path, headers=headers)).text)] == list(
        range(seen + 1, 6)
    )


async def test_a_stream_opened_early_hears_what_comes_later(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str], card: Write
) -> None:
    question_id = await asked(site, guest, question)
    listening = asyncio.create_task(guest.get(f"/api/questions/{question_id}/stream?after=2"))
    await asyncio.sleep(0)

    await site.state.settle(question_id, card(question_id).model_dump_json())

    assert [kind for _, kind, _ in events((await listening).text)] == ["append", "card"]


async def test_nobody_reads_anothers_answer(site: Site, guest: httpx.AsyncClient, question: dict[str, str]) -> None:
    question_id = await asked(site, guest, question)
    thread_id = (await guest.post("/api/messages", json=question)).json()["thread_id"]
    stranger = await site.browser()
    verdict = {"vote": "up"}

    assert (await stranger.get(f"/api/questions/{question_id}/stream")).status_code == 404
    assert (await stranger.get(f"/api/threads/{thread_id}")).status_code == 404
    assert (await stranger.post(f"/api/questions/{question_id}/feedback", json=verdict)).status_code == 404
    assert (await stranger.get("/api/threads")).json() == {"threads": []}


async def test_a_thread_shows_questions_with_their_cards(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str], card: Write
) -> None:
    question_id = await asked(site, guest, {**question, "query": "checkout latency"})
    await site.state.settle(question_id, card(question_id, text="**Roll back** <b>[1]</b>").model_dump_json())
    listed = (await guest.get("/api/threads")).json()["threads"]

    (one,) = (await guest.get(f"/api/threads/{listed[0]['id']}")).json()["questions"]

    assert (listed[0]["title"], listed[0]["questions"]) == (question["text"], 1)
    assert (one["id"], one["query"]) == (question_id, "checkout latency")
    assert one["card"]["html"].startswith("<p><strong>Roll back</strong> &lt;b&gt;")


async def test_hostile_words_around_an_answer_stay_words(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str], card: Write
) -> None:
    bad = "<img src=x onerror=alert(1)>"
    citation = CITATION.model_copy(update={"title": bad, "quote": bad, "link": "javascript:alert(1)"})
    question_id = await asked(site, guest, {**question, "text": bad})
    await site.state.settle(question_id, card(question_id, text=f"{bad} [1]", citation=citation).model_dump_json())

    shown = events((await guest.get(f"/api/questions/{question_id}/stream")).text)[-1][2]

    assert "<img" not in str(shown["html"])
    assert shown["citations"][0]["link"] == ""  # type: ignore[index]  # a list of objects
    assert shown["citations"][0]["title"] == bad  # type: ignore[index]  # shown as text, not as HTML


async def test_the_last_verdict_of_a_person_counts(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str]
) -> None:
    question_id = await asked(site, guest, question)
    path = f"/api/questions/{question_id}/feedback"

    await guest.post(path, json={"vote": "up"})
    answer = await guest.post(path, json={"vote": "down", "reason": "out of date"})

    (verdict,) = site.state.verdicts.values()  # type: ignore[attr-defined]  # the twin's own table
    assert answer.status_code == 204
    assert (verdict.vote, verdict.reason, verdict.given_at) == ("down", "out of date", site.time)


@pytest.mark.parametrize("verdict", [{"vote": "maybe"}, {}, {"vote": "up", "reason": "x" * 2001}])
async def test_a_verdict_is_a_thumb(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str], verdict: dict[str, str]
) -> None:
    question_id = await asked(site, guest, question)

    assert (await guest.post(f"/api/questions/{question_id}/feedback", json=verdict)).status_code == 422


async def test_a_document_is_shown_passage_by_passage(guest: httpx.AsyncClient) -> None:
    shown = (await guest.get("/api/documents/runbooks/checkout.md")).json()

    assert (shown["title"], shown["link"], shown["labels"]) == ("Checkout", "", {"service": "c"})
    assert [(chunk["id"], chunk["heading"]) for chunk in shown["chunks"]] == [("c1", ""), ("c2", "A")]
    assert "Roll back <strong>first</strong>, then look." in shown["chunks"][1]["html"]
    assert "<script" not in shown["chunks"][1]["html"]


async def test_a_document_that_is_gone_is_said_to_be_gone(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/api/documents/runbooks/gone.md")

    assert (answer.status_code, answer.json()["code"]) == (404, "missing")


@pytest.mark.parametrize("path", ["/api/threads", "/api/threads/x", "/api/questions/x/stream", "/api/documents/x"])
async def test_nothing_is_read_without_a_login(site: Site, path: str) -> None:
    browser = await site.browser(Web(token="a-token-of-some-length"))

    assert (await browser.get(path)).status_code == 401


@pytest.mark.parametrize("path", ["/", "/login", "/demo"])
async def test_pages_come(guest: httpx.AsyncClient, path: str) -> None:
    answer = await guest.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
