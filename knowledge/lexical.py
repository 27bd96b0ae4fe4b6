"""Sparse vectors: words of both languages and whole identifiers, weighted as BM25 does; the store adds the IDF."""

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from connectors.vectors.port import Sparse
from knowledge.glossary import Glossary

if TYPE_CHECKING:
    from jieba import Tokenizer  # type: ignore[import-untyped]  # it ships no types

# Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009. The mean length is a constant:
# chunks are cut to a size, and a constant keeps stored vectors valid while documents come and go.
_K1, _B, _MEAN_LENGTH = 1.2, 0.75, 100
_PART_WEIGHT = 0.5
_EQUIVALENT_WEIGHT = 0.8

_RUN = re.compile("[\u3400-\u9fff\uf900-\ufaff]+|[A-Za-z0-9_\u00c0-\u024f]+(?:[-./:@+][A-Za-z0-9_\u00c0-\u024f]+)*")
_PIECE = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z\u00c0-\u024f]+|[A-Z]+|\d+")
_IDENTIFIER = re.compile(
    r"--?[a-z][\w-]*-\w+"  # a flag of several words
    r"|\w*[a-z][A-Z]\w*|[A-Z]{2,}[a-z]{2,}\w*"  # camelCase, OOMKilled
    r"|[A-Za-z]\w*_\w+"  # snake_case
    r"|(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9]{2,}(?:[-_][A-Za-z0-9]+)*"  # a code: ORA-00600, E11000, nvme1n1
    r"|/?[\w-]+(?:[/.][\w-]+){2,}"  # a path, a host, a dotted name
)
_STOP_WORDS = """
a an and are as at be been but by can could did do does for from had has have how i if in into is it its may my no not
of on or our should so than that the their them then there these they this to was we were what when where which while
who why will with would you your
的 了 和 是 在 有 与 及 或 我 我们 你 您 它 这 那 这个 那个 什么 怎么 如何 怎样 为什么 哪些 哪个
可以 能 能够 需要 请 请问 吗 呢 吧 把 被 对 中 上 下 就 都 也 还 会 要 一个 进行 以及 通过 使用
"""
_STOP = frozenset(_STOP_WORDS.split())


def document_vector(text: str) -> Sparse:
    """The stored side: each term's saturated frequency."""
    counts = Counter(term for term, _ in terms(text))
    length = sum(counts.values())
    scale = _K1 * (1 - _B + _B * length / _MEAN_LENGTH)
    return _sparse({term: n * (_K1 + 1) / (n + scale) for term, n in counts.items()})


def query_vector(text: str, glossary: Glossary) -> Sparse:
    """The asking side: each term once, parts of identifiers and the glossary's other words with less weight."""
    weights: dict[str, float] = {}
    for words in glossary.equivalents(text):
        for term, weight in terms(words):
            weights[term] = max(weights.get(term, 0), weight * _EQUIVALENT_WEIGHT)
    for term, weight in terms(text):
        weights[term] = max(weights.get(term, 0), weight)
    return _sparse(weights)


def has_identifier(text: str) -> bool:
    """Whether a text names something by a name that only machines use: an error code, a metric, a flag, a host."""
    return _IDENTIFIER.search(text) is not None


def terms(text: str) -> Iterator[tuple[str, float]]:
    """Every term of a text with its weight, in order and repeated as often as it occurs."""
    for match in _RUN.finditer(text):
        run = match[0]
        yield from _chinese(run) if run[0] >= "\u3400" else _latin(run)


def _chinese(run: str) -> Iterator[tuple[str, float]]:
    words = [word for word in _segmenter().cut_for_search(run) if word not in _STOP]
    longer = [word for word in words if len(word) > 1]
    for word in longer or words:
        yield word, 1.0


def _latin(run: str) -> Iterator[tuple[str, float]]:
    pieces = [piece.lower() for piece in _PIECE.findall(run)]
    whole = run.lower()
    if len(pieces) == 1 and pieces[0] == whole:
        if whole not in _STOP:
            yield stem(whole), 1.0
        return
    yield whole, 1.0
    for piece in pieces:
        if len(piece) > 1 and piece not in _STOP:
            yield stem(piece), _PART_WEIGHT


def stem(word: str) -> str:
    """An English word without its plural, -ing or -ed.

    The plural rules are the S-stemmer of Harman, "How Effective Is Suffixing?", 1991.
    """
    if len(word) > 4 and word.endswith("ies") and not word.endswith(("eies", "aies")):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("us", "ss", "is")):
        word = word[:-1]
    for suffix in ("ing", "ed"):
        rest = word.removesuffix(suffix)
        if rest != word and len(rest) > 2 and re.search("[aeiouy]", rest):
            word = rest[:-1] if rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest
            break
    return word.removesuffix("e") if len(word) > 4 else word


def _sparse(weights: Mapping[str, float]) -> Sparse:
    hashed: dict[int, float] = {}
    for term, weight in weights.items():
        index = zlib.crc32(term.encode(errors="replace"))
        hashed[index] = hashed.get(index, 0) + weight
    return Sparse(tuple(hashed), tuple(hashed.values()))


@cache
def _segmenter() -> "Tokenizer":
    import jieba

    segmenter = jieba.Tokenizer()
    # Its own start-up would read a cache from the shared temporary folder, where anybody may have put one.
    segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(segmenter.get_dict_file())
    segmenter.initialized = True
    return segmenter
