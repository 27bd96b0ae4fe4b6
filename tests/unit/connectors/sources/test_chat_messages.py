"""Messages of Slack and Feishu as Markdown, also those that were made to do harm."""

import json
import time
from typing import Any

import pytest

from connectors.sources.formats import conversation, feishu_message, slack_message
from connectors.sources.formats.conversation import Said
from connectors.sources.formats.mrkdwn import markdown

PEOPLE = {"U1": "Anna", "S1": "sre", "C1": "ops"}


def name(id: str) -> str:
    return PEOPLE.get(id, id)


def slack(**message: Any) -> str:
    return slack_message.read(message, name)


def feishu(kind: str, body: Any) -> str:
    return feishu_message.read(kind, body if isinstance(body, str) else json.dumps(body), {"@_user_1": "小明"})


@pytest.mark.parametrize(
    ("mrkdwn", "text"),
    [
        pytest.param("*bold* and ~old~ and _it_", "**bold** and ~~old~~ and _it_", id="styles"),
        pytest.param("2*3*4 snake_case ~/.bashrc", "2*3*4 snake_case ~/.bashrc", id="no-styles"),
        pytest.param("<https://a.b/?x=1&amp;y=2|the *panel*>", "[the **panel**](https://a.b/?x=1&y=2)", id="link"),
        pytest.param("<https://a.b>", "https://a.b", id="bare-link"),
        pytest.param("<@U1> <@U9|zoe> <#C1|ops> <#C2>", "@Anna @U9 #ops #C2", id="mentions"),
        pytest.param(
            "<!here> <!channel|@channel> <!subteam^S1> <!subteam^S9|@dba>", "here channel sre dba", id="groups"
        ),
        pytest.param("<!date^1392734382^{date}|Feb 18>", "Feb 18", id="date"),
        pytest.param("<mailto:a@b.c|a@b.c> <tel:1|call>", "a@b.c call", id="other-targets"),
        pytest.param(
            "run ```kubectl get &lt;pod&gt;\n# x``` now", "run\n\n```\nkubectl get <pod>\n# x\n```\n\nnow", id="fence"
        ),
        pytest.param("`a*b*c &amp; <https://a.b|a.b>`", "`a*b*c & a.b`", id="span"),
        pytest.param("&gt; said\nback", "> said\nback", id="quote"),
        pytest.param("磁盘*已满*", "磁盘*已满*", id="chinese-without-blanks-is-no-bold-in-slack"),
    ],
)
def test_mrkdwn_as_markdown(mrkdwn: str, text: str) -> None:
    assert markdown(mrkdwn, name) == text


@pytest.mark.parametrize(
    ("mrkdwn", "text"),
    [
        ("<javascript:alert(1)|click>", "click"),
        ("[click](javascript:alert(1))", "[click] (javascript:alert(1))"),
        ("<https://a.b|x](javascript:1)>", "[x\\] (javascript:1)](https://a.b)"),
        ("&lt;!channel&gt; &lt;@U1&gt;", "< !channel> < @U1>"),
        ("&lt;javascript:alert(1)&gt;", "< javascript:alert(1)>"),
        ("` [x](javascript:1) ``", "`[x] (javascript:1)``"),
        ("# heading\ntext\n===", "\\# heading\ntext\n\\==="),
        ("[a]: javascript:1\n![p](https://spy/x)", "\\[a]: javascript:1\n[p](https://spy/x)"),
    ],
)
def test_text_does_not_turn_into_links_mentions_or_headings(mrkdwn: str, text: str) -> None:
    assert markdown(mrkdwn, name) == text


@pytest.mark.parametrize("piece", ["*", "`", "<", "*a", "```", "[a](", "&lt;", "~ ", "<@U1>", "`a``b```c", "![", "\\"])
def test_long_nonsense_is_read_quickly(piece: str) -> None:
    began = time.perf_counter()
    markdown(piece * (200_000 // len(piece)), name)

    assert time.perf_counter() - began < 15


def test_a_bot_s_blocks_take_the_place_of_its_text() -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Firing"}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*p99*"},
            "fields": [{"type": "mrkdwn", "text": "a\nb"}],
        },
        {"type": "context", "elements": [{"type": "image", "alt_text": "icon"}, {"type": "plain_text", "text": "now"}]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "k"}], [{"type": "raw_text", "text": "v"}]]},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Ack"}}]},
    ]

    assert slack(bot_id="B1", text="short", blocks=blocks) == (
        "**Firing**\n\n**p99**\n\n- a b\n\nicon now\n\n| k |\n| --- |\n| v |"
    )


