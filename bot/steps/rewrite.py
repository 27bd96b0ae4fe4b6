"""Step 3: a query becomes searchable: the model words it, rules say what it must and must not contain."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from bot.guards.citation import hard_facts
from bot.ladder import Ladder
from bot.rules.entities import Names, find_entities
from bot.rules.followups import carried, is_follow_up, leans_on_picture, settled, stand_alone
from bot.rules.routes import find_route
from bot.rules.terms import content_terms
from bot.steps.prompts import instruction
from bot.vocabulary import Entities, Query, RewrittenQuery, Spent, Writer
from connectors.llm.port import Prompt
from knowledge.language import language_of

MOSTLY = 0.6
MOST_WORDS_SEEN = 4
_EXAMPLES = (
    (
        "ann: connection pool of payments in production?\nbot: It holds 40 connections.\nlast message: and in staging?",
        '{"query": "connection pool of payments in staging"}',
    ),
    (
        "last message: hi, node-7 shows DiskPressure since 10:20, what now",
        '{"query": "node-7 DiskPressure since 10:20"}',
    ),
    (
        "张: 昨晚 coredns 解析失败\nbot: 建议先看 coredns 日志。\nlast message: 能回滚吗",
        '{"query": "昨晚 coredns 解析失败 能回滚吗"}',
    ),
)


class Rewriting(BaseModel):
    """What the model is asked for."""

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


async def rewrite(query: Query, services: Names, ladder: Ladder) -> RewrittenQuery:
    """The query as it will be searched for. A person's own edit is taken as it stands."""
    asked = ladder.for_question()
    entities = find_entities(query.edited or query.text, services, query.asked_at)
    shown = not query.edited and leans_on_picture(query, entities)
    # What is on the picture is nearer than what the thread was about.
    alone = query.model_copy(update={"history": ()}) if shown else query
    follow_up = not query.edited and is_follow_up(alone, entities)
    certain = bool(query.edited) or settled(alone, entities)
    by_rules = query.edited or stand_alone(alone, entities, services)
    if shown:
        by_rules = f"{by_rules} {_about(query)}"
    if follow_up:
        entities = carried(entities, find_entities(query.history[-1].rewritten, services, query.asked_at))
    text, by = by_rules, "person" if query.edited else "rules"
    route = find_route(query.text)
    if not certain and route != "chat":
        text, by = await _worded(alone, by_rules, entities, services, asked)
    searches = (text, by_rules) if follow_up or shown else (text, by_rules, query.edited or query.text)
    if query.seen.searches and not query.edited:
        searches = (*searches, _about(query))
    return RewrittenQuery(
        text=text,
        asked=query.edited or query.text,
        searches=tuple(dict.fromkeys(searches)),
        language=query.language,
        asked_at=query.asked_at,
        route=route,
        entities=carried(entities, query.seen.entities) if shown else entities,
        follow_up=follow_up,
        groups=query.groups,
        scope=query.scope,
        incident=query.incident,
        by=by,
        spent=asked.spent(),
    )


def _about(query: Query) -> str:
    return " ".join(query.seen.searches[:MOST_WORDS_SEEN])


async def _worded(
    query: Query, by_rules: str, entities: Entities, services: Names, asked: Ladder
) -> tuple[str, Writer]:
    reply = await asked.ask(_prompt(query), Rewriting, max_tokens=150)
    if reply is None or not faithful(reply.query, query, entities, services):
        return by_rules, "rules"
    spent: Spent = asked.spent()
    return reply.query, "rules" if spent.level == "none" else spent.level


def faithful(text: str, query: Query, entities: Entities, services: Names) -> bool:
    """Whether a rewriting says nothing that nobody said, loses no name, and keeps the language.

    Of a picture it may take names alone.
    """
    said = "\n".join(
        [
            query.text,
            *query.seen.searches,
            *(f"{turn.asked}\n{turn.rewritten}\n{turn.answered}" for turn in query.history),
        ]
    ).lower()
    kept = text.lower()
    return (
        all(fact.lower() in said for fact in hard_facts(text))
        and set(services(text)) <= set(services(said))
        and set(entities.services) <= set(services(text))
        and all(identifier.lower() in kept for identifier in entities.identifiers)
        and language_of(text) == query.language
        and _mostly_asked(text, query)
        and not _repeats_picture(text, query)
        and len(text) <= 2 * len(query.text) + 120
    )


def _mostly_asked(text: str, query: Query) -> bool:
    """Whether most words were asked by a person, now or before: an answer's words would answer the question again."""
    words = content_terms(text)
    return len(words & content_terms(_asked(query))) >= MOSTLY * len(words)


def _repeats_picture(text: str, query: Query) -> bool:
    """Whether words come from a picture that are no names: whatever it asks for, nobody asked."""
    shown = "\n".join([*(one.text or "" for one in query.pictures), *(one.text for one in query.quotes)])
    return not content_terms(text).isdisjoint(content_terms(shown) - content_terms(_asked(query)))


def _asked(query: Query) -> str:
    """What people asked in the thread, and the names that their pictures show."""
    return "\n".join([query.text, *query.seen.searches, *(f"{turn.asked}\n{turn.rewritten}" for turn in query.history)])


def rewriting_prompt(material: str = "") -> Prompt:
    """The prompt of this step, or its fixed part."""
    return Prompt(instruction("rewrite"), material, _EXAMPLES)


def _prompt(query: Query) -> Prompt:
    lines = [f"{query.author}: {turn.asked}\nbot: {turn.answered[:300]}" for turn in query.history[-3:]]
    lines += [f"picture: {' '.join(picture.text.split())[:600]}" for picture in query.pictures if picture.text]
    lines += [f"quoted from {quote.author}: {' '.join(quote.text.split())[:600]}" for quote in query.quotes]
    return rewriting_prompt("\n".join([*lines, f"last message: {query.text}"]))
