"""The names of people in Slack, and what a thread began with: asked for once, and never waited for long."""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from connectors.chat.ladder import Refused
from connectors.chat.port import ChatUnavailable, Quoted
from connectors.chat.slack_api import Busy, Lost, NoPlace, SlackApi
from connectors.chat.slack_events import Identity, quoted_root
from connectors.chat.slack_json import Json, mapping, mappings, text

_MOST_KEPT = 5_000
_MOST_AT_ONCE = 10
_SECONDS = 0.6
"""A message is acknowledged within a second, with names or without."""
T = TypeVar("T")


@dataclass
class People:
    """Looks names up; who cannot be looked up is shown by id."""

    api: SlackApi
    us: Identity
    _names: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _roots: OrderedDict[str, Quoted] = field(default_factory=OrderedDict)

    def name(self, identity: str) -> str:
        """The name as far as it is known; empty for ourselves, whom nobody needs to mention in a question."""
        return "" if identity == self.us.bot_user_id else self._names.get(identity, identity)

    async def learn(self, identities: Iterable[str]) -> None:
        """Look up those that are not known yet."""
        unknown = [one for one in identities if one not in self._names and one != self.us.bot_user_id]
        await _within([self._learn(one) for one in unknown[:_MOST_AT_ONCE]])

    async def root(self, channel: str, thread: str) -> Quoted | None:
        """What a thread began with; None when it cannot be had in time, when we began it, or without a thread."""
        if not thread:
            return None
        key = f"{channel}/{thread}"
        if key not in self._roots:
            await _within([self._root(channel, thread)])
        found = self._roots.get(key)
        return found if found and found.text else None

    async def _learn(self, identity: str) -> None:
        try:
            found = mapping((await self.api.once("users.info", {"user": identity}, reading=True)).get("user"))
        except (Refused, NoPlace):
            found = {}
        profile = mapping(found.get("profile"))
        name = text(profile.get("display_name")) or text(profile.get("real_name")) or text(found.get("name"))
        _keep(self._names, identity, name or identity)

    async def _root(self, channel: str, thread: str) -> None:
        asked: Json = {"channel": channel, "ts": thread, "limit": 1}
        messages = mappings((await self.api.once("conversations.replies", asked, reading=True)).get("messages"))
        first = messages[0] if messages else {}
        ours = first.get("bot_id") == self.us.bot_id
        quoted = None if ours else quoted_root(first, self.name)
        _keep(self._roots, f"{channel}/{thread}", quoted or Quoted(author="", text=""))


async def _within(looking: Iterable[Coroutine[None, None, None]]) -> None:
    """Do several things at once, as far as they come in time."""
    tasks = [asyncio.create_task(one) for one in looking]
    if not tasks:
        return
    done, late = await asyncio.wait(tasks, timeout=_SECONDS)
    for task in late:
        task.cancel()
    for failed in await asyncio.gather(*done, *late, return_exceptions=True):
        if isinstance(failed, BaseException) and not isinstance(failed, _EXPECTED):
            raise failed


_EXPECTED = (Busy, Lost, Refused, NoPlace, ChatUnavailable, asyncio.CancelledError)


def _keep(kept: OrderedDict[str, T], key: str, value: T) -> None:
    kept[key] = value
    if len(kept) > _MOST_KEPT:
        kept.popitem(last=False)
