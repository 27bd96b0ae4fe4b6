"""Step 7: is the evidence enough? Rules decide what they can; only a large model is trusted with a second opinion."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from bot.ladder import Ladder
from bot.rules.entities import Names
from bot.rules.terms import Terms
from bot.rules.trouble import asks_what_happened_before
from bot.steps.compose import material
from bot.steps.prompts import instruction
from bot.vocabulary import Evidence, RewrittenQuery, Verdict
from connectors.llm.port import Level, Prompt

# Set for the default embedding on the demo: 28 of its 30 first questions pass, and 5 of 150 about other worlds do.
NEAR_ENOUGH = 0.31
COVERAGE_WEIGHT = 0.25
COVERED_WITHOUT_MEANING = 0.6
TRUSTED: tuple[Level, ...] = ("endpoint",)


@dataclass(frozen=True)
class Found:
    """All evidence, and that which fits into the prompt by its number."""

    evidence: Sequence[Evidence]
    numbered: Mapping[int, Evidence]


class Judgement(BaseModel):
    """What the model is asked for."""

    enough: bool
    missing: Annotated[list[Annotated[str, StringConstraints(max_length=120)]], Field(max_length=3)] = []


async def judge(query: RewrittenQuery, found: Found, terms: Terms, services: Names, ladder: Ladder) -> Verdict:
    """Enough, or what is missing in words to search for. Without evidence it is never enough."""
    by_rules = judge_by_rules(query, found, terms, services)
    if not found.numbered:
        return by_rules
    asked = ladder.for_question()
    prompt = Prompt(instruction("judge"), material(query.text, found.numbered))
    opinion = await asked.ask(prompt, Judgement, max_tokens=200, trusted=TRUSTED)
    if opinion is None:
        return by_rules
    return Verdict(enough=opinion.enough, missing=tuple(opinion.missing), spent=asked.spent())


def judge_by_rules(query: RewrittenQuery, found: Found, terms: Terms, services: Names) -> Verdict:
    """Enough when a piece of evidence is near enough to the question, and what the question names occurs somewhere.

    Nearness adds up what two measures say: the centred cosine knows paraphrases, the share of the question's words that
    occur knows names. What a table answers exactly is enough by itself, and so is a past incident when that is what
    was asked for. An incident at other services than those of the question counts for nothing.
    """
    counting = [one for one in found.evidence if one.kind != "failure" and _concerns(one, query, services)]
    together = "\n".join(f"{one.title} {one.heading} {one.text}" for one in counting)
    unnamed = [name for name in query.entities.services if name not in services(together)]
    unseen = [name for name in query.entities.identifiers if name.lower() not in together.lower()]
    wanted = terms(query.text)
    numbered = [one for one in found.numbered.values() if _concerns(one, query, services)]
    nearest = max((_nearness(one, wanted, terms) for one in numbered), default=0.0)
    exact = {"people", "services", "data", "tool"} | ({"incident"} if asks_what_happened_before(query.text) else set())
    enough = any(one.kind in exact for one in numbered) or (nearest >= NEAR_ENOUGH and not unnamed and not unseen)
    if enough:
        return Verdict(enough=True)
    uncovered = _as_asked(query.text, wanted - terms(together), terms)
    return Verdict(enough=False, missing=tuple(name for name in (*unnamed, *unseen, uncovered) if name))


def _concerns(evidence: Evidence, query: RewrittenQuery, services: Names) -> bool:
    """Whether evidence may count: an incident's heading names its services, its text the question's as well."""
    asked = query.entities.services
    return evidence.kind != "incident" or not asked or not set(asked).isdisjoint(services(evidence.heading))


def _as_asked(text: str, uncovered: frozenset[str], terms: Terms) -> str:
    """The words of a text behind some of its terms, in their order and as they were typed."""
    latin = [(m.start(), m[0]) for m in re.finditer(r"[A-Za-z0-9][\w./:-]*", text) if terms(m[0]) & uncovered]
    chinese = [(text.find(term), term) for term in uncovered if not term.isascii() and term in text]
    return " ".join(dict.fromkeys(word for _, word in sorted([*latin, *chinese])))


def _nearness(evidence: Evidence, wanted: frozenset[str], terms: Terms) -> float:
    present = terms(f"{evidence.title} {evidence.heading} {evidence.text}")
    covered = len(wanted & present) / len(wanted) if wanted else 0.0
    if evidence.similarity is None:
        # Nobody measured the meaning; then words alone have to carry it.
        return NEAR_ENOUGH * covered / COVERED_WITHOUT_MEANING
    return evidence.similarity + COVERAGE_WEIGHT * covered
