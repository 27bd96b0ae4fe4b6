"""How an answer's Markdown falls into pieces that can be checked."""

import pytest

from bot.rules.sentences import Piece, cited, pieces, sentences, whole, without_cites


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("The pool is full [1]. Raise it to 40 [2].", ["The pool is full [1].", "Raise it to 40 [2]."]),
        ("It is full. [2] Then restart.", ["It is full [2].", "Then restart."]),
        ("连接池耗尽[1]。扩容到40【2】。", ["连接池耗尽[1]。", "扩容到40【2】。"]),
        ("先重启。[1] 再看日志。", ["先重启 [1]。", "再看日志。"]),
        ("Use v1.2.3, e.g. Staging runs it.", ["Use v1.2.3, e.g. Staging runs it."]),
        ("No end mark [3]", ["No end mark [3]"]),
        ("Is it? Yes! `kubectl get pods` shows it.", ["Is it?", "Yes!", "`kubectl get pods` shows it."]),
    ],
)
def test_sentences_keep_their_citations(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


def test_pieces_know_lists_and_code() -> None:
    markdown = "## Fix\n1. Drain it [1].\n```bash\nkubectl drain node-3\n```\n- Done [2]\n"

    assert pieces(markdown) == [
        Piece("Drain it.", (1,), prefix="1. "),
        Piece("```bash\nkubectl drain node-3\n```", code=True),
        Piece("Done", (2,), prefix="- "),
    ]


def test_code_inside_a_list_loses_its_indentation() -> None:
    assert pieces("1. Look:\n   ```sh\n   kubectl get pods\n   ```")[1] == Piece(
        "```sh\nkubectl get pods\n```", code=True
    )


def test_an_unclosed_code_block_is_one_piece() -> None:
    assert pieces("```\nrm -rf build") == [Piece("```\nrm -rf build\n```", code=True)]


@pytest.mark.parametrize(
    ("growing", "done"),
    [
        ("The pool", ""),
        ("The pool is full [1]. Rai", "The pool is full [1]. "),
        ("First line\nsec", "First line\n"),
        ("Run\n```\nkubectl dr", "Run"),
        ("满了。再", "满了。"),
        ("1. 先重启", ""),
        ("Steps:\n1. Drain", "Steps:\n"),
        ("Steps:\n12. Drain", "Steps:\n"),
    ],
)
def test_what_is_complete_of_a_growing_text(growing: str, done: str) -> None:
    head, tail = whole(growing)

    assert (head, head + tail) == (done, growing)


def test_citation_marks_in_all_their_forms() -> None:
    assert cited("a [1], b [2, 3] and c【4】") == (1, 2, 3, 4)
    assert without_cites("It is full [1][2].") == "It is full."
