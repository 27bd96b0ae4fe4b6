"""Admits a piece of an answer only when the evidence it names says so; nothing a model says passes unchecked.

The test is simple, and strict where being wrong is dangerous: what can be typed, dialled or counted (commands,
identifiers, numbers) must stand word for word in a few neighbouring sentences of the evidence; the rest must share
most of its content words with them; and a warning must not lose its "not".
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from bot.rules.entities import find_environments
from bot.rules.sentences import Piece, sentences
from bot.rules.tables import wrong_column
from bot.vocabulary import Claim, Evidence

Terms = Callable[[str], frozenset[str]]
"""Content words of a text, folded so that two texts that say the same share them, also across languages."""

ENOUGH_SHARED = 0.5
ENOUGH_SHARED_ACROSS_LANGUAGES = 0.3
NEARLY_ALL = 0.8
NEIGHBOURS = 5
FEWEST_TERMS = 2
_ENDING = re.compile(r"\s*([.。!！?？]?)\Z")
_CODE_SPAN = re.compile(r"`([^`\n]+)`")
_HARD = re.compile(
    r"https?://[^\s)\]>]+"
    r"|[A-Za-z0-9]+(?:[_/:@=][A-Za-z0-9_.-]+)+"
    r"|\b[A-Za-z]+(?:[A-Z][a-z0-9]*)+[A-Za-z0-9]*\b"
    r"|\b\d+(?:[.,:]\d+)*(?:\s?(?:%|ms|s|m|h|GB|GiB|MB|MiB|KB|k))?(?![A-Za-z0-9])"
)
_NEGATION = re.compile(
    r"\b(?:not|never|don't|doesn't|do not|cannot|can't|must not|avoid|without|unless|no longer|isn't|won't)\b"
    r"|不要|不能|不得|切勿|禁止|勿|不可|避免|不会|没有|未",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^#{1,6}\s")
# The assistant reads; whoever says "I did" quotes nobody.
_ACTED = re.compile(r"\bI(?:'(?:ve|m|ll|d))?\b(?!/)|\b[Ww]e(?:'ve| have| just) |我(?!们)|已(?:经)?(?:为|帮|替)[您你]")
_CJK = re.compile(r"[\u3400-\u9fff]")


def admit(
    piece: Piece, numbered: Mapping[int, Evidence], terms: Terms, environments: Sequence[str] = ()
) -> Claim | None:
    """The piece as a claim with the evidence that supports it, or None.

    Cited evidence is tried first, alone and together. When it does not support the piece, or none is cited, any other
    evidence that supports it by itself is cited instead. A code block must stand in one piece of evidence. A
    number must not come out of the table column of an environment that the question is not about. A code span that was
    left open ends with the piece.
    """
    if piece.code:
        source = next((e for e in numbered.values() if _holds_code(e.text, piece.text)), None)
        return Claim(text=piece.text, cites=(source.id,)) if source else None
    text = _ENDING.sub(r"`\1", piece.text, count=1) if piece.text.count("`") % 2 else piece.text
    if claims_to_act(text):
        return None
    cited = [numbered[n] for n in piece.cites if n in numbered]
    supporting = [evidence for evidence in cited if _supports([evidence], text, terms)]
    if not supporting and len(cited) > 1 and _supports(cited, text, terms):
        supporting = cited
    if not supporting:
        supporting = [e for e in numbered.values() if _supports([e], text, terms)][:1]
    read = "\n".join(evidence.text for evidence in supporting)
    if not supporting or wrong_column(text, read, environments, find_environments):
        return None
    return Claim(text=piece.prefix + text, cites=tuple(dict.fromkeys(evidence.id for evidence in supporting)))


def denies(source: str, text: str, terms: Terms) -> bool:
    """Whether ``source`` says "not" to what ``text`` says without one: most of its words, and none of its negation."""
    return not _NEGATION.search(text) and _shared(terms(source), terms(text)) >= ENOUGH_SHARED


def drops_not(text: str, line: str, terms: Terms) -> bool:
    """Whether a text says what a line says but for its "not"."""
    kept = _shared(terms(text), terms(line)) >= NEARLY_ALL
    return kept and bool(_NEGATION.search(line)) and not _NEGATION.search(text)


def told_of(text: str, source: str, terms: Terms) -> float:
    """Which share of a text's content words stands in a source, 0 to 1."""
    return _shared(terms(text), terms(source))


