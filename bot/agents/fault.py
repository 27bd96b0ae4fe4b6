"""The fault expert: logs, events, states and changes near a trouble, read by rules; no model is needed."""

import asyncio
from dataclasses import replace

from bot.agents.exploration import Explored, explore
from bot.agents.fault_changes import changed
from bot.agents.fault_logs import logged, searched
from bot.agents.sightings import cut_to_tell, findings, gaps, heard
from bot.desk import Around, Desk
from bot.incident import ExpertReport
from knowledge.service_graph import ServiceGraph


async def examine(desk: Desk, around: Around) -> ExpertReport:
    """Look around, and tell what shows: faults by their signature, logs that changed, changes that explain it.

    What it leaves on the desk as evidence is cut to what tells.
    """
    looked = await explore(desk, around)
    explored = replace(looked, seen=(*heard(desk), *looked.seen))
    # A long log takes a second to read, in which others want an answer.
    report = await asyncio.to_thread(_read, desk, explored, around.graph)
    desk.evidence.update({one.id: one for one in report.evidence})
    return report


def _read(desk: Desk, explored: Explored, graph: ServiceGraph) -> ExpertReport:
    signs = findings(desk, explored)
    changes, excluded = changed(desk, explored, graph)
    logs = logged(desk, explored, {one.quote for one in signs})
    found = sorted([*signs, *changes, *logs], key=lambda one: -one.weight)
    told = cut_to_tell(explored, found)
    ruled_out = (*excluded, *searched(desk, explored))
    return ExpertReport(
        expert=desk.expert,
        findings=told.findings(found),
        excluded=tuple(one.model_copy(update={"cites": told.cites(one.cites)}) for one in ruled_out),
        gaps=gaps(desk),
        evidence=told.evidence,
        steps=tuple(desk.steps),
        stopped=explored.stopped,
    )
