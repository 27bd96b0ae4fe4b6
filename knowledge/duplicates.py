"""Near-duplicates: documents of one language that say the same in almost the same words.

Candidates are found by MinHash (Broder, "On the resemblance and containment of documents", 1997) with banding (LSH);
of a candidate pair the resemblance is then computed exactly.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasketch import MinHash  # type: ignore[import-untyped]  # it has types, but says so nowhere

ALIKE = 0.7
"""The share of shingles, of all that either document has, that two near-duplicates have in common."""

_WORDS_IN_A_SHINGLE = 4
_FEWEST_SHINGLES = 20
_HASHES = 128
# Lower than what is reported: an estimate by 128 hashes is off by up to 0.1.
_CANDIDATES = 0.55
_WORD = re.compile(r"[a-z0-9_]+|[\u3400-\u9fff]")


@dataclass(frozen=True)
class Alike:
    """Documents of which each resembles another one in the group; ``resemblance`` is the highest between two."""

    documents: tuple[str, ...]
    resemblance: float


def shingles(text: str) -> frozenset[str]:
    """The runs of four words of a text; a Chinese sign is a word."""
    words = _WORD.findall(text.lower())
    return frozenset(
        " ".join(words[at : at + _WORDS_IN_A_SHINGLE]) for at in range(len(words) - _WORDS_IN_A_SHINGLE + 1)
    )


def near_duplicates(texts: Mapping[str, str]) -> list[Alike]:
    """Groups of near-duplicates among texts by id, most alike first. Very short texts are in none."""
    from datasketch import MinHashLSH

    index = MinHashLSH(threshold=_CANDIDATES, num_perm=_HASHES)
    seen: dict[str, frozenset[str]] = {}
    pairs: list[tuple[float, str, str]] = []
    for id, text in texts.items():
        own = shingles(text)
        if len(own) < _FEWEST_SHINGLES:
            continue
        sketch = _sketch(own)
        alike = ((_resemblance(own, seen[other]), other) for other in index.query(sketch))
        pairs += [(share, other, id) for share, other in alike if share >= ALIKE]
        index.insert(id, sketch)
        seen[id] = own
    return _grouped(pairs)


def _sketch(own: frozenset[str]) -> "MinHash":
    from datasketch import MinHash

    sketch = MinHash(num_perm=_HASHES)
    sketch.update_batch([shingle.encode() for shingle in own])
    return sketch


def _resemblance(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def _grouped(pairs: Sequence[tuple[float, str, str]]) -> list[Alike]:
    groups: list[tuple[set[str], float]] = []
    for share, one, other in pairs:
        touched = [group for group in groups if one in group[0] or other in group[0]]
        groups = [group for group in groups if group not in touched]
        members = {one, other}.union(*(group[0] for group in touched))
        groups.append((members, max([share, *(group[1] for group in touched)])))
    found = [Alike(tuple(sorted(members)), round(share, 2)) for members, share in groups]
    return sorted(found, key=lambda group: (-group.resemblance, group.documents))
