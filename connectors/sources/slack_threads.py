"""Threads of Slack channels, each as one document.

https://docs.slack.dev/reference/methods/conversations.history and …/conversations.replies: some 50 calls a minute, but
one, of 15 messages, for an app that is sold outside the Marketplace (docs.slack.dev/apis/web-api/rate-limits).
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pydantic import BaseModel, Field, JsonValue, field_validator

from connectors.sources import slack_api
from connectors.sources.access import Names, Token, web_link
from connectors.sources.formats import conversation
from connectors.sources.formats.anyjson import mapping, mappings, text
from connectors.sources.formats.conversation import Said, moment
from connectors.sources.formats.files import digest
from connectors.sources.formats.slack_message import read
from connectors.sources.listing import each, stamp
from connectors.sources.polite import REAL, Limits, Network, NoAnswer
from connectors.sources.port import Document, Entry, Source, SourceUnavailable, Unreadable
from connectors.sources.slack_api import MissingScope, Ok, SlackApi

_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,30}", re.ASCII)
_THREAD = re.compile(r"(?P<channel>[CGD][A-Z0-9]{2,30})/(?P<ts>\d{1,12}\.\d{1,8})", re.ASCII)
_USER = re.compile(r"[UW][A-Z0-9]{2,30}", re.ASCII)
_MOST_REPLY_PAGES = 50


class Settings(Limits):
    """The table [connectors.sources.slack_threads].

    The app's scopes: channels:history, channels:read, users:read; for private channels groups:history, groups:read.
    """

    name: str = "slack_threads"
    """What the source is called in the library."""

    token: Token
    """The bot token (``xoxb-…``) under OAuth & Permissions, whose bot is in the channels; or a user token."""

    channels: Names
    """Ids of channels (``C…``, at the end of a channel's details). A private one is left out unless ``readers`` says
    who may read what is said there."""

    min_replies: int = Field(default=2, ge=1)
    """Threads with fewer replies are passed over."""

    solved_by: tuple[str, ...] = ("white_check_mark",)
    """Reactions by which people mark what solved it."""

    leave_out: tuple[str, ...] = ()
    """Ids of bots (``B…``) or people (``U…``) whose messages are not read; the app itself is always left out."""

    since_days: int = Field(default=180, ge=0)
    """Only threads that began in so many days; 0 for all of them. What grows older leaves the library again."""

    longest_wait_seconds: float = Field(default=300, ge=0)
    """How patient to be: how long one call may wait because Slack limits the rate of calls. An app that is sold outside
    the Marketplace waits a minute for every 15 messages, so its first reading of a channel takes hours."""

    @field_validator("channels")
    @classmethod
    def _are_channels(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_CHANNEL.fullmatch(id) for id in ids):
            raise ValueError("must be ids of channels, such as C024BE91L, not their names")
        return ids


class _Team(Ok):
    url: str = ""
    bot_id: str = ""


class _Channel(BaseModel):
    name: str = ""
    # What Slack does not call public is private.
    is_private: bool = True
    is_im: bool = False
    is_mpim: bool = False


class _ChannelFound(Ok):
    channel: _Channel = _Channel()


class _UserFound(Ok):
    user: dict[str, JsonValue] = Field(default={})


class SlackThreadsSource:
    """Threads named ``channel/time of the first message``."""

    def __init__(self, settings: Settings, api: SlackApi) -> None:
        self._settings = settings
        self._api = api
        self._team: _Team | None = None
        self._channels: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self.name = settings.name
        self.skipped: Mapping[str, int] = {}

    async def entries(self) -> list[Entry]:
        """The threads of all channels, sorted by id: a call for each channel, and one for each 200 messages of it.

        A thread changed when it has another last reply, number of replies, edited first message or solution mark on it.
        """
        skipped: Counter[str] = Counter()
        found: dict[str, str] = {}
        self._channels.clear()
        for channel in self._settings.channels:
            if await self._open(channel, skipped):
                found |= await self._threads(channel, skipped)
        self.skipped = dict(skipped)
        if not found and skipped["private channel without readers"] == len(self._settings.channels):
            raise SourceUnavailable(f"{self.name}: all channels are private: say in readers who may read them.")
        return [Entry(id, state, 0) for id, state in sorted(found.items())]

    def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        """The named threads: a call for each 200 messages, and one for each person who was not met before."""
        return each(ids, self._document)

    async def _document(self, id: str) -> Document | Unreadable:
        thread = _THREAD.fullmatch(id)
        if not thread or thread["channel"] not in self._settings.channels:
            return Unreadable(id, "not a thread of the channels in the settings")
        channel, ts = thread["channel"], thread["ts"]
        if channel not in self._channels and not await self._open(channel, Counter()):
            return Unreadable(id, "in a private channel, and readers does not say who may read it")
        messages = await self._replies(channel, ts)
        await self._meet(messages)
        team = await self._own_team()
        said = [self._said(one, team.bot_id) for one in messages]
        solved = any(one.solution for one in said)
        shown = conversation.markdown(said)
        began = moment(ts)
        link = f"{team.url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"
        return Document(
            id=id,
            title=next((title for one in said if (title := conversation.title(one.text))), self._channels[channel]),
            text=shown,
            digest=digest(shown.encode(errors="replace")),
            link=web_link(link, id),
            media_type="text/markdown",
            labels={
                "channel": self._channels[channel],
                "status": "solved" if solved else "open",
                **({"date": began.date().isoformat()} if began else {}),
            },
            kind="thread",
            readers=self._settings.readers,
        )

    async def _open(self, channel: str, skipped: Counter[str]) -> bool:
        """Whether a channel may be read; notes its name."""
        found = (await self._api.ask("conversations.info", {"channel": channel}, _ChannelFound)).channel
        if (found.is_private or found.is_im or found.is_mpim) and not self._settings.readers:
            skipped["private channel without readers"] += 1
            return False
        self._channels[channel] = self._names[channel] = conversation.name(found.name) or channel
        return True

    async def _threads(self, channel: str, skipped: Counter[str]) -> dict[str, str]:
        query = {"channel": channel, "limit": "200"}
        if self._settings.since_days:
            since = self._api.client.now - dt.timedelta(days=self._settings.since_days)
            query["oldest"] = str(int(since.timestamp()))
        listed = await self._api.messages("conversations.history", query, self._settings.max_pages)
        if not listed.complete:
            skipped["older than max_pages reach"] += 1
        found: dict[str, str] = {}
        for one in listed.items:
            ts, replies = text(one.get("ts")), one.get("reply_count")
            if not isinstance(replies, int) or text(one.get("thread_ts")) != ts:
                continue
            if replies < self._settings.min_replies:
                skipped[f"thread of fewer than {self._settings.min_replies} replies"] += 1
            else:
                found[f"{channel}/{ts}"] = self._state(one, replies)
        return found

    def _state(self, first: Mapping[str, JsonValue], replies: int) -> str:
        edited = text(mapping(first.get("edited")).get("ts"))
        solved = "solved" if self._solves(first) else ""
        return stamp(text(first.get("latest_reply")), replies, edited, solved, readers=self._settings.readers)

    async def _replies(self, channel: str, ts: str) -> list[dict[str, JsonValue]]:
        query = {"channel": channel, "ts": ts, "limit": "200"}
        found = await self._api.messages("conversations.replies", query, _MOST_REPLY_PAGES)
        # The first message comes again on each page.
        return list({text(one.get("ts")): one for one in found.items}.values())

    async def _own_team(self) -> _Team:
        if self._team is None:
            self._team = await self._api.ask("auth.test", {}, _Team)
        return self._team

    async def _meet(self, messages: list[dict[str, JsonValue]]) -> None:
        """Look up the names of those who speak or are spoken to, each once; without users:read they keep their ids."""
        spoken = " ".join(text(one.get("text")) for one in messages)
        people = [text(one.get("user")) for one in messages] + re.findall(r"<@([UW][A-Z0-9]{2,30})[>|]", spoken)
        for id in dict.fromkeys(id for id in people if _USER.fullmatch(id) and id not in self._names):
            try:
                user = (await self._api.ask("users.info", {"user": id}, _UserFound)).user
            except (NoAnswer, MissingScope):
                user = {}
            profile = mapping(user.get("profile"))
            names = (text(profile.get("display_name")), text(profile.get("real_name")), text(user.get("name")))
            self._names[id] = next((name for one in names if (name := conversation.name(one))), id)

    def _said(self, one: Mapping[str, JsonValue], own_bot: str) -> Said:
        user, bot = text(one.get("user")), text(one.get("bot_id"))
        who = self._names.get(user, user)
        if bot or not user:
            profile = mapping(one.get("bot_profile"))
            who = conversation.name(text(one.get("username")) or text(profile.get("name"))) or who or "bot"
        out = {own_bot, *self._settings.leave_out} - {""}
        shown = "" if {user, bot} & out else read(one, lambda id: self._names.get(id, id))
        return Said(who, moment(text(one.get("ts"))), shown, self._solves(one))

    def _solves(self, one: Mapping[str, JsonValue]) -> bool:
        return any(
            text(reaction.get("name")) in self._settings.solved_by for reaction in mappings(one.get("reactions"))
        )


@asynccontextmanager
async def connect(settings: Settings, network: Network = REAL) -> AsyncIterator[Source]:
    """Open the Web API; nothing is asked before entries are."""
    async with slack_api.open_api(settings.token, settings, network) as api:
        yield SlackThreadsSource(settings, api)
