"""What Slack delivers, kept before it is acknowledged: a global middleware of bolt, in front of bolt's own reply.

https://docs.slack.dev/tools/bolt-python/concepts/global-middleware
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from pydantic import JsonValue
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from connectors.chat.card_port import Language
from connectors.chat.ladder import Refused
from connectors.chat.port import ChatUnavailable, Inbox, IncomingMessage, NotAccepted
from connectors.chat.slack_api import Busy, Lost, NoPlace
from connectors.chat.slack_clicks import (
    FIELD,
    Asked,
    Helped,
    Looked,
    Place,
    Pressed,
    Shortcut,
    Submitted,
    read_command,
    read_interaction,
)
from connectors.chat.slack_events import CHANNEL, AssistantOpened, HomeOpened, Identity, Said, Withdrawn, read_event
from connectors.chat.slack_forms import Forms
from connectors.chat.slack_json import Json, mapping, text
from connectors.chat.slack_people import People
from connectors.chat.slack_text import mentioned
from connectors.chat.slack_words import WORDS, language_of

_LOG = logging.getLogger("nightshift.slack")
_CLOSING_SECONDS = 5.0


@dataclass
class Door:
    """Takes deliveries in. What a person waits to see is shown behind the reply, while their trigger is good."""

    us: Identity
    people: People
    forms: Forms
    language: Language
    now: Callable[[], float]
    inbox: Inbox | None = None
    _behind: set[asyncio.Task[None]] = field(default_factory=set)

    async def __call__(self, req: AsyncBoltRequest, next: Callable[[], Awaitable[None]]) -> BoltResponse:
        """Bolt's middleware; it never calls the next one, so that nothing is acknowledged before it returns."""
        del next
        body: Json = req.body
        if self.inbox is None:
            return _refused("nobody is listening yet")
        try:
            if text(body.get("command")):
                return await self._command(body, self.inbox)
            if "event" in body:
                await self._event(body, self.inbox)
                return _taken()
            return await self._interaction(body, self.inbox)
        except NotAccepted as refused:
            return _refused(str(refused))

    async def idle(self) -> None:
        """Wait a little for what is still being shown; what takes longer is given up."""
        if self._behind:
            _, late = await asyncio.wait(self._behind, timeout=_CLOSING_SECONDS)
            for task in late:
                task.cancel()

    async def _event(self, body: Json, inbox: Inbox) -> None:
        found = read_event(body, self.us, self.people.name)
        match found:
            case Said():
                await self._said(body, found, inbox)
            case Withdrawn(event_id=event_id):
                await inbox.on_withdrawn(CHANNEL, event_id)
            case HomeOpened():
                self._later(self.forms.home(found, inbox))
            case AssistantOpened():
                self._later(self.forms.suggest(found))
            case _:
                _LOG.debug("Left out: %s", found.reason)

    async def _said(self, body: Json, found: Said, inbox: Inbox) -> None:
        message = found.message
        if message.addressed:
            event = mapping(body.get("event"))
            spoken = text(event.get("text")) or text(mapping(event.get("message")).get("text"))
            asking = self.people.root(message.conversation, found.root)
            _, root = await asyncio.gather(self.people.learn(mentioned(spoken)), asking)
            again = read_event(body, self.us, self.people.name)
            message = again.message if isinstance(again, Said) else message
            message = message.model_copy(update={"quoted": (root, *message.quoted)}) if root else message
        taken = await inbox.on_message(message)
        if taken and message.conversation.startswith("D"):
            thread = message.thread_id.rpartition("/")[2]
            language = language_of(message.text, self.language)
            self._later(self.forms.thinking(message.conversation, thread, language))

    async def _command(self, body: Json, inbox: Inbox) -> BoltResponse:
        asked = read_command(body, self.us, self._moment())
        if isinstance(asked, Helped):
            return _ephemeral(WORDS["zh" if asked.language == "zh" else self.language]["help"])
        if not isinstance(asked, Said):
            return _taken()
        said = WORDS[language_of(asked.message.text, self.language)]
        # Slack does not send a command again: who typed it has to know.
        kept = await _kept(inbox, asked.message)
        return _ephemeral(said["received"] if kept else said["not_kept"])

    async def _interaction(self, body: Json, inbox: Inbox) -> BoltResponse:
        asked = read_interaction(body, self.us, self.people.name, self._moment())
        match asked:
            case Pressed():
                await self._pressed(asked, inbox)
            case Submitted():
                return await self._submitted(asked, inbox)
            case Said():
                said = WORDS[language_of(asked.message.text, self.language)]
                return _taken() if await _kept(inbox, asked.message) else _wrong(said["not_kept"])
            case _:
                self._look(asked, inbox)
        return _taken()

    def _look(self, asked: Asked, inbox: Inbox) -> None:
        if isinstance(asked, Shortcut):
            self._later(self.forms.ask(asked))
        elif isinstance(asked, Looked) and asked.what == "home":
            self._later(self.forms.home(asked, inbox))
        elif isinstance(asked, Looked) and asked.what == "sources":
            self._later(self.forms.sources(asked, inbox))
        elif isinstance(asked, Looked) and asked.what == "details":
            self._later(self.forms.details(asked, inbox))

    async def _pressed(self, pressed: Pressed, inbox: Inbox) -> None:
        action = pressed.click.action
        if action == "edit":
            self._later(self.forms.edit(pressed, inbox))
            return
        # A verdict counts at once; the form only asks for the reason.
        reply = await inbox.on_click(pressed.click)
        form = {"down": self.forms.reason, "wrong": self.forms.cause}.get(action)
        if form and not reply.refused:
            self._later(form(pressed, inbox))
            return
        if action == "publish" and not reply.refused:
            self._later(self.forms.answer(pressed.answer_at, {"delete_original": True}))
        place = Place(channel=pressed.channel, thread=pressed.thread)
        self._later(self.forms.tell(place, pressed.user, reply, pressed.answer_at))

    async def _submitted(self, submitted: Submitted, inbox: Inbox) -> BoltResponse:
        said = WORDS[language_of(submitted.click.text, self.language)]
        try:
            reply = await inbox.on_click(submitted.click)
        except NotAccepted:
            return _wrong(said["not_kept"])
        if reply.refused:
            return _wrong(reply.text)
        self._later(self.forms.tell(submitted.place, submitted.user, reply))
        return _taken()

    def _later(self, showing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(_quietly(showing))
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)


async def _kept(inbox: Inbox, message: IncomingMessage) -> bool:
    try:
        await inbox.on_message(message)
    except NotAccepted:
        return False
    return True


async def _quietly(showing: Coroutine[None, None, None]) -> None:
    try:
        await showing
    except (Busy, Lost, NoPlace, Refused, ChatUnavailable) as refused:
        _LOG.info("Not shown in Slack: %s", refused)


def _refused(why: str) -> BoltResponse:
    _LOG.warning("Not acknowledged, so that Slack sends it again: %s", why)
    return BoltResponse(status=HTTPStatus.SERVICE_UNAVAILABLE, body="")


def _taken() -> BoltResponse:
    return BoltResponse(status=HTTPStatus.OK, body="")


def _ephemeral(said: str) -> BoltResponse:
    return BoltResponse(status=HTTPStatus.OK, body={"response_type": "ephemeral", "text": said})


def _wrong(said: str) -> BoltResponse:
    """The form stays open, with its text, and says why."""
    errors: JsonValue = {FIELD: said}
    return BoltResponse(status=HTTPStatus.OK, body={"response_action": "errors", "errors": errors})
