"""Each rule of Slack messages and views, kept and broken."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from connectors.chat.fakes.slack_rules import check_message, check_view, refusals

Block = dict[str, Any]
SCHEMA = Path(__file__).parents[5] / "connectors" / "chat" / "schemas" / "block_kit.json"


def plain(words: str) -> Block:
    return {"type": "plain_text", "text": words}


def mrkdwn(words: str) -> Block:
    return {"type": "mrkdwn", "text": words}


def section(words: str = "*502* since noon", **more: Any) -> Block:
    return {"type": "section", "text": mrkdwn(words), **more}


def button(**more: Any) -> Block:
    return {"type": "button", "action_id": "up", "text": plain("Helpful"), "value": "q1", **more}


def actions(*elements: Block, **more: Any) -> Block:
    return {"type": "actions", "elements": list(elements), **more}


def table(*rows: tuple[str, ...]) -> Block:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]}


def markdown(words: str) -> Block:
    return {"type": "markdown", "text": words}


def message(*blocks: Block, text: str = "502 since noon") -> Block:
    return {"text": text, "blocks": list(blocks)}


CONFIRM = {"title": plain("Sure?"), "text": mrkdwn("Really?"), "confirm": plain("Yes"), "deny": plain("No")}
ANSWER = message(
    {"type": "header", "text": plain("Why checkout fails")},
    section(fields=[mrkdwn("*Service*"), mrkdwn("checkout")], block_id="said"),
    {"type": "divider"},
    markdown("The pool is exhausted [1].\n\n## Evidence\n\n- `pool.size` is 5"),
    table(("time", "errors"), ("12:01", "312")),
    {"type": "context", "elements": [mrkdwn("_3.2 s_"), plain("local")]},
    actions(button(confirm=CONFIRM), button(action_id="down", text=plain("Not helpful"), style="danger")),
    {"type": "context_actions", "elements": [{
        "type": "feedback_buttons", "action_id": "rate",
        "positive_button": {"text": plain("Good"), "value": "up"},
        "negative_button": {"text": plain("Bad"), "value": "down"},
    }]},
)  # fmt: skip
PICTURE = message(
    {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "errors by minute", "title": plain("Errors")},
    section(accessory={"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a graph"}),
    {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "hi"}]}]},
)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text("utf-8")))


@pytest.mark.parametrize("good", [ANSWER, PICTURE, {"text": "plain"}], ids=["answer", "pictures", "text"])
def test_what_slack_takes(good: Block) -> None:
    assert check_message(good) == []


HEADINGS = "\n\n".join(f"## Step {n}\n\nDo it." for n in range(26))
BAD = {
    "unknown type": ({"type": "nope"}, "/blocks/0/type"),
    "no type": ({"text": "x"}, "`type` is missing"),
    "header in mrkdwn": ({"type": "header", "text": mrkdwn("x")}, "/blocks/0/text/type"),
    "header of 151": ({"type": "header", "text": plain("x" * 151)}, "less than 151 characters"),
    "section of 3001": (section("x" * 3001), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    "section of nothing": ({"type": "section"}, "/blocks/0]"),
    "field of 2001": ({"type": "section", "fields": [mrkdwn("x" * 2001)]}, "less than 2001 characters"),
    "eleven fields": ({"type": "section", "fields": [mrkdwn("x")] * 11}, "no more than 10 items allowed"),
    "empty text": (section(""), "must be more than 0 characters"),
    "emoji in mrkdwn": (section("x") | {"text": mrkdwn("x") | {"emoji": True}}, "/blocks/0/text"),
    "button in mrkdwn": (actions(button(text=mrkdwn("x"))), "/elements/0/text/type"),
    "button text of 76": (actions(button(text=plain("x" * 76))), "less than 76 characters"),
    "button value of 2001": (actions(button(value="x" * 2001)), "less than 2001 characters"),
    "action id of 256": (actions(button(action_id="x" * 256)), "less than 256 characters"),
    "url of 3001": (actions(button(url="https://" + "x" * 2993)), "less than 3001 characters"),
    "unknown style": (actions(button(style="loud")), "/elements/0/style"),
    "unknown property": (actions(button(colour="red")), "colour"),
    "confirm without deny": (actions(button(confirm={k: v for k, v in CONFIRM.items() if k != "deny"})), "`deny`"),
    "no actions": (actions(), "no fewer than 1 items"),
    "26 actions": (actions(*(button(action_id=f"a{n}") for n in range(26))), "no more than 25 items allowed"),
    "duplicate action id": (actions(button(), button()), "`action_id` up already exists"),
    "11 in a context": ({"type": "context", "elements": [mrkdwn("x")] * 11}, "no more than 10 items allowed"),
    "button in a context": ({"type": "context", "elements": [button()]}, "/elements/0"),
    "image without alt": ({"type": "image", "image_url": "https://example.com/a.png"}, "`alt_text` is missing"),
    "image over http": ({"type": "image", "image_url": "http://example.com/a.png", "alt_text": "x"}, "downloading"),
    "image without source": ({"type": "image", "alt_text": "x"}, "/blocks/0]"),
    "markdown of 12001": (markdown("x" * 12_001), "less than 12001 characters"),
    "101 rows": (table(*[("x",)] * 101), "no more than 100 items allowed"),
    "21 columns": (table(("x",) * 21), "no more than 20 items allowed"),
    "empty cell": (table(("",)), "must be more than 0 characters"),
    "cells of 10001": (table(*[("x" * 1_001,)] * 10), "must be less than 10001 characters"),
    "an input": ({"type": "input", "label": plain("x"), "element": {"type": "plain_text_input"}}, "/blocks/0/type"),
    "headings that make 52 blocks": (markdown(HEADINGS), "no more than 50 items allowed [json-pointer:/blocks]"),
    "two tables of Markdown": (markdown("|a|\n|-|\n|1|\n\ntext\n\n|b|\n|-|\n|2|"), "only_one_table_allowed"),
}


@pytest.mark.parametrize(("block", "says"), list(BAD.values()), ids=list(BAD))
def test_what_slack_refuses(block: Block, says: str) -> None:
    assert any(says in one for one in check_message(message(block)))


WHOLE: dict[str, tuple[Block, str]] = {
    "51 blocks": (message(*[{"type": "divider"}] * 51), "invalid_blocks"),
    "duplicate block id": (message(section(block_id="a"), section(block_id="a")), "invalid_blocks"),
    "two tables": (message(table(("a",)), table(("b",))), "invalid_attachments"),
    "13,201 characters": (message(*[section("x" * 2_640)] * 5, section("x")), "msg_blocks_too_long"),
    "12,001 of Markdown": (message(markdown("x" * 6_001), markdown("x" * 6_000)), "msg_blocks_too_long"),
    "text of 4,001": ({"text": "x" * 4_001}, "msg_too_long"),
    "nothing": ({"text": ""}, "no_text"),
}


@pytest.mark.parametrize(("whole", "error"), list(WHOLE.values()), ids=list(WHOLE))
def test_what_slack_refuses_as_a_whole(whole: Block, error: str) -> None:
    assert refusals(whole)[0][0] == error
    assert check_message(whole)


def test_at_the_limits_everything_passes() -> None:
    assert check_message({"text": "x" * 4_000}) == []
    assert check_message(message(*[{"type": "divider"}] * 50)) == []
    assert check_message(message(*[section("x" * 2_640)] * 5)) == []
    assert check_message(message(markdown("\n\n".join(["## Step\n\nDo it."] * 25)))) == []


def test_the_vendors_models_have_their_say() -> None:
    (said,) = [one for one in check_message(message(section("x" * 3_001))) if one.startswith("slack_sdk")]

    assert "cannot exceed 3000 characters" in said


def view(**more: Any) -> Block:
    reason = {"type": "plain_text_input", "action_id": "reason", "multiline": True, "initial_value": "wrong"}
    field = {"type": "input", "block_id": "why", "label": plain("What was wrong?"), "element": reason}
    return {"type": "modal", "title": plain("Sources"), "submit": plain("Send"), "blocks": [field], **more}


def without(view: Block, *names: str) -> Block:
    return {name: value for name, value in view.items() if name not in names}


def test_views_that_slack_takes() -> None:
    assert check_view(view(private_metadata="x" * 3_000)) == []
    assert check_view({"type": "home", "blocks": [section()]}) == []


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(lambda: view(title=plain("x" * 25)), id="title of 25"),
        pytest.param(lambda: without(view(), "title"), id="no title"),
        pytest.param(lambda: view(private_metadata="x" * 3_001), id="metadata of 3001"),
        pytest.param(lambda: view(blocks=[{"type": "divider"}] * 101), id="101 blocks"),
        pytest.param(lambda: view(blocks=[markdown("x")]), id="markdown"),
        pytest.param(lambda: view(blocks=[section(block_id="a"), section(block_id="a")]), id="block id twice"),
        pytest.param(lambda: view(colour="red"), id="unknown property"),
        pytest.param(lambda: view(type="home"), id="home with a title"),
    ],
)
def test_views_that_slack_refuses(bad: Callable[[], Block]) -> None:
    assert check_view(bad())


NAMES = ["type", "text", "elements", "fields", "accessory", "element", "rows", "block_id", "action_id", "options"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(["section", "actions", "context", "image", "markdown", "table", "rich_text", "input", "header"])


@given(st.lists(st.fixed_dictionaries({"type": KINDS}, optional={name: JSON for name in NAMES[1:]}), max_size=3))
def test_no_payload_is_too_odd_to_be_judged(blocks: list[Block]) -> None:
    assert all(isinstance(one, str) for one in check_message({"text": "x", "blocks": blocks}))
