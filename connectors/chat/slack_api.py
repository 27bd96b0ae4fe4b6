"""Slack's Web API as we use it: a refusal in plain words, a wait as long as Slack says, nothing posted twice.

https://docs.slack.dev/apis/web-api, …/rate-limits
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal
from urllib.parse import urlsplit

import aiohttp
from pydantic import JsonValue
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from connectors.chat.ladder import Refused
from connectors.chat.port import CannotFetch, ChatUnavailable
from connectors.chat.slack_json import Json, mapping, mappings, text
from connectors.chat.slack_pace import Pace

CONSOLE = "https://api.slack.com/apps"
_TRIES = 3
_LONGEST_LINE = 300
_TOKEN = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type"}
    | {"user_removed_from_team", "team_access_not_granted", "org_login_required", "access_denied"}
)
_PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "accesslimited"})
_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_NO_PLACE = frozenset(
    {"channel_not_found", "not_in_channel", "is_archived", "user_not_in_channel", "cannot_reply_to_message"}
    | {"restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_locked"}
    | {"restricted_action_thread_only_channel", "restricted_action_non_threadable_channel", "no_permission"}
    | {"messages_tab_disabled", "ekm_access_denied", "thread_not_found", "user_not_found"}
)
_GONE = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive", "cant_edit_message"}
    | {"message_not_in_streaming_state", "message_not_owned_by_app", "stream_expired"}
)


class Refusal(Refused):
    """Slack does not take this content; ``error`` is its code."""

    def __init__(self, error: str, said: str) -> None:
        super().__init__(said)
        self.error = error


class NoPlace(Exception):
    """Nothing can be posted where it should go, in whatever form; the message says why."""


class Gone(Refusal):
    """The message that should be changed is gone, or can no longer be changed."""


class MissingScope(ChatUnavailable):
    """The app may not call a method; the message says which scope to add."""


class Busy(Exception):
    """Slack wants us to wait before a method is called again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:g} s")
        self.seconds = seconds


class Lost(Exception):
    """No answer came, or none to be understood; what was asked may have been done."""


class SlackApi:
    """Calls one workspace. ``patience`` is how many seconds a call may wait in all when Slack is busy."""

    def __init__(
        self,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        sleep: Callable[[float], Awaitable[None]],
        now: Callable[[], float],
        patience: float,
    ) -> None:
        self.client, self.session, self.sleep, self.now, self.patience = client, session, sleep, now, patience
        self.pace = Pace(now)

    async def call(
        self,
        method: str,
        arguments: Json,
        *,
        reading: bool = False,
        done: Callable[[], Awaitable[Json | None]] | None = None,
    ) -> Json:
        """A method's answer. Raises ``Refusal``, ``NoPlace`` or ``ChatUnavailable``; only the first for its content.

        ``done`` looks whether a call without an answer did its work all the same; then that is the answer.
        """
        deadline, lost = self.now() + self.patience, 0
        while True:
            try:
                return await self._in_turn(method, arguments, deadline, reading=reading)
            except Busy:
                continue
            except Lost as nothing:
                lost += 1
                if lost >= _TRIES:
                    raise ChatUnavailable(
                        f"Slack gave no answer to {method} ({nothing}): check the network and https://slack-status.com."
                    ) from nothing
                await self.sleep(0.5 * 2**lost)
            found = await done() if done else None
            if found is not None:
                return found

    async def _in_turn(self, method: str, arguments: Json, deadline: float, *, reading: bool) -> Json:
        line = self.pace.line(method, arguments)
        if not line.locked() and not self.pace.pause(method, arguments):
            return await self.once(method, arguments, reading=reading)
        async with line:
            pause = self.pace.pause(method, arguments)
            if self.now() + pause > deadline:
                raise ChatUnavailable(f"Slack limits {method}: no turn within {self.patience:.0f} s.")
            if pause:
                await self.sleep(pause)
            return await self.once(method, arguments, reading=reading)

    async def once(self, method: str, arguments: Json, *, reading: bool = False) -> Json:
        """The same in one attempt, without waiting. Raises ``Busy`` and ``Lost`` as well."""
        pause = self.pace.pause(method, arguments)
        if pause:
            raise Busy(pause)
        self.pace.counted(method)
        try:
            if reading:
                answer = await self.client.api_call(method, http_verb="GET", params=dict(arguments))
            else:
                answer = await self.client.api_call(method, json=dict(arguments))
        except SlackApiError as refused:
            raise self._meant(method, arguments, refused) from refused
        except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError, ValueError) as nothing:
            raise Lost(type(nothing).__name__) from nothing
        return mapping(answer.data if isinstance(answer.data, dict) else None)

    def _meant(self, method: str, arguments: Json, refused: SlackApiError) -> Exception:
        response = refused.response
        status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
        data = mapping(response.data) if hasattr(response, "data") and isinstance(response.data, dict) else {}
        error = text(data.get("error")) or f"HTTP {status}"
        if status == 429 or error in _LIMITED:
            seconds = _seconds(getattr(response, "headers", {}))
            self.pace.told(method, arguments, seconds)
            return Busy(seconds)
        if status >= 500 or error in _PASSING or not data:
            return Lost(error)
        return _refusal(method, error, data)

    async def upload(self, name: str, content: bytes, title: str, share: Json) -> str:
        """Put a file into Slack by the external upload flow; its id. ``share`` says where it is shown, if anywhere.

        https://docs.slack.dev/messaging/working-with-files#upload
        """
        asked: Json = {"filename": name, "length": len(content)}
        ticket = await self.call("files.getUploadURLExternal", asked, reading=True)
        try:
            async with self.session.post(text(ticket.get("upload_url")), data=content) as answer:
                if answer.status >= 400:
                    raise ChatUnavailable(f"Slack did not take the file {name}: HTTP {answer.status}.")
        except (aiohttp.ClientError, TimeoutError) as lost:
            raise ChatUnavailable(f"Slack did not take the file {name}: {type(lost).__name__}.") from lost
        identity = text(ticket.get("file_id"))
        files: JsonValue = [{"id": identity, "title": title}]
        await self.call("files.completeUploadExternal", {"files": files, **share})
        return identity

    async def download(self, identity: str, most: int) -> bytes:
        """A file by its id. Raises ``CannotFetch``; the token never goes to another host than Slack's own."""
        try:
            info = mapping((await self.call("files.info", {"file": identity}, reading=True)).get("file"))
        except (Refused, NoPlace, ChatUnavailable) as refused:
            raise CannotFetch(f"Slack does not hand out the file: {refused}") from refused
        size, address = info.get("size"), text(info.get("url_private_download")) or text(info.get("url_private"))
        if isinstance(size, int) and size > most:
            raise CannotFetch(f"It has {size:,} bytes; {most:,} are accepted.")
        try:
            return await self._body(address, most, markup="html" in text(info.get("mimetype")))
        except (aiohttp.ClientError, TimeoutError) as lost:
            raise CannotFetch(f"Slack did not send the file: {type(lost).__name__}.") from lost

    async def _body(self, address: str, most: int, *, markup: bool) -> bytes:
        if not slacks_own(address, self.client.base_url, "files"):
            raise CannotFetch("It lies with somebody else than Slack.")
        bearer = {"Authorization": f"Bearer {self.client.token}"}
        async with self.session.get(address, headers=bearer, allow_redirects=False) as answer:
            # To who may not read a file Slack shows its page for signing in.
            if answer.status != 200 or (not markup and answer.content_type == "text/html"):
                raise CannotFetch(
                    f"Slack does not hand it out (HTTP {answer.status}): does the app have the scope files:read, "
                    f"under OAuth & Permissions at {CONSOLE}?"
                )
            content = bytearray()
            async for piece in answer.content.iter_chunked(65_536):
                content += piece
                if len(content) > most:
                    raise CannotFetch(f"It is larger than {most:,} bytes.")
            return bytes(content)


