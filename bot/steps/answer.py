"""Step 9: the answer is written from the evidence and checked sentence by sentence as it grows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.guards import citation
from bot.ladder import Interrupted, Ladder
from bot.narration import Narrator
from bot.rules.extracts import pick
from bot.rules.sentences import Piece, pieces, whole
from bot.rules.terms import Terms
from bot.steps.compose import compose, material
from bot.steps.prompts import instruction
from bot.vocabulary import Answer, Claim, Evidence, Language, RewrittenQuery
from connectors.llm.port import Prompt

MOST_PASSAGES = 2


@dataclass(frozen=True)
class Room:
    """How long the answer may be, how much evidence a small model reads, and how both are counted."""

    tokens: int
    evidence_tokens: int
    count: Callable[[str], int]


@dataclass
class Draft:
    """A growing text and what of it was admitted so far."""

    numbered: Mapping[int, Evidence]
    terms: Terms
    environments: tuple[str, ...] = ()
    growing: str = ""
    claims: list[Claim] = field(default_factory=list)
    dropped: int = 0
    _lead_in: Piece | None = None

    def grow(self, text: str) -> bool:
        """Add text, check what is complete; False when something in it was refused."""
        done, self.growing = whole(self.growing + text)
        refused = self.dropped
        for piece in pieces(done):
            self._check(piece)
        return self.dropped == refused

    def finish(self) -> None:
        """Check the rest."""
        rest, self.growing = self.growing, ""
        for piece in pieces(rest):
            self._check(piece)

    @property
    def text(self) -> str:
        """What may be shown now: the admitted part, and the sentence that is still being written."""
        return "\n".join([*(claim.text for claim in self.claims), self.growing]).strip()

    def _check(self, piece: Piece) -> None:
        if _leads_in(piece):
            self._lead_in = piece
            return
        claim = citation.admit(piece, self.numbered, self.terms, self.environments)
        if claim is None:
            self.dropped += 1
        elif claim.text not in {known.text for known in self.claims}:
            if self._lead_in:
                self.claims.append(Claim(text=self._lead_in.prefix + self._lead_in.text, cites=claim.cites))
            self.claims.append(claim)
        self._lead_in = None


async def answer(
    query: RewrittenQuery,
    numbered: Mapping[int, Evidence],
    terms: Terms,
    ladder: Ladder,
    narrator: Narrator,
    room: Room,
) -> Answer:
    """What the evidence says to the question; without claims when it says nothing.

    A large model reads all of the evidence. A small one is trusted to sum up what code has picked, and what was picked
    is quoted below; without a model the quotes are the answer.
    """
    asked = ladder.for_question()
    small = asked.best is None or asked.best.level == "local"
    picked = pick(query.text, list(numbered.values()), terms, MOST_PASSAGES) if small else []
    if small:
        fitting = compose([passage.as_evidence() for passage in picked], room.evidence_tokens, room.count)
        draft = await _write(query, fitting, terms, asked, narrator, room)
    else:
        draft = await _write(query, numbered, terms, asked, narrator, room)
        picked = [] if draft.claims else pick(query.text, list(numbered.values()), terms, MOST_PASSAGES)
    quotes = [passage.quoted() for passage in picked][: 1 if draft.claims else MOST_PASSAGES]
    spent = asked.spent() if draft.claims else asked.spent().model_copy(update={"level": "none", "model": ""})
    return Answer(claims=(*draft.claims, *quotes), dropped=draft.dropped, spent=spent)


async def _write(
    query: RewrittenQuery,
    numbered: Mapping[int, Evidence],
    terms: Terms,
    asked: Ladder,
    narrator: Narrator,
    room: Room,
) -> Draft:
    draft = Draft(numbered, terms, query.entities.environments)
    if not numbered:
        return draft
    try:
        async for text in asked.stream(answering_prompt(query.language, material(query.text, numbered)), room.tokens):
            if draft.grow(text):
                await narrator.draft(text)
            else:
                await narrator.redraft(draft.text)
    except Interrupted:
        draft.growing = ""
        await narrator.redraft(draft.text)
    draft.finish()
    await narrator.flush()
    return draft


def answering_prompt(language: Language, evidence: str = "") -> Prompt:
    """The prompt of this step, or its fixed part."""
    return Prompt(instruction("answer", language), evidence)


def _leads_in(piece: Piece) -> bool:
    return not piece.code and piece.text.rstrip().endswith((":", "：")) and not citation.hard_facts(piece.text)
