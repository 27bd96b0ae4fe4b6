"""The estimate of tokens: what each kind of text costs."""

import pytest

from connectors.llm.port import Prompt, estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("disk", 1, id="word"),
        pytest.param("disk is full", 3, id="blanks-belong-to-the-word-behind"),
        pytest.param("kubernetes", 2, id="long-word"),
        pytest.param("CrashLoopBackOff", 4, id="camel-case"),
        pytest.param("10.0.0.17", 9, id="every-digit-is-one"),
        pytest.param("port 80", 4, id="a-blank-before-a-digit-is-one"),
        pytest.param("|---|---|", 5, id="two-marks-are-one"),
        pytest.param("磁盘已满", 4, id="han"),
        pytest.param("磁盘已满磁盘已满", 7, id="eight-han"),
        pytest.param("。，", 2, id="wide-marks"),
        pytest.param("\n\n    x", 2, id="blank-space-is-one"),
        pytest.param("🔥", 3, id="emoji"),
    ],
)
def test_each_kind_of_text_has_its_price(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_a_megabyte_of_blanks_is_counted_at_once() -> None:
    assert estimate_tokens(" " * 1_000_000 + "7") < 5


def test_a_prompt_counts_with_all_its_texts() -> None:
    prompt = Prompt("instruction", "material", (("asked", "replied"),))

    assert prompt.texts == ("instruction", "asked", "replied", "material")
