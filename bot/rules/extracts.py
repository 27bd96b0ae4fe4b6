"""Picks the passages that answer best, word for word: the answer without a model, and what a small one sums up."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from bot.rules.live import asks_for_state
from bot.rules.sentences import sentences
from bot.rules.terms import Terms
from bot.rules.trouble import asks_what_happened_before
from bot.vocabulary import Claim, Evidence
from knowledge.language import language_of
from knowledge.translations import translations

LONGEST_PASSAGE = 900
FEWEST_SHARED, CLOSE_ENOUGH = 2, 0.3
# Set on the demo's questions: with these the right page is among the first two passages for 31 of 35, and for 24 of 30
# shorter ones in both languages. What the search says of a page counts most where the page is in the other language.
RANK, SCORE, TITLE, HELPS, DOES, FOREIGN = 0.03, 0.6, 0.2, 0.2, 0.2, 0.1
MOST_ROWS = 6
# A number in brackets is the document's own; escaped, nobody takes it for one of the answer's citations.
_MARK = re.compile(r"\[(\d+)\]")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*(?:\n|$)")
_STEP = re.compile(r"^\s*1[.)、]\s")
_ASKS_HOW = re.compile(
    r"\bhow\b|\bwhat (?:do|should|now|next|can)\b|\bfix\b|\bsteps?\b|\brunbook\b|怎么|如何|怎样|先干|先做|步骤|处理",
    re.IGNORECASE,
)
# A question about the state of things is answered by the state of things; who is in trouble wants the runbook as well.
_ASKS_WHAT_TO_DO = re.compile(
    rf"{_ASKS_HOW.pattern}|\bwhy\b|\bwrong\b|\bcauses?\b|\bslow\b|\bdown\b|\bfailing\b|\bbroken\b"
    r"|为什么|原因|问题|慢|挂了|失败|故障|异常",
    re.IGNORECASE,
)
_HELPS = re.compile(
    r"check|first|fix|mitigat|what to do|roll ?back|restart|recover|resolve|steps?\b|renew"
    r"|处理|先|怎么|缓解|恢复|回滚|操作|步骤|第一步",
    re.IGNORECASE,
)
# What is done once it is over, or when all else failed: nobody begins there.
_COMES_LAST = re.compile(r"\bverif|\bconfirm|\bafterwards\b|\bescalat|确认|验证|升级|事后", re.IGNORECASE)

_FORBIDS = re.compile(
    r"\bnever\b|\b(?:do not|don't|must not|cannot|can't)\b|不要|切勿|禁止|严禁|绝不|绝对不|不得|不能",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Block:
    """A paragraph, list, table or code block of a passage, whole."""

    text: str
    code: bool


def blocks(text: str) -> list[Block]:
    """The blocks of a Markdown text, in order; blank lines part them, but not inside code."""
    found: list[Block] = []
    lines: list[str] = []
    fenced = False
    for line in [*text.splitlines(), ""]:
        if _FENCE.match(line):
            if not fenced and lines:
                found.append(Block("\n".join(lines), code=False))
                lines = []
            lines.append(line)
            if fenced:
                found.append(Block("\n".join(lines), code=True))
                lines = []
            fenced = not fenced
        elif line.strip() or fenced:
            lines.append(line)
        elif lines:
            found.append(Block("\n".join(lines), code=False))
            lines = []
    return [*found, Block("\n".join([*lines[:-1], "```"]), code=True)] if lines else found


@dataclass(frozen=True)
class Section:
    """The blocks under one heading of a passage."""

    heading: str
    blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        """Heading and blocks together."""
        return "\n\n".join([self.heading, *(block.text for block in self.blocks)]).strip()


def sections(text: str) -> list[Section]:
    """The passage cut before its headings; a lone heading belongs to what follows it."""
    found: list[Section] = []
    heading, inside = "", list[Block]()
    for block in blocks(text):
        titled = None if block.code else _HEADING.match(block.text)
        if titled is None:
            inside.append(block)
            continue
        if inside:
            found.append(Section(heading, tuple(inside)))
        rest = block.text[titled.end() :].strip()
        heading, inside = titled.group(1), [Block(rest, code=False)] if rest else []
    return [*found, Section(heading, tuple(inside))] if inside else found


@dataclass(frozen=True)
class Passage:
    """A section of a piece of evidence that was picked, and what of it is quoted."""

    evidence: Evidence
    heading: str
    text: str

    def quoted(self) -> Claim:
        """The passage as a claim: its words are the evidence's own."""
        path = dict.fromkeys((self.evidence.title, self.heading or self.evidence.heading))
        # Figures that came as rows are shown as a table of their own.
        kept = [one for one in blocks(self.text) if not (self.evidence.rows and one.text.startswith("|"))]
        text = "\n\n".join(block.text if block.code else _MARK.sub(r"\\[\1\\]", block.text) for block in kept)
        return Claim(text=f"**{' › '.join(part for part in path if part)}**\n\n{text}", cites=(self.evidence.id,))

    def as_evidence(self) -> Evidence:
        """The evidence cut down to the passage."""
        return self.evidence.model_copy(update={"heading": self.heading or self.evidence.heading, "text": self.text})


