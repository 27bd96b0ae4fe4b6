"""Faults by their signature: lines in which systems say what is wrong, and the sort of cause that each speaks for."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from pydantic import BaseModel, Field

from bot.incident import Category, FindingKind
from bot.vocabulary import Language

LONGEST = 400_000
"""Characters of a text that are looked at, from its end: what was said last is nearest to the trouble."""

_LONGEST_LINE, _MOST_OF_ONE, _MOST_MATCHES, _AROUND = 400, 3, 1000, 400
_GROUPS = ("detail", "image")
_NEGATED = re.compile(
    r"(?:\b(?:no|not|without|never|zero|0|isn't|wasn't|aren't|didn't find|free of|instead of|rather than)\b"
    r"|没有|未见|无|不是)"
    r"[^.;:,，。；：\n]{0,25}$",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"has since|since (?:been )?(?:resolved|recovered|rolled back)|\b(?:resolved|recovered|cleared)\b"
    r"|back to normal|previously|was (?:earlier|fixed)|已恢复|已解决",
    re.IGNORECASE,
)


class Signature(BaseModel):
    """One kind of fault, or of good order; sentences have ``{what}`` and the pattern's groups in them."""

    id: str
    pattern: str
    unless: str = ""
    kind: FindingKind
    cause: Category
    weight: float = Field(ge=0, le=1)
    passes: bool = False
    en: str
    zh: str
    unnamed_en: str = "…"
    unnamed_zh: str = "…"

    def says(self, what: str, details: Mapping[str, str], language: Language) -> str:
        """The sentence in a language; what the line does not name is told in general words."""
        words, unnamed = (self.en, self.unnamed_en) if language == "en" else (self.zh, self.unnamed_zh)
        return " ".join(words.format(**{**dict.fromkeys(_GROUPS, unnamed), **details, "what": what}).split())


@dataclass(frozen=True)
class Sign:
    """A signature in a text: the line word for word, what its groups hold, how often there was one, where it begins.

    ``over``: the line itself says that it is past.
    """

    signature: Signature
    quote: str
    details: dict[str, str]
    count: int
    at: int
    over: bool = False


def signs(text: str) -> list[Sign]:
    """What a text shows, in the order of the file of signatures, at most a few of each kind with different details."""
    text = text[-LONGEST:]
    taken: set[int] = set()
    found: list[Sign] = []
    for signature, pattern in _signatures():
        here = list(_of(signature, pattern, text, taken))
        kept: dict[tuple[str, ...], Sign] = {}
        for one in here:
            kept.setdefault((*one.details.values(), str(one.over)), one)
        found += [
            Sign(
                one.signature,
                one.quote,
                one.details,
                sum(other.details == one.details for other in here),
                one.at,
                one.over,
            )
            for one in list(kept.values())[:_MOST_OF_ONE]
        ]
    return found


def _of(signature: Signature, pattern: re.Pattern[str], text: str, taken: set[int]) -> Iterator[Sign]:
    healthy = signature.kind == "healthy"
    for match in islice(pattern.finditer(text), _MOST_MATCHES):
        start = text.rfind("\n", 0, match.start()) + 1
        if start in taken and not healthy:
            continue
        end = text.find("\n", match.end())
        # Of a line without end, such as JSON that was not broken, what stands around.
        first, last = max(start, match.start() - _AROUND), min(len(text) if end < 0 else end, match.end() + _AROUND)
        line = text[first:last]
        if _NEGATED.search(text[first : match.start()]) or (signature.unless and re.search(signature.unless, line)):
            continue
        if not healthy:
            taken.add(start)
        details = {re.sub(r"\d+$", "", key): value for key, value in match.groupdict().items() if value}
        quote = line if len(line) <= _LONGEST_LINE else text[match.start() : match.start() + _LONGEST_LINE]
        yield Sign(signature, quote.strip(), details, 1, start, over=not healthy and bool(_OVER.search(line)))


@lru_cache
def _signatures() -> tuple[tuple[Signature, re.Pattern[str]], ...]:
    raw = tomllib.loads(Path(__file__).with_name("signatures.toml").read_text("utf-8"))
    each = [Signature.model_validate(one) for one in raw["signature"]]
    return tuple((one, re.compile(one.pattern, re.MULTILINE)) for one in each)
