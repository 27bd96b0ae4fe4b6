"""Which pages are the same page in another language."""

import pytest

from knowledge.language import Language
from knowledge.translations import translations


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("docs/pool.md", "docs/pool.zh.md"),
        ("docs/en/pool.md", "docs/zh-CN/pool.md"),
        ("d/pool_en.html", "d/pool_cn.html"),
    ],
)
def test_the_page_in_the_other_language_is_known_by_its_id(english: str, chinese: str) -> None:
    pages: dict[str, Language] = {english: "en", chinese: "zh", "docs/dns.zh.md": "zh"}

    assert translations(pages, "en") == {chinese}
    assert translations(pages, "zh") == {english}
