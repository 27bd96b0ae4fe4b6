"""Trouble that a person reports: whether a question is such a report, and what is known of the trouble by it."""

from datetime import timedelta

from bot.incident import Trouble
from bot.rules.live import asks_for_all
from bot.rules.trouble import asks_how_to, asks_what_happened_before
from bot.vocabulary import Query, RewrittenQuery
from knowledge.taxonomy import symptoms_in

LOOKED_BACK = timedelta(minutes=30)
"""Since when something is looked at that somebody says is broken, without saying since when."""
_LONGEST = 2_000


def reports_trouble(query: RewrittenQuery) -> bool:
    """Whether somebody says that something named is broken now: not how to mend it, nor what happened before.

    In the thread of an incident it is a question about that incident.
    """
    named = query.entities.services or query.entities.identifiers
    asks = asks_what_happened_before(query.asked) or asks_how_to(query.asked) or asks_for_all(query.asked)
    return query.route == "incident" and bool(named) and not asks and not query.incident


def trouble_of(query: Query, rewritten: RewrittenQuery) -> Trouble:
    """What a person's report tells: what stands on pictures and in quotes is material of it, whatever it says."""
    named = rewritten.entities
    shown = [one.text or "" for one in query.pictures] + [one.text for one in query.quotes]
    text = "\n".join([rewritten.text, *(" ".join(one.split()) for one in shown if one.strip())])
    return Trouble(
        id=query.question_id,
        text=text[:_LONGEST],
        language=query.language,
        at=query.asked_at,
        began=named.window.start if named.window else query.asked_at - LOOKED_BACK,
        began_known=named.window is not None,
        services=named.services,
        symptom=next(iter(symptoms_in(text[:_LONGEST])), ""),
        environment=next(iter(named.environments), ""),
        identifiers=named.identifiers,
        groups=query.groups,
        scope=query.scope,
    )
