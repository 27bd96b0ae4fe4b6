"""Words of both languages and identifiers as sparse vectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.glossary import read_glossary
from knowledge.lexical import document_vector, has_identifier, query_vector, stem, terms


def words(text: str) -> set[str]:
    return {term for term, _ in terms(text)}


def shared(query: str, document: str) -> int:
    return len(set(query_vector(query, read_glossary()).indices) & set(document_vector(document).indices))


@pytest.mark.parametrize(
    ("identifier", "parts"),
    [
        ("OOMKilled", {"oomkilled", "oom", "kill"}),
        ("pg_stat_activity", {"pg_stat_activity", "pg", "stat", "activity"}),
        ("--max-old-space-size", {"max-old-space-size", "max", "old", "spac", "size"}),
        ("ORA-00600", {"ora-00600", "ora", "00600"}),
        ("kubeNodeNotReady", {"kubenodenotready", "kube", "node", "ready"}),
        ("10.2.3.40:9153", {"10.2.3.40:9153", "10", "40", "9153"}),
    ],
)
def test_an_identifier_is_kept_whole_and_in_parts(identifier: str, parts: set[str]) -> None:
    assert words(identifier) == parts


def test_chinese_is_cut_into_words_and_their_parts() -> None:
    assert words("数据库连接池耗尽") >= {"数据库", "连接", "连接池", "耗尽"}


def test_words_that_carry_nothing_are_left_out() -> None:
    assert words("how do I restart the 服务 的") == {"restart", "服务"}


@pytest.mark.parametrize(
    ("forms", "root"),
    [
        (("retry", "retries"), "retry"),
        (("run", "running", "runs"), "run"),
        (("database", "databases"), "databas"),
        (("kill", "killed", "kills", "killing"), "kill"),
        (("status",), "status"),
        (("process", "processes"), "process"),
    ],
)
def test_forms_of_a_word_meet_in_one_root(forms: tuple[str, ...], root: str) -> None:
    assert {stem(form) for form in forms} == {root}


def test_a_query_finds_the_other_language_through_the_glossary() -> None:
    assert shared("连接池耗尽", "The connection pool is empty.") >= 2
    assert shared("disk space", "磁盘空间不足，请扩容。") >= 1


def test_a_whole_identifier_weighs_more_than_its_parts() -> None:
    query = query_vector("pg_stat_activity", read_glossary())

    assert sorted(query.values) == [0.5, 0.5, 0.5, 1.0]


def test_the_tenth_mention_adds_less_than_the_second() -> None:
    one, two, nine, ten = (max(document_vector("disk " * n).values) for n in (1, 2, 9, 10))

    assert two - one > ten - nine > 0


@pytest.mark.parametrize(
    "text", ["OOMKilled", "pg_stat_activity", "use --max-old-space-size", "E11000", "a.b.c is down"]
)
def test_a_name_that_only_machines_use_is_seen(text: str) -> None:
    assert has_identifier(text)


@pytest.mark.parametrize("text", ["why is checkout slow", "HTTP 502 on Kafka", "well-known error", "磁盘满了怎么办"])
def test_ordinary_words_are_no_identifiers(text: str) -> None:
    assert not has_identifier(text)


@given(st.text(max_size=300))
def test_any_text_has_a_well_formed_vector(text: str) -> None:
    for vector in (document_vector(text), query_vector(text, read_glossary())):
        assert len(set(vector.indices)) == len(vector.indices) == len(vector.values)
        assert all(0 <= index < 2**32 for index in vector.indices)
        assert all(value > 0 for value in vector.values)
