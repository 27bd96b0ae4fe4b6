"""What an app may ask about: itself, the workspace, people, groups, channels and their messages."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from connectors.chat.fakes.slack_json import Json
from connectors.chat.fakes.slack_platform import Platform
from connectors.chat.fakes.slack_web import Call, Method, Refused
from connectors.chat.fakes.slack_workspace import Channel, Message, Person

_CONVERSATIONS = ("channels", "groups", "im", "mpim")
_READ = tuple(f"{one}:read" for one in _CONVERSATIONS)
_HISTORY = tuple(f"{one}:history" for one in _CONVERSATIONS)
_OPEN = ("channels:manage", "groups:write", "im:write", "mpim:write")


@dataclass
class Directory:
    """The app itself, the workspace, people and groups."""

    platform: Platform

    def methods(self) -> Mapping[str, Method]:
        """By name."""
        return {
            "apps.connections.open": Method(self.connect, 3, ("connections:write",), app_level=True),
            "auth.test": Method(self.test),
            "team.info": Method(self.team, 3, ("team:read",)),
            "bots.info": Method(self.bot, 3, ("users:read",)),
            "users.info": Method(self.user, 4, ("users:read",)),
            "users.list": Method(self.users, 2, ("users:read",)),
            "usergroups.list": Method(self.groups, 2, ("usergroups:read",)),
            "usergroups.users.list": Method(self.group_users, 2, ("usergroups:read",)),
        }

    async def connect(self, call: Call) -> Json:
        address = self.platform.address.replace("http://", "ws://")
        return {"url": f"{address}/link/?ticket={self.platform.sockets.ticket()}&app_id={self.platform.app.id}"}

    async def test(self, call: Call) -> Json:
        app, workspace = self.platform.app, self.platform.workspace
        return {"url": f"https://{workspace.domain}.slack.com/", "team": workspace.domain.title(), "user": app.bot.name,
                "team_id": workspace.team, "user_id": app.bot.id, "bot_id": app.bot.bot,
                "is_enterprise_install": False}  # fmt: skip

    async def team(self, call: Call) -> Json:
        workspace = self.platform.workspace
        team: Json = {"id": workspace.team, "name": workspace.domain.title(), "domain": workspace.domain,
                      "email_domain": "acme.example", "icon": {"image_default": True}}  # fmt: skip
        return {"team": team}

    async def bot(self, call: Call) -> Json:
        found = next((one for one in self.platform.workspace.people.values() if one.bot == call.required("bot")), None)
        if found is None:
            raise Refused("bot_not_found")
        app = self.platform.app.id if found is self.platform.app.bot else "A0FAKEOTHER"
        bot: Json = {"id": found.bot, "deleted": False, "name": found.title, "updated": 1_700_000_000, "app_id": app,
                     "user_id": found.id, "icons": {}}  # fmt: skip
        return {"bot": bot}

    def _person(self, person: Person) -> Json:
        mail: Json = {"email": person.email} if "users:read.email" in self.platform.app.scopes else {}
        stranger = person.team != self.platform.workspace.team
        return {
            "id": person.id, "team_id": person.team, "name": person.name, "deleted": False, "real_name": person.title,
            "tz": "Europe/Berlin", "tz_offset": 3_600, "locale": person.language, "is_bot": bool(person.bot),
            "is_app_user": False, "is_restricted": False, "is_ultra_restricted": False, "is_stranger": stranger,
            "profile": {"real_name": person.title, "display_name": person.name, "team": person.team,
                        "real_name_normalized": person.title, "display_name_normalized": person.name, **mail},
        }  # fmt: skip

    async def user(self, call: Call) -> Json:
        found = self.platform.workspace.people.get(call.required("user"))
        if found is None:
            raise Refused("user_not_found")
        return {"user": self._person(found)}

    async def users(self, call: Call) -> Json:
        people = [self._person(one) for one in self.platform.workspace.people.values()]
        shown, more = _page(people, call, 1_000)
        return {"members": shown, **more}

    async def groups(self, call: Call) -> Json:
        found: list[JsonValue] = []
        for one in self.platform.workspace.groups.values():
            group: Json = {"id": one.id, "team_id": self.platform.workspace.team, "is_usergroup": True,
                           "name": one.handle.title(), "handle": one.handle, "date_delete": 0,
                           "user_count": len(one.members)}  # fmt: skip
            found.append(group | ({"users": list(one.members)} if call.flag("include_users") else {}))
        return {"usergroups": found}

    async def group_users(self, call: Call) -> Json:
        found = self.platform.workspace.groups.get(call.required("usergroup"))
        if found is None:
            raise Refused("no_such_subteam")
        return {"users": list(found.members)}


@dataclass
class Conversations:
    """Channels, their members and messages."""

    platform: Platform

    def methods(self) -> Mapping[str, Method]:
        """By name."""
        return {
            "conversations.info": Method(self.info, 3, _READ),
            "conversations.list": Method(self.channels, 2, _READ),
            "conversations.members": Method(self.members, 4, _READ),
            "users.conversations": Method(self.own, 3, _READ),
            "conversations.history": Method(self.history, 3, _HISTORY),
            "conversations.replies": Method(self.replies, 3, _HISTORY),
            "conversations.open": Method(self.open, 3, _OPEN),
            "conversations.join": Method(self.join, 3, ("channels:join",)),
        }

    def _channel(self, channel: Channel) -> Json:
        common: Json = {"id": channel.id, "created": 1_700_000_000, "is_archived": channel.archived,
                        "is_im": channel.kind == "im", "context_team_id": self.platform.workspace.team}  # fmt: skip
        bot = self.platform.app.bot.id
        if channel.kind == "im":
            other = next((one for one in channel.members if one != bot), "")
            return common | {"user": other, "is_open": True}
        return common | {
            "name": channel.name, "name_normalized": channel.name, "is_channel": channel.kind == "channel",
            "is_group": channel.kind == "group", "is_mpim": channel.kind == "mpim",
            "is_private": channel.kind != "channel", "is_member": bot in channel.members, "is_shared": channel.shared,
            "is_ext_shared": channel.shared, "is_general": False, "creator": next(iter(channel.members), ""),
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }  # fmt: skip

    async def info(self, call: Call) -> Json:
        channel = self.platform.channel(call.required("channel"))
        self.platform.need("read", channel)
        more: Json = {"num_members": len(channel.members)} if call.flag("include_num_members") else {}
        return {"channel": self._channel(channel) | more}

    async def channels(self, call: Call) -> Json:
        kinds = (call.text("types") or "public_channel").split(",")
        names = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
        wanted = {names[one.strip()] for one in kinds if one.strip() in names}
        bot = self.platform.app.bot.id
        found = [self._channel(one) for one in self.platform.workspace.channels.values()
                 if one.kind in wanted and (one.kind == "channel" or bot in one.members)]  # fmt: skip
        shown, more = _page(found, call, 1_000)
        return {"channels": shown, **more}

    async def own(self, call: Call) -> Json:
        """The channels that the bot is in; every kind that is asked for takes its own scope."""
        kinds = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
        asked = (call.text("types") or "public_channel").split(",")
        wanted = [kinds[one.strip()] for one in asked if one.strip() in kinds]
        scopes = {kind: f"{kind}s:read" if kind in ("channel", "group") else f"{kind}:read" for kind in wanted}
        missing = [one for one in scopes.values() if one not in self.platform.app.scopes]
        if missing:
            provided = ",".join(sorted(self.platform.app.scopes))
            raise Refused("missing_scope", needed=",".join(missing), provided=provided)
        channels = self.platform.workspace.channels.values()
        inside = [one for one in channels if one.kind in scopes and self.platform.app.bot.id in one.members]
        shown, more = _page([self._channel(one) for one in inside], call, 100)
        return {"channels": shown, **more}

    async def members(self, call: Call) -> Json:
        channel = self.platform.channel(call.required("channel"))
        self.platform.need("read", channel)
        shown, more = _page(channel.members, call, 1_000)
        return {"members": shown, **more}

    async def history(self, call: Call) -> Json:
        channel = self._readable(call)
        found = [one for one in self.platform.workspace.messages(channel.id, "") if not one.thread_ts or one.broadcast]
        return self._messages(list(reversed(_between(found, call))), call)

    async def replies(self, call: Call) -> Json:
        channel = self._readable(call)
        asked = self.platform.workspace.find(channel.id, call.required("ts"))
        if asked is None or asked.ephemeral_to:
            raise Refused("thread_not_found")
        ts = asked.thread_ts or asked.ts
        found = self.platform.workspace.thread(channel.id, ts, "")
        answers = _between([one for one in found if one.ts != ts], call)
        return self._messages([one for one in found if one.ts == ts] + answers, call)

    def _readable(self, call: Call) -> Channel:
        channel = self.platform.channel(call.required("channel"))
        self.platform.need("history", channel)
        if self.platform.app.bot.id not in channel.members:
            raise Refused("not_in_channel")
        return channel

    def _messages(self, found: Sequence[Message], call: Call) -> Json:
        metadata = call.flag("include_all_metadata")
        shown, more = _page([self.platform.wording.message(one, metadata=metadata) for one in found], call, 999)
        return {"messages": shown, "has_more": bool(more["response_metadata"]["next_cursor"]), **more}

    async def open(self, call: Call) -> Json:
        if call.text("channel"):
            return {"channel": self._channel(self.platform.channel(call.text("channel")))}
        people = [one for one in call.text("users").split(",") if one]
        if not people:
            raise Refused("users_list_not_supplied")
        if any(one not in self.platform.workspace.people for one in people):
            raise Refused("user_not_found")
        channel = self.platform.workspace.direct((self.platform.app.bot.id, *people))
        return {"channel": self._channel(channel) if call.flag("return_im") else {"id": channel.id}}

    async def join(self, call: Call) -> Json:
        channel = self.platform.channel(call.required("channel"))
        if channel.archived:
            raise Refused("is_archived")
        if channel.kind != "channel":
            raise Refused("method_not_supported_for_channel_type")
        if self.platform.app.bot.id not in channel.members:
            channel.members.append(self.platform.app.bot.id)
            return {"channel": self._channel(channel)}
        return {"channel": self._channel(channel), "warning": "already_in_channel"}


def _between(messages: Sequence[Message], call: Call) -> list[Message]:
    oldest, latest, inclusive = call.text("oldest"), call.text("latest"), call.flag("inclusive")

    def inside(ts: str) -> bool:
        after = not oldest or float(ts) > float(oldest) or (inclusive and float(ts) == float(oldest))
        return after and (not latest or float(ts) < float(latest) or (inclusive and float(ts) == float(latest)))

    return [one for one in messages if inside(one.ts)]


def _page(found: Sequence[JsonValue], call: Call, otherwise: int) -> tuple[list[JsonValue], dict[str, Json]]:
    limit = min(max(1, call.number("limit", otherwise)), 1_000)
    begin = 0
    if call.text("cursor"):
        try:
            begin = int(base64.b64decode(call.text("cursor")))
        except ValueError as broken:
            raise Refused("invalid_cursor") from broken
    after = begin + limit
    more: Json = {"next_cursor": base64.b64encode(str(after).encode()).decode() if after < len(found) else ""}
    return list(found[begin:after]), {"response_metadata": more}