def pick(questions: Sequence[str], found: Sequence[Evidence], terms: Terms, most: int) -> list[Passage]:
    """The best sections of the best evidence, by the mean of what they say to each wording of the question.

    Evidence comes best first; rank and score of its document count beside the words it shares with the question. What a
    table answers exactly (who is on call, what depends on what) stands alone, and so do past incidents when they are
    asked for; otherwise an incident comes behind the documents, unless its own is among them. A page that is there in
    the question's language is not quoted in the other one.
    """
    past = [one for one in found if one.kind == "incident"]
    if past and any(map(asks_what_happened_before, questions)):
        return [Passage(one, "", one.text) for one in past]
    if data := [one for one in found if one.kind == "data"]:
        return [Passage(one, "", one.text) for one in data]
    if seen := [one for one in found if one.kind == "tool"]:
        return _with_state(questions, seen, [one for one in found if one.kind != "tool"], terms, most)
    exact = [one for one in found if one.kind in ("people", "services")]
    return _best(questions, exact or _candidates(questions, found, past), terms, len(exact) or most)


def _with_state(
    questions: Sequence[str], seen: Sequence[Evidence], others: Sequence[Evidence], terms: Terms, most: int
) -> list[Passage]:
    """What systems said, and pages: who asks how things are is told that first, and who asks what to do the page."""
    told = [Passage(one, one.heading, _output(one.text)) for one in _nearest(seen, questions, terms)]
    if not any(map(asks_for_state, questions)):
        return [*pick(questions, others, terms, most), *told[:1]]
    pages = pick(questions, others, terms, 1) if any(map(_ASKS_WHAT_TO_DO.search, questions)) else []
    return [*told[:most], *pages]


def _candidates(questions: Sequence[str], found: Sequence[Evidence], past: Sequence[Evidence]) -> list[Evidence]:
    """The pages in one language, and past incidents that are not among them."""
    pages = {one.document_id: language_of(one.text) for one in found if one.kind == "document"}
    doubled = translations(pages, language_of(questions[0]))
    documents = [one for one in found if one.kind == "document" and one.document_id not in doubled]
    read = {one.document_id for one in documents}
    return [*documents, *(one for one in past if one.document_id not in read)]


def _best(questions: Sequence[str], candidates: Sequence[Evidence], terms: Terms, most: int) -> list[Passage]:
    wordings = [terms(question) for question in dict.fromkeys(questions) if terms(question)]
    together, language = frozenset[str]().union(*wordings), language_of(questions[0])
    asks_how = any(_ASKS_HOW.search(question) for question in questions)
    behind = _behind(candidates)
    scored = [
        (
            fmean(_fit(section, evidence, wanted, terms, asks_how=asks_how) for wanted in wordings)
            - behind[evidence.document_id]
            - FOREIGN * (language_of(section.text) != language),
            evidence,
            section,
        )
        for evidence in candidates
        for section in sections(evidence.text)
        if together & terms(f"{evidence.title} {evidence.heading} {section.text}")
    ]
    best = sorted(scored, key=lambda one: -one[0])[:most]
    return [Passage(e, section.heading, _shown(section, together, terms)) for _, e, section in best]


