"""The last of the agents: words what was settled for people; it settles nothing itself."""

import re
from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from bot.agents.allowance import Allowance, ask_once, large, together
from bot.agents.prompts import instruction, one_line, section
from bot.guards import citation
from bot.guards.findings import plain_or_nothing
from bot.incident import Diagnosis, Finding, NextStep
from bot.ladder import Ladder
from bot.rules import diagnosis_words as by_rules
from bot.rules.extracts import forbids
from bot.rules.next_steps import candidates, chosen, next_steps
from bot.rules.plain import calls_over
from bot.rules.sentences import Piece, pieces
from bot.rules.terms import Terms
from bot.vocabulary import Evidence
from connectors.llm.port import Prompt
from knowledge.language import language_of

MOST_FINDINGS, MOST_SENTENCES, LONGEST_HEADLINE, LONGEST_TEXT = 14, 3, 110, 420
REPEATS = 0.8
_MOST_TOKENS = 700
# How sure it is was settled: nobody words it anew.
_SURE = re.compile(
    r"\b(?:confirm\w*|certain\w*|definite\w*|likely|probabl\w*|possibl\w*|may|might|surely|proven)\b"
    r"|确认|确定|一定|肯定|可能|也许|大概|疑似",
    re.IGNORECASE,
)


class Wording(BaseModel):
    """What the model is asked for."""

    headline: str = ""
    impact: str = ""
    summary: str = ""
    steps: list[int] = []


async def summarise(
    diagnosis: Diagnosis, ladder: Ladder, terms: Terms, allowance: Allowance | None = None
) -> Diagnosis:
    """The diagnosis with headline, impact, summary and next steps in the reader's language; nothing else is changed.

    They are worded by rules; a large model's sentences stand in their place or beside them where the findings that
    they cite say so. The sentence that names the cause is always the rules' own, and so is that there is not enough
    evidence. Next steps are lines of the documents among the evidence. A small model is not asked: it mixes up what
    belongs to what.
    """
    plain = diagnosis.model_copy(
        update={
            "headline": by_rules.headline(diagnosis),
            "impact": by_rules.impact(diagnosis),
            "summary": by_rules.summary(diagnosis),
            "next_steps": diagnosis.next_steps or next_steps(diagnosis, diagnosis.evidence),
        }
    )
    findings = _told(diagnosis)
    if large(ladder) is None or not findings:
        return plain
    asked = ladder.for_question()
    lines = [] if diagnosis.next_steps else [one.step for one in candidates(diagnosis, diagnosis.evidence)]
    prompt = Prompt(instruction("summary", language=diagnosis.trouble.language), _material(plain, findings, lines))
    said = await ask_once(asked, prompt, Wording, _MOST_TOKENS, allowance)
    spent = {"spent": together(diagnosis.spent, asked.spent())}
    return plain.model_copy(update=spent | (_worded(plain, said, findings, lines, terms) if said else {}))


def _told(diagnosis: Diagnosis) -> list[Finding]:
    """The findings that a model may word: those for the leading cause first, then the weightiest."""
    supports = by_rules.supporting(diagnosis)
    others = sorted((one for one in diagnosis.findings if one not in supports), key=lambda one: -one.weight)
    return [one for one in (*supports, *others) if plain_or_nothing(one.says)][:MOST_FINDINGS]


def _material(plain: Diagnosis, findings: Sequence[Finding], lines: Sequence[NextStep]) -> str:
    leading = next(iter(plain.verdict.hypotheses), None)
    verdict = [plain.verdict.outcome, *([f"{leading.cause} at {leading.service}", leading.says] if leading else [])]
    steps = "\n".join(f"[{n}] {one_line(one.says, 300)}" for n, one in enumerate(lines, 1))
    parts = {
        "VERDICT": "\n".join([*verdict, f"in trouble: {', '.join(plain.trouble.services)}"]),
        "FINDINGS": by_rules.findings_told(findings),
        "STEPS": steps,
    }
    return "\n\n".join(section(name, text) for name, text in parts.items() if text)


def _worded(
    plain: Diagnosis, said: Wording, findings: Sequence[Finding], lines: Sequence[NextStep], terms: Terms
) -> dict[str, object]:
    """What is taken of a model's words."""
    numbered = {n: _evidence(one) for n, one in enumerate(findings, 1)}
    changed: dict[str, object] = {}
    service = by_rules.service_of(plain).casefold()
    headline = _admitted(said.headline, plain, numbered, terms)[:1]
    if headline and service in headline[0].casefold() and len(headline[0]) <= LONGEST_HEADLINE:
        changed["headline"] = headline[0].rstrip(".。")
    if impact := _admitted(said.impact, plain, numbered, terms)[:1]:
        changed["impact"] = impact[0]
    if plain.verdict.hypotheses and (summary := _admitted(said.summary, plain, numbered, terms)):
        changed["summary"] = _beside(plain, summary, terms)
    numbers = [one for one in dict.fromkeys(said.steps) if 0 < one <= len(lines)]
    if numbers:
        # What a page forbids is told whether a model thinks of it or not.
        warned = [one for one in plain.next_steps if forbids(one.says)]
        changed["next_steps"] = chosen([*warned, *(lines[n - 1] for n in numbers)])
    return changed


def _admitted(text: str, plain: Diagnosis, numbered: Mapping[int, Evidence], terms: Terms) -> list[str]:
    """The sentences of a text that the cited findings say, in its order."""
    kept = []
    for piece in pieces(text)[: 2 * MOST_SENTENCES]:
        claim = citation.admit(piece, numbered, terms) if _may_be_said(piece, plain, terms) else None
        if claim is not None:
            kept.append(claim.text.strip())
    return kept[:MOST_SENTENCES]


def _may_be_said(piece: Piece, plain: Diagnosis, terms: Terms) -> bool:
    if piece.code or not piece.cites or not plain_or_nothing(piece.text) or _SURE.search(piece.text):
        return False
    if plain.verdict.outcome != "healthy" and calls_over(piece.text):
        return False
    return len(terms(piece.text)) <= 3 or language_of(piece.text) == plain.trouble.language


def _beside(plain: Diagnosis, said: Sequence[str], terms: Terms) -> str:
    """The rules' own sentence on the cause, and behind it what a model adds to it."""
    leading = plain.verdict.hypotheses[0]
    first = plain.summary if plain.verdict.outcome == "inconclusive" else leading.says
    text = first
    for sentence in said:
        if citation.told_of(sentence, text, terms) < REPEATS and len(text) + len(sentence) < LONGEST_TEXT:
            text += ("" if plain.trouble.language == "zh" else " ") + sentence
    return text if text != first else plain.summary


def _evidence(finding: Finding) -> Evidence:
    """A finding as what a sentence may cite."""
    text = f"{finding.says}\n{finding.quote}".strip()
    return Evidence(id=finding.id, kind="tool", title=finding.service, text=text)
