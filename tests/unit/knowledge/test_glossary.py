"""The glossary crosses languages in both directions, longest term first."""

import tomllib
from pathlib import Path

import knowledge.glossary
from knowledge.glossary import other_language


def test_chinese_terms_give_english_words() -> None:
    assert other_language("数据库连接池超时") == ("database", "connection pool", "timeout", "timed out")


def test_english_terms_give_chinese_words_whatever_their_spelling() -> None:
    assert "连接池" in other_language("Connection-Pools are empty")
    assert "回滚" in other_language("how to roll back")


def test_a_term_inside_another_word_does_not_count() -> None:
    assert other_language("nodejs") == ()


def test_a_longer_term_hides_the_shorter_one_inside() -> None:
    assert other_language("内存泄漏") == ("memory leak",)


def test_every_term_is_chinese_with_english_words_and_stands_once() -> None:
    chapters = tomllib.loads(Path(knowledge.glossary.__file__).with_name("glossary.toml").read_text("utf-8"))
    terms = [term for chapter in chapters.values() for term in chapter]

    assert len(terms) == len(set(terms)) >= 200
    assert not any(term.isascii() for term in terms)
    assert all(word.isascii() for chapter in chapters.values() for words in chapter.values() for word in words)