def _nearest(seen: Sequence[Evidence], questions: Sequence[str], terms: Terms) -> list[Evidence]:
    """What systems said, that which shares most words with the question first."""
    # A number in a measurement is the same as one in the question by chance alone.
    wanted = {term for term in frozenset[str]().union(*map(terms, questions)) if not re.search(r"\d", term)}
    return sorted(seen, key=lambda one: -len(wanted & terms(f"{one.title} {one.heading} {one.text}")))


def _output(text: str) -> str:
    """The beginning of what a system said, as it was said: nothing in it is Markdown."""
    head = text if len(text) <= LONGEST_PASSAGE else f"{text[:LONGEST_PASSAGE].rpartition(chr(10))[0]}\n…"
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", head)), 0)
    return f"{fence}\n{head}\n{fence}"


def _behind(candidates: Sequence[Evidence]) -> dict[str, float]:
    """How far each document is behind the best one by what the search says; incidents are behind all pages."""
    best: dict[str, float] = {}
    for one in candidates:
        if one.kind != "incident":
            best.setdefault(one.document_id, max(0.0, one.score))
    top, last = max(best.values(), default=0.0), min(best.values(), default=0.0)
    ranked = enumerate(dict.fromkeys(one.document_id for one in candidates))
    return {id: RANK * rank + (SCORE * (1 - best.get(id, last) / top) if top > 0 else 0.0) for rank, id in ranked}


def warnings(questions: Sequence[str], found: Sequence[Evidence], terms: Terms) -> list[Passage]:
    """The sentence that forbids what the questions are about, when there is one: it must not be missed at night."""
    wanted = frozenset[str]().union(*(terms(question) for question in questions))
    forbidding = [
        (len(wanted & terms(sentence)) / (2 + len(terms(sentence))), evidence, sentence)
        for evidence in found
        if evidence.kind == "document"
        for line in evidence.text.splitlines()
        for sentence in sentences(line)
        if _FORBIDS.search(sentence) and len(wanted & terms(sentence)) >= FEWEST_SHARED
    ]
    best = max(forbidding, key=lambda one: one[0], default=None)
    return [Passage(best[1], "", best[2])] if best and best[0] >= CLOSE_ENOUGH else []


def forbids(text: str) -> bool:
    """Whether a text says that something must not be done."""
    return _FORBIDS.search(text) is not None


def _fit(section: Section, evidence: Evidence, wanted: frozenset[str], terms: Terms, *, asks_how: bool) -> float:
    said = "\n\n".join(block.text for block in section.blocks)
    heads = dict.fromkeys((evidence.title, evidence.heading, section.heading))
    share = len(wanted & terms(said)) / len(wanted)
    titled = len(wanted & terms(" ".join(heads))) / len(wanted)
    if not asks_how:
        return share + TITLE * titled
    if _COMES_LAST.search(section.heading):
        return share + TITLE * titled
    does = any(block.code or _STEP.match(block.text) for block in section.blocks)
    return share + TITLE * titled + (HELPS if _HELPS.search(section.heading) else 0.0) + (DOES if does else 0.0)


def _shown(section: Section, wanted: frozenset[str], terms: Terms) -> str:
    kept: list[str] = []
    fits = len(section.text) <= LONGEST_PASSAGE
    start = 0 if fits else max(range(len(section.blocks)), key=lambda n: len(wanted & terms(section.blocks[n].text)))
    for block in section.blocks[start:]:
        shown = _shortened(block, wanted, terms)
        if kept and sum(map(len, kept)) + len(shown) > LONGEST_PASSAGE:
            break
        kept.append(shown)
    return "\n\n".join(kept)


def _shortened(block: Block, wanted: frozenset[str], terms: Terms) -> str:
    lines = block.text.splitlines()
    if len(lines) > MOST_ROWS + 2 and all(line.lstrip().startswith("|") for line in lines):
        ranked = sorted(lines[2:], key=lambda row: -len(wanted & terms(row)))[:MOST_ROWS]
        return "\n".join([*lines[:2], *(row for row in lines[2:] if row in ranked)])
    if block.code or len(block.text) <= LONGEST_PASSAGE:
        return block.text
    cut = block.text[:LONGEST_PASSAGE]
    return cut[: max(cut.rfind("\n"), cut.rfind(". ") + 1, cut.rfind("。") + 1, LONGEST_PASSAGE // 2)] + " …"