def test_rich_text_keeps_lists_code_and_quotes() -> None:
    def section(*elements: dict[str, Any], kind: str = "section") -> dict[str, Any]:
        return {"type": f"rich_text_{kind}", "elements": list(elements)}

    said = {"type": "text", "text": "see", "style": {"bold": True}}
    items = {**section(section(said), kind="list"), "style": "ordered", "indent": 1}
    elements = [
        section({"type": "user", "user_id": "U1"}, {"type": "text", "text": " ok"}, {"type": "emoji", "name": "tada"}),
        items,
        section({"type": "link", "url": "javascript:x", "text": "no"}, kind="quote"),
        section({"type": "text", "text": "# x\n*y*"}, kind="preformatted"),
    ]

    assert slack(blocks=[{"type": "rich_text", "elements": elements}]) == (
        "@Anna ok:tada:\n\n  1. **see**\n\n> no\n\n```\n# x\n*y*\n```"
    )


def test_a_person_s_text_is_not_said_twice_and_previews_of_other_channels_stay_out() -> None:
    unfurled = [{"is_msg_unfurl": True, "text": "salaries"}, {"from_url": "https://a.b", "text": "salaries"}]
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}]

    assert slack(user="U1", text="hello", blocks=blocks, attachments=unfurled) == "hello"


def test_files_are_named_and_system_messages_are_silent() -> None:
    assert slack(text="", files=[{"title": "heap\ndump"}, {"id": "F1"}]) == "(file: heap dump)"
    assert slack(subtype="channel_join", text="<@U1> has joined") == ""


@pytest.mark.parametrize(
    "message",
    [
        {"text": 3, "blocks": {"a": 1}, "attachments": [3, {"fields": [{"title": None}]}], "files": [None]},
        {
            "bot_id": "B",
            "blocks": [{"type": "section", "text": []}, {"type": "table", "rows": [3, [4]]}, {"type": None}],
        },
        {"bot_id": "B", "blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_list", "indent": "x"}]}]},
    ],
)
def test_slack_messages_of_another_shape_say_nothing(message: dict[str, Any]) -> None:
    assert slack(**message).strip("|- \n") == ""


def test_rich_text_nested_without_end_is_cut() -> None:
    block: dict[str, Any] = {"type": "rich_text_section", "elements": [{"type": "text", "text": "deep"}]}
    for _ in range(900):
        block = {"type": "rich_text_list", "elements": [block]}

    assert slack(bot_id="B", blocks=[block]) == ""


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        pytest.param("text", {"text": "@_user_1 @_all @_user_9 看"}, "@小明 @all @someone 看", id="mentions"),
        pytest.param("text", {"text": "[x](javascript:1)"}, "[x] (javascript:1)", id="link-of-another-kind"),
        pytest.param(
            "post",
            {"zh_cn": {"title": "标题", "content": [[{"tag": "text", "text": "a"}]]}},
            "**标题**\n\na",
            id="langs",
        ),
        pytest.param(
            "post",
            {"content": [[{"tag": "md", "text": "# x\n[a](javascript:1)"}]]},
            "\\# x\n[a] (javascript:1)",
            id="md",
        ),
        pytest.param(
            "post", {"content": [[{"tag": "a", "text": "x", "href": "file:///etc"}], [{"tag": "hr"}]]}, "x", id="href"
        ),
        pytest.param("post", {"content": [[{"tag": "at", "user_id": "ou_1", "user_name": "Tom"}]]}, "@Tom", id="at"),
        pytest.param("file", {"file_name": "heap.hprof"}, "(file: heap.hprof)", id="file"),
        pytest.param("vote", {"topic": "When?", "options": ["now", "later"]}, "When?\n- now\n- later", id="vote"),
        pytest.param(
            "todo", {"summary": {"content": [[{"tag": "text", "text": "buy disks"}]]}}, "buy disks", id="task"
        ),
        pytest.param("sticker", {"file_key": "x"}, "", id="sticker"),
        pytest.param("system", {"template": "{from_user} invited {to_chatters}"}, "", id="system"),
        pytest.param("merge_forward", {"content": "Merged and Forwarded Message"}, "", id="forwarded"),
        pytest.param("text", "This message was recalled", "", id="recalled"),
        pytest.param("post", "[" * 5000, "", id="nested-too-deeply"),
        pytest.param(
            "interactive", {"elements": 3, "header": {"title": 4}, "title": None}, "", id="card-of-another-shape"
        ),
        pytest.param("post", {"content": [3, [None, {"tag": 1}, [2]], {"a": 1}]}, "", id="post-of-another-shape"),
    ],
)
def test_feishu_messages_as_markdown(kind: str, body: Any, text: str) -> None:
    assert feishu(kind, body) == text


