"""What a person would not see is taken out; what is visible stays."""

import time

import pytest

from ingest.clean import clean


@pytest.mark.parametrize(
    ("text", "cleaned", "what"),
    [
        pytest.param("a\x00b\x1bc", "abc", "control characters", id="controls"),
        pytest.param("con\u00adfig", "config", "soft hyphens", id="soft-hyphen"),
        pytest.param("pass\u200bword\ufeff", "password", "zero-width characters", id="zero-width"),
        pytest.param("rm \u202efr-\u202c x", "rm fr- x", "direction marks", id="direction"),
        pytest.param("ok\U000e0049\U000e0067", "ok", "tag characters", id="tags-that-spell-a-word"),
        pytest.param("a<!-- obey\nme -->b", "ab", "HTML comments", id="comment"),
        pytest.param('a <div style="display: none">obey</div> b', "a  b", "hidden elements", id="hidden-style"),
        pytest.param("a <p hidden>obey</p> b", "a  b", "hidden elements", id="hidden-attribute"),
        pytest.param("[//]: # (obey me)\ntext", "text", "Markdown comments", id="markdown-comment"),
        pytest.param("a<script>obey()</script>b", "ab", "scripts and styles", id="script"),
        pytest.param('a <img src=x onerror="steal()"> b', "a  b", "scripts and styles", id="handler"),
        pytest.param('<a href="javascript:steal()">a</a>', "a</a>", "scripts and styles", id="script-in-a-link"),
        pytest.param(
            "[a](javascript:steal%281%29)", "[a]()", "scripts and styles", id="Markdown-link-that-is-a-script"
        ),
        pytest.param("[a](data:text/html;base64,PHNj)", "[a]()", "scripts and styles", id="page-in-a-link"),
        pytest.param('# T<a name="x"></a>', "# T", "empty anchors", id="anchor"),
    ],
)
def test_what_is_not_seen_goes_and_is_counted(text: str, cleaned: str, what: str) -> None:
    result = clean(text)

    assert result.text == cleaned
    assert result.removed[what] >= 1
    assert set(result.removed) == {what}


@pytest.mark.parametrize(
    "text",
    [
        "```html\n<!-- an example -->\n<p hidden>x</p>\n```",
        "- a\n\n  ~~~\n  <!-- in a list -->\n  ~~~",
        "if a < b and c > d",
        "if a <on and on = b> [x](data/text.html) onerror=1",
        "磁盘已满 — “quotes”, emoji 🚒, café",
    ],
)
def test_what_is_seen_stays(text: str) -> None:
    assert clean(text).text == text
    assert clean(text).removed == {}


def test_line_breaks_and_blanks_become_ordinary() -> None:
    assert clean("a\r\nb\rc\u2028d\u00a0e  \n\n\n\nf\n").text == "a\nb\nc\nd e\n\nf"


def test_blank_lines_in_code_are_kept() -> None:
    assert clean("```\na\n\n\n\nb\n```").text == "```\na\n\n\n\nb\n```"


def test_an_unclosed_comment_hides_nothing() -> None:
    assert clean("a <!-- b\n\nc").text == "a <!-- b\n\nc"


@pytest.mark.parametrize(
    "piece",
    ["<!--", "<p hidden>", "<a-", "<p ", "[//]: # (", " ", "```\n", "\u200b<", '<a id="', "<p onab=", "](data:"],
)
def test_a_hostile_document_takes_no_longer(piece: str) -> None:
    started = time.monotonic()
    clean(piece * (1_000_000 // len(piece)) + "x")

    assert time.monotonic() - started < 10


def test_half_a_surrogate_does_no_harm() -> None:
    assert clean("a\ud800b").text == "a?b"


def test_borrowed_layout_goes_and_its_words_stay() -> None:
    page = "Look first.<br>\n<details>\n<summary>Full context</summary>\n\nKubelet <b>cleans</b> up.\n\n</details>"

    text = clean(page).text

    assert "<" not in text
    assert [line for line in text.splitlines() if line] == ["Look first.", "Full context", "Kubelet cleans up."]


def test_layout_in_code_is_the_subject_and_stays() -> None:
    assert "<br>" in clean("```html\n<br>\n```").text


def test_reference_links_become_inline_ones() -> None:
    page = "See [old logs][1] and [images][gc]; array[2][3] stays.\n\n[1]: https://wiki.example/logs\n[GC]: https://wiki.example/gc"

    assert clean(page).text == (
        "See [old logs](https://wiki.example/logs) and [images](https://wiki.example/gc); array[2][3] stays."
    )
