"""Picks the passages that answer best, word for word: the answer without a model, the commands with a small one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.rules.terms import Terms
from bot.vocabulary import Claim, Evidence

LONGEST_PASSAGE = 900
_FENCE = re.compile(r"^\s*(?:```|~~~)")


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


def extract(question: str, numbered: Mapping[int, Evidence], terms: Terms, most: int = 3) -> tuple[Claim, ...]:
    """The best passage of each of the best pieces of evidence, as quotes."""
    wanted = terms(question)
    ranked = sorted(numbered.values(), key=lambda e: -_relevance(e, wanted, terms))
    useful = [e for e in ranked if _relevance(e, wanted, terms) > 0][:most]
    return tuple(Claim(text=_quoted(evidence, wanted, terms), cites=(evidence.id,)) for evidence in useful)


def commands(question: str, cited: list[Evidence], terms: Terms) -> tuple[Claim, ...]:
    """The code block that fits the question best among the evidence that an answer cites; none when none fits."""
    wanted = terms(question)
    best: tuple[float, Claim] | None = None
    for evidence in cited:
        inside = blocks(evidence.text)
        for number, block in enumerate(inside):
            if not block.code:
                continue
            before = inside[number - 1].text if number else ""
            score = len(wanted & terms(f"{evidence.heading}\n{before}\n{block.text}")) / (1 + len(wanted))
            if score > (best[0] if best else 0.2):
                best = score, Claim(text=block.text, cites=(evidence.id,))
    return (best[1],) if best else ()


def _relevance(evidence: Evidence, wanted: frozenset[str], terms: Terms) -> float:
    titled = terms(f"{evidence.title} {evidence.heading}")
    return len(wanted & titled) * 1.5 + len(wanted & terms(evidence.text))


def _quoted(evidence: Evidence, wanted: frozenset[str], terms: Terms) -> str:
    inside = blocks(evidence.text)
    best = max(range(len(inside)), key=lambda n: len(wanted & terms(inside[n].text)), default=0)
    kept: list[Block] = []
    for block in inside[best:]:
        if kept and sum(len(b.text) for b in kept) + len(block.text) > LONGEST_PASSAGE:
            break
        kept.append(block)
        if len(kept) >= 3:
            break
    heading = f"{evidence.title} › {evidence.heading}" if evidence.heading else evidence.title
    return f"**{heading}**\n\n" + "\n\n".join(_shortened(block) for block in kept)


def _shortened(block: Block) -> str:
    if block.code or len(block.text) <= LONGEST_PASSAGE:
        return block.text
    cut = block.text[:LONGEST_PASSAGE]
    return cut[: max(cut.rfind("\n"), cut.rfind(". ") + 1, cut.rfind("。") + 1, LONGEST_PASSAGE // 2)] + " …"
