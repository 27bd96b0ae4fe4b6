"""What is told of an incident, as the card that every front end shows: the verdict first, the rest to be opened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.incident import Diagnosis, Finding, Hypothesis, Incident
from bot.rules.announcements import SAID, VERDICTS, lasted, moment
from bot.rules.citing import LINE, Sources, cited, telling
from bot.rules.verbatim import verbatim, without_marks
from bot.vocabulary import Evidence
from connectors.alerts.port import one_line, web_link
from connectors.chat.card_port import Card, Folded, Footer, Tone

MOST_FINDINGS, MOST_STEPS = 3, 2
"""How many findings and next steps stand on the card itself, which is read on a phone."""
_TITLE, _CAUSE, _LABEL, _NAME = 120, 320, 110, 80
_MOST_FOLDED = 40


@dataclass(frozen=True)
class Word:
    """What a person said of the cause: ``cause`` is what it was, in their words, when it was not what we said."""

    who: str
    right: bool
    cause: str = ""


@dataclass(frozen=True)
class Told:
    """What is known beside the diagnosis. ``link`` leads to the incident's page, ``words`` are people's, latest first.

    ``so_far`` is what was found within ``seconds`` by a diagnosis that is not done, out of ``evidence``; None: this is
    no report of progress. ``failed`` is the id of a diagnosis that could not be made.
    """

    link: str = ""
    words: Sequence[Word] = ()
    so_far: Sequence[Finding] | None = None
    evidence: Sequence[Evidence] = ()
    seconds: float = 0.0
    failed: str = ""


@dataclass(frozen=True)
class _Known:
    """All that a card is made of; without a diagnosis when there is none yet, or none of its own any more."""

    incident: Incident
    diagnosis: Diagnosis | None
    told: Told
    sources: Sources

    def say(self, word: str, **filled: object) -> str:
        """One of our own sentences."""
        return SAID[self.incident.language][word].format(**filled)

    @property
    def leading(self) -> Hypothesis | None:
        """What it most likely was."""
        return next(iter(self.diagnosis.verdict.hypotheses), None) if self.diagnosis else None

    @property
    def word(self) -> Word | None:
        """What the person said who spoke last."""
        return next(iter(self.told.words), None)


def announce(incident: Incident, diagnosis: Diagnosis | None, told: Told) -> Card:
    """One card for one incident, in its language; another one of the same id takes its place.

    It fits a phone's screen; what was found besides, ruled out and not checked is folded. What alerts, systems, pages
    and people said is shown as they said it, and becomes no link, mark, mention or heading.
    """
    found = diagnosis if incident.status != "merged" else None
    evidence = {one.id: one for one in (*(found.evidence if found else ()), *told.evidence)}
    known = _Known(incident, found, told, Sources(evidence))
    # Written first, so that what stands on the card itself has the first numbers.
    text = "\n\n".join(part for part in _parts(known) if part)
    folded = tuple(_folded(known, found)) if found else ()
    return Card(
        question_id=incident.id,
        kind="incident",
        language=incident.language,
        text=text,
        title=_title(known),
        tone=tone_of(incident),
        link=web_link(told.link),
        cause=_cause(known),
        folded=folded,
        citations=tuple(known.sources.citations.values()),
        notices=tuple(_notices(known)),
        charts=found.exhibits.charts if found else (),
        footer=_footer(found) if found else None,
    )


def looking(incident: Incident) -> str:
    """The quiet marker while nothing is known yet, as plain text."""
    return SAID[incident.language]["looking"].format(title=one_line(incident.title, _TITLE))


def tone_of(incident: Incident) -> Tone:
    """How bad it is, for the colour of its card."""
    if incident.status == "merged":
        return "plain"
    if incident.status == "resolved" or incident.outcome == "healthy":
        return "good"
    return "bad" if incident.severity in ("critical", "error") else "warning"


def _title(known: _Known) -> str:
    found = known.diagnosis.headline if known.diagnosis else ""
    title = one_line(without_marks(found) or known.incident.title, _TITLE) or known.incident.id
    return known.say("over", title=title) if known.incident.status == "resolved" else title


def _parts(known: _Known) -> Iterator[str]:
    if known.incident.status == "merged":
        yield known.say("merged", into=verbatim(known.incident.merged_into, _NAME))
        yield _facts(known)
        return
    yield _said(known)
    yield _verdict(known, known.diagnosis) if known.diagnosis else _unsettled(known)
    yield _facts(known)
    if known.diagnosis:
        yield from _rest(known, known.diagnosis)


def _rest(known: _Known, found: Diagnosis) -> Iterator[str]:
    yield _labelled(known, "impact", found.impact)
    yield _list(known, "evidence", _findings(known, found))
    steps = found.next_steps[:MOST_STEPS]
    yield _list(known, "next", [known.sources.line(one.says, one.cites) for one in steps])
    similar = _similar(known, found)
    yield f"**{known.say('similar')}**{known.say(':')}{similar[0]}" if similar else ""
    yield _labelled(known, "on call", found.on_call)


def _said(known: _Known) -> str:
    word = known.word
    if word is None:
        return ""
    key = "right" if word.right else "was" if word.cause else "wrong"
    said = known.say(key, who=verbatim(word.who, _NAME), cause=verbatim(word.cause, _CAUSE))
    return f"{'✅' if word.right else '❌'} **{said}**"


def _verdict(known: _Known, found: Diagnosis) -> str:
    outcome, leading = found.verdict.outcome, known.leading
    verdict = VERDICTS[known.incident.language][outcome]
    if leading is None:
        return f"**{verdict}**" if outcome == "healthy" else f"**{known.say('nothing')}**"
    supports = [one for one in telling(found.findings) if one.id in leading.supports]
    cites = [source for one in supports for source in cited(one)[:1]]
    said = known.sources.quoting(found.summary or leading.says, cites, _CAUSE)
    return f"**{verdict}**{known.say(':')}{said}"


def _unsettled(known: _Known) -> str:
    so_far = known.told.so_far
    if known.told.failed:
        return known.say("failed", id=known.told.failed)
    if so_far is None:
        return known.say("unseen" if known.incident.status == "resolved" else "working")
    lines = [known.sources.finding(one) for one in telling(so_far)[: MOST_FINDINGS + 1]]
    still = known.say("progress", minutes=max(1, round(known.told.seconds / 60)))
    return f"**{still}**\n\n{_list(known, 'so far', lines) or known.say('nothing yet')}"


def _facts(known: _Known) -> str:
    incident = known.incident
    names = [verbatim(one, _NAME) for one in (*incident.services[:3], incident.environment) if one]
    facts = [known.say("since", at=moment(incident.began)), *names]
    if incident.alerts:
        key = "alerts over" if incident.status != "open" else "alert" if incident.alerts == 1 else "alerts"
        facts.append(known.say(key, count=incident.alerts, firing=incident.firing))
    elif incident.reported_by:
        facts.append(known.say("reported"))
    if incident.flapping and incident.status == "open":
        facts.append(known.say("flapping"))
    return "\n\n".join(part for part in (" · ".join(facts), _over(known), _again(known)) if part)


def _over(known: _Known) -> str:
    over = known.incident.resolved_at
    if known.incident.status != "resolved" or over is None:
        return ""
    took = lasted(over - known.incident.began, known.incident.language)
    return known.say("is over", at=moment(over), lasted=took)


def _again(known: _Known) -> str:
    before = verbatim(known.incident.again_of, _NAME)
    return known.say("another cause" if known.incident.differs else "again", before=before) if before else ""


def _findings(known: _Known, found: Diagnosis) -> list[str]:
    """What says most for the cause, first one of each kind; without a cause, what says most."""
    leading = known.leading
    chosen = telling(one for one in found.findings if leading and one.id in leading.supports) or telling(found.findings)
    first = list({one.kind: one for one in reversed(chosen)}.values())[::-1]
    ordered = [*first, *(one for one in chosen if one not in first)]
    return [known.sources.finding(one) for one in ordered[:MOST_FINDINGS]]


def _folded(known: _Known, found: Diagnosis) -> Iterator[Folded]:
    sources, leading = known.sources, known.leading
    others = [one for one in found.verdict.hypotheses if one is not leading]
    tests = leading.attacks if leading else ()
    alerts = [
        f"{verbatim(one.name, _NAME)}{known.say(':')}{verbatim(one.summary, LINE)}" for one in found.trouble.alerts
    ]
    parts = {
        "Findings": [sources.finding(one) for one in telling(found.findings)],
        "Tests": [f"{sources.line(one.says or one.asks, one.cites)} ({known.say(one.outcome)})" for one in tests],
        "Other causes": [f"{verbatim(one.says, LINE)} ({one.score:.0%})" for one in others],
        "Ruled out": [sources.line(one.says, one.cites) for one in found.excluded],
        "Gaps": [verbatim(one, LINE) for one in found.gaps],
        "Next steps": [sources.line(one.says, one.cites, _CAUSE) for one in found.next_steps[MOST_STEPS:]],
        "Similar": _similar(known, found)[1:],
        "Alerts": alerts,
    }
    for name, lines in parts.items():
        if lines:
            text = "\n".join(f"- {line}" for line in lines[:_MOST_FOLDED])
            yield Folded(title=f"{known.say(name)} ({len(lines)})", text=text)


def _similar(known: _Known, found: Diagnosis) -> list[str]:
    evidence = known.sources.known
    return [known.sources.line(evidence[id].title, [id]) for id in found.similar if id in evidence]


def _notices(known: _Known) -> Iterator[str]:
    found = known.diagnosis
    if known.incident.mode == "shadow":
        yield known.say("shadow")
    if found and not found.in_time:
        yield known.say("limit")
    if found and found.gaps and found.verdict.outcome in ("inconclusive", "healthy"):
        yield known.say("gaps", gaps="; ".join(one_line(one, _LABEL) for one in found.gaps[:2]))


def _cause(known: _Known) -> str:
    """What a person can confirm: what somebody said it was, else what we say."""
    word, found, leading = known.word, known.diagnosis, known.leading
    if word and not word.right:
        return one_line(word.cause, _LABEL)
    if found is None or leading is None or found.verdict.outcome == "inconclusive":
        return ""
    if found.verdict.outcome == "healthy":
        return known.say("well")
    return one_line(without_marks(leading.says), _LABEL).rstrip(".。")


def _list(known: _Known, name: str, lines: Sequence[str]) -> str:
    return "\n".join([f"**{known.say(name)}**", "", *(f"- {line}" for line in lines)]) if lines else ""


def _labelled(known: _Known, name: str, said: str) -> str:
    return f"**{known.say(name)}**{known.say(':')}{verbatim(without_marks(said), LINE)}" if said.strip() else ""


def _footer(found: Diagnosis) -> Footer:
    spent = found.spent
    return Footer(
        level=spent.level,
        model=spent.model,
        tokens_in=spent.tokens_in,
        tokens_out=spent.tokens_out,
        seconds=found.seconds,
        cost=f"{spent.cost:.4f} {spent.currency}" if spent.currency else None,
    )
