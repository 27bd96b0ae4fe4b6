"""Who is on call: asked of the directory when a question is about people."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.vocabulary import Evidence, Language, RewrittenQuery
from connectors.directory.port import Directory, DirectoryUnavailable, Duty
from knowledge.service_graph import ServiceGraph

_ABOUT_PEOPLE = re.compile(
    r"\bon[- ]?call\b|\bpager\b|\bwho (?:do|should|can|to) (?:i |we )?(?:call|page|ask|escalate|contact)\b"
    r"|\bwho(?:'s| is| owns| gets)\b|\bwoken\b|\backs?\b|\backnowledge"
    r"|\bescalat|\bowner\b|\bcontact\b|值班|找谁|联系谁|谁负责|负责人|升级",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class People:
    """Evidence about who is on call for the services of the question, or for every team when it names none."""

    directory: Directory
    graph: ServiceGraph
    name: str = "on-call table"

    def wants(self, query: RewrittenQuery) -> bool:
        """Only a question about people is worth asking for."""
        return any(_ABOUT_PEOPLE.search(search) for search in query.searches)

    async def gather(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        """One piece of evidence per team, at the time the question names; every team where it names no service."""
        owners = self._owners(query)
        teams = owners or {service.team: "" for service in self.graph.services.values() if service.team}
        moment = query.entities.window.start if query.entities.window else query.asked_at
        return await self._duties(teams, moment, query.language)

    async def now(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        """Who is on call, at the time of the question, for the services that it names; nothing when it names none."""
        try:
            return await self._duties(self._owners(query), query.asked_at, query.language)
        except DirectoryUnavailable as unreadable:
            return (Evidence(id=f"failure:{self.name}", kind="failure", title=self.name, text=str(unreadable)),)

    def _owners(self, query: RewrittenQuery) -> dict[str, str]:
        """Teams, and the first of the query's services that each owns."""
        named = [self.graph.services[name] for name in query.entities.services if name in self.graph.services]
        return {service.team: service.name for service in reversed(named) if service.team}

    async def _duties(self, teams: Mapping[str, str], moment: datetime, language: Language) -> tuple[Evidence, ...]:
        duties = [(await self.directory.on_call(team, moment), service) for team, service in teams.items()]
        return tuple(_evidence(duty, service, language) for duty, service in duties if duty)


def _evidence(duty: Duty, service: str, language: Language) -> Evidence:
    subject = f"{service} (team {duty.team})" if service else f"team {duty.team}"
    lines = [
        f"On call for {subject} is {duty.primary.name}, until {duty.until:%Y-%m-%d %H:%M} UTC.",
        f"Second on call for {subject} is {duty.secondary.name}.",
        *(f"Escalation {step}." for step in duty.escalation),
    ]
    if language == "zh":
        until = f"{duty.until:%Y-%m-%d %H:%M}"
        lines = [f"{service or duty.team} 值班：{duty.primary.name}（至 UTC {until}），备班：{duty.secondary.name}。"]
        lines += [f"升级 {step}" for step in duty.escalation]
    return Evidence(
        id=f"people:{duty.team}",
        kind="people",
        title="值班表" if language == "zh" else "On-call table",
        heading=subject,
        text="\n".join(lines),
    )
