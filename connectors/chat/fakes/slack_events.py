"""What Slack sends: messages, events and interactions in the form in which apps get them."""

from collections.abc import Mapping

from pydantic import JsonValue

from connectors.chat.fakes.slack_app import App
from connectors.chat.fakes.slack_json import Json, text
from connectors.chat.fakes.slack_workspace import Channel, Message, Person, StoredFile, Workspace


class Wording:
    """Turns what is in the workspace into Slack's JSON (docs.slack.dev/reference/events, …/interactivity)."""

    def __init__(self, workspace: Workspace, app: App) -> None:
        self._workspace = workspace
        self._app = app
        self.address = ""

    def file(self, file: StoredFile) -> Json:
        """A file object."""
        at = f"{self.address}/files-pri/{self._workspace.team}-{file.id}"
        known = file.ready_at <= self._workspace.clock()
        kind = file.name.rpartition(".")[2].lower() if known else ""
        shares: Json = {channel: [{"ts": ts}] for channel, ts in file.shared.items()}
        return {
            "id": file.id, "created": int(file.created), "timestamp": int(file.created), "name": file.name,
            "title": file.title, "mimetype": file.media_type if known else "", "filetype": kind,
            "pretty_type": kind.upper(), "user": file.owner, "user_team": self._workspace.team, "editable": False,
            "size": len(file.content or b""), "mode": "hosted", "is_external": False, "external_type": "",
            "is_public": bool(file.shared), "public_url_shared": False, "display_as_bot": False, "username": "",
            "file_access": "visible",
            "url_private": f"{at}/{file.name}", "url_private_download": f"{at}/download/{file.name}",
            "permalink": f"{self.address}/files/{file.owner}/{file.id}/{file.name}", "shares": {"public": shares},
            "permalink_public": "", "media_display_type": "unknown",
            "channels": list(file.shared), "groups": [], "ims": [], "comments_count": 0, "has_rich_preview": False,
        }  # fmt: skip

    def message(self, message: Message, *, metadata: bool = False) -> Json:
        """A message object."""
        said: Json = {"type": "message", "text": message.text, "ts": message.ts, "team": self._workspace.team}
        person = self._workspace.people.get(message.user)
        if person:
            said |= {"user": person.id, "team": person.team}
        said |= self._author(message, person)
        parent = self._workspace.find(message.channel, message.thread_ts) if message.thread_ts else None
        optional: Mapping[str, JsonValue] = {
            "subtype": message.subtype, "blocks": list(message.blocks), "attachments": list(message.attachments),
            "files": [self.file(one) for one in message.files], "thread_ts": message.thread_ts,
            "parent_user_id": parent.user if parent and parent is not message else "",
            "edited": {"user": message.user, "ts": message.edited} if message.edited else None,
            "reactions": [{"name": k, "users": list(v), "count": len(v)} for k, v in message.reactions.items()],
            "metadata": message.metadata if metadata else None,
        }  # fmt: skip
        said |= {name: value for name, value in optional.items() if value}
        if message.files:
            said |= {"upload": False, "display_as_bot": False}
        return said | self._replies(message)

    def _author(self, message: Message, person: Person | None) -> Json:
        if not message.bot:
            return {"client_msg_id": f"00000000-0000-4000-8000-{message.ts.replace('.', '')[-12:]:0>12}"}
        ours = message.bot == self._app.bot.bot
        by: Json = {"bot_id": message.bot}
        if message.username:
            by |= {"username": message.username, "icons": {"emoji": ":robot_face:"}}
        if person:
            name = person.title
            app = self._app.id if ours else "A0FAKEOTHER"
            by["app_id"] = app
            by["bot_profile"] = {
                "id": message.bot, "deleted": False, "name": name, "updated": 1_700_000_000, "app_id": app,
                "icons": {"image_36": "", "image_48": "", "image_72": ""}, "team_id": self._workspace.team,
            }  # fmt: skip
        return by

    def _replies(self, message: Message) -> Json:
        replies = [one for one in self._workspace.thread(message.channel, message.ts, "") if one.ts != message.ts]
        if not replies:
            return {}
        users = list(dict.fromkeys(one.user or one.bot for one in replies))
        return {"thread_ts": message.ts, "reply_count": len(replies), "reply_users_count": len(users),
                "reply_users": list(users), "latest_reply": replies[-1].ts, "is_locked": False}  # fmt: skip

    def event(self, event: Json, channel: Channel | None = None) -> Json:
        """The outer form of an event."""
        now = self._workspace.clock()
        return {
            "token": self._app.verification, "team_id": self._workspace.team, "context_team_id": self._workspace.team,
            "context_enterprise_id": None, "api_app_id": self._app.id, "event": event, "type": "event_callback",
            "event_id": self._workspace.new_id("Ev"), "event_time": int(now),
            "authorizations": [{
                "enterprise_id": None, "team_id": self._workspace.team, "user_id": self._app.bot.id, "is_bot": True,
                "is_enterprise_install": False,
            }],
            "is_ext_shared_channel": bool(channel and channel.shared),
            "event_context": f"4-{text(event.get('type'))}-{self._workspace.team}-{channel.id if channel else ''}",
        }  # fmt: skip

    def said(self, message: Message, channel: Channel) -> Json:
        """The event that a message was posted."""
        event = self.message(message, metadata=bool(message.metadata)) | self._where(channel, message.ts)
        stranger = self._workspace.people.get(message.user)
        if stranger and stranger.team != self._workspace.team:
            profile: Json = {"team": stranger.team, "real_name": stranger.title, "name": stranger.name}
            event |= {"user_team": stranger.team, "source_team": stranger.team, "user_profile": profile}
        return self.event(event, channel)

    def mentioned(self, message: Message, channel: Channel) -> Json:
        """The event that the app was mentioned; it comes besides the message's own."""
        event = self.message(message) | {"type": "app_mention", "channel": channel.id, "event_ts": message.ts}
        for name in ("subtype", "reply_count", "reply_users", "reply_users_count", "latest_reply", "is_locked"):
            event.pop(name, None)
        return self.event(event, channel)

    def changed(self, message: Message, before: Json, channel: Channel) -> Json:
        """The event that a message was changed: by its author, by Slack that unfolds a link, by a deletion."""
        ts = self._workspace.new_ts()
        event: Json = {"type": "message", "subtype": "message_changed", "message": self.message(message),
                       "previous_message": before, "hidden": True, "ts": ts}  # fmt: skip
        return self.event(event | self._where(channel, ts), channel)

    def deleted(self, before: Json, channel: Channel) -> Json:
        """The event that a message was deleted."""
        ts = self._workspace.new_ts()
        event: Json = {"type": "message", "subtype": "message_deleted", "previous_message": before, "hidden": True,
                       "deleted_ts": before["ts"], "ts": ts}  # fmt: skip
        return self.event(event | self._where(channel, ts), channel)

    def _where(self, channel: Channel, ts: str) -> Json:
        return {"channel": channel.id, "event_ts": ts, "channel_type": channel.kind}

    def interaction(self, kind: str, person: Person) -> Json:
        """What every interactive payload begins with."""
        return {
            "type": kind, "token": self._app.verification, "api_app_id": self._app.id, "enterprise": None,
            "is_enterprise_install": False, "team": {"id": self._workspace.team, "domain": self._workspace.domain},
            "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team},
        }  # fmt: skip

    def channel(self, channel: Channel) -> Json:
        """A channel as interactive payloads name it."""
        name = {"im": "directmessage", "group": "privategroup"}.get(channel.kind, channel.name)
        return {"id": channel.id, "name": name}
