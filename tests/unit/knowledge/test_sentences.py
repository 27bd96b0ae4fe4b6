"""Where sentences begin and end, in both languages and in what is no prose."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.sentences import sentence_spans


def cut(text: str) -> list[str]:
    return [text[start:end].strip() for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "The pool of payments is exhausted. Raise the limit slowly and watch it.",
            ["The pool of payments is exhausted.", "Raise the limit slowly and watch it."],
        ),
        (
            "支付服务的数据库连接池已经耗尽，请求开始排队等待连接。先把连接数的上限调高，再观察两分钟看看队列是否变短。",
            [
                "支付服务的数据库连接池已经耗尽，请求开始排队等待连接。",
                "先把连接数的上限调高，再观察两分钟看看队列是否变短。",
            ],
        ),
        (
            "Version 1.2.3 of etcd.example.com is affected by it",
            ["Version 1.2.3 of etcd.example.com is affected by it"],
        ),
        ("1.\nGet the list of all the pods", ["1.\nGet the list of all the pods"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_text_is_cut_behind_sentences(text: str, sentences: list[str]) -> None:
    assert cut(text) == sentences


def test_what_is_behind_the_last_is_one() -> None:
    assert len(sentence_spans("This line is long enough to stand alone.\n" * 500)) == 48


@given(st.text(alphabet="ab .。!?\n；", max_size=300))
def test_spans_are_in_order_and_leave_out_nothing_but_blanks(text: str) -> None:
    spans = sentence_spans(text)

    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    kept = "".join(text[start:end] for start, end in spans)
    assert kept.split() == text.split() or "".join(kept.split()) == "".join(text.split())
