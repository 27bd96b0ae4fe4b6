"""A model's Markdown becomes a tree in which no word is lost and no link misleads."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.chat.markdown import Code, Grid, Listing, Paragraph, Run, parse, plain


def runs(text: str) -> tuple[Run, ...]:
    (block,) = parse(text)
    assert isinstance(block, Paragraph)
    return block.runs


def test_styles_combine() -> None:
    assert runs("a **b *c*** `d`") == (
        Run("a "),
        Run("b ", bold=True),
        Run("c", bold=True, italic=True),
        Run(" "),
        Run("d", code=True),
    )


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("[wiki](https://w.example/a)", "wiki (https://w.example/a)"),
        ("<https://w.example>", "https://w.example"),
        ("see https://w.example/a.", "see https://w.example/a."),
        ("[https://bank.example](https://evil.example)", "https://bank.example (https://evil.example)"),
        ("[bank.example](https://evil.example)", "bank.example (https://evil.example)"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("[page](docs/a.md)", "page (docs/a.md)"),
        ('[page](https://w.example "old")', "page (https://w.example) (old)"),
        ("![chart](https://w.example/p.png)", "chart (https://w.example/p.png)"),
        ("as said [1][2]\n\n[1]: https://evil.example", "as said [1][2]\n\n[1]: https://evil.example"),
        ("<b>bold</b><br>next", "<b>bold</b>\nnext"),
        ("&lt;!channel&gt; &amp;", "<!channel> &"),
        ("\u202eevil\u202c \x00\ud800", "evil \ufffd"),
    ],
)
def test_words_links_and_marks_stay(markdown: str, shown: str) -> None:
    assert plain(parse(markdown)) == shown


def test_only_links_to_follow_are_links() -> None:
    links = [run.href for run in runs("[a](https://x.example) [b](data:text/html,x) [c](slack://x) [d](mailto:a@b.c)")]

    assert [one for one in links if one] == ["https://x.example", "mailto:a@b.c"]


def test_a_table_keeps_cells_that_its_header_has_no_name_for() -> None:
    (whole,) = parse("| a | b |\n|-|-|\n| 1 | 2 |")
    (broken,) = parse("| a | b |\n|-|-|\n| 1 | 2 | 3 |")

    assert isinstance(whole, Grid)
    assert isinstance(broken, Code)
    assert "3" in broken.text


def test_lists_keep_their_depth_and_numbers() -> None:
    (block,) = parse("3. a\n   - b\n4. c")

    assert isinstance(block, Listing)
    assert (block.ordered, block.start) == (True, 3)
    assert plain((block,)) == "3. a\n  • b\n4. c"


def test_a_fence_that_begins_with_text_keeps_it() -> None:
    assert plain(parse("```the pool is full\nx\n```")) == "the pool is full\nx"


@pytest.mark.parametrize("depth", [30, 500])
def test_nesting_of_any_depth_keeps_its_words(depth: int) -> None:
    text = "\n".join(f"{'  ' * level}- level{level}" for level in range(depth))

    assert f"level{depth - 1}" in plain(parse(text))
    assert "level0" in plain(parse(text))


@pytest.mark.parametrize("bad", ["[", "![", "*", "`", ">", "_a", "<", "|a", "~~", "&", "- "])
def test_sixty_thousand_bad_characters_are_read_in_a_moment(bad: str) -> None:
    started = time.perf_counter()
    parse(bad * (60_000 // len(bad)))

    assert time.perf_counter() - started < 10


@given(st.text(alphabet=st.sampled_from("ab1 \n#>*_`~-+.|[]()<>&!\\\t:数😀"), max_size=300))
def test_no_letter_is_ever_lost(text: str) -> None:
    # The language of a fence is not among its words.
    text = text.replace("```", "").replace("~~~", "")
    kept = plain(parse(text))

    assert [sign for sign in "ab数😀" if kept.count(sign) < text.count(sign)] == []
