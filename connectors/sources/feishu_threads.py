"""Threads of Feishu or Lark groups, each as one document.

https://open.feishu.cn/document/server-docs/im-v1/message/list (1,000 calls a minute) and …/server-docs/group/chat/get-2
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import Field, field_validator

from connectors.sources import feishu_api
from connectors.sources.access import Names, web_link
from connectors.sources.feishu_api import FeishuApi, Part
from connectors.sources.formats.conversation import Said, markdown, moment, name, title
from connectors.sources.formats.feishu_message import read
from connectors.sources.formats.files import digest
from connectors.sources.listing import each, stamp
from connectors.sources.polite import REAL, Network, NoAnswer
from connectors.sources.port import Document, Entry, Source, SourceUnavailable, Unreadable

_CHAT = re.compile(r"oc_[A-Za-z0-9]{5,100}", re.ASCII)
_THREAD = re.compile(r"omt_[A-Za-z0-9]{5,100}", re.ASCII)
_APPLINKS = {"feishu": "https://applink.feishu.cn", "lark": "https://applink.larksuite.com"}
_MOST_THREAD_PAGES = 20


class Settings(feishu_api.Settings):
    """The table [connectors.sources.feishu_threads]. The app's bot has to be in the groups.

    Its scopes: im:message:readonly, im:message.group_msg, im:chat:readonly.
    """

    name: str = "feishu_threads"
    """What the source is called in the library."""

    chats: Names
    """Ids of groups (``oc_…``). A private group is left out unless ``readers`` says who may read what is said there."""

    min_replies: int = Field(default=2, ge=0)
    """Threads with fewer replies are passed over."""

    since_days: int = Field(default=180, ge=0)
    """Only threads that began in so many days; 0 for all of them. What grows older leaves the library again."""

    leave_out: tuple[str, ...] = ()
    """Ids of apps (``cli_…``) or people (``ou_…``) whose messages are not read; the app itself is always left out."""

    @field_validator("chats")
    @classmethod
    def _are_chats(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_CHAT.fullmatch(id) for id in ids):
            raise ValueError("must be ids of groups, which begin with oc_ (group settings › at the bottom)")
        return ids


class _Sender(Part):
    id: str = ""
    sender_type: str = ""
    sender_name: str = ""


class _Mention(Part):
    key: str = ""
    id: str = ""
    name: str = ""


class _Body(Part):
    content: str = ""


class _Message(Part):
    message_id: str
    thread_id: str = ""
    msg_type: str = ""
    create_time: str = ""
    update_time: str = ""
    deleted: bool = False
    chat_id: str = ""
    sender: _Sender = _Sender()
    body: _Body | None = None
    mentions: list[_Mention] = Field(default=[])
    message_app_link: str = ""


class _Messages(Part):
    items: list[_Message] = Field(default=[])
    has_more: bool = False
    page_token: str = ""


class _Chat(Part):
    name: str = ""
    chat_type: str = ""


@dataclass(frozen=True)
class _Newest:
    """The newest page of a thread, and whether it is all of it."""

    messages: list[_Message]
    complete: bool


class FeishuThreadsSource:
    """Threads named by their id (``omt_…``)."""

    def __init__(self, settings: Settings, api: FeishuApi) -> None:
        self._settings = settings
        self._api = api
        self._newest: dict[str, _Newest] = {}
        self._chats: dict[str, str] = {}
        self.name = settings.name
        self.skipped: Mapping[str, int] = {}

    async def entries(self) -> list[Entry]:
        """The threads of all groups, sorted by id. A thread changed when one of its newest 50 messages did.

        A call for each group, each 50 messages of it, and each thread: the platform states no time of change.
        """
        skipped: Counter[str] = Counter()
        self._newest, self._chats = {}, {}
        for chat in self._settings.chats:
            if await self._open(chat, skipped):
                for thread in await self._threads(chat, skipped):
                    await self._note(thread, skipped)
        self.skipped = dict(skipped)
        if not self._newest and skipped["private group without readers"] == len(self._settings.chats):
            raise SourceUnavailable(f"{self.name}: all chats are private groups: say in readers who may read them.")
        return [
            Entry(id, stamp(_state(newest), readers=self._settings.readers), 0)
            for id, newest in sorted(self._newest.items())
        ]

    def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        """The named threads; those of up to 50 messages are at hand since they were listed."""
        return each(ids, self._document)

    async def _document(self, id: str) -> Document | Unreadable:
        if not _THREAD.fullmatch(id):
            return Unreadable(id, "not the id of a thread")
        newest = self._newest.get(id)
        messages = newest.messages if newest and newest.complete else await self._all(id)
        messages = sorted(messages, key=lambda one: (one.create_time.zfill(16), one.message_id))
        chat = messages[0].chat_id if messages else ""
        if chat not in self._settings.chats or (chat not in self._chats and not await self._open(chat, Counter())):
            return Unreadable(id, "not in a group that may be read")
        people = _people(messages)
        said = [self._said(one, people) for one in messages]
        text = markdown(said)
        began = moment(messages[0].create_time, 1000)
        labels = {"channel": self._chats[chat], "date": began.date().isoformat() if began else ""}
        applink = f"{_APPLINKS[self._settings.domain]}/client/chat/open?openChatId={quote(chat)}"
        return Document(
            id=id,
            title=next((found for one in said if (found := title(one.text))), self._chats[chat]),
            text=text,
            digest=digest(text.encode(errors="replace")),
            link=web_link(messages[0].message_app_link, applink),
            media_type="text/markdown",
            labels={key: value for key, value in labels.items() if value},
            kind="thread",
            readers=self._settings.readers,
        )

    async def _open(self, chat: str, skipped: Counter[str]) -> bool:
        """Whether a group may be read; notes its name."""
        try:
            found = await self._api.get(f"/open-apis/im/v1/chats/{quote(chat)}", {}, _Chat)
        except NoAnswer as refused:
            raise SourceUnavailable(f"Group {chat}: {refused} To go on without it, take it out of chats.") from None
        if found.chat_type != "public" and not self._settings.readers:
            skipped["private group without readers"] += 1
            return False
        self._chats[chat] = name(found.name) or chat
        return True

    async def _threads(self, chat: str, skipped: Counter[str]) -> list[str]:
        query = self._query("chat", chat, "ByCreateTimeDesc") | {"only_thread_root_messages": "true"}
        if self._settings.since_days:
            since = self._api.client.now - dt.timedelta(days=self._settings.since_days)
            query["start_time"] = str(int(since.timestamp()))
        pages, complete = await self._api.pages(
            "/open-apis/im/v1/messages", query, _Messages, _turn, self._settings.max_pages
        )
        if not complete:
            skipped["older than max_pages reach"] += 1
        found = [one.thread_id for page in pages for one in page.items if _THREAD.fullmatch(one.thread_id)]
        return list(dict.fromkeys(found))

    async def _note(self, thread: str, skipped: Counter[str]) -> None:
        query = self._query("thread", thread, "ByCreateTimeDesc")
        try:
            page = await self._api.get("/open-apis/im/v1/messages", query, _Messages)
        except feishu_api.Forbidden:
            skipped["thread that the bot may not see"] += 1
            return
        messages = [one for one in page.items if not one.deleted]
        if page.has_more or len(messages) > self._settings.min_replies:
            self._newest[thread] = _Newest(messages, complete=not page.has_more)
        else:
            skipped[f"thread of fewer than {self._settings.min_replies} replies"] += 1

    async def _all(self, thread: str) -> list[_Message]:
        query = self._query("thread", thread, "ByCreateTimeAsc")
        pages, _ = await self._api.pages("/open-apis/im/v1/messages", query, _Messages, _turn, _MOST_THREAD_PAGES)
        return [one for page in pages for one in page.items if not one.deleted]

    def _query(self, kind: str, id: str, order: str) -> dict[str, str]:
        return {
            "container_id_type": kind,
            "container_id": id,
            "sort_type": order,
            "page_size": "50",
            # Cards as they were sent: what the platform makes of newer ones says only "please upgrade".
            "card_msg_content_type": "user_card_content",
            "with_sender_name": "true",
        }

    def _said(self, one: _Message, people: Mapping[str, str]) -> Said:
        who = name(people.get(one.sender.id, "")) or ("app" if one.sender.sender_type == "app" else one.sender.id)
        if one.sender.id in (self._settings.app_id, *self._settings.leave_out):
            return Said(who, None, "")
        mentions = {mention.key: name(mention.name) for mention in one.mentions}
        text = read(one.msg_type, one.body.content if one.body else "", mentions)
        return Said(who, moment(one.create_time, 1000), text)


def _people(messages: list[_Message]) -> Mapping[str, str]:
    """Names by id, as far as the messages themselves tell them."""
    mentioned = {one.id: one.name for message in messages for one in message.mentions}
    return mentioned | {one.sender.id: one.sender.sender_name for one in messages if one.sender.sender_name}


def _state(newest: _Newest) -> str:
    parts = [f"{one.message_id} {one.update_time}" for one in newest.messages]
    return digest("\n".join([str(newest.complete), *sorted(parts)]).encode())


def _turn(page: _Messages) -> str:
    return page.page_token if page.has_more else ""


@asynccontextmanager
async def connect(settings: Settings, network: Network = REAL) -> AsyncIterator[Source]:
    """Open the platform; nothing is asked before entries are."""
    async with feishu_api.open_api(settings, network) as api:
        yield FeishuThreadsSource(settings, api)
