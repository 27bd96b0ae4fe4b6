"""An incident's card is taken by both platforms, whatever stands on it, and in one message."""

from typing import Any

import pytest

from connectors.chat.card_port import Card, Folded
from connectors.chat.fakes.feishu_cards import check_card
from connectors.chat.fakes.slack_rules import check_message, check_view
from connectors.chat.feishu_card import CAREFUL, WHOLE, Setting, cards
from connectors.chat.slack_card import as_text, pages
from connectors.chat.slack_views import details

HOSTILE = "<!channel> <@U1> *x* <at id=all></at> [a](javascript:1) ```"


def card(**more: Any) -> Card:
    plain = {"question_id": "INC-1", "kind": "incident", "language": "zh", "title": "结账变慢", "text": "连接池耗尽。"}
    return Card.model_validate(plain | more)


HARD = [
    pytest.param(card(), id="nothing-but-a-title"),
    pytest.param(card(title=HOSTILE * 50, cause=HOSTILE * 50, text=HOSTILE), id="hostile-words"),
    pytest.param(card(folded=tuple(Folded(title=HOSTILE * 9, text=HOSTILE * 400) for _ in range(30))), id="much"),
    pytest.param(card(folded=(Folded(title="", text="|a|b|\n|-|-|\n" + "|1|2|\n" * 300),)), id="a-table-inside"),
    pytest.param(card(link="javascript:alert(1)"), id="no-web-page"),
]


@pytest.mark.parametrize("one", HARD)
def test_slack_takes_it_in_one_message(one: Card) -> None:
    [page] = pages(one, {})

    assert check_message({"text": page.text, "blocks": page.blocks}) == []


@pytest.mark.parametrize("one", HARD[2:4])
def test_slack_takes_its_details(one: Card) -> None:
    assert check_view(dict(details(one))) == []


@pytest.mark.parametrize("limits", [WHOLE, CAREFUL])
@pytest.mark.parametrize("one", HARD)
def test_feishu_takes_it_in_one_card(one: Card, limits: Any) -> None:
    [whole] = cards(one, Setting(), limits)

    assert check_card(whole) == []


def test_a_link_that_is_no_web_page_is_no_button() -> None:
    [page], [whole] = pages(HARD[4].values[0], {}), cards(HARD[4].values[0], Setting(), WHOLE)

    assert "javascript" not in f"{page.blocks}{whole}"


def test_what_is_not_known_yet_cannot_be_confirmed() -> None:
    [page] = pages(card(), {})

    assert "nightshift_right" not in str(page.blocks)
    assert "我知道原因" in str(page.blocks)


def test_as_text_nothing_is_folded_away() -> None:
    assert "The network" in as_text(card(folded=(Folded(title="Ruled out", text="The network"),)))
