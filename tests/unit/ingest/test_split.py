"""Chunks keep structure, fit the embedding, and lose nothing."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.split import MOST, split
from ingest.tokens import tokens

EN = "The pool of connections ran dry because refunds kept theirs. "
ZH = "退款没有归还数据库连接，因此连接池被耗尽，支付接口开始超时。"


def texts(markdown: str) -> list[str]:
    return [chunk.text for chunk in split("d", "Title", markdown)]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_headings_make_the_path_without_the_title() -> None:
    body = EN * 20
    chunks = split("d", "Title", f"# Title\n\n{body}\n\n## Fix\n\n{body}\n\n### Now\n\n{body}\n\n## After\n\n{body}\n")

    assert [chunk.heading for chunk in chunks] == ["", "Fix", "Fix › Now", "After"]
    assert [chunk.position for chunk in chunks] == [0, 1, 2, 3]
    assert chunks[1].text.startswith("## Fix\n\n")


def test_short_sections_are_merged_under_what_they_share() -> None:
    (chunk,) = split("d", "Title", "# Title\n\n## Meaning\n\nFull.\n\n## Impact\n\nSlow.\n")

    assert chunk.text == "# Title\n\n## Meaning\n\nFull.\n\n## Impact\n\nSlow."
    assert chunk.heading == ""


def test_a_heading_in_code_is_no_heading() -> None:
    (chunk,) = split("d", "T", "````\n# not a heading\n```\n# nor this\n````\n\n~~~\n# or this\n~~~\n")

    assert chunk.heading == ""


def test_code_a_table_and_a_list_are_not_cut_while_they_fit() -> None:
    code = "```sh\n" + "kubectl get pods --namespace payments\n" * 15 + "```"
    table = "| name | value |\n|---|---|\n" + "| max | 20 |\n" * 20
    items = "- restart one pod\n  and wait\n" * 15
    markdown = f"{EN * 12}\n\n{code}\n\n{EN * 12}\n\n{table}\n\n{EN * 12}\n\n{items}"

    for block in (code, table.strip(), items.strip()):
        assert sum(block in text for text in texts(markdown)) == 1


def test_long_code_is_cut_at_lines_and_fenced_again() -> None:
    lines = [f"kubectl delete pod payments-{number} --namespace payments" for number in range(100)]
    parts = texts("```sh\n" + "\n".join(lines) + "\n```")

    assert len(parts) > 1
    assert all(part.startswith("```sh\n") and part.endswith("\n```") for part in parts)
    assert [line for part in parts for line in part.split("\n")[1:-1]] == lines


def test_a_long_table_is_cut_at_rows_under_its_header() -> None:
    rows = [f"| setting-{number} | value of the setting {number} |" for number in range(100)]
    parts = texts("| name | value |\n|---|---|\n" + "\n".join(rows))

    assert len(parts) > 1
    assert all(part.startswith("| name | value |\n|---|---|\n") for part in parts)
    assert [row for part in parts for row in part.split("\n")[2:]] == rows


def test_a_long_list_is_cut_between_items() -> None:
    items = [f"- step {number}: {EN}\n  and then wait" for number in range(40)]
    parts = texts("\n".join(items))

    assert len(parts) > 1
    assert all(part.startswith("- step") and part.endswith("and then wait") for part in parts)


@pytest.mark.parametrize(("sentence", "end"), [(EN, "."), (ZH, "。")], ids=["english", "chinese"])
def test_long_prose_is_cut_at_the_end_of_sentences(sentence: str, end: str) -> None:
    parts = texts(sentence * 80)

    assert len(parts) > 1
    assert all(part.endswith(end) for part in parts)
    assert squeezed("".join(parts)) == squeezed(sentence * 80)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("x" * 100_000, id="one-run"),
        pytest.param("word " * 20_000, id="words"),
        pytest.param('{"key":"value","other":12},' * 4000, id="json"),
        pytest.param("日志" * 50_000, id="chinese-without-a-stop"),
        pytest.param("> " * 20_000 + "x", id="nested-quotes"),
        pytest.param("[" * 50_000, id="brackets"),
        pytest.param(f"| {'x' * 50_000} |\n|---|\n" + "| row |\n" * 2000, id="header-of-a-table"),
        pytest.param(f"```{'x' * 50_000}\n" + "line\n" * 5000 + "```", id="opening-of-a-fence"),
    ],
)
def test_a_line_of_a_hundred_kilobytes_is_cut_in_seconds(line: str) -> None:
    started = time.monotonic()
    parts = texts(line)

    assert all(tokens(part) <= MOST for part in parts)
    assert squeezed("".join(parts)) == squeezed(line)
    assert time.monotonic() - started < 20


def test_a_definition_of_a_link_is_text_too() -> None:
    assert texts("See [x].\n\n[x]: https://x.example\n") == ["See [x].\n\n[x]: https://x.example"]


@pytest.mark.parametrize("empty", ["", "\n\n", "   \n\t\n"])
def test_nothing_gives_no_chunk(empty: str) -> None:
    assert split("d", "T", empty) == ()


BLOCKS = st.sampled_from(
    [
        "# One",
        "## Two",
        "### 三",
        EN * 3,
        ZH * 5,
        "```\na = 1\n\nb = 2\n```",
        "- a\n  - b\n- c",
        "| a |\n|---|\n| 1 |",
        "> q",
    ]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(BLOCKS, max_size=14))
def test_every_word_is_in_exactly_one_chunk_and_every_chunk_fits(blocks: list[str]) -> None:
    markdown = "\n\n".join(blocks)
    parts = texts(markdown)

    assert squeezed("".join(parts)) == squeezed(markdown)
    assert all(tokens(part) <= MOST for part in parts)
