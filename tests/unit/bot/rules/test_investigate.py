"""Whoever is told to investigate an alert looks for what is wrong, however little they are told."""

import pytest

from bot.rules.routes import find_route


@pytest.mark.parametrize(
    "text", ["investigate", "please look into this", "Diagnose it!", "排查一下", "帮我定位这个告警"]
)
def test_an_order_to_investigate_is_about_an_incident(text: str) -> None:
    assert find_route(text) == "incident"


@pytest.mark.parametrize("text", ["how do I investigate a slow query?", "怎么排查慢查询", "the investigation is over"])
def test_a_question_about_investigating_is_a_question(text: str) -> None:
    assert find_route(text) == "question"
