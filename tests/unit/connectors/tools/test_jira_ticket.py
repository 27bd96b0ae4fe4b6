"""Jira's texts as plain text, and words as its searches take them."""

import pytest
from pydantic import JsonValue

from connectors.tools.jira import literal, phrase
from connectors.tools.jira_ticket import plain


def test_blocks_stand_on_lines_of_their_own() -> None:
    item: JsonValue = {
        "type": "listItem",
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": "a"}]}],
    }
    card: JsonValue = {"type": "inlineCard", "attrs": {"url": "https://x"}}
    rule: JsonValue = {"type": "rule"}

    assert plain({"type": "doc", "content": [item, rule, {"type": "paragraph", "content": [card]}, item]}) == (
        "- a\nhttps://x\n- a"
    )


@pytest.mark.parametrize(
    "document", [None, 7, [], {}, {"type": "doc", "content": "x"}, {"type": "text"}, {"attrs": []}]
)
def test_what_is_no_text_says_nothing(document: JsonValue) -> None:
    assert plain(document) == ""


def test_a_bottomless_document_ends() -> None:
    deep: JsonValue = {"type": "text", "text": "x"}
    for _ in range(500):
        deep = {"type": "panel", "content": [deep]}

    assert plain(deep) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("checkout timeout", "checkout timeout"),
        ('a" OR b NOT c', "a or b not c"),
        ("支付 超时!", "支付 超时"),
        ("+x -y w?ld* (z)", "x y w ld z"),
        ("~!@#", ""),
    ],
)
def test_words_without_syntax(text: str, words: str) -> None:
    assert phrase(text) == words


def test_a_quoted_text_cannot_end_early() -> None:
    assert literal('Major "P1" \\') == '"Major \\"P1\\" \\\\"'
