"""Feishu documents as Markdown, also those that were made to do harm."""

import time
from typing import Any

import pytest

from connectors.sources.formats.docx_blocks import read


def run(content: str, **style: Any) -> dict[str, Any]:
    return {"text_run": {"content": content, "text_element_style": style}}


def block(id: str, kind: int, key: str, /, *elements: dict[str, Any], below: str = "", **body: Any) -> dict[str, Any]:
    style = body.pop("style", {})
    content = {"elements": list(elements), "style": style} if elements else body
    return {"block_id": id, "block_type": kind, "parent_id": "p", "children": below.split(), key: content}


def page(*blocks: dict[str, Any], below: str = "") -> str:
    named = below or " ".join(one["block_id"] for one in blocks)
    root = {
        "block_id": "p",
        "block_type": 1,
        "parent_id": "",
        "children": named.split(),
        "page": {"elements": [run("T")]},
    }
    return read([root, *blocks]).text


@pytest.mark.parametrize(
    ("one", "text"),
    [
        pytest.param(block("a", 3, "heading1", run("Fix")), "# Fix", id="heading-1"),
        pytest.param(block("a", 11, "heading9", run("Deep")), "###### Deep", id="heading-9"),
        pytest.param(
            block("a", 2, "text", run("bold ", bold=True), run("x", italic=True)), "**bold** *x*", id="styles"
        ),
        pytest.param(block("a", 2, "text", run("a`b", inline_code=True, bold=True)), "`` a`b ``", id="code-with-tick"),
        pytest.param(block("a", 12, "bullet", run("one")), "- one", id="bullet"),
        pytest.param(block("a", 13, "ordered", run("x"), style={"sequence": "4"}), "4. x", id="numbered-from-4"),
        pytest.param(block("a", 17, "todo", run("x"), style={"done": True}), "- [x] x", id="done"),
        pytest.param(block("a", 17, "todo", run("x")), "- [ ] x", id="to-do"),
        pytest.param(block("a", 14, "code", run("```\nx"), style={"language": 56}), "````sql\n```\nx\n````", id="code"),
        pytest.param(block("a", 14, "code", run("x"), style={"language": 999}), "```\nx\n```", id="unknown-language"),
        pytest.param(block("a", 15, "quote", run("a\nb")), "> a\n> b", id="quote"),
        pytest.param(block("a", 22, "divider"), "---", id="divider"),
        pytest.param(block("a", 27, "image", caption={"content": "Graph"}, token="x"), "Graph", id="image"),
        pytest.param(block("a", 27, "image", token="x"), "", id="image-without-words"),
        pytest.param(block("a", 23, "file", name="dump.log"), "(file: dump.log)", id="file"),
        pytest.param(block("a", 30, "sheet", token="x"), "(embedded spreadsheet)", id="sheet"),
        pytest.param(block("a", 999, "undefined"), "", id="unknown-block"),
        pytest.param(block("a", 2, "text", {"equation": {"content": "a^2\n"}}), "$a^2$", id="equation"),
        pytest.param(block("a", 2, "text", {"mention_user": {"user_id": "ou_1"}}), "@ou_1", id="person"),
        pytest.param(block("a", 2, "text", {"reminder": {"expire_time": "1772409600000"}}), "2026-03-02", id="date"),
        pytest.param(
            block("a", 2, "text", {"mention_doc": {"title": "Disk", "url": "https%3A%2F%2Fa.cn%2Fdocx%2Fx"}}),
            "[Disk](https://a.cn/docx/x)",
            id="document",
        ),
    ],
)
def test_a_block_as_markdown(one: dict[str, Any], text: str) -> None:
    assert page(one) == text


def test_lists_nest_and_keep_code_inside() -> None:
    blocks = (
        block("a", 13, "ordered", run("first"), below="b c", style={"sequence": "1"}),
        block("b", 12, "bullet", run("inner")),
        block("c", 14, "code", run("x\n\ny")),
        block("d", 13, "ordered", run("second"), style={"sequence": "auto"}),
    )

    assert page(*blocks, below="a d") == "1. first\n   - inner\n\n   ```\n   x\n\n   y\n   ```\n2. second"