def slacks_own(address: str, base_url: str, host_name: Literal["files", "hooks"]) -> bool:
    """Whether an address is at Slack's host of that name, or at a fake on this machine: nothing goes elsewhere."""
    api = urlsplit(base_url)
    try:
        asked = urlsplit(address)
        host, port = asked.hostname, asked.port
    except ValueError:
        return False
    if api.scheme == "https":
        return asked.scheme == "https" and host == f"{host_name}.{api.hostname}" and port in (None, 443)
    return (asked.scheme, host, port) == (api.scheme, api.hostname, api.port)


def _seconds(headers: object) -> float:
    """Slack's Retry-After; it is always whole seconds, and a missing one does not mean at once."""
    found = next((value for name, value in _pairs(headers) if name.lower() == "retry-after"), "")
    return max(1.0, float(found)) if found.isdigit() else 1.0


def _pairs(headers: object) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in headers.items()] if isinstance(headers, Mapping) else []


def _refusal(method: str, error: str, data: Json) -> Exception:
    where = f"under OAuth & Permissions at {CONSOLE}"
    if error == "missing_scope":
        needed = text(data.get("needed"))[:100]
        return MissingScope(f"Slack refuses {method}: add the scope {needed} {where}, then install the app again.")
    if error in _TOKEN:
        return ChatUnavailable(
            f"Slack refuses our token ({error} for {method}): install the app again and copy the new token {where}."
        )
    details = mapping(data.get("response_metadata")).get("messages")
    said = "; ".join([str(one) for one in details] if isinstance(details, list) else [])
    found = f"{error} ({said[:_LONGEST_LINE]})" if said else error
    if error in _NO_PLACE:
        return NoPlace(f"Slack refuses {method}: {found}")
    return (Gone if error in _GONE else Refusal)(error, f"Slack refuses {method}: {found}")


def answers(found: Json, bot_id: str, question_id: str, but: str = "") -> dict[str, str]:
    """Of the messages of a conversation, ``but`` for one, those that answer a question: the ts of each part by name."""
    parts: dict[str, str] = {}
    for message in mappings(found.get("messages")):
        payload = mapping(mapping(message.get("metadata")).get("event_payload"))
        begun = any(one.get("block_id") == begun_as(question_id) for one in mappings(message.get("blocks")))
        # Any app can write such metadata into its messages.
        ours = message.get("bot_id") == bot_id and message.get("ts") != but
        if ours and (begun or payload.get("question_id") == question_id):
            parts.setdefault(text(payload.get("part")) or "0", text(message.get("ts")))
    return parts


def begun_as(question_id: str) -> str:
    """The name of the block that shows in a streamed message, which has no metadata, what it answers."""
    return f"nightshift {question_id}"[:255]
