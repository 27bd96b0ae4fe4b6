"""Which of two characters that look alike was meant: what the network saw, weighed with what stands around it."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod

# Characters of one height and shape in the small type of terminals and consoles.
LOOK_ALIKE = ("0Oo", "1lI", "zZ")

# The network's own second choice has to be worth this much. Where it is sure, nothing around can change its mind:
# measured on small type, 1 right character in 20 has such a second choice, and 19 of 20 mistaken ones have.
_DOUBT = 0.003

# How many times likelier the surroundings make a character. Strong: any other would be the only one of its kind.
_STRONG, _FAIR, _WEAK = 300.0, 30.0, 6.0

_WORD = re.compile("[A-Za-z0-9]+")
_NAME = re.compile("[A-Za-z0-9]+(?:[-.][A-Za-z0-9]+)+")
_MOMENT = re.compile(r"\b(\d{4}-\d\d-\d\d)[T1lIτ](\d\d:\d\d:\d\d(?:[.,]\d+)?)(z\b)?")
_DURATION = re.compile(r"(?:[\dOolI]+[smhdw])+")
_SHORTEST_WORD = 3
_AS_LONG = 0.9
_MOST_SPELLINGS = 64

# Words of a running system with a letter that stands where a digit could: elsewhere than in such a word, a digit
# between letters is rarer than a misread letter, and one at a word's end is not.
_TRADE_WORDS = """
CrashLoopBackOff ImagePullBackOff ErrImagePull BackOff backoff OOMKilled OOM PodOOMKilled OutOfMemoryError OutOfSpace
INFO Info info ERROR Error error POST Post TOTAL total copyOf valueOf indexOf IO IOException NullPointerException
IllegalStateException IllegalArgumentException InvalidImageName SQL sql mysql MySQL MySql postgresql PostgreSQL
null NULL nil pull kill fail level label url URL html yaml xml curl kubectl systemctl tail shell kernel internal
external local global critical normal channel tunnel parallel install signal serial model email detail initial
repo mongo redo undo auto sudo echo zero to no go of or on io
"""
_TRADE = frozenset(_TRADE_WORDS.split())

# Kubernetes makes the ends of names from these alone (k8s.io/apimachinery/pkg/util/rand); a hash is written in those.
_RANDOM_NAME = frozenset("bcdfghjklmnpqrstvwxz2456789")
_HEXADECIMAL = frozenset("0123456789abcdef")
_RANDOM_LENGTHS = (5, 8, 9, 10)


@dataclass(frozen=True)
class Character:
    """A character as the network read it, how sure it was, and what else it may be, each with its share."""

    text: str
    share: float = 1.0
    others: dict[str, float] = field(default_factory=dict)

    @property
    def candidates(self) -> dict[str, float]:
        """Everything that is worth considering."""
        return {self.text: self.share} | {one: share for one, share in self.others.items() if share >= _DOUBT}


def weigh(first: Sequence[Character], second: Sequence[Character]) -> Sequence[Character]:
    """What two readings of one line say together: their mean where they differ in look-alikes alone, else the surer."""
    if len(first) == len(second) and all(map(_same_shape, first, second)):
        return [_mean(one, other) for one, other in zip(first, second, strict=True)]
    longer = len(second) >= _AS_LONG * len(first)
    return second if longer and _sureness(second) > _sureness(first) else first


def resolve(characters: Sequence[Character]) -> str:
    """The text of a line. Only characters that the network itself was in doubt about differ from its first choice.

    The exception is the form of a moment (RFC 3339), in which nothing but a T and a Z can stand where they do.
    """
    text = [one.text for one in characters]
    for word in list(_WORD.finditer("".join(text))):
        span = slice(*word.span())
        if any(len(one.candidates) > 1 for one in characters[span]):
            text[span] = _trade_word(characters[span]) or _word(characters, "".join(text), word)
    return _MOMENT.sub(lambda found: f"{found[1]}T{found[2]}{'Z' if found[3] else ''}", "".join(text))


def _same_shape(one: Character, other: Character) -> bool:
    return one.text == other.text or any(one.text in group and other.text in group for group in LOOK_ALIKE)


def _mean(one: Character, other: Character) -> Character:
    shares = Counter({one.text: one.share} | one.others)
    shares.update({other.text: other.share} | other.others)
    [(text, share), *_] = shares.most_common(1)
    return Character(text, share / 2, {name: part / 2 for name, part in shares.items() if name != text})


def _sureness(characters: Sequence[Character]) -> float:
    return sum(one.share for one in characters) / max(len(characters), 1)


def _trade_word(word: Sequence[Character]) -> str | None:
    """The likeliest word of the trade that it may be."""
    spellings = [one for one in _spellings(word) if one[0] in _TRADE]
    return max(spellings, key=lambda one: one[1])[0] if spellings else None


def _spellings(word: Sequence[Character]) -> Iterator[tuple[str, float]]:
    choices = [one.candidates for one in word]
    if prod(map(len, choices)) <= _MOST_SPELLINGS:
        for spelling in product(*choices):
            yield "".join(spelling), prod(one[letter] for one, letter in zip(choices, spelling, strict=True))


def _word(characters: Sequence[Character], text: str, word: re.Match[str]) -> list[str]:
    start, end = word.span()
    name = next((one[0] for one in _NAME.finditer(text) if one.start() <= start < one.end()), "")
    around = _Surroundings.of(characters[start:end], name)
    return [
        max(one.candidates.items(), key=lambda choice, at=at: choice[1] * around.favour(choice[0], at))[0]  # type: ignore[misc] # a default binds the loop's value
        for at, one in enumerate(characters[start:end])
    ]


@dataclass(frozen=True)
class _Surroundings:
    """A word with blanks for what is in doubt, and the hyphenated name that it is a part of."""

    sure: str
    text: str
    name: str

    @classmethod
    def of(cls, word: Sequence[Character], name: str) -> "_Surroundings":
        sure = "".join(one.text if len(one.candidates) == 1 else " " for one in word)
        return cls(sure, "".join(one.text for one in word), name)

    def favour(self, candidate: str, at: int) -> float:
        """How much the surroundings speak for it."""
        rest = self.sure.replace(" ", "")
        if candidate.isdigit():
            duration = _DURATION.fullmatch(self.text) and any(map(str.isdigit, rest))
            return _STRONG if rest.isdigit() or duration else 1.0
        if not candidate.isalpha():
            return 1.0
        return self._as_letter(candidate, at, rest) / self._against_case(candidate, at, rest)

    def _as_letter(self, candidate: str, at: int, rest: str) -> float:
        if self._is_random_name(rest):
            return _STRONG if candidate == "l" else 1.0
        # Two digits apart from each other make a device (nvme0n1); one at the end counts something (eth0).
        if not rest.isalpha() or len(self.sure.split()) > 2 or at == len(self.sure) - 1:
            return 1.0
        return _STRONG if len(rest) >= _SHORTEST_WORD else _WEAK

    def _against_case(self, candidate: str, at: int, rest: str) -> float:
        """Capitals stand among capitals, and names of machines with hyphens have none."""
        following = self.sure[at + 1 :].lstrip()[:1]
        if (len(rest) >= 2 and rest.isupper()) or (at == 0 and following.isupper()):
            return _FAIR if candidate.islower() else 1.0
        if "-" in self.name and self.name.replace(self.text, "", 1).islower() and rest.islower():
            return _FAIR if candidate.isupper() else 1.0
        if rest.islower() and at > 0:
            return _WEAK if candidate.isupper() else 1.0
        return 1.0

    def _is_random_name(self, rest: str) -> bool:
        letters = set(rest)
        return (
            "-" in self.name
            and len(self.text) in _RANDOM_LENGTHS
            and letters <= _RANDOM_NAME
            and not letters <= _HEXADECIMAL
            and any(map(str.isdigit, rest))
        )
