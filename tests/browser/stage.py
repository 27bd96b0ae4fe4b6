"""A real server on memory twins, and the strings that make it answer."""

import asyncio
import json
import queue
import re
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Page
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.assistant import Assistant
from bot.settings import Web
from bot.web.router import build_router
from connectors.chat.card_port import Card, Citation, Footer
from connectors.configuration import Roots
from connectors.load import load
from connectors.state.port import Feedback, State, Work
from knowledge.catalogue import Order
from knowledge.library import Chunk, Facts, Hit, Outline, StoredDocument
from knowledge.service_graph import Service, ServiceGraph

RUNBOOK = StoredDocument(
    id="runbooks/payments-pool.md",
    title="Payments: connection pool exhausted",
    link="https://wiki.example.com/runbooks/payments-pool",
    labels={"service": "payments", "severity": ["SEV2", "SEV3"], "owner": "payments team"},
    chunks=(
        Chunk("p0", "runbooks/payments-pool.md", 0, "What it is", "Requests wait for a connection. " * 40),
        Chunk("p1", "runbooks/payments-pool.md", 1, "How to see it", "| metric | bad |\n|---|---|\n| waiting | > 0 |"),
        Chunk(
            "p2",
            "runbooks/payments-pool.md",
            2,
            "First aid › Free the pool",
            "Find the **longest** transactions first.\n\n1. List sessions that are `idle in transaction`.\n"
            "2. End those older than five minutes, *one at a time*.\n\n"
            "```sql\nselect pid, now() - xact_start as age, left(query, 60)\nfrom pg_stat_activity\n"
            "where state = 'idle in transaction'\norder by age desc;\n```\n\n"
            "Do not restart the pods before that: every restart opens the whole pool again.",
        ),
        Chunk("p3", "runbooks/payments-pool.md", 3, "Afterwards", "Write down which code path held it. " * 60),
    ),
)


HOSTILE = '<img src=x onerror="document.title=1">'


def _page(id: str, title: str, text: str, **labels: str | list[str]) -> StoredDocument:
    described: dict[str, str | list[str]] = {"kind": "page", "language": "en", "date": "2026-10-01", **labels}
    return StoredDocument(id, title, "", described, (Chunk(f"{id}-0", id, 0, "", text),))


KNOWN = (
    RUNBOOK,
    _page(
        "old.md",
        "Payments: notes of the move",
        "The default is `DB_POOL_MAX=40`.",
        service="payments",
        date="2020-01-01",
    ),
    _page(
        "new.md", "支付服务的参数", "默认是 `DB_POOL_MAX=20`。", service="payments", language="zh", symptom="disk full"
    ),
    _page("crash.md", "Payments were down", "It crashed.", service="payments", kind="incident", component="database"),
    _page("bad.md", HOSTILE, HOSTILE, flags=[HOSTILE]),
)
SERVICES = ServiceGraph([Service(name="checkout", tier=1, team="shop"), Service(name="payments", tier=1)])

ASKED = "payments says pool exhausted"


@dataclass
class Shelf:
    """A library with a few documents and no search."""

    async def search(
        self,
        queries: Sequence[str],
        groups: Sequence[str] = (),
        limit: int = 8,
        where: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Hit]:
        return []

    async def document(self, document_id: str, groups: Sequence[str] = ()) -> StoredDocument | None:
        return next((one for one in KNOWN if one.id == document_id), None)

    async def documents(self, groups: Sequence[str] = ()) -> list[Outline]:
        return [Outline(one.id, one.title, one.link, one.labels, 10) for one in KNOWN]

    async def facts(self) -> Facts:
        return Facts("chunks", "memory", len(KNOWN), len(KNOWN), "2026-11-20T12:00:00+00:00", "")


