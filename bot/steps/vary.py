"""Step 4: the same question in other words, searched along with it; none of them is ever shown as what was asked."""

import re
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from bot.ladder import Ladder
from bot.rules.subquestions import subquestions
from bot.steps.prompts import instruction
from bot.vocabulary import Frozen, RewrittenQuery, Spent
from connectors.llm.port import Level, Prompt

# A small model's translations are worse than the multilingual embedding, and cost seconds.
TRUSTED: tuple[Level, ...] = ("endpoint",)
MOST = 6
_ALERT = re.compile(r"[A-Za-z][A-Za-z0-9_-]{3,79}")

Wording = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]


class Variants(BaseModel):
    """What the model is asked for."""

    translation: Wording = ""
    alert: Wording = ""
    parts: Annotated[list[Wording], Field(max_length=3)] = []


class Varied(Frozen):
    """What is searched for, the query's own forms first."""

    searches: tuple[str, ...]
    spent: Spent = Spent()


async def vary(query: RewrittenQuery, ladder: Ladder) -> Varied:
    """The query's searches and its variants: the parts of it, its other language and the alert it may be about.

    A person's own edit is searched as it stands. Without a large model only the parts are known; the glossary finds
    the other language then.
    """
    if query.by == "person":
        return Varied(searches=query.searches)
    asked = ladder.for_question()
    said = await asked.ask(Prompt(instruction("vary"), query.text), Variants, max_tokens=300, trusted=TRUSTED)
    variants = [*subquestions(query.asked), *(_wordings(said) if said else ())]
    searches = tuple(dict.fromkeys(one for one in (*query.searches, *variants) if one))
    return Varied(searches=searches[:MOST], spent=asked.spent())


def _wordings(said: Variants) -> list[str]:
    return [said.translation, *([said.alert] if _ALERT.fullmatch(said.alert) else []), *said.parts]
