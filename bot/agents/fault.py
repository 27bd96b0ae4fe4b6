"""The fault expert: logs, events, states and changes near a trouble, read by rules; no model is needed."""

from bot.agents.exploration import explore
from bot.agents.fault_changes import changed
from bot.agents.fault_logs import logged
from bot.agents.sightings import evidence, findings, gaps
from bot.desk import Around, Desk
from bot.incident import ExpertReport


async def examine(desk: Desk, around: Around) -> ExpertReport:
    """Look around, and tell what shows: faults by their signature, logs that changed, changes that explain it."""
    explored = await explore(desk, around)
    signs = findings(desk, explored)
    changes, excluded = changed(desk, explored, around.graph)
    logs = logged(desk, explored, {one.quote for one in signs})
    found = sorted([*signs, *changes, *logs], key=lambda one: -one.weight)
    pieces = evidence(explored, found)
    desk.evidence.update({one.id: one for one in pieces})
    return ExpertReport(
        expert=desk.expert,
        findings=tuple(found),
        excluded=tuple(excluded),
        gaps=gaps(desk),
        evidence=pieces,
        steps=tuple(desk.steps),
        stopped=explored.stopped,
    )