@dataclass
class Stage:
    """The server seen from a test: what was asked, and the strings that make it answer."""

    port: int
    state: State
    loop: asyncio.AbstractEventLoop
    asked: queue.Queue[str] = field(default_factory=queue.Queue)
    streams: set[asyncio.Event] = field(default_factory=set)

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def next_question(self) -> str:
        """The id of the question that was let in next."""
        return self.asked.get(timeout=10)

    def text_of(self, question_id: str) -> tuple[str, str | None]:
        """What was asked, and the edited query that came with it."""
        question = self.run(self.state.question(question_id))
        return question.text, json.loads(question.body)["query"]

    def images_of(self, question_id: str) -> list[dict[str, str | None]]:
        """The pictures that came with a question, as they were stored."""
        return list(json.loads(self.run(self.state.question(question_id)).body)["attachments"])

    def says(self, question_id: str, kind: str, text: str) -> None:
        """Make progress."""
        self.run(self.state.append(question_id, kind, json.dumps({"step": "answer", "text": text})))

    def settles(self, question_id: str, **change: object) -> None:
        """Answer, with the usual card but for what is changed."""
        self.run(self.state.settle(question_id, usual_card(question_id, **change).model_dump_json()))

    def verdicts(self) -> list[Feedback]:
        """What people thought of the answers."""
        return list(self.state.verdicts.values())  # type: ignore[attr-defined]  # the twin's own table

    def cut(self) -> None:
        """Break every open stream, as a proxy in between would."""
        for stream in list(self.streams):
            self.loop.call_soon_threadsafe(stream.set)

    def run(self, work):  # type: ignore[no-untyped-def]  # any coroutine, its result
        """What work on the state gives, done where the state lives."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=10)


def usual_card(question_id: str, **change: object) -> Card:
    """An answer with all that an answer may have."""
    card = Card(
        question_id=question_id,
        kind="answer",
        language="en",
        text=(
            "Payments has run out of database connections because sessions sit **idle in transaction** [1]. "
            "End them before you restart anything: a restart opens the whole pool again [2].\n\n"
            "1. List the sessions, longest first:\n\n"
            "   ```sql\n   select pid, now() - xact_start as age\n   from pg_stat_activity\n"
            "   where state = 'idle in transaction'\n   order by age desc;\n   ```\n\n"
            "2. End those older than five minutes, one at a time [1].\n"
            "3. Watch `payments_db_pool_waiting` return to 0."
        ),
        citations=(
            _citation(1, "2. End those older than five minutes, *one at a time*."),
            _citation(2, "Do not restart the pods before that: every restart opens the whole pool again."),
        ),
        rewritten_query="payments connection pool exhausted: how to free connections",
        notices=("Grafana could not be asked (timeout after 5 s).",),
        footer=Footer(
            level="local", model="qwen2.5-coder-1.5b", tokens_in=1842, tokens_out=211, seconds=12.4, rounds=2
        ),
    )
    return card.model_copy(update=change)


def _citation(number: int, quote: str) -> Citation:
    return Citation(
        number=number,
        document_id=RUNBOOK.id,
        chunk_id="p2",
        title=RUNBOOK.title,
        heading="First aid › Free the pool",
        quote=quote,
        link=RUNBOOK.link,
    )


def breakable(app: ASGIApp, streams: set[asyncio.Event]) -> ASGIApp:
    """The application, whose streams end in the middle when their event is set."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith("/stream"):
            return await app(scope, receive, send)
        broken = asyncio.Event()
        streams.add(broken)

        async def until_broken() -> Message:
            waits = [asyncio.ensure_future(broken.wait()), asyncio.ensure_future(receive())]
            try:
                done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                return {"type": "http.disconnect"} if waits[0] in done else waits[1].result()
            finally:
                for wait in waits:
                    wait.cancel()

        try:
            await app(scope, until_broken, send)
        finally:
            streams.discard(broken)

    return wrapped


@contextmanager
def serving(web: Web, roots: Roots) -> Iterator[Stage]:
    """A server on a free port of this machine, in a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    ready: queue.Queue[Stage] = queue.Queue()

    async def serve() -> None:
        async with load("state", "memory", {}, roots) as state:
            stage = Stage(listening.getsockname()[1], state, asyncio.get_running_loop())

            async def take_up(question_id: str) -> None:
                stage.asked.put(question_id)

            await state.start({"answer": Work(take_up, take_up)})
            app = FastAPI()
            assistant = Assistant(state, Shelf(), order=Order(SERVICES))
            app.include_router(build_router(assistant, web, lambda: datetime.now(UTC)))  # noqa: TID251
            settings = uvicorn.Config(
                breakable(app, stage.streams),
                log_level="critical",
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=1,
            )
            server = uvicorn.Server(settings)
            servers.append(server)
            ready.put(stage)
            await server.serve(sockets=[listening])

    servers: list[uvicorn.Server] = []
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        yield ready.get(timeout=10)
    finally:
        servers[0].should_exit = True
        thread.join(timeout=10)
        listening.close()


def ask(page: Page, stage: Stage, text: str = ASKED) -> str:
    """Type a question and send it; the id it was let in under."""
    page.get_by_role("textbox", name=re.compile("Describe|描述")).fill(text)
    page.keyboard.press("Enter")
    return stage.next_question()
