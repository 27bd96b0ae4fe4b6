"""The taxonomy: what a page is about, in both languages, and what a team makes of it."""

import time
from collections import Counter
from pathlib import Path

import pytest

from knowledge.taxonomy import BadTaxonomy, Kind, Taxonomy, Topic, read_taxonomy, symptoms_in

OURS = read_taxonomy()


@pytest.fixture
def team(tmp_path: Path) -> Path:
    return tmp_path / "team.toml"


def read(team: Path, text: str) -> Taxonomy:
    team.write_text(text, encoding="utf-8")
    return read_taxonomy(team)


@pytest.mark.parametrize("kind", ["component", "symptom"])
def test_ours_has_both_languages_and_no_word_twice(kind: Kind) -> None:
    topics = OURS.topics[kind].values()
    words = Counter(word.lower() for topic in topics for word in topic.words)

    assert [word for word, count in words.items() if count > 1] == []
    assert [one.key for one in topics if all(word.isascii() for word in one.words)] == []


@pytest.mark.parametrize(
    ("text", "symptoms"),
    [
        pytest.param("search-indexer keeps getting OOMKilled", ("out of memory",), id="compound"),
        pytest.param("KafkaConsumerLagHigh fires", ("consumer lag",), id="name-of-an-alert"),
        pytest.param("read-replica lag", ("replication lag",), id="the-longest-counts"),
        pytest.param("the certificate of payments expired", ("certificate expired",), id="words-between"),
        pytest.param("磁盘写满，连接池耗尽", ("disk full", "connections exhausted"), id="Chinese"),
        pytest.param("sloth and the 5029 mm belt", (), id="parts-of-words"),
    ],
)
def test_symptoms_are_recognised_in_a_short_text(text: str, symptoms: tuple[str, ...]) -> None:
    assert symptoms_in(text) == symptoms


@pytest.mark.parametrize(
    ("title", "text", "components"),
    [
        pytest.param("DNS failures", "Look at the pods.", ["dns"], id="title"),
        pytest.param("Night shift", "# Night shift\n\n## Kafka\n\nKafka is full. Ask kafka.", ["queue"], id="heading"),
        pytest.param("Night shift", "Somebody said DNS.", [], id="in-passing"),
        pytest.param("Night shift", "```\nkafka kafka kafka kafka kafka\n```", [], id="code"),
        pytest.param("Night shift", "[it](https://x.example/dns/dns/dns/dns/dns/dns)", [], id="address"),
        pytest.param(
            "夜班手册", "消息队列。消费者停了，消费者重启，Kafka 正常。", ["queue"], id="all-through-the-text"
        ),
    ],
)
def test_a_page_is_about_what_it_names_in_the_right_place(title: str, text: str, components: list[str]) -> None:
    assert OURS.about("component", title, text) == components


@pytest.mark.parametrize("value", ["connection pool", "Connection_Pool", "连接池", "the database pool of payments"])
def test_a_value_of_front_matter_means_a_topic(value: str) -> None:
    assert OURS.keys("component", value) == ("connection pool",)


def test_a_topic_has_a_title_in_each_language_and_a_stranger_its_key() -> None:
    assert OURS.title("symptom", "disk full", "zh") == "磁盘满"
    assert (OURS.title("component", "northbank", "en"), OURS.title("service", "dns", "en")) == ("northbank", "dns")


def test_a_team_adds_renames_and_drops(team: Path) -> None:
    taxonomy = read(
        team,
        """
        [component.till]
        en = "Till"
        zh = "收银台"
        words = ["till", "收银台"]
        [component.queue]
        rename = "message bus"
        words = ["herring"]
        [component.email]
        drop = true
        """,
    )

    assert taxonomy.mentioned("component", "till, herring, kafka and mail") == ("till", "message bus")
    assert taxonomy.title("component", "till", "zh") == "收银台"


def test_a_word_that_a_team_claims_is_theirs(team: Path) -> None:
    taxonomy = read(team, '[component.till]\nen = "Till"\nzh = "收银台"\nwords = ["redis"]')

    assert taxonomy.mentioned("component", "redis") == ("till",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[component.x", "not TOML", id="no-toml"),
        pytest.param("[components.x]\nen = 'X'", "components: Extra inputs are not permitted", id="chapter"),
        pytest.param("[component.x]\nnme = 'X'", "component.x.nme: Extra inputs", id="key"),
        pytest.param("[component.x]\nen = 'X'\nwords = ['x']", "component.x: a new topic needs zh.", id="title"),
        pytest.param("[symptom.errors]\nwords = ['*']", "symptom.errors.words: a word needs a letter", id="word"),
    ],
)
def test_a_mistake_names_file_and_key(team: Path, text: str, said: str) -> None:
    with pytest.raises(BadTaxonomy) as refused:
        read(team, text)

    assert str(refused.value).startswith(f"{team}: {said}")


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(BadTaxonomy, match=r"correct knowledge\.taxonomy"):
        read_taxonomy(tmp_path / "gone.toml")


def test_an_empty_taxonomy_finds_nothing() -> None:
    assert Taxonomy({}).about("symptom", "disk full", "disk full") == []
    assert Taxonomy({"symptom": [Topic("x", "X", "X", ())]}).mentioned("symptom", "x") == ()


@pytest.mark.parametrize("piece", ["certificate ", "Aa", "certificate of the ", "# a\n", "```\n", "](", "磁盘"])
def test_a_hostile_page_takes_no_longer(piece: str) -> None:
    started = time.process_time()
    OURS.about("symptom", piece * (200_000 // len(piece)), piece * (1_000_000 // len(piece)))

    assert time.process_time() - started < 5
