"""A card becomes Slack messages that Slack takes and people can read, whatever is in it."""

import json
from typing import Any

import pytest

from connectors.chat.card_port import Card, Chart, Footer, PictureText
from connectors.chat.fakes.slack_rules import check_message
from connectors.chat.markdown import Grid, Run, parse
from connectors.chat.slack_card import Page, as_text, pages, progress, texts
from connectors.chat.slack_rich import Writer, spelled
from connectors.chat.slack_streams import disarmed
from connectors.chat.slack_words import WORDS, escaped, language_of, linked


def card(text: str = "Fine.", **further: object) -> Card:
    return Card.model_validate({"question_id": "q1", "kind": "answer", "language": "en", "text": text} | further)


def blocks(markdown: str) -> Any:
    return Writer().write(parse(markdown))


def refused(made: list[Page]) -> list[str]:
    return [said for page in made for said in check_message({"text": page.text, "blocks": page.blocks})]


def test_markdown_as_rich_text() -> None:
    (block,) = blocks("Hi **all** <!channel> [wiki](https://w.example)\n\n> so\n\n```sql\nselect 1\n```")

    assert block["elements"] == [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "Hi "},
                {"type": "text", "text": "all", "style": {"bold": True}},
                # In rich text these are letters, and notify nobody.
                {"type": "text", "text": " <!channel> "},
                {"type": "link", "url": "https://w.example", "text": "wiki"},
            ],
        },
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "so"}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "select 1"}]},
    ]


def test_lists_keep_depth_order_and_numbers_around_code() -> None:
    (block,) = blocks("1. a\n   - b\n2. c\n\n   ```\n   x\n   ```\n3. d")

    shown = [(one["type"], one.get("style"), one.get("indent"), one.get("offset")) for one in block["elements"]]
    assert shown == [
        ("rich_text_list", "ordered", 0, None),
        ("rich_text_list", "bullet", 1, None),
        ("rich_text_list", "ordered", 0, 1),
        ("rich_text_preformatted", None, None, None),
        ("rich_text_list", "ordered", 0, 2),
    ]


def test_headings_and_tables_have_blocks_of_their_own() -> None:
    made = blocks("# Cause\n\ntext\n\n| pod | n |\n|-|-|\n| a | 7 |\n\n### Small")

    assert [one["type"] for one in made] == ["header", "rich_text", "table", "rich_text"]
    assert made[2]["column_settings"][1]["align"] == "right"


def test_only_the_first_table_of_a_message_is_native() -> None:
    made = blocks("| a |\n|-|\n| 1 |\n\n| b |\n|-|\n| 2 |")

    assert [one["type"] for one in made] == ["table", "rich_text"]
    assert "rich_text_preformatted" in json.dumps(made[1])


def test_a_wide_table_is_told_row_by_row() -> None:
    header = tuple((Run(f"name{n}"),) for n in range(30))
    (block,) = spelled(Grid(header, (tuple((Run("x"),) for _ in range(30)),)))

    assert "name0: " in json.dumps(Writer().write((block,)))


def test_a_long_answer_is_numbered_pages_with_the_buttons_at_the_end() -> None:
    made = pages(card("word " * 5_000), {})

    assert [json.dumps(page.blocks[0]).count(f"({n}/{len(made)})") for n, page in enumerate(made, start=1)] == [1] * 3
    assert ["actions" in json.dumps(page.blocks) for page in made] == [False, False, True]


def table(columns: str, rows: object, total: int = 3) -> dict[str, object]:
    return {"title": "t", "columns": tuple(columns), "rows": rows, "total": total}


HOSTILE_SIGHT = PictureText(
    name="a.png", digest="d", text="p99", description="<!channel> [x](https://e.example) " * 900
)
LONG_TABLE = table("ab", (("x" * 90,) * 2,) * 150)
SOURCES = [
    {"number": n, "document_id": "d", "chunk_id": "c", "title": "|<>&" * 90, "heading": "", "quote": "&" * 999}
    | {"link": f"https://w.example/{'数|>' * 99}"}
    for n in range(60)
]


