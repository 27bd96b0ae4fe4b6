"""The glossary crosses languages in both directions, longest term first."""

import re
import tomllib
from pathlib import Path

import pytest

import knowledge.glossary
from knowledge.glossary import BadGlossary, Glossary, read_glossary

OURS = read_glossary()


def test_chinese_terms_give_english_words() -> None:
    assert OURS.equivalents("数据库连接池超时") == ("database", "connection pool", "timeout", "timed out")


def test_english_terms_give_chinese_words_whatever_their_spelling() -> None:
    assert "连接池" in OURS.equivalents("Connection-Pools are empty")
    assert "回滚" in OURS.equivalents("how to roll back")


def test_a_term_inside_another_word_does_not_count() -> None:
    assert OURS.equivalents("nodejs") == ()


def test_a_longer_term_hides_the_shorter_one_inside() -> None:
    assert OURS.equivalents("内存泄漏") == ("memory leak",)


def test_every_term_is_chinese_with_english_words_and_stands_once() -> None:
    chapters = tomllib.loads(Path(knowledge.glossary.__file__).with_name("glossary.toml").read_text("utf-8"))
    terms = [term for chapter in chapters.values() for term in chapter]

    assert len(terms) == len(set(terms)) >= 200
    assert not any(term.isascii() for term in terms)
    assert all(word.isascii() for chapter in chapters.values() for words in chapter.values() for word in words)


def test_a_teams_words_stand_for_each_other_beside_ours(tmp_path: Path) -> None:
    file = tmp_path / "glossary.toml"
    file.write_text('same = [["cart", "basket", "购物车"], ["pg", "postgres"]]', "utf-8")
    glossary = read_glossary(file)

    assert glossary.equivalents("the basket is empty") == ("cart", "购物车")
    assert glossary.equivalents("购物车 连接池") == ("cart", "basket", "connection pool")


def test_a_teams_word_adds_to_what_ours_means() -> None:
    glossary = Glossary([(["node", "box"], ["node", "box"]), (["节点"], ["node"]), (["node"], ["节点"])])

    assert glossary.equivalents("node down") == ("box", "节点")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("same = [", "no TOML file"),
        ('same = [["alone"]]', "entry 1 of `same`"),
        ('same = [["a", "b"], ["c", 3]]', "entry 2"),
        ('same = "cart"', "entry 1"),
        (None, "cannot be read"),
    ],
)
def test_a_glossary_that_cannot_be_used_says_where(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "mine.toml"
    if text is not None:
        file.write_text(text)

    with pytest.raises(BadGlossary, match=re.escape(said)) as refused:
        read_glossary(file)

    assert str(file) in str(refused.value)
