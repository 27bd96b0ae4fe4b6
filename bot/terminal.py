"""`python -m bot ask`: a question in the terminal, answered by the running server or, without one, in this process."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import httpx
from pydantic import ValidationError
from rich.console import Console

from bot.address import is_ours, own_url
from bot.assistant import Assistant
from bot.server_events import Event, events
from bot.settings import Settings
from bot.terminal_files import save
from bot.terminal_view import View
from bot.visiting import VISITOR, detail, introduce
from bot.web.views import LONGEST_NAME, MOST_IMAGES
from connectors.chat.card_port import Card
from connectors.chat.port import Attachment, IncomingMessage
from connectors.embedding.port import EmbeddingUnavailable
from connectors.images import BadImage
from connectors.llm.port import ModelUnavailable
from connectors.rerank.port import RerankUnavailable
from connectors.state.port import StateUnavailable, TooMuchUnsent
from connectors.vectors.port import VectorStoreUnavailable

EXIT_CODES = {"answer": 0, "incident": 0, "notice": 0, "insufficient": 3, "failure": 1}

_RECONNECTS, _SILENCE_SECONDS = 5, 60.0


@dataclass(frozen=True)
class Request:
    """What was typed. ``as_query``: search with these words as they stand; files of the answer go into ``files``."""

    question: str
    thread_id: str | None = None
    as_query: bool = False
    as_json: bool = False
    images: tuple[Path, ...] = ()
    files: Path | None = None

    def readable(self) -> "Request":
        """The same with a mark for every byte that was typed in another encoding; such text cannot be stored."""
        return replace(self, question=_decoded(self.question), thread_id=self.thread_id and _decoded(self.thread_id))


class NoAnswer(Exception):
    """There will be no answer; the message is one line that says why."""


class Door(Protocol):
    """Somewhere to ask."""

    def ask(self, request: Request) -> AsyncGenerator[Event]:
        """Progress up to the card. Raises NoAnswer."""

    async def file(self, question_id: str, digest: str) -> bytes:
        """A file of an answer. Raises NoAnswer."""


_MISSING = (EmbeddingUnavailable, ModelUnavailable, RerankUnavailable, StateUnavailable, VectorStoreUnavailable)


def ask(settings: Settings, request: Request) -> int:
    """Ask, show, and say by the exit code what came: 0 an answer, 3 not enough evidence, 1 a failure."""
    try:
        card = asyncio.run(_within(settings, request.readable()))
    except (NoAnswer, *_MISSING) as failed:
        print(" ".join(str(failed).split()), file=sys.stderr)  # noqa: T201  # the terminal is this module's job
        return 1
    if request.as_json:
        print(card.model_dump_json(indent=2))  # noqa: T201
    return EXIT_CODES[card.kind]


async def _within(settings: Settings, request: Request) -> Card:
    # The journey keeps its own, shorter deadline; this one is for a server that dies under us.
    seconds = 3 * settings.answer.time_budget_seconds + 120
    try:
        async with asyncio.timeout(seconds), open_door(settings) as door:
            console = Console(quiet=request.as_json)
            card = await converse(door, request, console)
            for path in await save(card, request.files, door.file) if request.files else ():
                console.print(str(path), style="dim", markup=False)
            return card
    except TimeoutError:
        raise NoAnswer(f"No answer after {seconds:.0f} s; `python -m bot doctor` says what is wrong.") from None
    except OSError as failed:
        raise NoAnswer(f"{request.files} cannot be written: {failed.strerror}.") from None


async def converse(door: Door, request: Request, console: Console) -> Card:
    """Show progress as it comes and the card in the end."""
    thread_id = ""
    with View(console) as view:
        async with aclosing(door.ask(request)) as coming:
            async for event in coming:
                if event.kind == "thread":
                    thread_id = event.data
                    continue
                if event.kind == "card":
                    card = _card(event.data)
                    view.finish(card, thread_id)
                    return card
                view.show(event.kind, _text(event.data))
    raise NoAnswer("The answer broke off; ask again.")


@asynccontextmanager
async def open_door(settings: Settings) -> AsyncIterator[Door]:
    """The running server's door, or the assistant itself, opened in this process."""
    if await asyncio.to_thread(is_ours, settings.web):
        timeout = httpx.Timeout(_SILENCE_SECONDS, connect=5)
        # Proxies of the environment are for the world outside; this is our own machine.
        async with httpx.AsyncClient(base_url=own_url(settings.web), timeout=timeout, trust_env=False) as client:
            introduce(client, settings.web, settings.roots.home / VISITOR)
            yield ServerDoor(client)
    else:
        from bot.app import open_assistant
        from bot.ports import utc_now

        async with open_assistant(settings) as assistant:
            yield ProcessDoor(assistant, utc_now)


