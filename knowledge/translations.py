"""Pages that are there in several languages, as far as their ids tell."""

import re
from collections.abc import Mapping

from knowledge.language import Language

# As in pool.zh.md, pool_en.html and zh-CN/pool.md.
_MARK = re.compile(
    r"[._-](?:zh|cn|en)(?:[_-][A-Za-z]{2,4})?(?=\.[a-z]+\Z|\Z)|(?<=/)(?:zh|cn|en)(?:[_-][A-Za-z]{2,4})?/"
)


def translations(pages: Mapping[str, Language], language: Language) -> set[str]:
    """Those of the pages, each an id and its language, that are there in ``language`` as well."""
    own = {_MARK.sub("", id) for id, spoken in pages.items() if spoken == language}
    return {id for id, spoken in pages.items() if spoken != language and _MARK.sub("", id) in own}
