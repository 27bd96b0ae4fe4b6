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


def test_the_passage_that_shares_most_with_the_question_is_quoted_with_what_follows() -> None:
    claims = extract("how do I find the largest topic on kafka", {1: TLS, 2: DISK}, content_terms)

    assert claims[0].cites == ("disk",)
    assert claims[0].text.startswith("**Kafka disk full**\n\nFind the largest topic:\n\n```bash")


def test_a_chinese_question_finds_an_english_passage() -> None:
    claims = extract("证书怎么轮换", {1: DISK, 2: TLS}, content_terms)

    assert claims[0].cites == ("tls",)


def test_nothing_is_quoted_when_nothing_is_shared() -> None:
    assert extract("zebra giraffe", {1: DISK, 2: TLS}, content_terms) == ()


def test_the_commands_fit_the_question_or_there_are_none() -> None:
    found = commands("largest kafka topic disk", [TLS, DISK], content_terms)

    assert [claim.cites for claim in found] == [("disk",)]
    assert commands("who is on holiday", [TLS, DISK], content_terms) == ()
