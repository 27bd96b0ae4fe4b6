"""Which passages are quoted when no model words the answer."""

from bot.rules.extracts import Block, blocks, commands, extract
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


def test_the_section_that_answers_is_quoted_under_its_heading() -> None:
    claims = extract("kafka lag, what do I do", {1: TLS, 2: SECTIONED}, content_terms, most=1)

    assert [(claim.text, claim.cites) for claim in claims] == [
        ("**Kafka lag › Fix**\n\n1. Restart the consumer.", ("lag",))
    ]


def test_a_long_section_is_quoted_from_its_best_block() -> None:
    long = evidence(
        "disk", "Kafka disk full", "Nothing to see here. " * 60 + "\n\nFind the largest topic:\n\n```\ndu\n```"
    )

    claims = extract("largest topic", {1: long}, content_terms)

    assert claims[0].text == "**Kafka disk full**\n\nFind the largest topic:\n\n```\ndu\n```"


def test_a_chinese_question_finds_an_english_passage() -> None:
    claims = extract("证书怎么轮换", {1: DISK, 2: TLS}, content_terms)

    assert claims[0].cites == ("tls",)


def test_nothing_is_quoted_when_nothing_is_shared() -> None:
    assert extract("zebra giraffe", {1: DISK, 2: TLS}, content_terms) == ()


def test_the_commands_fit_the_question_or_there_are_none() -> None:
    found = commands("largest kafka topic disk", [TLS, DISK], content_terms)

    assert [claim.cites for claim in found] == [("disk",)]
    assert commands("who is on holiday", [TLS, DISK], content_terms) == ()
