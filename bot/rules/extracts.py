"""Picks the passages that answer best, word for word: the answer without a model, the commands with a small one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.rules.terms import Terms
from bot.vocabulary import Claim, Evidence

LONGEST_PASSAGE = 900
RANK = 0.15
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*(?:\n|$)")
_STEP = re.compile(r"^\s*1[.)、]\s")
_ASKS_HOW = re.compile(
    r"\bhow\b|\bwhat (?:do|should|now|next|can)\b|\bfix\b|\bsteps?\b|\brunbook\b|怎么|如何|怎样|先干|先做|步骤|处理",
    re.IGNORECASE,
)
_HELPS = re.compile(
    r"check|first|fix|mitigat|what to do|roll ?back|restart|recover|resolve|steps"
    r"|处理|先|怎么|缓解|恢复|回滚|操作|步骤",
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


def extract(question: str, numbered: Mapping[int, Evidence], terms: Terms, most: int = 2) -> tuple[Claim, ...]:
    """The best sections of the best pieces of evidence, as quotes.

    Evidence comes best first, and the rank of its document counts beside the words it shares with the question. What a
    table answers exactly (who is on call, what depends on what) is quoted alone.
    """
    wanted = terms(question)
    asks_how = bool(_ASKS_HOW.search(question))
    ranks = {document: rank for rank, document in enumerate(dict.fromkeys(e.document_id for e in numbered.values()))}
    exact = [one for one in numbered.values() if one.kind != "document"]
    scored = [
        (
            _fit(section, evidence, wanted, terms, asks_how=asks_how) - RANK * ranks[evidence.document_id],
            evidence,
            section,
        )
        for evidence in exact or numbered.values()
        for section in sections(evidence.text)
        if wanted & terms(f"{evidence.title} {evidence.heading} {section.text}")
    ]
    best = sorted(scored, key=lambda one: -one[0])[: len(exact) or most]
    return tuple(Claim(text=_quoted(section, e, wanted, terms), cites=(e.id,)) for _, e, section in best)


def commands(question: str, cited: Sequence[Evidence], terms: Terms) -> tuple[Claim, ...]:
    """The code block that fits the question best among the evidence that an answer cites; none when none fits."""
    wanted = terms(question)
    best: tuple[float, Claim] | None = None
    for evidence in cited:
        for section in sections(evidence.text):
            for block in section.blocks:
                score = len(wanted & terms(section.text)) / (1 + len(wanted)) if block.code else 0.0
                if score > (best[0] if best else 0.2):
                    best = score, Claim(text=block.text, cites=(evidence.id,))
    return (best[1],) if best else ()


def _fit(section: Section, evidence: Evidence, wanted: frozenset[str], terms: Terms, *, asks_how: bool) -> float:
    said = "\n\n".join(block.text for block in section.blocks)
    heads = dict.fromkeys((evidence.title, evidence.heading, section.heading))
    share = len(wanted & terms(said)) / len(wanted)
    titled = len(wanted & terms(" ".join(heads))) / len(wanted)
    if not asks_how:
        return share + 0.5 * titled
    does = any(block.code or _STEP.match(block.text) for block in section.blocks)
    return share + 0.5 * titled + (0.5 if _HELPS.search(section.heading) else 0.0) + (0.2 if does else 0.0)


def _quoted(section: Section, evidence: Evidence, wanted: frozenset[str], terms: Terms) -> str:
    kept: list[str] = []
    fits = len(section.text) <= LONGEST_PASSAGE
    start = 0 if fits else max(range(len(section.blocks)), key=lambda n: len(wanted & terms(section.blocks[n].text)))
    for block in section.blocks[start:]:
        if kept and sum(map(len, kept)) + len(block.text) > LONGEST_PASSAGE:
            break
        kept.append(_shortened(block))
    path = [
        evidence.title,
        *(part for part in (section.heading or evidence.heading,) if part not in ("", evidence.title)),
    ]
    return f"**{' › '.join(path)}**\n\n" + "\n\n".join(kept)


def _shortened(block: Block) -> str:
    if block.code or len(block.text) <= LONGEST_PASSAGE:
        return block.text
    cut = block.text[:LONGEST_PASSAGE]
    return cut[: max(cut.rfind("\n"), cut.rfind(". ") + 1, cut.rfind("。") + 1, LONGEST_PASSAGE // 2)] + " …"
