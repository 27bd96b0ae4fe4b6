"""Step 10: from what was found and said to the card that every front end shows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.guards.citation import quote
from bot.rules.terms import Terms
from bot.steps.wording import CHAT, INSUFFICIENT, NOTICES, UNREAD
from bot.vocabulary import Answer, Claim, Evidence, Language, Query, RewrittenQuery, Spent
from connectors.chat.card_port import Card, Citation, Exhibits, Footer, PictureText

_LISTED = re.compile(r"^\s*(?:[-*+]|\d+[.)、])\s")
_OWN_LINE = re.compile(rf"{_LISTED.pattern}|^(?:```|>|\*\*)")


@dataclass(frozen=True)
class Report:
    """Everything a card is made of: the query as it was searched, the answer, the evidence, all searches, figures."""

    rewritten: RewrittenQuery
    answer: Answer
    evidence: Sequence[Evidence]
    looked_for: tuple[str, ...]
    exhibits: Exhibits = field(default_factory=Exhibits)


def present(query: Query, report: Report, terms: Terms, footer: Footer) -> Card:
    """The answer with its citations renumbered in the order they are read, or what was looked for in vain."""
    known, claims = {one.id: one for one in report.evidence}, report.answer.claims
    citations: dict[tuple[str, str], Citation] = {}
    cited = [[_cited(claim, known[i], terms, citations) for i in claim.cites] for claim in claims]
    text = _joined(list(map(_marked, claims, cited)), query.language)
    return Card(
        question_id=query.question_id,
        kind="answer" if claims else "insufficient",
        language=query.language,
        text=text or INSUFFICIENT[query.language],
        citations=tuple(citations.values()),
        rewritten_query=report.rewritten.text,
        looked_for=() if claims else report.looked_for,
        notices=(*query.notices, *_notices(report, query)),
        readings=readings_of(query),
        tables=report.exhibits.tables,
        charts=report.exhibits.charts,
        footer=footer,
    )


def present_chat(query: Query, footer: Footer) -> Card:
    """The reply to a greeting: what the assistant can be asked."""
    return _notice(query, CHAT[query.language], footer)


def present_unread(query: Query) -> Card:
    """The reply to a message without words whose pictures say nothing either."""
    return _notice(query, UNREAD[query.language], None)


def _notice(query: Query, text: str, footer: Footer | None) -> Card:
    return Card(
        question_id=query.question_id,
        kind="notice",
        language=query.language,
        text=text,
        notices=query.notices,
        readings=readings_of(query),
        footer=footer,
    )


def readings_of(query: Query) -> tuple[PictureText, ...]:
    """What was read on the pictures of a query, for the person to correct."""
    return tuple(
        PictureText(
            name=one.name, digest=one.digest, text=one.text or "", corrected=one.corrected, description=one.description
        )
        for one in query.pictures
    )


def footer(spent: Sequence[Spent], seconds: float, rounds: int) -> Footer:
    """What everything together cost; the level is that of the step that wrote the answer, the last one."""
    written = spent[-1]
    cost = sum(one.cost for one in spent)
    currency = next((one.currency for one in spent if one.currency), "")
    return Footer(
        level=written.level,
        model=written.model,
        tokens_in=sum(one.tokens_in for one in spent),
        tokens_out=sum(one.tokens_out for one in spent),
        seconds=round(seconds, 1),
        cost=f"{cost:.4f} {currency}" if currency else None,
        rounds=rounds,
    )


def _notices(report: Report, query: Query) -> list[str]:
    words, route = NOTICES[query.language], report.rewritten.route
    failed = [words["failed"].format(name=e.title, reason=e.text) for e in report.evidence if e.kind == "failure"]
    of_route = words.get(route if report.answer.claims else f"{route} in vain")
    return [*failed, *([of_route] if of_route else [])]


def _marked(claim: Claim, numbers: Sequence[int]) -> str:
    mark = "".join(f"[{number}]" for number in dict.fromkeys(numbers))
    if claim.text.startswith("```"):
        return f"{claim.text}\n{mark}"
    if claim.text.startswith("**"):
        head, _, rest = claim.text.partition("\n")
        return f"{head} {mark}\n{rest}"
    ended = re.match(r"^(.*?)([.。!！?？:：]?)$", claim.text, re.DOTALL)
    return f"{ended.group(1)} {mark}{ended.group(2)}" if ended else f"{claim.text} {mark}"


def _joined(parts: Sequence[str], language: Language) -> str:
    text = ""
    for part in parts:
        if not text:
            text = part
        elif _LISTED.match(part) and _LISTED.match(text.rpartition("\n")[2]):
            text += "\n" + part
        elif _OWN_LINE.match(part) or _OWN_LINE.match(text.rpartition("\n\n")[2]):
            text += "\n\n" + part
        else:
            text += ("" if language == "zh" else " ") + part
    return text


def _cited(claim: Claim, evidence: Evidence, terms: Terms, citations: dict[tuple[str, str], Citation]) -> int:
    """The number of the passage that says it; it is added to the citations when it is the first claim to cite it.

    Of evidence that was put together of several chunks, it is the chunk that is quoted and opened.
    """
    said = quote(claim, evidence, terms)
    start = evidence.text.find(said)
    place = next((one for one in reversed(evidence.places) if one.at <= start), None)
    chunk_id, heading = (place.chunk_id, place.heading) if place else (evidence.chunk_id, evidence.heading)
    found = Citation(
        number=len(citations) + 1,
        document_id=evidence.document_id,
        chunk_id=chunk_id,
        title=evidence.title,
        heading=heading,
        quote=said,
        link=evidence.link,
    )
    return citations.setdefault((evidence.id, chunk_id), found).number