def test_a_shortened_card_keeps_its_lines() -> None:
    elements = [
        [{"tag": "text", "text": "CPU "}, {"tag": "a", "text": "board", "href": "https://g.h"}, {"tag": "img"}],
        [{"tag": "button", "text": "Ack"}],
        [{"tag": "note", "elements": [{"tag": "text", "text": "since 9:00"}]}],
    ]

    assert feishu("interactive", {"title": "Alert", "elements": elements}) == (
        "**Alert**\n\nCPU [board](https://g.h)\n\nsince 9:00"
    )


def test_a_card_as_it_was_sent_keeps_text_columns_and_tables() -> None:
    def shown(content: str) -> dict[str, str]:
        return {"tag": "lark_md", "content": content}

    card = {
        "schema": "2.0",
        "header": {"title": {"tag": "plain_text", "content": "Alert"}},
        "body": {
            "elements": [
                {
                    "tag": "markdown",
                    "content": "<font color='red'>**p99**</font> <at id=ou_1>Anna</at>\n```sh\n# x\n```",
                },
                {"tag": "column_set", "columns": [{"tag": "column", "elements": [{"tag": "div", "text": shown("a")}]}]},
                {"tag": "div", "fields": [{"text": shown("**k**\nv")}]},
                {
                    "tag": "table",
                    "columns": [{"name": "n", "display_name": "N"}],
                    "rows": [{"n": 1}, {"n": [{"text": "t"}]}],
                },
                {"tag": "button", "text": {"tag": "plain_text", "content": "Silence"}},
            ]
        },
    }

    assert feishu("interactive", {"user_dsl": json.dumps(card)}) == (
        "**Alert**\n\n**p99** @Anna\n```sh\n# x\n```\n\na\n\n- **k** v\n\n| N |\n| --- |\n| 1 |\n| t |"
    )


def test_a_card_nested_without_end_is_cut() -> None:
    element: dict[str, Any] = {"tag": "markdown", "content": "deep"}
    for _ in range(60):
        element = {"tag": "column_set", "columns": [{"tag": "column", "elements": [element]}]}

    assert feishu("interactive", {"elements": [element]}) == ""


def test_a_conversation_names_speakers_times_and_solutions() -> None:
    said = [Said("Anna", conversation.moment("1772409600.5"), "Why?"), Said("", None, "Because.", solution=True)]

    assert conversation.markdown([*said, Said("Bob", None, " ")]) == (
        "**Anna** (2026-03-02 00:00 UTC):\n\nWhy?\n\n**someone**, marked as the solution:\n\nBecause."
    )


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("\n> **[Disk](https://a.b)** is `full`\nmore", "Disk is full"),
        ("磁盘已满", "磁盘已满"),
        ("---\n\\# x", "x"),
        ("a" * 200, "a" * 99 + "…"),
        ("", ""),
    ],
)
def test_a_title_is_the_first_line_without_markup(text: str, title: str) -> None:
    assert conversation.title(text) == title


def test_a_name_is_neither_markup_nor_a_mention() -> None:
    assert conversation.name("<!channel> **[x](y)**\n王小明") == "channel x y 王小明"


@pytest.mark.parametrize("stamp", ["", "soon", "nan", "1e400", "-1e20"])
def test_a_time_that_is_none_is_left_out(stamp: str) -> None:
    assert conversation.moment(stamp) is None
