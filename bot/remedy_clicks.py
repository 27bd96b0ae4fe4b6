"""What people ask for at a proposal: to approve or reject it, to rehearse it again, to look what came of it."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from pydantic import JsonValue

from bot.guards.approval import EVERYTHING, Click, refused
from bot.guards.cases import kept_proposal
from bot.guards.verdicts import TOLD, told
from bot.probing import probe, rehearse_again
from bot.remedy_ports import RemedyPorts, Shown, noted, with_card
from bot.rules.remedy_words import CLICKED
from bot.switching import go, stop
from bot.vocabulary import Language
from connectors.chat.port import Reply
from connectors.directory.port import DirectoryUnavailable, Person
from connectors.state.port import StateUnavailable
from connectors.state.remedy_port import Entry, Ruling, Standing, StoredProposal

log = structlog.get_logger()


@dataclass
class RemedyClicks:
    """Answers clicks at once; a dry run and a look, which take longer, go on and change the card when they are done."""

    ports: RemedyPorts
    _going: dict[tuple[str, str], asyncio.Task[None]] = field(default_factory=dict, init=False)

    async def click(self, click: Click) -> Reply:
        """Decide on a click, and say so to the person who clicked, in the proposal's language.

        Raises StateUnavailable; then nothing was decided, and the click may come again.
        """
        if click.action in ("stop", "go"):
            return await self.switch(click)
        stored = await self.ports.state.proposal(click.proposal_id)
        if stored is None:
            ruling = refused("refused: unknown proposal", click, self.ports.now())
            await self.ports.state.audit(ruling.entries)
            return _reply(ruling, "en", {})
        language = _language_of(stored)
        try:
            people = await self.ports.people()
        except DirectoryUnavailable as away:
            return await self._nobody_known(click, language, away)
        return await self._decided(click, stored, people, language)

    async def switch(self, click: Click, why: str = "", language: Language = "en") -> Reply:
        """Stop all remedies, or let them run again, for whoever may do so. Raises StateUnavailable."""
        now = self.ports.now()
        try:
            people = await self.ports.people()
        except DirectoryUnavailable as away:
            return await self._nobody_known(click, language, away)
        ruling = self.ports.approval.rule_switch(click, people, now)
        by = ruling.entries[0].actor
        if ruling.verdict == "allowed: stop":
            await stop(self.ports.state, by, why, now, ruling.entries)
        elif ruling.verdict == "allowed: go":
            await go(self.ports.state, by, now, ruling.entries)
        else:
            await self.ports.state.audit(ruling.entries)
        return _reply(ruling, language, _names(people))

    async def settled(self) -> None:
        """Wait for dry runs and looks that are going on."""
        await asyncio.gather(*self._going.values())

    async def close(self) -> None:
        """Leave what is going on; it changes nothing, and can be asked for again."""
        for task in self._going.values():
            task.cancel()
        await asyncio.gather(*self._going.values(), return_exceptions=True)

    async def _decided(
        self, click: Click, stored: StoredProposal, people: Sequence[Person], language: Language
    ) -> Reply:
        decide = self.ports.approval.rule_click(click, people, self.ports.now())

        def rule(standing: Standing) -> Ruling:
            ruling = decide(standing)
            changes = ruling.vote is not None or ruling.proposal is not None
            return with_card(ruling, standing, Shown(people)) if changes else ruling

        ruling = await self.ports.state.rule(stored.id, click.event_id, rule)
        if ruling is None:
            return Reply(text=TOLD[language]["refused: duplicate"])
        self._follow(ruling, stored.id)
        if ruling.proposal:
            self.ports.changed()
        return _reply(ruling, language, _names(people))

    def _follow(self, ruling: Ruling, proposal_id: str) -> None:
        """Begin what a click may ask for and that changes nothing; what is going on already is not begun again."""
        works: Mapping[str, Callable[[str, RemedyPorts], Coroutine[None, None, None]]] = {
            "allowed: rehearse": rehearse_again,
            "allowed: probe": probe,
        }
        work, key = works.get(ruling.verdict), (ruling.verdict, proposal_id)
        if work and key not in self._going:
            self._going[key] = task = asyncio.create_task(self._kept(work(proposal_id, self.ports)))
            task.add_done_callback(lambda _: self._going.pop(key, None))

    async def _kept(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except StateUnavailable as away:
            log.warning("what was looked at cannot be kept", reason=str(away))

    async def _nobody_known(self, click: Click, language: Language, away: DirectoryUnavailable) -> Reply:
        detail: dict[str, JsonValue] = {"action": click.action, "channel": click.channel, "reason": str(away)[:300]}
        subject = click.proposal_id or EVERYTHING
        entry = noted("refused: directory away", subject, self.ports.now(), detail, click.author)
        await self.ports.state.audit([entry])
        return Reply(text=CLICKED[language]["directory away"], refused=True)


def _language_of(stored: StoredProposal) -> Language:
    proposal = kept_proposal(stored)
    return proposal.language if proposal else "en"


def _names(people: Sequence[Person]) -> dict[str, str]:
    return {one.id: one.name for one in people if one.name}


def _reply(ruling: Ruling, language: Language, names: Mapping[str, str]) -> Reply:
    said: Entry = ruling.entries[0]
    return Reply(text=told(said, language, names), refused=ruling.verdict.startswith("refused"))
