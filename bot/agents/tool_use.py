"""The tool use expert: everything that no other expert looks at, such as other people's servers, by rules alone."""

import asyncio
import re

from bot.agents.exploration import explore
from bot.agents.sightings import cut_to_tell, findings, gaps
from bot.desk import Around, Desk
from bot.incident import ExpertReport

_WANTED = re.compile(
    r"(?:\b(?:tool|function|call|use|run)\b\W+|(?:工具|调用|使用)\s*)(?:\w+\W+){0,2}?`(\w+)`", re.IGNORECASE
)
_ABSENT = {"en": "There is no tool {name} here: it is not available.", "zh": "这里没有工具 {name}，无法使用。"}


async def examine(desk: Desk, around: Around) -> ExpertReport:
    """Look around with the tools of the desk, whatever they are, and tell which faults show in what they said."""
    explored = await explore(desk, around)
    found = await asyncio.to_thread(findings, desk, explored)
    told = await asyncio.to_thread(cut_to_tell, explored, found)
    desk.evidence.update({one.id: one for one in told.evidence})
    return ExpertReport(
        expert=desk.expert,
        findings=told.findings(found),
        gaps=(*await _absent(desk), *gaps(desk)),
        evidence=told.evidence,
        steps=tuple(desk.steps),
        stopped=explored.stopped,
    )


async def _absent(desk: Desk) -> tuple[str, ...]:
    """That a tool which a person names is not there."""
    if desk.trouble.alerts:
        return ()
    here = {one.name for one in await desk.toolbox.tools("incident")}
    wanted = dict.fromkeys(name for name in _WANTED.findall(desk.trouble.text) if "_" in name and name not in here)
    return tuple(_ABSENT[desk.trouble.language].format(name=name) for name in wanted)
