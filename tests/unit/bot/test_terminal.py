"""The terminal: events from a server or from this process, the card they lead to, and text that cannot steer it."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from bot.assistant import Assistant
from bot.server_events import Event, events
from bot.settings import Web
from bot.terminal import NoAnswer, ProcessDoor, Request, ServerDoor, converse
from bot.terminal_files import save
from bot.terminal_view import plain, rendered
from bot.visiting import introduce
from connectors.chat.card_port import Card, Chart, Citation, Footer, PictureText, Table
from connectors.chat.port import IncomingMessage
from connectors.state.memory import MemoryState
from connectors.state.port import KeptFile
from knowledge.library import Library
from tests.pictures import png

CARD = Card(
    question_id="q1",
    kind="answer",
    language="en",
    text="Roll back **first** [1].",
    citations=(
        Citation(
            number=1,
            document_id="d",
            chunk_id="c",
            title="Checkout",
            heading="Rollback",
            quote="first",
            link="https://wiki.example/c",
        ),
    ),
    rewritten_query="checkout rollback",
    notices=("Could not ask: metrics",),
    footer=Footer(level="local", model="tiny", tokens_in=10, tokens_out=5, seconds=1.25),
)
REQUEST = Request("how?")
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


async def lines(text: str) -> AsyncIterator[str]:
    for line in text.split("\n"):
        yield line


@dataclass
class Script:
    """A door behind which everything is known."""

    coming: list[Event]

    async def ask(self, request: Request) -> AsyncGenerator[Event]:
        for event in self.coming:
            yield event

    async def file(self, question_id: str, digest: str) -> bytes:
        return f"{question_id} {digest}".encode()


def printed(card: Card) -> str:
    console = Console(file=StringIO(), width=100)
    console.print(rendered(card))
    return console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO


def test_bytes_of_another_encoding_become_marks() -> None:
    typed = Request("why is \udcd6\udcff slow? 支付", thread_id="t\udcff").readable()

    assert (typed.question, typed.thread_id) == ("why is \ufffd\ufffd slow? 支付", "t\ufffd")


async def test_events_are_numbered_named_and_whole() -> None:
    whole = ': ping\n\nid: 1\nevent: status\ndata: {"text":\ndata: "x"}\n\n'
    text = whole + "event: append\ndata: no number\n\nid: 2\ndata: cut off"

    assert [event async for event in events(lines(text))] == [Event(1, "status", '{"text":\n"x"}')]


async def test_a_conversation_ends_with_the_card_even_when_the_web_added_to_it() -> None:
    fields = json.loads(CARD.model_dump_json()) | {"html": "<p>"}
    door = Script([Event(1, "status", '{"text": "Searching"}'), Event(2, "card", json.dumps(fields))])

    assert await converse(door, REQUEST, Console(file=StringIO())) == CARD


@pytest.mark.parametrize("coming", [[], [Event(1, "append", '{"text": "Ro"}')], [Event(1, "card", "{}")]])
async def test_without_a_card_there_is_one_line(coming: list[Event]) -> None:
    with pytest.raises(NoAnswer, match=r"broke off|cannot be read"):
        await converse(Script(coming), REQUEST, Console(file=StringIO()))


def test_the_card_shows_query_answer_notice_source_and_cost() -> None:
    said = printed(CARD)

    for part in (
        "searched for: checkout rollback",
        "Roll back first [1].",
        "! Could not ask: metrics",
        "[1] Checkout › Rollback  https://wiki.example/c",
        "local model · tiny · 10 + 5 tokens · 1.2 s",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\x1b[31mred\x1b[0m b", "ared b", id="colour"),
        pytest.param("a\x1b]0;owned\x07b\x1b]8;;http://x\x1b\\c", "abc", id="title-and-link"),
        pytest.param("a\x9b2Jb\x1bcc\x1b", "abc", id="eight-bit-reset-and-alone"),
        pytest.param("a\x1b]52;c;aGk=", "a", id="clipboard-without-end"),
        pytest.param("1\r2\b3\x00\x7f", "123", id="overwriting"),
        pytest.param("exe\u202egnp", "exegnp", id="direction"),
        pytest.param("磁盘\t满\n", "磁盘\t满\n", id="ordinary"),
    ],
)
def test_text_cannot_steer_the_terminal(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_card_cannot_steer_the_terminal() -> None:
    evil = "x\x1b]52;c;aGk=\x07y"
    citation = CARD.citations[0].model_copy(update={"title": evil, "link": evil})

    said = printed(CARD.model_copy(update={"text": evil, "notices": (evil,), "citations": (citation,)}))

    assert "\x1b" not in said


class Server:
    """Our API, which drops the stream after the first event."""

    def __init__(self) -> None:
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if request.url.path == "/api/messages":
            return httpx.Response(202, json={"question_id": "q1", "thread_id": "t", "fresh": True})
        if request.url.path == "/api/images":
            return httpx.Response(201, json={"id": "d1"})
        if request.headers["Last-Event-ID"] == "0":
            return httpx.Response(200, text='id: 1\nevent: status\ndata: {"text": "…"}\n\nid: 2\nevent: card')
        return httpx.Response(200, text=f"id: 2\nevent: card\ndata: {CARD.model_dump_json()}\n\n")


def test_a_quoted_document_cannot_make_links_of_the_marks_nor_move_words_around_a_picture() -> None:
    evil = "Restart it [1]. ![beacon](http://evil.example/b.png) See there.\n\n[1]: http://evil.example/ref"

    shown = printed(CARD.model_copy(update={"text": evil}))

    assert "Restart it [1]." in shown
    assert "evil.example/ref" in shown.partition("[1]:")[2]
    assert shown.index("Restart") < shown.index("beacon") < shown.index("See there")


async def test_a_dropped_stream_is_taken_up_behind_the_last_event() -> None:
    server = Server()
    async with httpx.AsyncClient(transport=httpx.MockTransport(server), base_url="http://here") as client:
        came = [event async for event in ServerDoor(client).ask(Request("how?", thread_id="t", as_query=True))]

    assert [event.sequence for event in came] == [0, 1, 2]
    assert json.loads(server.seen[0].content) | {"event_id": ""} == {
        "text": "how?",
        "event_id": "",
        "thread_id": "t",
        "query": "how?",
    }
    assert server.seen[-1].headers["Last-Event-ID"] == "1"


async def test_a_server_that_is_started_again_is_waited_for() -> None:
    outages = iter([httpx.ConnectError("refused"), httpx.Response(503, json={"detail": "no database"})])
    server = Server()

    def starting(request: httpx.Request) -> httpx.Response:
        outage = next(outages, None) if request.method == "GET" else None
        if isinstance(outage, Exception):
            raise outage
        return outage or server(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(starting), base_url="http://here") as client:
        came = [event async for event in ServerDoor(client, pause_seconds=0).ask(Request("how?"))]

    assert came[-1].kind == "card"


@pytest.mark.parametrize(
    ("response", "said"),
    [
        pytest.param(
            httpx.Response(401, json={"code": "login", "detail": "Please sign in first."}), "sign in", id="401"
        ),
        pytest.param(httpx.Response(502, text="<html>"), "HTTP 502", id="502"),
        pytest.param(httpx.Response(202, text="not json"), "did not take the question", id="nonsense"),
    ],
)
async def test_a_refusal_is_one_line(response: httpx.Response, said: str) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: response), base_url="http://here") as client:
        with pytest.raises(NoAnswer, match=said):
            _ = [event async for event in ServerDoor(client).ask(REQUEST)]


async def test_pictures_go_ahead_of_the_question(tmp_path: Path) -> None:
    server, shot = Server(), tmp_path / "shot.png"
    shot.write_bytes(png())

    async with httpx.AsyncClient(transport=httpx.MockTransport(server), base_url="http://here") as client:
        _ = [event async for event in ServerDoor(client).ask(Request("", images=(shot, shot)))]

    assert [(one.url.path, one.content) for one in server.seen[:2]] == [("/api/images", png())] * 2
    sent = json.loads(server.seen[2].content)
    assert (sent["text"], sent["images"]) == ("", [{"id": "d1", "name": "shot.png"}] * 2)


@pytest.mark.parametrize(
    ("name", "images", "said"),
    [
        pytest.param("shot.png", 6, "takes 5 at most", id="six"),
        pytest.param("missing.png", 1, "missing.png cannot be read: No such file", id="missing"),
        pytest.param("notes.txt", 1, "notes.txt: It is not a picture", id="refused"),
    ],
)
async def test_a_picture_that_cannot_be_sent_is_one_line(tmp_path: Path, name: str, images: int, said: str) -> None:
    refusal = httpx.Response(415, json={"code": "image_format", "detail": "It is not a picture."})
    (tmp_path / "shot.png").write_bytes(png())
    (tmp_path / "notes.txt").write_text("hello")

    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: refusal), base_url="http://here") as client:
        with pytest.raises(NoAnswer, match=said):
            _ = [event async for event in ServerDoor(client).ask(Request("?", images=(tmp_path / name,) * images))]


async def test_without_a_server_pictures_are_kept_here(tmp_path: Path) -> None:
    state, shot = MemoryState(), tmp_path / "shot.png"
    shot.write_bytes(png())
    door = ProcessDoor(Assistant(state, Library), lambda: NOON)  # type: ignore[arg-type]  # nothing is searched here

    await anext(door.ask(Request("why?", images=(shot,))))

    (question,) = state.kept.values()
    (attached,) = IncomingMessage.model_validate_json(question.body).attachments
    assert attached.name == "shot.png"
    assert await state.attachment("terminal", attached.digest)
    shot.write_text("no picture any more")
    with pytest.raises(NoAnswer, match=r"shot\.png: It is not a picture"):
        await anext(door.ask(Request("why?", images=(shot,))))


def test_what_was_read_is_shown_shortened() -> None:
    text = "\n".join(f"line {number}\x1b[31m" for number in range(20))

    said = printed(CARD.model_copy(update={"readings": (PictureText(name="a.png", digest="a", text=text),)}))

    assert "I read this on a.png\n  line 0\n" in said
    assert "line 12" not in said
    assert "… (+8)" in said


def test_what_a_model_sees_is_told_from_what_was_read() -> None:
    picture = PictureText(name="a.png", digest="a", text="p99", description="It rises [1].\x1b[31m")

    said = printed(CARD.model_copy(update={"readings": (picture,)}))

    assert "  p99\n  The model sees (no evidence): It rises [1].\n" in said


def test_a_terminal_is_the_same_visitor_every_time_and_nobody_else_can_read_who(tmp_path: Path) -> None:
    file = tmp_path / "home" / "visitor"
    web = Web.model_validate({"token": "secret"})
    first, second = httpx.AsyncClient(), httpx.AsyncClient()

    introduce(first, web, file)
    introduce(second, web, file)

    assert first.cookies["nightshift"] == second.headers["X-Nightshift-Visitor"] == file.read_text()
    assert first.headers["Authorization"] == "Bearer secret"
    assert file.stat().st_mode & 0o777 == 0o600


ORDERS = Table(
    title="Orders\x1b[2J",
    columns=("id", "[b]客户[/b]"),
    rows=(("7", "王伟\x1b[31m"), ("1200", "")),
    total=3480,
    file="d1",
)
SLOW = Chart(title="p95", file="d2", says="Line chart.\x1b[2J")
FIGURES = CARD.model_copy(update={"tables": (ORDERS,), "charts": (SLOW,)})


def test_tables_are_printed_and_charts_are_told() -> None:
    said = printed(FIGURES)

    for part in ("Orders\n", "id   [b]客户[/b]", "   7   王伟", "1200", "2 of 3,480 rows; all of them", "Line chart."):
        assert part in said
    assert "\x1b" not in said
    whole = ORDERS.model_copy(update={"total": 2})
    assert "of 2 rows" not in printed(CARD.model_copy(update={"tables": (whole,)}))


async def test_files_of_an_answer_are_saved_under_their_titles(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    first = await save(FIGURES, folder, Script([]).file)
    again = await save(FIGURES, folder, Script([]).file)

    assert [path.name for path in first] == ["Orders-2J.csv", "p95.png"]
    assert [path.name for path in again] == ["Orders-2J-2.csv", "p95-2.png"]
    assert [path.read_bytes() for path in first] == [b"q1 d1", b"q1 d2"]


async def test_the_server_hands_out_files_of_answers() -> None:
    def server(request: httpx.Request) -> httpx.Response:
        found = request.url.path == "/api/questions/q1/files/d1"
        return httpx.Response(200, content=b"rows") if found else httpx.Response(404, json={"detail": "No such file."})

    async with httpx.AsyncClient(transport=httpx.MockTransport(server), base_url="http://here") as client:
        assert await ServerDoor(client).file("q1", "d1") == b"rows"
        with pytest.raises(NoAnswer, match="No such file"):
            await ServerDoor(client).file("q1", "d9")


async def test_without_a_server_files_of_answers_are_kept_here() -> None:
    state = MemoryState()
    door = ProcessDoor(Assistant(state, Library), lambda: NOON)  # type: ignore[arg-type]  # nothing is searched here
    await state.keep(KeptFile("terminal", "d1", "text/csv", b"rows", NOON), for_good=True)

    assert await door.file("q1", "d1") == b"rows"
    with pytest.raises(NoAnswer, match="no longer kept"):
        await door.file("q1", "d9")
