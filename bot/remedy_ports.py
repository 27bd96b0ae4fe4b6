"""What a remedy's journey may ask for, and how every change of a proposal makes its card anew."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from pydantic import JsonValue, ValidationError

from bot.catalogue import Catalogue
from bot.guards.approval import Approval
from bot.guards.cases import NIGHTSHIFT, kept_proposal
from bot.looking import enough_healthy, look_all
from bot.remedy import Check, Looked, Remedy
from bot.rules.remedy_words import SAID
from bot.steps.offer import Stand, became, offer
from bot.toolbox import Toolbox
from bot.vocabulary import Language
from connectors.chat.card_port import Card
from connectors.directory.port import Directory, DirectoryUnavailable, Person
from connectors.state.port import State
from connectors.state.remedy_port import Entry, Execution, Ruling, Standing, StoredProposal, Vote
from knowledge.service_graph import ServiceGraph

log = structlog.get_logger()


def nobody_waits() -> None:
    """Who shows proposals looks by itself, a little later."""


@dataclass(frozen=True)
class Announcement:
    """A message of its own in the thread of an incident, in Markdown: a card that is changed wakes nobody.

    The same ``key`` is the same message, however often it is told, and is to be posted once.
    """

    key: str
    incident_id: str
    language: Language
    text: str


async def nobody_listens(announcement: Announcement) -> None:
    """It stands on the card, and in the audit."""


@dataclass(frozen=True)
class RemedyPorts:
    """The outside world of remedies. ``changed`` is told that a card is another one now, for it to be shown at once.

    ``announce`` is told what people have to notice; it deals with its own failures.
    Without a directory nobody is known, so that nobody may do anything.
    """

    state: State
    catalogue: Catalogue
    approval: Approval
    toolbox: Toolbox
    graph: ServiceGraph
    now: Callable[[], datetime]
    directory: Directory | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    changed: Callable[[], None] = field(default=nobody_waits)
    announce: Callable[[Announcement], Awaitable[None]] = field(default=nobody_listens)

    async def people(self) -> Sequence[Person]:
        """Everybody, as the directory knows them now. Raises DirectoryUnavailable."""
        return await self.directory.people() if self.directory else ()

    async def people_if_known(self) -> Sequence[Person] | None:
        """Everybody; None when that cannot be told now."""
        try:
            return await self.people()
        except DirectoryUnavailable as away:
            log.warning("the directory cannot be read", reason=str(away))
            return None

    async def look(
        self, checks: Sequence[Check], parameters: Mapping[str, JsonValue], language: Language
    ) -> tuple[Looked, ...]:
        """What each check sees now, in their order."""
        return await look_all(checks, parameters, self.toolbox, self.now(), language) if checks else ()


@dataclass(frozen=True)
class Shown:
    """What the card of a proposal says beside what is kept of it: see ``Stand``."""

    people: Sequence[Person] = ()
    said: str = ""
    undo_offered: bool = False


def with_card(ruling: Ruling, standing: Standing, shown: Shown, execution: Execution | None = None) -> Ruling:
    """The ruling with the proposal's card as it is once the ruling holds; the same ruling where that changes nothing.

    ``execution`` is the one that begins with it.
    """
    stored = ruling.proposal or standing.proposal
    proposal = kept_proposal(stored)
    if proposal is None:
        return ruling
    votes = {one.person: one for one in (*standing.votes, *([ruling.vote] if ruling.vote else []))}
    stand = _stand(stored, tuple(votes.values()), execution or standing.execution, shown)
    written = offer(proposal, stand).model_dump_json()
    if written == stored.card:
        return ruling
    return replace(ruling, proposal=replace(stored, card=written))


async def announce(event: str, ruling: Ruling, standing: Standing, shown: Shown, ports: RemedyPorts) -> None:
    """Tell in the thread what became of a proposal by a ruling, with the audit's head as it is by then."""
    stored = ruling.proposal or standing.proposal
    proposal, head = kept_proposal(stored), await ports.state.head()
    if proposal is None:
        return
    said = became(proposal, _stand(stored, standing.votes, standing.execution, shown))
    # Whoever holds the head's hash outside of the database sees when the audit is written anew, or cut.
    seal = SAID[proposal.language]["audit"].format(number=head.number, hash=head.hash) if head else ""
    text = "\n\n".join(part for part in (said, seal) if part)
    await ports.announce(Announcement(f"{stored.id}-{event}", stored.incident_id, proposal.language, text))


def _stand(stored: StoredProposal, votes: Sequence[Vote], execution: Execution | None, shown: Shown) -> Stand:
    before = kept_card(stored)
    return Stand(
        status=stored.status,
        votes=votes,
        execution=execution,
        said=shown.said,
        names={one.id: one.name for one in shown.people if one.name},
        citations=before.citations if before else (),
        link=before.link if before else "",
        undo_offered=shown.undo_offered,
    )


def kept_card(stored: StoredProposal) -> Card | None:
    """The card that a proposal has now, None while it has none."""
    if not stored.card:
        return None
    try:
        return Card.model_validate_json(stored.card)
    except ValidationError:
        return None


def safeguards(remedy: Remedy) -> tuple[Check, ...]:
    """What has to be so before it is carried out: its preconditions, and that enough healthy ones are left."""
    healthy = enough_healthy(remedy.blast)
    return (*remedy.preconditions, *([healthy] if healthy else []))


def first_unmet(looked: Sequence[Looked]) -> Looked | None:
    """The first check that is not so, else the first of which that could not be told; None when all is so."""
    return next((one for met in (False, None) for one in looked if one.met is met), None)


def all_met(looked: Sequence[Looked]) -> bool | None:
    """Whether all is so; None when that could not be told."""
    unmet = first_unmet(looked)
    return (True if looked else None) if unmet is None else unmet.met


def noted(event: str, subject: str, at: datetime, detail: Mapping[str, JsonValue], actor: str = NIGHTSHIFT) -> Entry:
    """An entry of the audit that is no verdict on a click."""
    return Entry(at, actor, event, subject, json.dumps(dict(detail), ensure_ascii=False, sort_keys=True))
