"""What Slack delivers reads as plain text: mentions, links, cards of other bots."""

import pytest

from connectors.chat.slack_text import message_text, readable

NAMES = {"U1": "ann", "U9": "", "S1": "sre"}


@pytest.mark.parametrize(
    ("mrkdwn", "text"),
    [
        ("<@U9> why is <@U1> paged?", "why is @ann paged?"),
        ("<@U7|bob> &amp; &lt;ops&gt;", "@bob & <ops>"),
        ("<#C1|ops> <#C2>", "#ops #C2"),
        ("<!here> <!subteam^S1> <!subteam^S2|@dba>", "@here @sre @dba"),
        ("<!date^1700000000^{date}|14 Nov>", "14 Nov"),
        ("<https://x.example/a?b=1&amp;c=2>", "https://x.example/a?b=1&c=2"),
        ("<https://x.example|the page>", "the page (https://x.example)"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("`<https://x.example>` a*b*c", "`https://x.example` a*b*c"),
    ],
)
def test_mrkdwn_as_text(mrkdwn: str, text: str) -> None:
    assert readable(mrkdwn, lambda one: NAMES.get(one, one)) == text


def test_the_card_of_another_bot_is_read_with_its_fields_tables_and_lists() -> None:
    rich = {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [{"type": "text", "text": "Pods of "}, {"type": "user", "user_id": "U1"}],
            },
            {
                "type": "rich_text_list",
                "indent": 1,
                "elements": [{"type": "rich_text_section", "elements": [{"type": "link", "url": "https://x.example"}]}],
            },
        ],
    }  # fmt: skip
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "pod"}, {"type": "raw_text", "text": "n"}]]}
    section = {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*firing*"},
        "fields": [{"type": "mrkdwn", "text": "p99 &gt; 2s"}],
    }
    header = {"type": "header", "text": {"type": "plain_text", "text": "HighLatency"}}
    message = {"bot_id": "B2", "text": "fallback", "blocks": [header, section, rich, table]}

    assert message_text(message, lambda one: NAMES.get(one, one)) == (
        "HighLatency\n\n*firing*\np99 > 2s\n\nPods of @ann\n  - https://x.example\n\npod | n"
    )


def test_an_attachment_reads_as_title_text_and_fields() -> None:
    attachment = {
        "title": "OOMKilled",
        "title_link": "https://grafana.example/d/1",
        "text": "checkout",
        "fields": [{"title": "pod", "value": "checkout-7"}],
        "fallback": "never shown",
    }

    assert message_text({"attachments": [attachment]}, str) == (
        "OOMKilled (https://grafana.example/d/1)\ncheckout\npod: checkout-7"
    )


def test_what_is_empty_falls_back_to_what_the_sender_gave_for_that() -> None:
    assert message_text({"attachments": [{"fallback": "Disk full"}]}, str) == "Disk full"
