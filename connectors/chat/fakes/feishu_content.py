"""What an app may send that is no card: text, rich text, pictures, files, names of chats and people."""

from connectors.chat.fakes.feishu_messages import with_mentions
from connectors.chat.fakes.feishu_platform import Platform
from connectors.chat.fakes.feishu_terms import Json, Refused, invalid

_PIECES = frozenset({"text", "a", "at", "img", "media", "emotion", "hr", "code_block", "md"})
# Each has a paragraph to itself.
_ALONE = frozenset({"img", "media", "md"})
_REFERENCES = {"image": "image_key", "file": "file_key", "audio": "file_key", "media": "file_key"}
_OTHERS = {"share_chat": "chat_id", "share_user": "user_id", "sticker": "file_key"}
Content = tuple[Json, list[tuple[str, str]]]


def sent_content(platform: Platform, msg_type: str, body: Json, size: int) -> Content:
    """The content as it is kept, and whom it mentions. Raises the refusal of one that the platform would not take."""
    if msg_type == "text":
        return _text(platform, body, size)
    if msg_type == "post":
        return _post(platform, body, size)
    if msg_type in _REFERENCES:
        name = _REFERENCES[msg_type]
        _uploaded(platform, str(body.get(name)), f"invalid {name}")
        return {**body, **_named(platform, str(body[name]))}, []
    if msg_type in _OTHERS and body.get(_OTHERS[msg_type]):
        return body, []
    raise invalid("invalid msg_type" if msg_type not in _OTHERS else "invalid message content")


def _named(platform: Platform, key: str) -> Json:
    return {"file_name": platform.files[key].name} if key.startswith("file_") else {}


def _uploaded(platform: Platform, key: str, refusal: str) -> None:
    file = platform.files.get(key)
    if file is None:
        raise invalid(refusal)
    if file.owner != platform.console.app_id:
        raise Refused(230017, "Bot is NOT the owner of the resource.")


def _text(platform: Platform, body: Json, size: int) -> Content:
    if size > platform.limits.text_bytes:
        raise Refused(230025, "The length of the message content reaches its limit.")
    said = body.get("text")
    if not isinstance(said, str) or not said.strip():
        raise invalid("invalid message content")
    said, mentions = with_mentions(said, platform.company)
    return {"text": said}, mentions


def _post(platform: Platform, body: Json, size: int) -> Content:
    if size > platform.limits.post_bytes:
        raise Refused(230025, "The length of the message content reaches its limit.")
    language = next((one for one in body.values() if isinstance(one, dict)), None)
    if language is None or not isinstance(language.get("content"), list) or not language["content"]:
        raise invalid("invalid message content")
    mentions: list[tuple[str, str]] = []
    lines = [_line(platform, line, mentions) for line in language["content"]]
    return {"title": language.get("title", ""), "content": lines}, mentions


def _line(platform: Platform, line: object, mentions: list[tuple[str, str]]) -> list[Json]:
    if not isinstance(line, list) or not all(isinstance(piece, dict) for piece in line):
        raise invalid("invalid message content")
    if len(line) > 1 and any(piece.get("tag") in _ALONE for piece in line):
        raise invalid("invalid message content: a picture, a video and md have a paragraph to themselves")
    return [_piece(platform, piece, mentions) for piece in line]


def _piece(platform: Platform, piece: Json, mentions: list[tuple[str, str]]) -> Json:
    tag = piece.get("tag")
    if tag not in _PIECES or (tag in ("text", "a", "md") and not isinstance(piece.get("text"), str)):
        raise invalid("invalid message content")
    if tag == "a" and not str(piece.get("href", "")).startswith(("http://", "https://", "mailto:", "lark://")):
        raise invalid("invalid message content: invalid href")
    if tag == "img":
        _uploaded(platform, str(piece.get("image_key")), "invalid image_key")
    if tag == "md":
        said, found = with_mentions(piece["text"], platform.company, len(mentions))
        mentions += found
        # Reads never hold Markdown: the platform has taken it apart into texts.
        return {"tag": "text", "text": said, "style": []}
    if tag == "at" and piece.get("user_id") != "all":
        person = platform.company.someone(str(piece.get("user_id")))
        if person is None:
            raise invalid("invalid user_id")
        mentions.append((person.open_id, person.name))
        return {"tag": "at", "user_id": f"@_user_{len(mentions)}", "user_name": person.name, "style": []}
    return piece
