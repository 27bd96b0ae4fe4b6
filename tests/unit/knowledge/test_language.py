"""The language of a text, also between names and commands of the other one."""

import pytest

from knowledge.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("Why is checkout slow?", "en", id="english"),
        pytest.param("结算为什么慢？", "zh", id="chinese"),
        pytest.param("payments 的连接池耗尽怎么办", "zh", id="chinese-with-a-name"),
        pytest.param("Error 结算 in the storefront logs since noon", "en", id="english-with-a-chinese-name"),
        pytest.param("磁盘满了\n```\nkubectl get pods --all-namespaces -o wide\n```", "zh", id="commands-do-not-count"),
        pytest.param("```\nkubectl get pods\n```", "en", id="nothing-but-commands"),
        pytest.param("", "en", id="nothing"),
    ],
)
def test_the_language_is_told_by_the_script(text: str, language: str) -> None:
    assert language_of(text) == language
