"""What Feishu messages hold comes out as text, whatever their type, and their files by reference."""

import json
from typing import Any

import pytest

from connectors.chat.feishu_content import read


def text(kind: str, content: object, names: dict[str, str] | None = None) -> str:
    return read("om_1", kind, json.dumps(content, ensure_ascii=False), names or {}).text


def test_rich_text_with_all_its_pieces() -> None:
    line: list[Any] = [
        {"tag": "at", "user_id": "@_user_1", "user_name": ""},
        {"tag": "text", "text": " see "},
        {"tag": "a", "text": "the board", "href": "https://g.x/d"},
        {"tag": "emotion", "emoji_type": "SMILE"},
    ]
    code = [{"tag": "code_block", "language": "SQL", "text": "select 1"}]

    said = text("post", {"title": "Down", "content": [line, code]}, {"@_user_1": "Bob"})

    assert said == "Down\n@Bob see the board (https://g.x/d)\n\n```\nselect 1\n```"


def test_rich_text_in_several_languages_is_read_in_one() -> None:
    assert text("post", {"zh_cn": {"title": "", "content": [[{"tag": "text", "text": "你好"}]]}}) == "你好"


@pytest.mark.parametrize(
    "card",
    [
        pytest.param(
            {
                "header": {"title": {"tag": "plain_text", "content": "CPU high"}},
                "elements": [
                    {"tag": "div", "text": {"tag": "lark_md", "content": "**host** <font color='red'>db-1</font>"}},
                    {"tag": "div", "fields": [{"text": {"tag": "lark_md", "content": "load 42"}}]},
                    {
                        "tag": "action",
                        "actions": [{"tag": "button", "text": {"tag": "plain_text", "content": "Silence"}}],
                    },
                ],
            },
            id="json-1",
        ),
        pytest.param(
            {
                "schema": "2.0",
                "header": {"title": {"tag": "plain_text", "content": "CPU high"}},
                "body": {
                    "elements": [
                        {"tag": "markdown", "content": "**host** db-1"},
                        {"tag": "column_set", "columns": [{"elements": [{"tag": "markdown", "content": "load 42"}]}]},
                    ]
                },
            },
            id="json-2",
        ),
    ],
)
def test_cards_of_other_bots(card: object) -> None:
    for content in (card, {"user_dsl": json.dumps(card)}, {"json_card": json.dumps(card)}):
        assert text("interactive", content) == "CPU high\n**host** db-1\nload 42"


def test_tables_of_cards() -> None:
    table = {
        "tag": "table",
        "columns": [{"name": "h", "display_name": "Host"}, {"name": "v"}],
        "rows": [{"h": "db-1", "v": 42}, {"h": [{"text": "db-2"}]}],
    }

    assert text("interactive", {"elements": [table]}) == "Host | v\ndb-1 | 42\ndb-2 |"


def test_a_shortened_card() -> None:
    lines = [[{"tag": "text", "text": "disk "}, {"tag": "a", "text": "full", "href": "https://x.y"}], [{"tag": "hr"}]]

    assert text("interactive", {"title": "ALERT", "elements": lines}) == "ALERT\ndisk full (https://x.y)"


@pytest.mark.parametrize(
    ("kind", "content", "name", "reference", "media_type"),
    [
        ("image", {"image_key": "img_1"}, "img_1.png", "om_1/image/img_1", "image/png"),
        ("file", {"file_key": "f_1", "file_name": "app.log"}, "app.log", "om_1/file/f_1", ""),
        ("file", {"file_key": "f_1", "file_name": "a.txt"}, "a.txt", "om_1/file/f_1", "text/plain"),
        ("post", {"content": [[{"tag": "img", "image_key": "img_2"}]]}, "img_2.png", "om_1/image/img_2", "image/png"),
    ],
)
def test_files_come_by_reference(kind: str, content: object, name: str, reference: str, media_type: str) -> None:
    (file,) = read("om_1", kind, json.dumps(content), {}).files

    assert (file.name, file.reference, file.media_type) == (name, reference, media_type)


@pytest.mark.parametrize("content", ["", "not json", "[]", "null", '{"text": 5}', '{"content": [[5]]}'])
@pytest.mark.parametrize("kind", ["text", "post", "interactive", "sticker", "image", "never-heard-of"])
def test_damaged_content_says_nothing(kind: str, content: str) -> None:
    assert read("om_1", kind, content, {}).text == ""


def test_a_card_that_is_nested_without_end_comes_to_one() -> None:
    card: dict[str, Any] = {"tag": "markdown", "content": "deep"}
    for _ in range(200):
        card = {"tag": "div", "elements": [card]}

    assert text("interactive", {"elements": [card]}) == ""
