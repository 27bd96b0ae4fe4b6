"""Which passages are quoted when no model words the answer."""

from bot.rules.extracts import Block, blocks, pick, warnings
from bot.rules.terms import content_terms
from bot.vocabulary import Evidence

PAGE = """Kafka refuses writes when the disk is full.

Find the largest topic:

```bash
kafka-log-dirs --describe

du -sh /var/kafka
```

- Lower its retention.
- Wait for the cleaner."""


def evidence(name: str, title: str, text: str) -> Evidence:
    return Evidence(id=name, kind="document", title=title, text=text)


DISK = evidence("disk", "Kafka disk full", PAGE)
TLS = evidence("tls", "Rotate certificates", "cert-manager renews them.\n\n```\nkubectl get certificates\n```")


def test_blocks_keep_blank_lines_inside_code() -> None:
    found = blocks(PAGE)

    assert [block.code for block in found] == [False, False, True, False]
    assert found[2].text == "```bash\nkafka-log-dirs --describe\n\ndu -sh /var/kafka\n```"


def test_unclosed_code_is_closed() -> None:
    assert blocks("```\nls") == [Block("```\nls\n```", code=True)]


SECTIONED = evidence(
    "lag",
    "Kafka lag",
    "# Kafka lag\n\nLag is how far consumers are behind.\n\n## Impact\n\nMails are late.\n\n"
    "## Fix\n\n1. Restart the consumer.",
)


def quoted(question: str, found: list[Evidence], most: int = 2) -> list[tuple[str, tuple[str, ...]]]:
    claims = [passage.quoted() for passage in pick([question], found, content_terms, most)]
    return [(claim.text, claim.cites) for claim in claims]


def test_the_section_that_answers_is_quoted_under_its_heading() -> None:
    assert quoted("kafka consumers are lagging, how do I restart", [TLS, SECTIONED], most=1) == [
        ("**Kafka lag › Fix**\n\n1. Restart the consumer.", ("lag",))
    ]


def test_a_page_in_the_other_language_that_the_search_finds_far_better_is_quoted_first() -> None:
    english = Evidence(
        id="tls", kind="document", title="Rotate certificates", text=TLS.text, document_id="t", score=1.2
    )
    chinese = Evidence(
        id="label",
        kind="document",
        title="面单打印失败",
        text="证书轮换时任务会报错，怎么处理：\n\n1. 重试。",
        document_id="l",
        score=0.3,
    )

    assert [cites for _, cites in quoted("证书怎么轮换？", [english, chinese])] == [("tls",), ("label",)]


def test_a_long_section_is_quoted_from_its_best_block() -> None:
    long = evidence(
        "disk", "Kafka disk full", "Nothing to see here. " * 60 + "\n\nFind the largest topic:\n\n```\ndu\n```"
    )

    assert quoted("largest topic", [long]) == [
        ("**Kafka disk full**\n\nFind the largest topic:\n\n```\ndu\n```", ("disk",))
    ]


def test_of_a_long_table_the_rows_that_were_asked_for_are_quoted() -> None:
    rows = "\n".join(f"| setting {n} | {n} |" for n in range(20))
    table = evidence("sizes", "Sizes", f"| what | how much |\n|---|---|\n{rows}\n| payments pool | 40 |")

    text = quoted("payments pool", [table])[0][0]

    assert "| what | how much |\n|---|---|" in text
    assert "| payments pool | 40 |" in text
    assert len(text.splitlines()) == 10


def test_a_chinese_question_finds_an_english_passage() -> None:
    assert quoted("证书怎么轮换", [DISK, TLS])[0][1] == ("tls",)


def test_nothing_is_quoted_when_nothing_is_shared() -> None:
    assert quoted("zebra giraffe", [DISK, TLS]) == []


def test_what_a_table_answers_exactly_stands_alone() -> None:
    duty = Evidence(id="people:data", kind="people", title="On-call table", text="On call for kafka is Ann.")

    assert quoted("who is on call for kafka", [duty, DISK]) == [
        ("**On-call table**\n\nOn call for kafka is Ann.", ("people:data",))
    ]


def test_the_sentence_that_forbids_it_is_found() -> None:
    page = evidence(
        "wal", "Disk full", "The disk holds data and WAL.\n\nNever delete files in pg_wal by hand. Add space."
    )

    found = warnings(["can I delete the oldest files in pg_wal"], [TLS, page], content_terms)

    assert [passage.text for passage in found] == ["Never delete files in pg_wal by hand."]
    assert warnings(["how do I rotate certificates"], [TLS, page], content_terms) == []


def test_a_documents_own_numbers_are_no_citations() -> None:
    page = evidence("logs", "Logs", "Old logs [1] are removed.\n\n```\necho a[1]\n```")

    assert quoted("old logs", [page])[0][0] == "**Logs**\n\nOld logs \\[1\\] are removed.\n\n```\necho a[1]\n```"


INCIDENT = Evidence(
    id="incident:inc-3", kind="incident", title="INC-3", document_id="inc-3",
    text="- Symptom: kafka refuses writes\n- Fix: bigger disks",
)  # fmt: skip


def test_past_incidents_stand_alone_when_they_are_asked_for() -> None:
    found = [INCIDENT, INCIDENT.model_copy(update={"id": "incident:inc-4", "document_id": "inc-4"}), DISK]

    assert [cites for _, cites in quoted("kafka refuses writes, happened before?", found)] == [
        ("incident:inc-3",), ("incident:inc-4",),
    ]  # fmt: skip


def test_otherwise_an_incident_comes_behind_the_documents() -> None:
    assert [cites for _, cites in quoted("kafka refuses writes", [INCIDENT, DISK])] == [("disk",), ("incident:inc-3",)]


def test_an_incident_whose_document_was_found_is_not_quoted_twice() -> None:
    itself = evidence("chunk", "INC-3", "Kafka refuses writes.").model_copy(update={"document_id": "inc-3"})

    assert [cites for _, cites in quoted("kafka refuses writes", [INCIDENT, itself])] == [("chunk",)]
