"""What a diagnosis found, for questions in the thread of its incident."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Protocol

from bot.incident import Diagnosis as Found
from bot.incident import Finding
from bot.rules.announcements import SAID, VERDICTS, moment
from bot.rules.citing import telling
from bot.rules.incident_readers import narrowed, within
from bot.vocabulary import Evidence, Language, RewrittenQuery
from connectors.state.incident_port import Incidents
from knowledge.library import StoredDocument

MOST_EVIDENCE, MOST_FINDINGS = 8, 12
_NAMES: Mapping[Language, str] = {"en": "Diagnosis of {id}", "zh": "{id} 的诊断"}


class Documents(Protocol):
    """Where documents are looked up; the library is such."""

    async def document(self, document_id: str, groups: tuple[str, ...] = ()) -> StoredDocument | None:
        """A document; None when there is none for these groups."""


@dataclass(frozen=True)
class Diagnosis:
    """The verdict and the findings of the latest diagnosis as one piece of evidence, and what these rest on.

    Who may not read a page, or may not use live systems, does not learn from it what these said.
    """

    incidents: Incidents
    documents: Documents
    name: str = "diagnosis"

    def wants(self, query: RewrittenQuery) -> bool:
        """Only in the thread of an incident."""
        return bool(query.incident)

    async def gather(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        """Nothing before a diagnosis has ended."""
        runs = await self.incidents.diagnoses(query.incident)
        run = next((one for one in runs if one.body), None)
        if run is None:
            return ()
        whole = Found.model_validate_json(run.body)
        found = narrowed(whole, await self._closed(whole, query), query.language)
        cited = dict.fromkeys(id for one in telling(found.findings) for id in one.cites)
        known = {one.id: one for one in found.evidence}
        return (_told(found, run.id, query), *[known[id] for id in cited if id in known][:MOST_EVIDENCE])

    async def _closed(self, found: Found, query: RewrittenQuery) -> Set[str]:
        """The ids of evidence that is not for whoever reads the answer."""
        live = within(found.trouble.scope, query.scope)
        closed = {one.id for one in found.evidence if one.kind in ("tool", "data") and not live}
        for one in found.evidence:
            if one.document_id and await self.documents.document(one.document_id, query.groups) is None:
                closed.add(one.id)
        return closed


def _told(found: Found, run_id: str, query: RewrittenQuery) -> Evidence:
    language = query.language
    say, verdict = SAID[language], VERDICTS[language][found.verdict.outcome]
    leading = next(iter(found.verdict.hypotheses), None)
    parts = {
        "": [f"{verdict}{say[':']}{found.summary or (leading.says if leading else say['nothing'])}"],
        "impact": [found.impact] if found.impact else [],
        "Findings": [_line(one) for one in telling(found.findings)[:MOST_FINDINGS]],
        "Ruled out": [one.says for one in found.excluded],
        "Gaps": list(found.gaps),
        "next": [one.says for one in found.next_steps],
    }
    lines = [
        line
        for name, said in parts.items()
        for line in ([*([f"{say[name]}{say[':']}"] if name else []), *(f"- {' '.join(one.split())}" for one in said)])
        if said
    ]
    return Evidence(
        id=f"diagnosis:{run_id}",
        kind="incident",
        title=_NAMES[language].format(id=found.trouble.id),
        heading=found.headline,
        text="\n".join(lines),
    )


def _line(one: Finding) -> str:
    return f"{moment(one.at)} UTC {one.says}" if one.at else one.says
