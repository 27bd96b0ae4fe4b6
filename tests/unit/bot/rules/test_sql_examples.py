"""Verified examples: which are like a question, and what their queries mean by its words."""

import pytest

from bot.rules.sql_descriptions import Example
from bot.rules.sql_examples import alike, constants, word_for_word
from bot.rules.terms import content_terms
from tests.unit.bot.rules.sql_shop import SHOP

DEPLOYED = Example(question="What was deployed by checkout to prod on 2026-01-03?", sql="SELECT 1")
SLOW = Example(question="Which incidents took longest?", sql="SELECT id FROM incident WHERE status = 'closed out'")
EXAMPLES = (SLOW, DEPLOYED)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("which incidents took  LONGEST", SLOW, id="but for case and marks"),
        pytest.param("which incidents took longest yesterday", None, id="with another word"),
        pytest.param("？", None, id="nothing but marks"),
    ],
)
def test_the_same_question_is_known_again(text: str, found: Example | None) -> None:
    assert word_for_word(text, (*EXAMPLES, Example(question="!", sql="SELECT 1"))) is found


def test_other_values_make_it_no_other_question() -> None:
    found = alike("what was deployed by payments to staging on 2025-12-24?", EXAMPLES, SHOP, content_terms, {})

    assert found == [DEPLOYED]


def test_what_shares_few_words_is_like_it_only_in_meaning() -> None:
    asked = "哪些故障持续时间最久"

    assert alike(asked, EXAMPLES, SHOP, content_terms, {0: 0.3, 1: 0.2}) == []
    assert alike(asked, EXAMPLES, SHOP, content_terms, {0: 0.7, 1: 0.65}) == [SLOW, DEPLOYED]


def test_a_text_that_the_question_does_not_say_is_the_teams_meaning() -> None:
    said = Example(
        question="refunds of Ann", sql="SELECT 1 WHERE name = 'Ann' AND state IN ('paid', 'x') OR a = 'it''s'"
    )

    assert constants(said) == ["paid", "it's"]
