"""What is read out of postmortems, whatever their template and language."""

import pytest

from knowledge.postmortem import flat, part_named, read_postmortem

ENGLISH = """# INC-7: pool full

## Summary

Refunds kept their
connection.

## Timeline (UTC)

| time | event |
|---|---|
| 10:42 | `PaymentsPoolExhausted` |

## 3. Root cause analysis

A missing rollback.

### How we know

The sessions were idle.

## What fixed it

Rollback to **5.8.6**.

## Lessons learned

- Fix: never on a Friday.
"""


@pytest.mark.parametrize(
    ("heading", "part"),
    [
        ("Root cause", "cause"),
        ("2. Root Cause:", "cause"),
        ("根本原因（初步）", "cause"),
        ("三、根因分析", "cause"),
        ("What fixed it", "fix"),
        ("处理过程", "fix"),
        ("怎么修好的", "fix"),
        ("**Customer impact**", "impact"),
        ("影响范围", "impact"),
        ("故障现象", "symptom"),
        ("概述", "summary"),
        ("Follow-ups", "afterwards"),
        ("Suspected cause", None),
        ("Proposed fix", None),
        ("Timeline", None),
    ],
)
def test_a_heading_names_a_part(heading: str, part: str | None) -> None:
    assert part_named(heading) == part


def test_sections_are_read_with_what_is_below_them() -> None:
    told = read_postmortem(ENGLISH).parts

    assert told["summary"] == "Refunds kept their connection."
    assert told["cause"] == "A missing rollback. How we know The sessions were idle."
    assert told["fix"] == "Rollback to 5.8.6."


def test_what_was_observed_is_neither_cause_nor_fix_nor_lesson() -> None:
    observed = read_postmortem(ENGLISH).observed

    assert "kept their" in observed
    assert "10:42" in observed
    assert not any(word in observed for word in ("rollback", "5.8.6", "Friday", "idle"))


def test_a_table_of_fields_counts_like_headings() -> None:
    told = read_postmortem(
        "| 字段 | 内容 |\n|---|---|\n| 现象 | 下单报错 |\n| 根因 | 证书过期 |\n| 修复 | 重启 |"
    ).parts

    assert (told["symptom"], told["cause"], told["fix"]) == ("下单报错", "证书过期", "重启")


def test_a_word_in_front_of_a_colon_counts_like_a_heading() -> None:
    told = read_postmortem("**Symptom:** 5xx at checkout\n- Root cause: an old certificate\n修复：重启 payments").parts

    assert (told["symptom"], told["cause"], told["fix"]) == ("5xx at checkout", "an old certificate", "重启 payments")


def test_what_comes_first_wins() -> None:
    assert read_postmortem("## Fix\n\nThe first.\n\n## Fix\n\nThe second.").parts["fix"] == "The first."


def test_headings_inside_code_are_no_headings() -> None:
    told = read_postmortem("## Symptom\n\nIt hangs.\n\n```bash\n# fix\nrm -rf cache\n```")

    assert "fix" not in told.parts


def test_a_text_without_any_part_was_observed_whole() -> None:
    told = read_postmortem("Checkout was slow.\n\nNobody knew why.")

    assert (told.parts, told.observed) == ({}, "Checkout was slow.\n\nNobody knew why.")


def test_a_line_break_in_a_chinese_sentence_is_no_blank() -> None:
    assert flat("订单邮件排在后面，\n最长晚到 3 小时。") == "订单邮件排在后面，最长晚到 3 小时。"
