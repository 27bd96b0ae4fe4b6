"""Content words of a text, folded so that texts that say the same share them, in one language or across both."""

from collections.abc import Callable
from functools import lru_cache

from knowledge.glossary import Glossary, read_glossary
from knowledge.lexical import terms

Terms = Callable[[str], frozenset[str]]
"""Content words of a text."""


def terms_by(glossary: Glossary) -> Terms:
    """Finds stems of words, whole identifiers and their parts, and the glossary's other words for them."""

    @lru_cache(maxsize=4096)
    def content_terms(text: str) -> frozenset[str]:
        own = {term for term, _ in terms(text)}
        others = {term for words in glossary.equivalents(text) for term, _ in terms(words)}
        return frozenset(own | others)

    return content_terms


content_terms = terms_by(read_glossary())
"""By our own glossary alone."""
