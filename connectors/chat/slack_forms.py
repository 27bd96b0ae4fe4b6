"""What Nightshift shows a single person in Slack: forms, the App Home, suggestions, and what a button has done."""

import logging
from dataclasses import dataclass

import aiohttp

from connectors.chat.card_port import Language
from connectors.chat.port import Inbox, Reply
from connectors.chat.slack_api import Lost, NoPlace, SlackApi, slacks_own
from connectors.chat.slack_clicks import Looked, Place, Pressed, Shortcut
from connectors.chat.slack_events import AssistantOpened, HomeOpened, Identity
from connectors.chat.slack_json import Json
from connectors.chat.slack_views import ask, cause, details, edit, home, notice, prompts, reason, sources
from connectors.chat.slack_words import WORDS, escaped, language_of

_LOG = logging.getLogger("nightshift.slack")


@dataclass
class Forms:
    """Opens forms while their trigger is good for, which is three seconds: nothing here is tried twice."""

    api: SlackApi
    us: Identity
    language: Language

    async def ask(self, wanted: Shortcut) -> None:
        """The form to ask about a message."""
        await self._open(wanted.trigger, ask(wanted.place, wanted.quoted, language_of(wanted.quoted, self.language)))

    async def reason(self, pressed: Pressed, inbox: Inbox) -> None:
        """The form to say why an answer does not help."""
        card = await inbox.card(pressed.click.question_id, pressed.click.author)
        language = card.language if card else self.language
        await self._open(pressed.trigger, reason(_place(pressed), language))

    async def edit(self, pressed: Pressed, inbox: Inbox) -> None:
        """The form to edit the query that was run."""
        card = await inbox.card(pressed.click.question_id, pressed.click.author)
        gone = notice(self.language, WORDS[self.language]["gone"])
        await self._open(pressed.trigger, edit(_place(pressed), card) if card else gone)

    async def sources(self, looked: Looked, inbox: Inbox) -> None:
        """What an answer cites."""
        card = await inbox.card(looked.question_id, looked.author)
        gone = notice(self.language, WORDS[self.language]["gone"])
        await self._open(looked.trigger, sources(card) if card and card.citations else gone)

    async def cause(self, pressed: Pressed, inbox: Inbox) -> None:
        """The form to say what an incident was."""
        card = await inbox.card(pressed.click.question_id, pressed.click.author)
        await self._open(pressed.trigger, cause(_place(pressed), card.language if card else self.language))

    async def details(self, looked: Looked, inbox: Inbox) -> None:
        """What an incident's card has folded away."""
        card = await inbox.card(looked.question_id, looked.author)
        gone = notice(self.language, WORDS[self.language]["gone"])
        await self._open(looked.trigger, details(card) if card and (card.folded or card.citations) else gone)

    async def home(self, opened: HomeOpened | Looked, inbox: Inbox) -> None:
        """The App Home of one person."""
        recent = await inbox.recent(opened.author)
        view = home(recent, self.us, self.language)
        await self.api.call("views.publish", {"user_id": opened.user, "view": view})

    async def suggest(self, opened: AssistantOpened) -> None:
        """What one could ask; Slack has threads with the assistant, or its Messages tab (docs.slack.dev/ai)."""
        thread: Json = {"thread_ts": opened.thread} if opened.thread else {}
        shown: Json = {"channel_id": opened.channel, "prompts": prompts(self.language), **thread}
        await self.api.call("assistant.threads.setSuggestedPrompts", shown)

    async def thinking(self, channel: str, thread: str, language: Language) -> None:
        """Show that somebody is at work, until a message appears."""
        status = WORDS[language]["thinking"]
        shown: Json = {"channel_id": channel, "thread_ts": thread, "status": status}
        await self.api.once("assistant.threads.setStatus", shown)

    async def tell(self, place: Place, user: str, reply: Reply, answer_at: str = "") -> None:
        """Say to who pressed what came of it; nobody else sees it."""
        if not reply.text:
            return
        said: dict[str, str] = {"text": escaped(reply.text)}
        where = {"channel": place.channel, "user": user} | ({"thread_ts": place.thread} if place.thread else {})
        try:
            await self.api.call("chat.postEphemeral", {**where, **said})
        except NoPlace:
            # Nor can it be said where we are no member; but the press itself may be answered.
            await self.answer(answer_at, {**said, "response_type": "ephemeral", "replace_original": False})

    async def answer(self, address: str, message: Json) -> None:
        """Answer a press by its response_url."""
        if not slacks_own(address, self.api.client.base_url, "hooks"):
            return
        try:
            async with self.api.session.post(address, json=dict(message), allow_redirects=False) as done:
                if done.status >= 400:
                    raise Lost(f"HTTP {done.status}")
        except (aiohttp.ClientError, TimeoutError) as lost:
            raise Lost(type(lost).__name__) from lost

    async def _open(self, trigger: str, view: Json) -> None:
        await self.api.once("views.open", {"trigger_id": trigger, "view": dict(view)})


def _place(pressed: Pressed) -> Place:
    return Place(channel=pressed.channel, thread=pressed.thread, question_id=pressed.click.question_id)