@pytest.mark.parametrize(
    "further",
    [
        pytest.param({"tables": [table("a", (("1",),) * 3)] * 10}, id="10-tables"),
        pytest.param({"tables": [LONG_TABLE]}, id="long-table"),
        pytest.param({"tables": [table("abcdefghijklmnopqrstuvw", ())]}, id="no-rows"),
        pytest.param({"tables": [table("ab", (("1",), ("1", "2", "3")))]}, id="ragged"),
        pytest.param({"notices": ["<!channel> " * 500] * 5, "looked_for": ["&" * 3_000]}, id="long-notices"),
        pytest.param({"rewritten_query": "<" * 9_000}, id="long-query"),
        pytest.param({"readings": [PictureText(name="<p>", digest="d", text="`" * 30_000)]}, id="long-reading"),
        pytest.param({"readings": [HOSTILE_SIGHT]}, id="long-description"),
        pytest.param({"charts": [Chart(title="", file="c", says="x" * 5_000)] * 3}, id="chart"),
        pytest.param({"charts": [Chart(title="<t>", file="none", says="&" * 5_000)]}, id="chart-in-words"),
        pytest.param({"footer": Footer(level="local", model="m" * 4_000)}, id="long-footer"),
        pytest.param({"citations": SOURCES}, id="60-sources"),
        pytest.param({"text": "😀" * 15_000}, id="emoji"),
        pytest.param({"text": ""}, id="empty"),
    ],
)
@pytest.mark.parametrize("ephemeral", [False, True])
def test_every_page_is_one_that_slack_takes(further: dict[str, object], ephemeral: bool) -> None:  # noqa: FBT001
    assert refused(pages(card(**further), {"c": "F1"}, ephemeral=ephemeral)) == []


def test_what_a_model_sees_is_words_with_a_label_and_nothing_to_follow() -> None:
    described = card(readings=[HOSTILE_SIGHT.model_copy(update={"description": HOSTILE_SIGHT.description[:40]})])

    (said,) = [one for one in pages(described, {})[0].blocks if "no evidence" in json.dumps(one)]
    assert said["elements"][0]["elements"] == [
        {"type": "text", "text": "The model sees (no evidence) · a.png: ", "style": {"bold": True}},
        {"type": "text", "text": "<!channel> [x](https://e.example) <!chan"},
    ]
    assert "The model sees (no evidence) · a.png:\n<!channel>" in as_text(described)


def test_an_answer_to_one_person_can_be_made_public() -> None:
    assert "nightshift_publish" in json.dumps(pages(card(), {}, ephemeral=True)[-1].blocks)
    assert "nightshift_publish" not in json.dumps(pages(card(), {})[-1].blocks)


def test_a_notice_has_nothing_to_rate() -> None:
    assert "actions" not in json.dumps(pages(card(kind="notice"), {})[-1].blocks)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_labels_speak_the_language_of_the_card(language: str) -> None:
    made = json.dumps(pages(card(language=language, notices=("x",)), {})[0].blocks, ensure_ascii=False)

    assert ("请注意" in made) is (language == "zh")


def test_both_languages_have_a_word_for_everything() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()


def test_plain_text_holds_all_of_a_card_in_messages_of_their_own() -> None:
    whole = card(
        "<@U1> " * 2_000, notices=("Metrics did not answer.",), charts=(Chart(title="E", file="c", says="peak"),)
    )

    assert all(len(one) <= 4_000 and "<" not in one for one in texts(whole))
    assert "Metrics did not answer." in as_text(whole)
    assert "E: peak" in as_text(whole)


def test_a_draft_of_any_kind_can_be_shown() -> None:
    for draft in ("", "a " * 20_000, "| a |\n|-|\n" + "| 1 |\n" * 500, "# h\n\n---\n\n" * 100):
        words, made = progress("Reading <metrics>", draft)
        assert check_message({"text": words, "blocks": made}) == []


def test_notifications_say_the_beginning_of_the_answer_and_mention_nobody() -> None:
    (page,) = pages(card("The **pool** is full, <!channel>!"), {})

    assert page.text == "The pool is full, &lt;!channel&gt;!"


@pytest.mark.parametrize(
    ("words", "address", "shown"),
    [
        ("a|b", "https://w.example/x|y", "<https://w.example/x%7Cy|a¦b>"),
        ("a > b", "javascript:alert(1)", "a &gt; b"),
        ("", "https://w.example", "<https://w.example|https://w.example>"),
        ("a", "https://w.example/" + "x" * 2_000, "a"),
    ],
)
def test_links_in_small_print(words: str, address: str, shown: str) -> None:
    assert linked(words, address) == shown


def test_streamed_drafts_mention_nobody_and_load_no_picture() -> None:
    shown = disarmed("<!channel> <@U1> <#C1> ![x](https://i.example/p.png)")

    assert [sign in shown for sign in ("<!", "<@", "<#", "![")] == [False] * 4
    assert escaped("<!here> & \x00") == "&lt;!here&gt; &amp; "


@pytest.mark.parametrize(("said", "language"), [("why?", "en"), ("为什么 502?", "zh"), ("502", "zh")])
def test_who_writes_chinese_is_answered_in_chinese(said: str, language: str) -> None:
    assert language_of(said, "zh") == language