def claims_to_act(text: str) -> bool:
    """Whether a text says that its writer did something: the assistant reads, and does nothing."""
    return _ACTED.search(_CODE_SPAN.sub(" ", text)) is not None


def quote(claim: Claim, evidence: Evidence, terms: Terms) -> str:
    """The passage of the evidence that says most of what the claim says, word for word."""
    wanted = terms(claim.text)
    parts = [part for line in evidence.text.splitlines() for part in sentences(line)]
    if held := [part for part in parts if len(part) > 8 and part in claim.text and not _HEADING.match(part)]:
        return held[0]
    return max(parts, key=lambda part: _shared(wanted, terms(part)), default=evidence.text.strip()[:300])


def hard_facts(text: str) -> tuple[str, ...]:
    """What must not be wrong in a text: code spans, identifiers, addresses, numbers."""
    rest = _CODE_SPAN.sub(" ", text)
    # The mark that ends a sentence is not part of the time or address before it.
    written = (fact.rstrip(".,;:!?") for fact in _HARD.findall(rest))
    return tuple(dict.fromkeys([*_CODE_SPAN.findall(text), *written]))


def _supports(evidence: Iterable[Evidence], text: str, terms: Terms) -> bool:
    """Whether passages of a few neighbouring sentences, one of each piece of evidence, say it together."""
    wanted = terms(text)
    closest = [max(_passages(one), key=lambda part: _shared(wanted, terms(part))) for one in evidence]
    source = "\n".join(closest)
    if len(wanted) < FEWEST_TERMS or not all(stands_in(fact, source) for fact in hard_facts(text)):
        return False
    across = bool(_CJK.search(text)) != bool(_CJK.search(source))
    if _shared(wanted, terms(source)) < (ENOUGH_SHARED_ACROSS_LANGUAGES if across else ENOUGH_SHARED):
        return False
    return across or not _loses_negation(text, source, terms)


def _passages(evidence: Evidence) -> list[str]:
    """Every run of a few neighbouring sentences or lines, under its title: what belongs to one statement."""
    parts = [part for line in evidence.text.splitlines() for part in sentences(line)]
    title = f"{evidence.title}\n{evidence.heading}"
    runs = range(max(1, len(parts) - NEIGHBOURS + 1))
    return ["\n".join([title, *parts[start : start + NEIGHBOURS]]) for start in runs]


def _loses_negation(text: str, source: str, terms: Terms) -> bool:
    if _NEGATION.search(text):
        return False
    wanted = terms(text)
    parts = [part for line in source.splitlines() for part in sentences(line)]
    closest = max(parts, key=lambda part: _shared(wanted, terms(part)), default="")
    return bool(_NEGATION.search(closest)) and _shared(wanted, terms(_affirmed(closest))) < ENOUGH_SHARED


def _affirmed(text: str) -> str:
    """What a sentence says before its first negation."""
    found = _NEGATION.search(text)
    return text[: found.start()] if found else text


def _shared(wanted: frozenset[str], present: frozenset[str]) -> float:
    return len(wanted & present) / len(wanted) if wanted else 0.0


def stands_in(fact: str, source: str) -> bool:
    """Whether a fact stands in a text as it is, however its blanks are; a number is no part of a longer one."""
    pattern = r"\s+".join(re.escape(word) for word in fact.strip().split())
    border = r"(?![0-9])" if fact[-1:].isdigit() else ""
    return (
        re.search(rf"(?<![0-9.]){pattern}{border}" if fact[:1].isdigit() else pattern + border, source, re.I)
        is not None
    )


def _holds_code(source: str, block: str) -> bool:
    held = {" ".join(line.split()) for line in source.splitlines()}
    lines = [" ".join(line.split()) for line in block.splitlines()[1:] if not line.strip().startswith(("```", "~~~"))]
    typed = [line for line in lines if line and not line.startswith("#")]
    return bool(typed) and all(line in held for line in typed)
