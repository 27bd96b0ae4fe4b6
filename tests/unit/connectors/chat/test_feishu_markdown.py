"""What a model writes shows in a Feishu card as it was meant, and mentions nobody."""

import html

import pytest

from connectors.chat.feishu_markdown import address_in_link, escaped, rendered
from connectors.chat.markdown import parse


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        pytest.param("**bold** *it* ~~gone~~ `code`", "**bold** *it* ~~gone~~ `code`", id="styles"),
        pytest.param("# A\n\n## B\n\n### C", "### A\n\n#### B\n\n**C**", id="headings-of-a-message"),
        pytest.param("the pool is full [1]", "the pool is full [1]", id="citation-marks-stay"),
        pytest.param("[a](https://x.y/b_(c))", "[a](https://x.y/b_%28c%29)", id="an-address-with-brackets"),
        pytest.param("[a](javascript:x)", "[a&#93;(javascript:x)", id="an-address-that-is-not-followed"),
        pytest.param("![a](https://x.y/z.png)", "[a](https://x.y/z.png)", id="no-pictures"),
        pytest.param("<at id=all></at>", "&#60;at id=all&#62;&#60;/at&#62;", id="everybody"),
        pytest.param("`<at id=all>`", "`<\u200bat id=all>`", id="everybody-in-code"),
        pytest.param("snake_case __init__", "snake_case **init**", id="underscores-in-words"),
        pytest.param("2 \\* 3 \\| 4", "2 &#42; 3 &#124; 4", id="signs-that-are-meant"),
        pytest.param(":OK: at 10:30:00", "&#58;OK: at 10:30:00", id="no-emoji-of-the-platform"),
        pytest.param("- a\n  - b\n    - c\n\n1. d", "- a\n    - b\n        - c\n\n1. d", id="lists-by-four"),
        pytest.param("3. a\n4. b", "3. a\n4. b", id="numbers-go-on"),
        pytest.param("> a\n>\n> - b", "> a\n>\n> - b", id="quotes"),
        pytest.param("- a\n  ```py\n  x = 1\n  ```\n- b", "- a\n```python\nx = 1\n```\n- b", id="code-in-a-list"),
        pytest.param("a\n---\nb", "#### a\n\nb", id="underlined-is-a-heading"),
        pytest.param("a\n\n***\n\nb", "a\n\n---\n\nb", id="rules"),
    ],
)
def test_what_is_shown(source: str, shown: str) -> None:
    assert rendered(parse(source)) == shown


@pytest.mark.parametrize(
    "text", ["# a", "- a", "+ a", "> a", "1. a", "2) a", "=== ", "--- ", "| a | b |", "<b>", "&#42;"]
)
def test_text_that_looks_like_a_format_is_text(text: str) -> None:
    assert html.unescape(escaped(text)) == text
    assert parse(escaped(text)) == parse(escaped(text).replace("\\", ""))
    assert [type(block).__name__ for block in parse(escaped(text))] == ["Paragraph"]


def test_a_mark_that_would_not_be_one_is_left_out() -> None:
    assert rendered(parse("**“引用”**后")) == "&#42;&#42;“引用”&#42;&#42;后"
    assert rendered(parse("a **(b)** c")) == "a **(b)** c"


def test_code_is_fenced_longer_than_what_is_in_it() -> None:
    assert rendered(parse("````\n```\na\n```\n````")) == "````plain_text\n```\na\n```\n````"


def test_what_is_nested_deep_stays_in_reach() -> None:
    deep = rendered(parse("\n".join("    " * n + f"- l{n}" for n in range(9))))

    assert max(len(line) - len(line.lstrip()) for line in deep.split("\n")) <= 12
    assert all(f"l{n}" in deep for n in range(9))


def test_an_address_ends_where_it_should() -> None:
    assert address_in_link('https://x/a b)"<') == "https://x/a%20b%29%22%3C"
