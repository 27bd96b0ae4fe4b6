"""Pictures, files and reactions of a fake Feishu (open.feishu.cn, im-v1/image, file, message-resource, reaction)."""

from connectors.chat.fakes.feishu_im import page_size, required
from connectors.chat.fakes.feishu_platform import Call, Download, Platform, Route
from connectors.chat.fakes.feishu_terms import Json, Refused

_PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
    b"BM": "image/bmp",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
    b"\x00\x00\x01\x00": "image/x-icon",
}
_FILE_TYPES = frozenset({"opus", "mp4", "pdf", "doc", "xls", "ppt", "stream"})


def _bad_request() -> Refused:
    return Refused(234001, "Invalid request param.")


def picture_type(content: bytes) -> str:
    """The media type of a picture in one of the accepted formats; empty when it is none."""
    return next((kind for start, kind in _PICTURES.items() if content.startswith(start)), "")


def upload_image(platform: Platform, call: Call) -> Json:
    content = call.form.get("image")
    if call.form.get("image_type") not in ("message", "avatar") or not isinstance(content, bytes):
        raise _bad_request()
    _sized(content, platform.limits.image_bytes)
    kind = picture_type(content)
    if not kind:
        raise Refused(234011, "Can't regonnize the image format.")
    return {"image_key": platform.store("", content, kind, platform.console.app_id, "img_v3_")}


def upload_file(platform: Platform, call: Call) -> Json:
    content, name = call.form.get("file"), call.form.get("file_name")
    if call.form.get("file_type") not in _FILE_TYPES or not isinstance(content, bytes) or not name:
        raise _bad_request()
    _sized(content, platform.limits.file_bytes)
    kind = "application/octet-stream"
    return {"file_key": platform.store(str(name), content, kind, platform.console.app_id, "file_v3_")}


def _sized(content: bytes, most: int) -> None:
    if not content:
        raise Refused(234010, "File's size can't be 0.")
    if len(content) > most:
        raise Refused(234006, "The file size exceed the max value.")


def resource(platform: Platform, call: Call) -> Download:
    """A picture or file of a message; not of a card, nor of a message inside a merged forward."""
    message, key = platform.messages.get(call.path["message_id"]), call.path["file_key"]
    if message is None or call.query.get("type") not in ("image", "file"):
        raise _bad_request()
    if message.deleted:
        raise Refused(230110, "Action unavailable as the message has been deleted.")
    if platform.console.app_id not in platform.company.chats[message.chat_id].bots:
        raise Refused(234004, "App not in chat.")
    if message.msg_type in ("interactive", "merge_forward") or message.upper_message_id:
        raise Refused(234043, "Unsupported message type.")
    picture = key.startswith("img_")
    if key not in message.keys or key not in platform.files or picture != (call.query["type"] == "image"):
        raise Refused(234003, "File not in message.")
    return Download(platform.files[key])


def download(platform: Platform, call: Call) -> Download:
    """A picture or file that the app itself has uploaded."""
    file = platform.files.get(call.path["key"])
    if file is None:
        raise _bad_request()
    if file.owner != platform.console.app_id:
        raise Refused(234008, "The app is not the resource sender.")
    return Download(file)


def react(platform: Platform, call: Call) -> Json:
    message = platform.messages.get(call.path["message_id"])
    if message is None or message.deleted:
        raise Refused(231003, "The message is not found, maybe not exist or deleted.")
    if platform.console.app_id not in platform.company.chats[message.chat_id].bots:
        raise Refused(231002, "The operator has no permission to react on the specific message.")
    required(call.body, "reaction_type")
    emoji = str(call.body["reaction_type"].get("emoji_type") or "")
    if not emoji.replace("_", "").isalnum():
        raise Refused(231001, "reaction type is invalid.")
    reaction_id = platform.company.new_id("", 24)
    message.reactions[reaction_id] = (platform.console.app_id, emoji)
    return _reaction(platform, reaction_id, (platform.console.app_id, emoji))


def _reaction(platform: Platform, reaction_id: str, one: tuple[str, str]) -> Json:
    kind = "app" if one[0] == platform.console.app_id else "user"
    return {
        "reaction_id": reaction_id,
        "operator": {"operator_id": one[0], "operator_type": kind},
        "action_time": platform.clock.milliseconds(),
        "reaction_type": {"emoji_type": one[1]},
    }


def unreact(platform: Platform, call: Call) -> Json:
    message = platform.message(call.path["message_id"])
    one = message.reactions.get(call.path["reaction_id"])
    if one is None or one[0] != platform.console.app_id:
        raise Refused(231007, "The reaction is not of this operator.")
    return _reaction(platform, call.path["reaction_id"], message.reactions.pop(call.path["reaction_id"]))


def reactions(platform: Platform, call: Call) -> Json:
    message = platform.message(call.path["message_id"])
    wanted = call.query.get("reaction_type")
    found = [_reaction(platform, key, one) for key, one in message.reactions.items() if wanted in (None, one[1])]
    return {"items": found[: page_size(call, 20, 50)], "has_more": False}


_RESOURCE = ("im:resource", "im:resource:upload")
_REACT = ("im:message", "im:message.reactions:write_only")
_REACTIONS = "/open-apis/im/v1/messages/{message_id}/reactions"
ROUTES = (
    Route("POST", "/open-apis/im/v1/images", upload_image, _RESOURCE),
    Route("POST", "/open-apis/im/v1/files", upload_file, _RESOURCE),
    Route("GET", "/open-apis/im/v1/images/{key}", download, _RESOURCE),
    Route("GET", "/open-apis/im/v1/files/{key}", download, _RESOURCE),
    Route(
        "GET",
        "/open-apis/im/v1/messages/{message_id}/resources/{file_key}",
        resource,
        ("im:message", "im:message:readonly", "im:message.history:readonly"),
    ),
    Route("POST", _REACTIONS, react, _REACT),
    Route("GET", _REACTIONS, reactions, ("im:message", "im:message:readonly", "im:message.reactions:read")),
    Route("DELETE", f"{_REACTIONS}/{{reaction_id}}", unreact, _REACT),
)
