"""Step 9: the answer is written from the evidence and checked sentence by sentence as it grows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.guards import citation
from bot.guards.summing import Summing
from bot.ladder import Interrupted, Ladder
from bot.narration import Narrator
from bot.rules.extracts import Passage, pick, warnings
from bot.rules.sentences import Piece, pieces, whole
from bot.rules.subquestions import subquestions
from bot.rules.terms import Terms
from bot.steps.compose import compose, material
from bot.steps.prompts import instruction
from bot.vocabulary import Answer, Claim, Evidence, Language, RewrittenQuery
from connectors.llm.port import Prompt
from knowledge.language import language_of

MOST_PASSAGES = 2
TABULAR = frozenset(("data", "people", "services", "tool"))
NOT_ENOUGH = "NOT ENOUGH EVIDENCE"
_EXAMPLES: dict[Language, tuple[tuple[str, str], ...]] = {
    "en": (
        (
            "EVIDENCE\n[1] Gateway: too many open files › Fix\nThe gateway stops accepting connections at 65536 open "
            "files.\n1. Restart one pod: `kubectl -n edge delete pod POD`.\n"
            "2. Never raise the limit on a live node.\n\nQUESTION\ngateway says too many open files, what now",
            "Restart one pod with `kubectl -n edge delete pod POD` [1]. The gateway stops accepting connections at "
            "65536 open files [1]. Never raise the limit on a live node [1].",
        ),
    ),
    "zh": (
        (
            "EVIDENCE\n[1] 网关打开文件过多 › 处理\n网关打开文件数到 65536 就不再接受连接。\n"
            "1. 重启一个 Pod：`kubectl -n edge delete pod POD`。\n2. 不要在运行中的节点上调高上限。\n\n"
            "QUESTION\n网关报 too many open files 怎么办",
            "用 `kubectl -n edge delete pod POD` 重启一个 Pod[1]。网关打开文件数到 65536 就不再接受连接[1]。"
            "不要在运行中的节点上调高上限[1]。",
        ),
    ),
}


@dataclass(frozen=True)
class Room:
    """How long the answer may be, how much evidence a small model reads, and how both are counted."""

    tokens: int
    evidence_tokens: int
    count: Callable[[str], int]


@dataclass
class Draft:
    """A growing text and what of it was admitted so far; ``summing`` is asked about a small model's claims too."""

    numbered: Mapping[int, Evidence]
    terms: Terms
    environments: tuple[str, ...] = ()
    language: Language | None = None
    summing: Summing | None = None
    growing: str = ""
    claims: list[Claim] = field(default_factory=list)
    dropped: int = 0
    refused: bool = False
    _changes: int = 0
    _follows: bool = True
    _lead_in: Piece | None = None

    def grow(self, text: str) -> bool:
        """Add text, check what is complete; False when not all of it was admitted as it was written."""
        done, self.growing = whole(self.growing + text)
        changes = self._changes
        for piece in pieces(done):
            self._check(piece)
        return self._changes == changes

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
        cut_out = self.summing.whole(piece) if self.summing else (piece,)
        self._changes += cut_out != (piece,)
        self._follows = self._follows and bool(cut_out)
        self.dropped += not cut_out
        for one in cut_out:
            self._weigh(one)

    def _weigh(self, piece: Piece) -> None:
        if _leads_in(piece):
            self._lead_in = piece
            return
        claim = self._admitted(piece)
        self._follows = claim is not None
        if claim is None:
            self.dropped += 1
            self._changes += 1
        elif claim.text not in {known.text for known in self.claims}:
            self._keep(claim, piece)
        self._lead_in = None

    def _admitted(self, piece: Piece) -> Claim | None:
        claim = citation.admit(piece, self.numbered, self.terms, self.environments)
        if claim is None or self._in_another_language(piece):
            return None
        helps = self.summing is None or self.summing.helps(claim, self.claims, follows=self._follows)
        return claim if helps else None

    def _keep(self, claim: Claim, piece: Piece) -> None:
        lead = self._lead_in
        if lead and (self.summing is None or self.summing.introduces(lead.text, piece)):
            self.claims.append(Claim(text=lead.prefix + lead.text, cites=claim.cites))
        repeated = [known for known in self.claims if self.summing and self.summing.replaces(claim, known)]
        if repeated:
            # Said in full, it takes the place of what said less.
            self.claims[self.claims.index(repeated[0])] = claim
            self.claims = [known for known in self.claims if known not in repeated]
        else:
            self.claims.append(claim)
        self._changes += len(repeated)

    def _in_another_language(self, piece: Piece) -> bool:
        # A small model forgets which language it was asked in; a word or two of the other one are names.
        if self.language is None or piece.code or len(self.terms(piece.text)) <= 3:
            return False
        return language_of(piece.text) != self.language


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
    is quoted below; without a model the quotes are the answer. An order is never summed up, only quoted, and neither is
    by a small model what tables and systems answer: it mixes up their rows.
    """
    asked, evidence, wordings = ladder.for_question(), list(numbered.values()), _wordings(query)
    picked = _picked(query, evidence, terms)
    exact = all(passage.evidence.kind != "document" for passage in picked)
    warned = [] if exact else warnings(wordings, evidence, terms)
    small = asked.best is not None and asked.best.level == "local"
    draft = Draft(numbered, terms, query.entities.environments)
    if small:
        draft.numbered = compose([passage.as_evidence() for passage in picked], room.evidence_tokens, room.count)
        draft.summing = Summing(" ".join(wordings), tuple(draft.numbered.values()), terms)
        draft.language = query.language
    rows = small and any(passage.evidence.kind in TABULAR for passage in picked)
    if query.route != "action" and not rows:
        words = summing_prompt if small else answering_prompt
        await _write(draft, words(query.language, material(query.text, draft.numbered)), asked, narrator, room)
    if draft.refused and not draft.claims:
        return Answer(dropped=draft.dropped, spent=asked.spent())
    said = [claim for claim in draft.claims if not small or not _contradicts(claim, warned, terms)]
    quotes = [passage.quoted() for passage in picked[: 1 if said else len(picked)]] if small or not said else []
    caution = [passage.quoted() for passage in warned if not _repeats(passage, [*said, *quotes])] if quotes else []
    spent = asked.spent() if said else asked.spent().model_copy(update={"level": "none", "model": ""})
    return Answer(claims=(*said, *caution, *quotes), dropped=draft.dropped, spent=spent)


def _picked(query: RewrittenQuery, evidence: Sequence[Evidence], terms: Terms) -> list[Passage]:
    """The best passages; of a message that asks several things, the best for each."""
    parts = subquestions(query.asked)
    if query.route == "action" or not parts:
        return pick(_wordings(query), evidence, terms, MOST_PASSAGES)
    best = [passage for part in parts for passage in pick((part,), evidence, terms, 1)]
    return list({(passage.evidence.id, passage.text): passage for passage in best}.values())


def _wordings(query: RewrittenQuery) -> tuple[str, ...]:
    if query.route != "action":
        return query.text, query.asked
    # An order is taken as the question how it is carried out.
    return (f"如何{query.text}" if query.language == "zh" else f"how to {query.text}",)


def _contradicts(claim: Claim, warned: Sequence[Passage], terms: Terms) -> bool:
    """Whether a small model's claim says, without a "not", what the evidence warns of."""
    return any(citation.denies(passage.text, claim.text, terms) for passage in warned)


def _repeats(passage: Passage, claims: Sequence[Claim]) -> bool:
    return any(passage.text in claim.text for claim in claims)


async def _write(draft: Draft, prompt: Prompt, asked: Ladder, narrator: Narrator, room: Room) -> None:
    if not draft.numbered:
        return
    try:
        async for text in asked.stream(prompt, room.tokens):
            draft.refused = draft.refused or NOT_ENOUGH in draft.growing + text
            if draft.grow(text):
                await narrator.draft(text)
            else:
                await narrator.redraft(draft.text)
    except Interrupted:
        draft.growing = ""
        await narrator.redraft(draft.text)
    draft.finish()
    await narrator.flush()


def answering_prompt(language: Language, evidence: str = "") -> Prompt:
    """What a large model is told, or the part of it that never changes."""
    return Prompt(instruction("answer", language), evidence)


def summing_prompt(language: Language, passages: str = "") -> Prompt:
    """What a small model is told, or the part of it that never changes."""
    return Prompt(instruction("summary", language), passages, _EXAMPLES[language])


def _leads_in(piece: Piece) -> bool:
    return not piece.code and piece.text.rstrip().endswith((":", "：")) and not citation.hard_facts(piece.text)