@dataclass
class ServerDoor:
    """Asks over HTTP; a stream that breaks is taken up again behind the last event."""

    client: httpx.AsyncClient
    pause_seconds: float = 1.0

    async def ask(self, request: Request) -> AsyncGenerator[Event]:
        """Progress up to the card. Raises NoAnswer."""
        body: dict[str, object] = {"text": request.question, "event_id": str(uuid4())}
        body |= {"thread_id": request.thread_id, "query": request.question if request.as_query else None}
        try:
            if request.images:
                body["images"] = [await self._sent(name, content) for name, content in opened(request.images)]
            accepted = await self.client.post("/api/messages", json=body)
            _refuse(accepted)
            question_id, seen = str(accepted.json()["question_id"]), 0
            thread_id = str(accepted.json()["thread_id"])
        except (httpx.HTTPError, KeyError, ValueError) as broken:
            raise NoAnswer(f"{self.client.base_url} did not take the question: {_cause(broken)}") from None
        yield Event(0, "thread", thread_id)
        for attempt in range(_RECONNECTS):
            before = seen
            async for event in self._stream(question_id, seen):
                seen = event.sequence
                yield event
                if event.kind == "card":
                    return
            if seen == before:
                # A server that is started again needs some seconds.
                await asyncio.sleep(self.pause_seconds * 2**attempt)
        raise NoAnswer(f"{self.client.base_url} broke off; the answer will be on the page, or ask again.")

    async def file(self, question_id: str, digest: str) -> bytes:
        try:
            kept = await self.client.get(f"/api/questions/{question_id}/files/{digest}")
        except httpx.HTTPError as broken:
            raise NoAnswer(f"A file of the answer did not come: {_cause(broken)}") from None
        _refuse(kept)
        return kept.content

    async def _sent(self, name: str, content: bytes) -> dict[str, str]:
        kept = await self.client.post("/api/images", content=content)
        if kept.is_client_error:
            raise NoAnswer(f"{name}: {detail(kept)}")
        _refuse(kept)
        return {"id": str(kept.json()["id"]), "name": name}

    async def _stream(self, question_id: str, seen: int) -> AsyncIterator[Event]:
        path, headers = f"/api/questions/{question_id}/stream", {"Last-Event-ID": str(seen)}
        try:
            async with self.client.stream("GET", path, headers=headers) as response:
                if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                    return
                if response.is_error:
                    await response.aread()
                    _refuse(response)
                async for event in events(response.aiter_lines()):
                    yield event
        except httpx.TransportError:
            return


@dataclass
class ProcessDoor:
    """Asks an assistant that lives in this process."""

    assistant: Assistant
    now: Callable[[], datetime]

    async def ask(self, request: Request) -> AsyncGenerator[Event]:
        """Progress up to the card. Raises NoAnswer."""
        event_id = str(uuid4())
        thread_id = request.thread_id or f"terminal-{event_id}"
        message = IncomingMessage(
            event_id=f"terminal:{event_id}",
            channel="terminal",
            thread_id=thread_id,
            author="terminal",
            text=request.question,
            sent_at=self.now(),
            query=request.question if request.as_query else None,
            attachments=tuple([await self._kept(name, content) for name, content in opened(request.images)]),
        )
        question_id, _ = await self.assistant.on_message(message)
        yield Event(0, "thread", thread_id)
        async for frame in self.assistant.follow(question_id):
            yield Event(frame.sequence, frame.kind, frame.data)

    async def file(self, question_id: str, digest: str) -> bytes:
        kept = await self.assistant.state.attachment("terminal", digest)
        if kept is None:
            raise NoAnswer(f"A file of the answer to {question_id} is no longer kept.")
        return kept.content

    async def _kept(self, name: str, content: bytes) -> Attachment:
        try:
            return Attachment(name=name, digest=await self.assistant.keep_picture("terminal", content, self.now()))
        except BadImage as refusal:
            raise NoAnswer(f"{name}: {refusal}") from None
        except TooMuchUnsent:
            raise NoAnswer(f"{name}: too many pictures are waiting for a question; come back tomorrow.") from None


def opened(images: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """Each picture's name and bytes. Raises NoAnswer when there are too many, or one cannot be read."""
    if len(images) > MOST_IMAGES:
        raise NoAnswer(f"{len(images)} pictures were given; a question takes {MOST_IMAGES} at most.")
    for image in images:
        try:
            yield _decoded(image.name)[:LONGEST_NAME], image.read_bytes()
        except OSError as failed:
            raise NoAnswer(f"{_decoded(str(image))} cannot be read: {failed.strerror}.") from None


def _decoded(argument: str) -> str:
    # The interpreter hides such bytes of the command line in lone surrogates (PEP 383).
    return argument.encode(errors="surrogateescape").decode(errors="replace")


def _refuse(response: httpx.Response) -> None:
    if response.is_error:
        raise NoAnswer(detail(response))


def _cause(broken: Exception) -> str:
    return str(broken) or type(broken).__name__


def _card(data: str) -> Card:
    """The card, from this process or from the web API, which adds the rendered text to it."""
    try:
        fields = json.loads(data)
        return Card.model_validate({key: value for key, value in fields.items() if key in Card.model_fields})
    except (ValueError, AttributeError, ValidationError):
        raise NoAnswer("The answer cannot be read: server and terminal are of different versions.") from None


def _text(data: str) -> str:
    try:
        return str(json.loads(data)["text"])
    except (ValueError, KeyError, TypeError):
        return ""
