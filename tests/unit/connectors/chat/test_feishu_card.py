"""Cards hold everything an answer has, answer first, within the platform's limits."""

import json
from typing import Any

import pytest

from connectors.chat.card_port import Card, Chart, Citation, Footer, PictureText, Table
from connectors.chat.fakes.feishu_cards import check_card
from connectors.chat.feishu_card import CAREFUL, WHOLE, Setting, cards, footer
from connectors.chat.feishu_elements import count, packed, size, table, text, verbatim

FOOTER = Footer(level="endpoint", model="gpt", tokens_in=1000, tokens_out=200, seconds=3.2, cost="0.0100 USD", rounds=2)
SOURCE = Citation(
    number=1, document_id="d", chunk_id="c", title="Pools", heading="Size", quote="20 <at id=all>", link="https://x/y"
)


def card(**more: Any) -> Card:
    return Card.model_validate({"question_id": "q1", "kind": "answer", "language": "en", "text": "Full [1].", **more})


def drawn(one: Card, **setting: Any) -> Any:
    (whole,) = cards(one, Setting(**setting), WHOLE)
    return whole


def tags(whole: Any) -> list[str]:
    return [element["tag"] for element in whole["body"]["elements"]]


def everything() -> Card:
    return card(
        citations=(SOURCE,),
        rewritten_query="checkout pool",
        notices=("Could not ask: metrics",),
        readings=(PictureText(name="a.png", digest="d", text="ERR *500*", description="It rises. [x](https://e)"),),
        tables=(Table(title="Hosts", columns=("a", "b"), rows=(("1", "2"),), total=9, file="f" * 64),),
        charts=(Chart(title="Load", file="g", says="It rises."),),
        footer=FOOTER,
    )


def test_the_answer_comes_first_and_the_footer_last() -> None:
    whole = drawn(everything(), root="om_1", pictures={"g": "img_1"})
    elements = whole["body"]["elements"]

    assert elements[0]["content"] == "Full [1]."
    assert elements[-1]["content"] == "<font color='grey'>gpt · 3.2 s · 1,200 tokens · 0.0100 USD · 2 rounds</font>"
    assert tags(whole)[1:6] == ["markdown", "table", "markdown", "button", "markdown"]
    assert check_card(whole) == []


def test_a_chart_is_a_picture_or_its_words() -> None:
    assert "img" in tags(drawn(everything(), pictures={"g": "img_1"}))
    assert "It rises." in json.dumps(drawn(everything()))


def test_what_it_rests_on_is_folded_and_mentions_nobody() -> None:
    panels = [one for one in drawn(everything())["body"]["elements"] if one["tag"] == "collapsible_panel"]

    assert [one["header"]["title"]["content"] for one in panels] == ["What I read in the pictures", "Sources (1)"]
    assert not any(one["expanded"] for one in panels)
    assert "> 20 &#60;at id=all&#62;" in panels[1]["elements"][1]["content"]
    seen = panels[0]["elements"][2]["content"]
    assert seen.startswith("The model sees")
    assert "](" not in seen


def test_buttons_say_which_question_and_thread_they_are_about() -> None:
    forms = {one["name"]: one for one in drawn(everything(), root="om_1")["body"]["elements"] if one["tag"] == "form"}
    up = forms["feedback"]["elements"][0]["columns"][0]["elements"][0]

    assert up["behaviors"][0]["value"] == {"a": "up", "q": "q1", "t": "om_1", "l": "en", "f": "reason"}
    assert forms["edit"]["elements"][1]["columns"][0]["elements"][0]["default_value"] == "checkout pool"


def test_a_query_too_long_for_a_field_is_shown_without_one() -> None:
    whole = drawn(card(rewritten_query="x" * 1200))

    assert "edit" not in json.dumps(whole["body"]["elements"])
    assert check_card(whole) == []


@pytest.mark.parametrize(("private", "shown"), [(True, True), (False, False)], ids=["private", "open"])
def test_only_a_private_answer_can_be_made_public(*, private: bool, shown: bool) -> None:
    assert ("button" in tags(drawn(card(), private=private))) is shown


def test_not_enough_evidence_says_so_above_and_what_was_looked_for() -> None:
    whole = drawn(card(kind="insufficient", language="zh", looked_for=("连接池", "pool")))

    assert whole["header"]["title"]["content"] == "证据不足"
    assert "• 连接池\n• pool" in [one.get("content") for one in whole["body"]["elements"]]


def test_a_notice_asks_for_no_thumbs() -> None:
    assert tags(drawn(card(kind="notice"))) == ["markdown"]


def test_what_does_not_fit_is_numbered() -> None:
    several = cards(card(text="\n\n".join(f"{n} " + "字" * 900 for n in range(20))), Setting(), WHOLE)
    first: Any = several[0]

    assert len(several) > 1
    assert first["body"]["elements"][0]["content"] == f"<font color='grey'>(1/{len(several)})</font>"


@pytest.mark.parametrize("limits", [WHOLE, CAREFUL], ids=["whole", "careful"])
def test_no_card_is_larger_than_asked_for(limits: Any) -> None:
    long = card(
        text="**a** `b` | c\n\n" * 900, tables=(Table(title="T", columns=("a",), rows=(("x",),) * 900, total=900),)
    )

    for one in cards(long, Setting(), limits):
        assert size(one) <= limits.most_bytes + 1500
        assert count(one) <= limits.most_elements + 5
        assert count(one, "table") <= limits.most_tables


@pytest.mark.parametrize(
    ("level", "said"),
    [("endpoint", "m · 1 s"), ("local", "m (local model) · 1 s"), ("none", "no model · 1 s")],
)
def test_the_footer_names_who_wrote(level: Any, said: str) -> None:
    assert footer(Footer(level=level, model="m", seconds=1.0), "en") == said


def test_a_table_with_too_many_columns_or_too_long_cells_is_shown_in_parts() -> None:
    wide = list(table([f"c{n}" for n in range(70)], [["x"] * 70]))
    long = list(table(["a", "b"], [["y" * 20_000, "z"]]))

    assert [len(one["columns"]) for one in wide] == [50, 20]  # type: ignore[arg-type]  # JSON
    assert all(size(one) < 10_000 for one in long)
    assert json.dumps(long).count("y") >= 20_000


def test_signs_that_need_entities_do_not_make_an_element_too_large() -> None:
    assert all(size(one) < 14_000 for one in [*text("\\*" * 12_000), *verbatim("*" * 30_000)])


def test_an_answer_of_blanks_is_still_a_card() -> None:
    assert list(text(" \n\n ")) == []
    assert check_card(drawn(card(text=" ", kind="notice"))) == []


def test_two_tables_of_the_same_rows_have_buttons_of_their_own() -> None:
    one = Table(title="T", columns=("a",), rows=(("1",),), total=1, file="f" * 64)

    assert check_card(drawn(card(tables=(one, one)))) == []


def test_elements_are_packed_in_their_order() -> None:
    elements: list[Any] = [{"tag": "table", "n": n} for n in range(5)]
    groups = packed(elements, most_bytes=1000, most_elements=9, most_tables=2)

    assert [[one["n"] for one in group] for group in groups] == [[0, 1], [2, 3], [4]]
