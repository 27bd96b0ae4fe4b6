"""Step 9: the answer is written from the evidence and checked sentence by sentence as it grows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.guards import citation
from bot.ladder import Interrupted, Ladder
from bot.narration import Narrator
from bot.rules.extracts import commands, extract
from bot.rules.sentences import Piece, pieces, whole
from bot.rules.terms import Terms
from bot.steps.compose import material
from bot.steps.prompts import instruction
from bot.vocabulary import Answer, Claim, Evidence, RewrittenQuery
from connectors.llm.port import Prompt

NOT_ENOUGH = "NOT ENOUGH EVIDENCE"


@dataclass
class Draft:
    """A growing text and what of it was admitted so far."""

    numbered: Mapping[int, Evidence]
    terms: Terms
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
        claim = citation.admit(piece, self.numbered, self.terms)
        if claim is None:
            self.dropped += 1
        elif claim.text not in {known.text for known in self.claims}:
            if self._lead_in:
                self.claims.append(Claim(text=self._lead_in.prefix + self._lead_in.text, cites=claim.cites))
            self.claims.append(claim)
        self._lead_in = None


async def answer(
    query: RewrittenQuery, numbered: Mapping[int, Evidence], terms: Terms, ladder: Ladder, narrator: Narrator, most: int
) -> Answer:
    """What the evidence says to the question; without claims when it says nothing."""
    if not numbered:
        return Answer()
    asked = ladder.for_question()
    draft = await _write(query, numbered, terms, asked, narrator, most)
    spent = asked.spent()
    claims = tuple(draft.claims)
    if claims and spent.level == "local" and not any(claim.text.startswith("```") for claim in claims):
        cited = [e for e in numbered.values() if any(e.id in claim.cites for claim in claims)]
        claims += commands(query.text, cited, terms)
    if not claims:
        claims = extract(query.text, numbered, terms)
        spent = spent.model_copy(update={"level": "none", "model": ""})
    return Answer(claims=claims, dropped=draft.dropped, spent=spent)


async def _write(
    query: RewrittenQuery, numbered: Mapping[int, Evidence], terms: Terms, asked: Ladder, narrator: Narrator, most: int
) -> Draft:
    draft = Draft(numbered, terms)
    prompt = Prompt(instruction("answer", query.language), material(query.text, numbered))
    try:
        async for text in asked.stream(prompt, max_tokens=most):
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


def _leads_in(piece: Piece) -> bool:
    return not piece.code and piece.text.rstrip().endswith((":", "：")) and not citation.hard_facts(piece.text)
