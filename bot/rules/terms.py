"""Content words of a text, folded so that texts that say the same share them, in one language or across both."""

from collections.abc import Callable
from functools import lru_cache

from knowledge.glossary import other_language
from knowledge.lexical import terms

Terms = Callable[[str], frozenset[str]]
"""Content words of a text."""


@lru_cache(maxsize=4096)
def content_terms(text: str) -> frozenset[str]:
    """Stems of words, whole identifiers and their parts, and the glossary's words of the other language."""
    own = {term for term, _ in terms(text)}
    translated = {term for words in other_language(text) for term, _ in terms(words)}
    return frozenset(own | translated)