def test_a_callout_quotes_what_is_in_it() -> None:
    blocks = (
        block("a", 19, "callout", below="b c"),
        block("b", 2, "text", run("one")),
        block("c", 12, "bullet", run("x")),
    )

    assert page(*blocks, below="a") == "> one\n>\n> - x"


def test_merged_cells_stand_in_every_place_that_they_cover() -> None:
    spans = [{"row_span": 2, "col_span": 1}, {"row_span": 1, "col_span": 1}, {}, {"row_span": 9, "col_span": 9}]
    cells = [block(f"c{n}", 32, "table_cell", below=f"t{n}") for n in range(4)]
    texts = [block(f"t{n}", 2, "text", run(said)) for n, said in enumerate(["a|b", "x", "", "y"])]
    table = block("a", 31, "table", cells=["c0", "c1", "c2", "c3"], property={"column_size": 2, "merge_info": spans})

    assert page(table, *cells, *texts, below="a") == "| a\\|b | x |\n| --- | --- |\n| a\\|b | y |"


@pytest.mark.parametrize("width", [0, -1, 10**9, "2", None])
def test_a_table_of_no_sane_width_is_left_out(width: object) -> None:
    assert page(block("a", 31, "table", cells=["x"], property={"column_size": width})) == ""


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (run("x", link={"url": "javascript:alert(1)"}), "x"),
        (run("x", link={"url": "javascript%3Aalert(1)"}), "x"),
        (run("x", link={"url": "https://a.b/c(d)"}), "[x](https://a.b/c%28d%29)"),
        (run("[x](javascript:alert(1))"), "[x] (javascript:alert(1))"),
        (run("]( https://evil", link={"url": "https://a.b"}), "[\\] ( https://evil](https://a.b)"),
        (run("![x](https://spy/pixel.png)"), "[x](https://spy/pixel.png)"),
        (run("<javascript:alert(1)>"), "< javascript:alert(1)>"),
        (run("# not a heading\n---\n[a]: javascript:x"), "\\# not a heading\n\\---\n\\[a]: javascript:x"),
        (run("```\nopen"), "\\```\nopen"),
    ],
)
def test_text_does_not_turn_into_markup(said: dict[str, Any], text: str) -> None:
    assert page(block("a", 2, "text", said)) == text


def test_a_tree_that_leads_back_to_itself_has_an_end() -> None:
    blocks = (
        block("a", 12, "bullet", run("a"), below="b a p"),
        block("b", 12, "bullet", run("b"), below="a b"),
        block("c", 31, "table", cells=["c", "a", "p"], property={"column_size": 1}),
    )

    assert page(*blocks, below="a a c missing") == "- a\n  - b\n\n|  |\n| --- |\n|  |\n|  |"


@pytest.mark.parametrize(("kind", "name"), [(12, "bullet"), (19, "callout"), (2, "text")])
def test_ten_thousand_nested_blocks_keep_their_words(kind: int, name: str) -> None:
    began = time.perf_counter()
    blocks = [block(f"b{n}", kind, name, run(f"w{n}"), below=f"b{n + 1}") for n in range(10_000)]

    text = page(*blocks, below="b0")

    assert "w9999" in text
    assert time.perf_counter() - began < 20


def test_nested_tables_have_an_end() -> None:
    blocks = [block(f"b{n}", 31, "table", cells=[f"c{n}"], property={"column_size": 1}) for n in range(2000)]
    blocks += [block(f"c{n}", 32, "table_cell", below=f"b{n + 1}") for n in range(2000)]

    assert len(page(*blocks, below="b0")) < 100_000


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [{}],
        [{"block_id": 3}],
        [{"block_id": "a", "block_type": "2", "text": []}],
        [{"block_id": "a", "block_type": 2, "children": {"a": 1}, "text": {"elements": [3, None, {"text_run": 7}]}}],
        [
            {
                "block_id": "a",
                "block_type": 31,
                "table": {"cells": [None], "property": {"merge_info": 3, "column_size": 1}},
            }
        ],
    ],
)
def test_blocks_of_another_shape_say_nothing(blocks: list[dict[str, Any]]) -> None:
    assert read(blocks).text.strip("|- \n") == ""


def test_the_title_is_the_first_block_s() -> None:
    assert read([{"block_id": "p", "block_type": 1, "page": {"elements": [run("A\nB")]}}]).title == "A B"
