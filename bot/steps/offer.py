"""What is told of a proposal, as the card that every front end shows: what would be done, and what became of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from bot.guards.cases import NIGHTSHIFT
from bot.remedy import Looked, Outcome, Proposal
from bot.rules.announcements import moment
from bot.rules.remedy_words import RISKS, SAID
from bot.rules.verbatim import verbatim
from connectors.alerts.port import one_line
from connectors.chat.card_port import Card, Citation, Folded, Tone
from connectors.state.remedy_port import Execution, ProposalStatus, Vote

_TITLE, _NAME, _LINE, _WHY, _SHOWN, _WHOLE = 120, 80, 160, 320, 500, 3000
_MOST_NAMES, _MOST_LOOKED = 6, 10


@dataclass(frozen=True)
class Stand:
    """How far a proposal is. ``said`` is our own sentence on why it was not carried out, where there is one.

    ``names`` are those of people by their ids. ``citations`` and ``link`` belong to its reason; ``undo_offered``: a
    proposal to take it back exists.
    """

    status: ProposalStatus = "pending"
    votes: Sequence[Vote] = ()
    execution: Execution | None = None
    said: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    citations: tuple[Citation, ...] = ()
    link: str = ""
    undo_offered: bool = False


@dataclass(frozen=True)
class _Known:
    proposal: Proposal
    stand: Stand
    outcome: Outcome | None

    def say(self, word: str, **filled: object) -> str:
        """One of our own sentences."""
        return SAID[self.proposal.language][word].format(**filled)

    def names(self, people: Sequence[str]) -> str:
        """People by their names, the first of them."""
        shown = [verbatim(self.stand.names.get(one, one), _NAME) for one in people[:_MOST_NAMES]]
        more = [self.say("and more", count=len(people) - _MOST_NAMES)] if len(people) > _MOST_NAMES else []
        return self.say(",").join([*shown, *more])

    @property
    def approvals(self) -> list[Vote]:
        """Who is for it."""
        return [one for one in self.stand.votes if one.approves]


def offer(proposal: Proposal, stand: Stand) -> Card:
    """One card for one proposal, in its language; another one of the same id takes its place.

    What systems, pages and people said is shown as they said it, and becomes no link, mark, mention or heading.
    """
    known = _Known(proposal, stand, outcome_of(stand.execution))
    parts = [*_became(known), *_offered(known)]
    return Card(
        question_id=proposal.id,
        kind="proposal",
        language=proposal.language,
        text="\n\n".join(part for part in parts if part),
        title=_title(known),
        tone=_tone(known),
        link=stand.link,
        folded=tuple(_folded(known)),
        citations=stand.citations,
    )


def became(proposal: Proposal, stand: Stand) -> str:
    """What became of it in a few lines of Markdown, for a message of its own in the thread."""
    known = _Known(proposal, stand, outcome_of(stand.execution))
    return "\n\n".join(part for part in (f"**{verbatim(_title(known), _TITLE)}**", *_became(known)) if part)


def outcome_of(execution: Execution | None) -> Outcome | None:
    """What came of an execution as far as it is kept; None when nothing is."""
    if execution is None or not execution.outcome:
        return None
    try:
        return Outcome.model_validate_json(execution.outcome)
    except ValidationError:
        return None


def _title(known: _Known) -> str:
    execution, status = known.stand.execution, known.stand.status
    if execution is None:
        key = {"pending": "proposed", "approved": "is running"}.get(status, "is not done")
    elif execution.status == "started":
        key = "is running"
    elif execution.status == "done" and known.outcome and known.outcome.verified is False:
        key = "is wrong"
    else:
        key = {"stale": "is not done"}.get(execution.status, f"is {execution.status}")
    return known.say(key, title=one_line(known.proposal.title, _TITLE))


def _tone(known: _Known) -> Tone:
    execution, status = known.stand.execution, known.stand.status
    if execution is None or execution.status in ("started", "stale"):
        return "warning" if status == "pending" else "plain"
    if execution.status != "done" or (known.outcome and known.outcome.verified is False):
        return "bad"
    return "good"


def _became(known: _Known) -> Iterator[str]:
    """Where it stands now, first of all."""
    yield _decided(known)
    if known.stand.status == "pending":
        yield from _escalated(known)
    elif known.stand.status == "approved":
        yield from _carried_out(known)
    yield verbatim(known.stand.said, _WHY)


def _decided(known: _Known) -> str:
    proposal, status = known.proposal, known.stand.status
    until = moment(proposal.expires_at)
    if status == "pending":
        key = "waiting" if proposal.needed > 1 else "waiting for one"
        waiting = f"**{known.say(key, needed=proposal.needed, until=until)}**"
        have = [one.person for one in known.approvals]
        counted = known.say("counted", have=len(have), needed=proposal.needed, who=known.names(have)) if have else ""
        return "\n\n".join(part for part in (waiting, counted) if part)
    if status == "expired":
        return f"**{known.say('expired', until=until)}**"
    if status == "withdrawn":
        return f"**{known.say('withdrawn')}**"
    return f"**{_by(known)}**"


def _by(known: _Known) -> str:
    rejected = known.stand.status == "rejected"
    votes = [one for one in known.stand.votes if one.approves != rejected]
    at = moment(max((one.given_at for one in votes), default=known.proposal.proposed_at))
    if any(one.person == NIGHTSHIFT for one in votes):
        return known.say("automatically", at=at)
    return known.say("rejected" if rejected else "approved", who=known.names([one.person for one in votes]), at=at)


def _escalated(known: _Known) -> Iterator[str]:
    if known.proposal.escalated_to:
        who = [verbatim(one, _NAME) for one in known.proposal.escalated_to[-_MOST_NAMES:]]
        yield known.say("escalated", who=known.say(",").join(who))


def _carried_out(known: _Known) -> Iterator[str]:
    execution = known.stand.execution
    if execution is None:
        yield known.say("about to")
        return
    key = {"started": "running"}.get(execution.status, execution.status)
    if key in SAID[known.proposal.language]:
        yield known.say(key, at=moment(execution.started_at))
    if known.outcome is None:
        return
    yield fenced(known.outcome.text, _SHOWN)
    yield _verified(known, known.outcome)
    yield known.say("undo offered") if known.stand.undo_offered else ""


def _verified(known: _Known, outcome: Outcome) -> str:
    lines = [_looked(known, one) for one in outcome.looked[:_MOST_LOOKED]]
    if not lines:
        return known.say("verifying") if outcome.status == "done" and outcome.ended_at is None else ""
    key = {True: "verified", False: "not verified", None: "not told"}[outcome.verified]
    return "\n".join([f"**{known.say(key)}**", "", *(f"- {line}" for line in lines)])


def _looked(known: _Known, one: Looked) -> str:
    said = known.say({True: "met", False: "unmet", None: "untold"}[one.met])
    return f"{verbatim(one.because, _LINE)}{known.say(':')}{said} ({verbatim(one.text, _LINE)})"


def _offered(known: _Known) -> Iterator[str]:
    proposal, action = known.proposal, known.proposal.action
    where = f" ({verbatim(action.environment, _NAME)})" if action.environment else ""
    yield known.say("undoes") if proposal.undoes else ""
    yield "\n".join(
        f"- {line}"
        for line in (
            _labelled(known, "what", f"{verbatim(proposal.title, _LINE)} ({verbatim(action.remedy, _NAME)})"),
            _labelled(known, "parameters", _parameters(known)) if action.parameters else "",
            _labelled(known, "target", f"{verbatim(action.target, _NAME)}{where}"),
            _labelled(known, "why", _why(known)) if proposal.why else "",
            _labelled(known, "risk", RISKS[proposal.language][proposal.risk]),
            _labelled(known, "undo", verbatim(proposal.undo, _LINE) or known.say("no undo")),
            _labelled(known, "who", known.names(proposal.approvers)) if known.stand.status == "pending" else "",
        )
        if line
    )
    yield from _rehearsed(known)


def _rehearsed(known: _Known) -> Iterator[str]:
    dry = known.proposal.rehearsed
    if known.stand.status != "pending":
        return
    if dry is None:
        yield _labelled(known, "rehearsal", known.say("no rehearsal"))
    else:
        yield f"**{known.say('rehearsal' if dry.ok else 'would fail')}**{known.say(':').rstrip()}"
        yield fenced(dry.text, _SHOWN)


def _why(known: _Known) -> str:
    marks = "".join(f"[{one.number}]" for one in known.stand.citations)
    return f"{verbatim(known.proposal.why, _WHY)} {marks}".rstrip()


def _parameters(known: _Known) -> str:
    given = known.proposal.action.parameters
    return known.say(",").join(
        f"{verbatim(name, _NAME)} = {verbatim(_value(one), _LINE)}" for name, one in given.items()
    )


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _folded(known: _Known) -> Iterator[Folded]:
    proposal = known.proposal
    run = json.dumps(proposal.action.run, ensure_ascii=False, indent=2, sort_keys=True)
    digest = f"{known.say('digest')}{known.say(':')}{proposal.action.digest}"
    yield Folded(title=known.say("exactly"), text=f"{fenced(run, _WHOLE)}\n\n{digest}")
    if proposal.rehearsed and (len(proposal.rehearsed.text) > _SHOWN or known.stand.status != "pending"):
        yield Folded(title=known.say("rehearsal"), text=fenced(proposal.rehearsed.text, _WHOLE))


def _labelled(known: _Known, name: str, said: str) -> str:
    return f"**{known.say(name)}**{known.say(':')}{said}"


def fenced(text: str, most: int) -> str:
    """What a system said, word for word and cut, in a block that nothing in it can close; empty for nothing."""
    said = "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text[: 2 * most]).strip()
    said = said if len(said) <= most else f"{said[: most - 1]}…"
    fence = "```"
    while fence in said:
        fence += "`"
    return f"{fence}\n{said}\n{fence}" if said else ""
