"""files.*: upload by an external URL, sharing, and the private addresses from which files are read."""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from connectors.chat.fakes.slack_chat import Writing
from connectors.chat.fakes.slack_json import Json, mappings, text
from connectors.chat.fakes.slack_web import Call, Method, Refused
from connectors.chat.fakes.slack_workspace import Channel, StoredFile

_LOGIN = (
    '<!DOCTYPE html><html lang="en-US"><head><title>Sign in | Slack</title></head>'
    "<body><h1>Sign in to your workspace</h1></body></html>"
)


@dataclass
class Files:
    """Files and how they come in and go out."""

    writing: Writing
    _uploads: dict[str, tuple[StoredFile, int]] = field(default_factory=dict)

    def methods(self) -> Mapping[str, Method]:
        """By name."""
        return {
            "files.getUploadURLExternal": Method(self.upload_url, 4, ("files:write",)),
            "files.completeUploadExternal": Method(self.complete, 4, ("files:write",)),
            "files.info": Method(self.info, 4, ("files:read",)),
        }

    async def upload_url(self, call: Call) -> Json:
        platform = self.writing.platform
        name, length = call.required("filename"), call.number("length", 0)
        if not length:
            raise Refused("missing_argument")
        if len(call.text("alt_txt")) > 1_000:
            raise Refused("alt_txt_too_large")
        if platform.workspace.full(length):
            raise Refused("storage_limit_reached")
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file = platform.workspace.file(name, media_type, platform.app.bot.id)
        self._uploads[file.id] = (file, length)
        return {"upload_url": f"{platform.address}/upload/v1/{file.id}", "file_id": file.id}

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """The bytes of an upload, as the body or as a form."""
        file, length = self._uploads.pop(request.match_info["name"], (None, 0))
        if file is None:
            return web.Response(status=404, text="not found")
        content = await _content(request)
        if len(content) != length:
            return web.Response(status=400, text=f"expected {length} bytes")
        file.content = content
        return web.Response(text=f"OK - {len(content)}")

    async def complete(self, call: Call) -> Json:
        platform = self.writing.platform
        asked = mappings(call.json("files", "invalid_arguments"))
        files = [platform.workspace.files.get(text(one.get("id"))) for one in asked]
        found = [one for one in files if one and one.content is not None and one.owner == platform.app.bot.id]
        if not asked or len(found) < len(asked):
            raise Refused("file_not_found")
        names = [call.text("channel_id"), *call.text("channels").split(",")]
        channels = [platform.writable(one) for one in names if one]
        for file, one in zip(found, asked, strict=True):
            file.complete, file.title = True, text(one.get("title")) or file.title
            file.ready_at = platform.workspace.clock() + platform.contents.picture_seconds
        for channel in channels:
            await self._share(channel, found, call)
        return {"files": [platform.wording.file(one) for one in found]}

    async def _share(self, channel: Channel, files: list[StoredFile], call: Call) -> None:
        platform = self.writing.platform
        payload: Json = {"text": call.text("initial_comment")}
        message = self.writing.written(channel, payload, self.writing.thread(channel, call.text("thread_ts")))
        message.files, message.subtype = list(files), "file_share"
        for file in files:
            file.shared[channel.id] = message.ts
        platform.workspace.add(message)
        names: Json = {"files": [one.name for one in files]}
        platform.record("files.completeUploadExternal", channel, payload | names, ts=message.ts)
        await platform.announce(message)

    async def info(self, call: Call) -> Json:
        found = self.writing.platform.workspace.files.get(call.required("file"))
        if found is None:
            raise Refused("file_not_found")
        return {"file": self.writing.platform.wording.file(found), "comments": []}

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The bytes, for who has a token that may read; everybody else is sent to the sign-in page, as Slack does.

        That page is on another host: a token must not follow there.
        """
        app = self.writing.platform.app
        allowed = request.headers.get("Authorization") == f"Bearer {app.bot_token}" and "files:read" in app.scopes
        file = self.writing.platform.workspace.files.get(request.match_info["name"].partition("-")[2])
        if not allowed or app.revoked:
            port = request.url.port
            raise web.HTTPFound(f"http://localhost:{port}/?redir={request.path}")
        if file is None or file.content is None:
            return web.Response(status=404, text="not found")
        return web.Response(body=file.content, content_type=file.media_type)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """The page on which a person would sign in."""
        return web.Response(text=_LOGIN, content_type="text/html")


async def _content(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.filename:
            return bytes(await part.read())
    return b""
