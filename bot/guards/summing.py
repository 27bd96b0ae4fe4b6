"""Keeps of a small model's sentences those that help: none said twice, none cut out of its place, no command misused.

A small model copies more than it writes. What it copies stands in the evidence and passes the citation guard; whether
it still says what the page says depends on the words that stood around it there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.guards.citation import hard_facts
from bot.rules.sentences import Piece
from bot.rules.surroundings import LISTED, ROW, led_in, places, reading, spaced, statements
from bot.rules.terms import Terms
from bot.vocabulary import Claim, Evidence
from knowledge.lexical import terms as words_of

SAME_PLACE = 0.6
SAME_PURPOSE = 0.5
# A small model's own words across languages: what it takes from a page shares .38 and more, what it makes up .2.
BY_CHANCE = 0.3
LONGEST_SENTENCE, LONGEST_CODE = 240, 10
NEAREST, LONGEST_LABEL = 3, 2
_EMPHASIS = re.compile(r"\*+|(?<!\w)_+|_+(?!\w)")
_ENDING = " \t.。!！?？;；,，"
_COMMAND = re.compile(r"`([^`\n]*[^`\s]\s+[^`\s][^`\n]*)`")
_CASE = re.compile(r"^(?:[-*+]|\d+[.)、])\s+\*\*(.+?)\*\*", re.MULTILINE)
_GARBLED = "\ufffd"
# "其他" and "其中" begin a sentence that stands alone.
_POINTS_BACK = re.compile(
    r"(?:that|this|these|those|it|they|its|their|such)\b|这|那(?!么)|它|其(?![他它中余次实])|此(?!外)",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|unless|when|while|until|otherwise|else|except|only)\b|如果|若|否则|不然|除非|除了|只有|当|一旦|直到",
    re.IGNORECASE,
)
# What answers yes or no, or says that something must be: a question's own words and one of these can be all of it.
_SETTLES = re.compile(
    r"\b(?:yes|no|not|never|none|nothing|cannot|can|may|must|should|needs?|have to|has to|only|always|safe)\b|n't\b"
    r"|可以|能|需|必须|应|得|要|不|没|勿|无|只|安全",
    re.IGNORECASE,
)
_SAYS_NOT = re.compile(
    r"\b(?:not|never|no longer|no need|cannot|without|nothing|none|(?:ca|wo|do|does|did|is|are|was|must)n['’]?t)\b"
    r"|不(?:要|用|需|必|能|会|可|得|应|再|支持|允许|影响)|没有|无需|无须|无法|切勿|禁止",
    re.IGNORECASE,
)
_HOLDS_NOT = re.compile(
    r"\b(?:no|not|never|none|nothing|cannot|without|unless|only|fail\w*|refus\w*|avoid\w*|un\w+)\b|n't\b"
    r"|[不没未勿]|无(?:需|须|法|人|关)|禁止|并非",
    re.IGNORECASE,
)


def _own(text: str) -> frozenset[str]:
    return frozenset(word for word, _ in words_of(LISTED.sub("", text)))


# How it is said that something is typed; it says nothing of what for.
_TYPING = _own(
    "run running use using execute enter type command following then 用 使用 执行 运行 输入 命令 以下 下面 即可"
)
# "要不要" asks, it says neither.
_WHETHER = re.compile(r"(.{1,2})不\1")
# What keeps steps in their order; a sentence does not lose its meaning with it.
_ORDER = _own("first next then finally also now just step note 首先 先 再 然后 接着 最后 其次 所以 因此 同时 注意")


@dataclass(frozen=True)
class Summing:
    """What a small model's claims are held against: what was asked, and the passages that it was shown."""

    asked: str
    shown: Sequence[Evidence]
    terms: Terms

    def whole(self, piece: Piece) -> tuple[Piece, ...]:
        """The piece, or what it was cut out of: its sentence, and the code that this leads in; empty when that is long.

        A piece was cut out when the source says something in front of it that nobody has said, or goes on behind it
        after a colon: then it was what the rest depends on.
        """
        said = _plain(piece.text)
        around = [(one, at) for one in self._spoken if (at := _found(said, _plain(one))) is not None]
        if piece.code or not around or not all(self._loses(_plain(one), said, at) for one, at in around):
            return (piece,)
        sentence = _EMPHASIS.sub("", around[0][0]).strip()
        # That of the first passage is quoted below.
        code = next((found for one in self.shown[1:] if (found := led_in(one.text).get(around[0][0]))), "")
        if len(sentence) > LONGEST_SENTENCE or code.count("\n") > LONGEST_CODE:
            return ()
        if not sentence.endswith((":", "：")):
            return (Piece(sentence, piece.cites, prefix=piece.prefix),)
        return (Piece(sentence, piece.cites), Piece(code, code=True)) if code else ()

    def helps(self, claim: Claim, before: Sequence[Claim], *, follows: bool) -> bool:
        """Whether a claim says something to the question, behind those ``before`` it, that the passages say too.

        ``follows``: what the model wrote directly before it was kept. Code of the first passage is quoted below.
        """
        if claim.text.startswith(("```", "~~~")):
            return spaced(_fenced(claim.text)) not in spaced(self.shown[0].text)
        return not (
            _GARBLED in claim.text
            or ROW.match(claim.text)
            or any(self.repeats(claim, known) for known in before)
            or self._restates(claim)
            or self._points_at_nothing(claim, before, follows=follows)
            or self._made_up(claim)
            or self._of_one_cell(claim)
            or any(not self.fits(command, claim.text) for command in _COMMAND.findall(claim.text))
        )

    def replaces(self, claim: Claim, known: Claim) -> bool:
        """Whether a claim says what a known one says, and a little more."""
        return self.repeats(known, claim) and _share(_own(claim.text), self.terms(known.text)) >= SAME_PLACE

    def repeats(self, claim: Claim, known: Claim) -> bool:
        """Whether all that a claim says is said by a known one, word for word or in other words."""
        if known.text.startswith(("```", "~~~")) or claim.text.startswith(("```", "~~~")):
            return False
        if bool(_SAYS_NOT.search(claim.text)) != bool(_SAYS_NOT.search(known.text)):
            return False
        return _own(claim.text) <= self.terms(known.text) and _facts(claim.text) <= _facts(known.text)

    def fits(self, command: str, words: str) -> bool:
        """Whether the source says of a command what ``words`` say: where it stands, right before it, or as heading.

        A command that is listed for a case, in bold, fits when the case is named, or is what was asked.
        """
        purpose = _own(_COMMAND.sub(" ", words).replace(command, " ")) - _TYPING
        found = [place for one in self.shown for place in places(one, command)]
        named = self.terms(f"{self.asked}\n{words}")
        return not found or any(
            (not purpose or _share(purpose, self.terms(place)) > SAME_PURPOSE)
            and all(_share(_own(case), named) >= SAME_PURPOSE for case in _CASE.findall(place))
            for place in found
        )

    def introduces(self, words: str, piece: Piece) -> bool:
        """Whether words in front of a block of code say of it what the source says; others may lead in anything."""
        typed = [
            line.strip() for line in piece.text.splitlines()[1:] if line.strip() and not line.startswith(("`", "#"))
        ]
        return not piece.code or not typed or self.fits(typed[0], words)

    @cached_property
    def _sentences(self) -> list[tuple[str, str]]:
        """All sentences of the passages, each with the one before it, which the first of a passage has not."""
        each = [statements(one.text) for one in self.shown]
        return [pair for one in each for pair in zip(one, ["", *one], strict=False)]

    @cached_property
    def _known(self) -> str:
        return "\n".join([self.asked, *(f"{one.title}\n{one.heading}" for one in self.shown)])

    @cached_property
    def _spoken(self) -> list[str]:
        """The sentences that are none of a table's rows: a cell stands for itself."""
        return [sentence for sentence, _ in self._sentences if not ROW.match(sentence)]

    def _loses(self, sentence: str, said: str, at: int) -> bool:
        head, tail = sentence[:at], sentence[at + len(said) :]
        words = _own(head)
        if words - self.terms(self._known) - _ORDER or (_CONDITION.search(head) and not words):
            return True
        return tail.startswith((":", "："))

    def _restates(self, claim: Claim) -> bool:
        if _SETTLES.search(claim.text):
            return False
        # The first passage's heading stands below; another one may be an order, but hardly in two words.
        labels = [one.heading for n, one in enumerate(self.shown) if n == 0 or _is_label(one.heading)]
        known = "\n".join([self.asked, *labels, *(one.title for one in self.shown)])
        return _own(claim.text) <= self.terms(known) and _facts(claim.text) <= _facts(known)

    def _points_at_nothing(self, claim: Claim, before: Sequence[Claim], *, follows: bool) -> bool:
        if not _POINTS_BACK.match(LISTED.sub("", claim.text)):
            return False
        wanted = _own(claim.text)
        source, antecedent = max(
            self._sentences, key=lambda pair: _share(wanted, self.terms(pair[0])), default=("", "")
        )
        if not _POINTS_BACK.match(source):
            return not follows
        if not antecedent or not before:
            # The first sentence of a passage points back at its heading.
            return bool(antecedent or before)
        return _share(_own(before[-1].text), self.terms(antecedent)) < SAME_PLACE

    def _of_one_cell(self, claim: Claim) -> bool:
        """Whether a claim says one cell of a table without its row: what is to be done, and not in which case."""
        wanted, lines = _own(claim.text), [line for one in self.shown for line in reading(one.text)]
        nearest = max(lines, key=lambda line: _share(wanted, self.terms(line)), default="")
        if not ROW.match(nearest):
            return False
        cells = [cell for cell in nearest.strip().strip("|").split("|") if cell.strip()]
        unsaid = [cell for cell in cells if not wanted & self.terms(cell)]
        return len(unsaid) == len(cells) - 1 > 0 and not any(self.terms(self.asked) & _own(cell) for cell in unsaid)

    def _made_up(self, claim: Claim) -> bool:
        """Whether the sentences nearest to a claim share its words by chance alone, or deny nothing where it does."""
        wanted = _own(claim.text)
        lines = [line for one in self.shown for line in reading(one.text)]
        ranked = sorted(range(len(lines)), key=lambda n: -_share(wanted, self.terms(lines[n])))[:NEAREST]
        heads = [f"{one.title}\n{one.heading}" for one in self.shown]
        if _share(wanted, self.terms("\n".join([*heads, *(lines[n] for n in ranked)]))) < BY_CHANCE:
            return True
        # What a system answers says "not" with a nought.
        written = all(one.kind in ("document", "incident") for one in self.shown)
        if not written or not _SAYS_NOT.search(claim.text) or _SAYS_NOT.search(_WHETHER.sub("", self.asked)):
            return False
        around = [line for n in ranked for line in lines[max(0, n - 1) : n + 2]]
        return not any(map(_HOLDS_NOT.search, [*around, *(one.heading for one in self.shown)]))


def _is_label(heading: str) -> bool:
    return sum(not word[0].isdigit() for word in _own(heading)) <= LONGEST_LABEL


def _found(said: str, sentence: str) -> int | None:
    """Where a sentence holds whole words that were said, when it holds more than these."""
    if len(said) >= len(sentence):
        return None
    found = re.search(rf"(?<![a-z0-9_]){re.escape(said)}(?![a-z0-9_])", sentence)
    return found.start() if found else None


def _fenced(code: str) -> str:
    return "\n".join(code.splitlines()[1:-1])


def _plain(text: str) -> str:
    return spaced(_EMPHASIS.sub("", text)).strip(_ENDING).lower()


def _facts(text: str) -> frozenset[str]:
    return frozenset(spaced(fact).lower() for fact in hard_facts(LISTED.sub("", text)))


def _share(wanted: frozenset[str], present: frozenset[str]) -> float:
    return len(wanted & present) / len(wanted) if wanted else 0.0
