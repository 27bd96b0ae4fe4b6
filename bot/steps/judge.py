"""Step 7: is the evidence enough? Rules decide what they can; only a large model is trusted with a second opinion."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from bot.ladder import Ladder
from bot.rules.entities import Names
from bot.rules.terms import Terms
from bot.steps.compose import material
from bot.steps.prompts import instruction
from bot.vocabulary import Evidence, RewrittenQuery, Verdict
from connectors.llm.port import Level, Prompt

ENOUGH_COVERED = 0.5
TRUSTED: tuple[Level, ...] = ("endpoint",)


class Judgement(BaseModel):
    """What the model is asked for."""

    enough: bool
    missing: Annotated[list[Annotated[str, StringConstraints(max_length=120)]], Field(max_length=3)] = []


async def judge(
    query: RewrittenQuery, numbered: Mapping[int, Evidence], terms: Terms, services: Names, ladder: Ladder
) -> Verdict:
    """Enough, or what is missing in words to search for. Without evidence it is never enough."""
    by_rules = judge_by_rules(query, numbered, terms, services)
    if not numbered:
        return by_rules
    asked = ladder.for_question()
    prompt = Prompt(instruction("judge"), material(query.text, numbered))
    opinion = await asked.ask(prompt, Judgement, max_tokens=200, trusted=TRUSTED)
    if opinion is None:
        return by_rules
    return Verdict(enough=opinion.enough, missing=tuple(opinion.missing), spent=asked.spent())


def judge_by_rules(query: RewrittenQuery, numbered: Mapping[int, Evidence], terms: Terms, services: Names) -> Verdict:
    """Enough when some evidence covers half of what was asked, and every named service and identifier occurs."""
    texts = [f"{e.title} {e.heading} {e.text}" for e in numbered.values()]
    together = "\n".join(texts)
    unnamed = set(query.entities.services) - set(services(together))
    identifiers = [name for name in query.entities.identifiers if name.lower() not in together.lower()]
    wanted = terms(query.text)
    uncovered = wanted - terms(together)
    best = (
        max((len(wanted & terms(text)) / len(wanted) for text in texts), default=0.0) if wanted else float(bool(texts))
    )
    enough = bool(texts) and best >= ENOUGH_COVERED and not unnamed and not identifiers
    missing = [*unnamed, *identifiers, " ".join(sorted(uncovered))]
    return Verdict(enough=enough, missing=() if enough else tuple(name for name in missing if name))
