"""Each rule of a card has one that breaks it and one that does not."""

import time

import pytest

from connectors.chat.fakes.feishu_cards import check_card
from connectors.chat.fakes.feishu_terms import Json, Limits, compact
from tests.unit.connectors.chat.fakes.feishu_app import button, card, markdown, table

PLAIN = {"tag": "plain_text", "content": "x"}
PIPES = "| a | b |\n| - | - |\n| 1 | 2 |\n\n"
CHART = {"tag": "chart", "chart_spec": {"type": "bar", "data": {"values": []}}}
SEND = button("Send", name="send", form_action_type="submit")


def panel(*elements: Json) -> Json:
    return {"tag": "collapsible_panel", "header": {"title": PLAIN}, "elements": list(elements)}


def nested(depth: int) -> Json:
    return panel(nested(depth - 1)) if depth else markdown("deep")


def form(*elements: Json, **more: str) -> Json:
    return {"tag": "form", "name": "f", "elements": list(elements), **more}


def field(name: str) -> Json:
    return {"tag": "input", "name": name, "max_length": 1000}


GOOD = {
    "smallest": card(),
    "everything": card(
        markdown("**b**", element_id="answer", text_size="notation"),
        {"tag": "div", "text": PLAIN},
        {"tag": "hr"},
        {"tag": "img", "img_key": "img_v3_1", "alt": PLAIN},
        {"tag": "column_set", "columns": [{"tag": "column", "elements": [button("A")], "width": "auto"}]},
        panel(markdown("evidence")),
        form(field("reason"), SEND),
        CHART,
    ),
    "three tables": card(table("a"), table("a"), markdown(PIPES)),
    "tables in code": card(markdown(f"```\n{PIPES * 9}```")),
    "dashes that are no table": card(markdown("a\n---|---\n")),
    "two hundred elements": card(*[markdown("x")] * 200),
    "five containers": card(nested(5)),
    "rows with some cells": card(table("a", "b", rows=[{"a": "1"}, {}])),
    "images in code": card(markdown("`![x](http://y)`")),
    "a mention": card(markdown("<at id=ou_1></at>")),
    "all in code": card(markdown("`<at id=all></at>`")),
    "a label of 100": card(button("x" * 100)),
}
BAD = {
    "empty": ({}, "empty"),
    "json 1.0": ({"elements": []}, "300303"),
    "not shared": (card(update_multi=False), "300302"),
    "too many bytes": (card(markdown("x" * 31_000)), "200860"),
    "bytes, not characters": (card(markdown("字" * 10_300)), "200860"),
    "too many elements": (card(*[markdown("x")] * 201), "300305"),
    "four tables": (card(*[table("a")] * 4), "11310"),
    "four tables in Markdown": (card(markdown(PIPES * 4)), "11310"),
    "a table in a panel": (card(panel(table("a"))), "200621"),
    "unknown tag": (card({"tag": "marquee"}), "200621"),
    "tag of json 1.0": (card({"tag": "note", "elements": []}), "200861"),
    "six containers": (card(nested(6)), "nested"),
    "same element id": (card(markdown("x", element_id="a"), markdown("y", element_id="a")), "300301"),
    "bad element id": (card(markdown("x", element_id="1a")), "element_id"),
    "cell without column": (card(table("a", rows=[{"b": "1"}])), "200915"),
    "same column twice": (card(table("a", "a")), "200915"),
    "rows no list": (card({**table("a"), "rows": {}}), "200914"),
    "form without send": (card(form(field("reason"))), "200530"),
    "form without name": (card({"tag": "form", "elements": [SEND]}), "200530"),
    "field without name": (card(form({"tag": "input"}, SEND)), "200530"),
    "same name twice": (card(form(field("send"), SEND)), "200530"),
    "form in a panel": (card(panel(form(field("a"), SEND))), "200621"),
    "image by address": (card(markdown("![x](https://example.com/x.png)")), "200570"),
    "mentions everybody": (card(markdown("<at id=all></at>")), "everybody"),
    "chart without data": (card({"tag": "chart", "chart_spec": {"type": "bar"}}), "200550"),
    "unknown property": (card(markdown("x", colour="red")), "colour"),
    "a label of 101": (card(button("x" * 101)), "too long"),
    "script in a link": (
        card({**button("x"), "behaviors": [{"type": "open_url", "default_url": "javascript:x"}]}),
        "valid",
    ),
    "content no string": (card({"tag": "markdown", "content": 3}), "string"),
}


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
def test_a_good_card_passes(good: Json) -> None:
    assert check_card(good) == []


@pytest.mark.parametrize(("bad", "says"), BAD.values(), ids=BAD)
def test_a_bad_card_is_told_why(bad: Json, says: str) -> None:
    assert says in "\n".join(check_card(bad))


def test_a_card_is_weighed_as_it_is_sent() -> None:
    body = card(markdown("x" * 100))
    limits = Limits(card_bytes=len(compact(body)) + 1)

    assert check_card(compact(body), limits) == []
    assert "200860" in check_card(compact(body) + "  ", limits)[0]


def test_the_documented_number_of_tables_can_be_set() -> None:
    assert check_card(card(*[table("a")] * 5), Limits(tables=5)) == []


@pytest.mark.parametrize("piece", ["![a](", "![", "<at ", "|-", "`", "[]("])
def test_hostile_text_is_checked_in_no_time(piece: str) -> None:
    started = time.process_time()
    check_card(card(markdown(piece * (29_000 // len(piece)))))

    assert time.process_time() - started < 2


def test_what_is_no_json_is_told() -> None:
    assert "not JSON" in check_card("{")[0]
