"""Step 8: the next round looks for what is missing, in the same place and time."""

from bot.vocabulary import RewrittenQuery, Verdict


def refine(query: RewrittenQuery, verdict: Verdict) -> RewrittenQuery | None:
    """The query narrowed to what is missing; None when that was looked for already.

    Keeps services, environment and time window, so that a later round cannot wander into another incident.
    """
    subject = " ".join(query.entities.services)
    wanted = [missing if subject in missing else f"{subject} {missing}" for missing in verdict.missing if missing]
    fresh = tuple(dict.fromkeys(search for search in wanted if search not in query.searches))
    return query.model_copy(update={"searches": fresh}) if fresh else None
