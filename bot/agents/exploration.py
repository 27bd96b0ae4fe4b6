"""How an expert without a model looks around: in waves, each led by what the one before has shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.desk import Around, Desk
from bot.guards import outgoing
from bot.observations import Observation, ToolCall
from bot.rules.briefing import Briefing, briefing
from bot.rules.exploring import Choice, choose
from bot.rules.objects import Answer
from connectors.tools.port import Tool
from knowledge.service_graph import ServiceGraph

MOST_WAVES, AT_ONCE = 6, 6
_CONSIDERED = 60
_DOES = {"en": "looks at what is near the trouble", "zh": "查看与故障相关的对象"}


@dataclass(frozen=True)
class Explored:
    """What was seen, each with all of its text; ``stopped`` is why it ended."""

    seen: tuple[tuple[Observation, str], ...]
    tools: Sequence[Tool]
    known: Briefing
    stopped: Literal["done", "nothing new", "budget"]
    graph: ServiceGraph = field(default_factory=ServiceGraph)


async def explore(desk: Desk, around: Around, waves: int = MOST_WAVES) -> Explored:
    """Ask what the rules choose, until there is nothing new to ask, the purse is empty, or after so many waves."""
    tools, asked = await desk.tools(), set[str]()
    seen: list[tuple[Observation, str]] = []
    known = briefing(desk.trouble, around.known)
    stopped: Literal["done", "nothing new", "budget"] = "done"
    for _ in range(waves):
        chosen = await _allowed(desk, choose(tools, known, asked, _CONSIDERED), seen)
        wave = chosen[: min(AT_ONCE, max(1, desk.purse.calls))]
        if not wave or desk.purse.empty:
            stopped = "budget" if wave else "nothing new"
            break
        asked |= {one.key for one in wave}
        calls = [ToolCall(tool=one.tool.name, arguments=dict(one.arguments)) for one in wave]
        found = await desk.ask(calls, _DOES[desk.trouble.language])
        seen += [(one, whole(desk, one)) for one in found]
        known = briefing(desk.trouble, around.known, [_answer(one, text) for one, text in seen])
    return Explored(tuple(seen), tools, known, stopped, around.graph)


def whole(desk: Desk, seen: Observation) -> str:
    """All of what was answered, also where only its beginning is at hand."""
    if not seen.whole:
        return seen.text
    try:
        return desk.toolbox.shelf.whole(seen.whole)
    except KeyError:
        return seen.text


def _answer(seen: Observation, text: str) -> Answer:
    return Answer(seen.tool, seen.arguments, text, seen.outcome == "answered")


async def _allowed(desk: Desk, chosen: Sequence[Choice], seen: Sequence[tuple[Observation, str]]) -> list[Choice]:
    """Without the calls that would tell a system beyond the house what it may not be told."""
    owners = {name: await desk.toolbox.owner(name) for name in {one.tool.name for one in chosen}}
    spoken = {name: await desk.toolbox.owner(name) for name in {one.tool for one, _ in seen}}
    said: dict[str, str] = {}
    for one, text in seen:
        said[spoken[one.tool]] = f"{said.get(spoken[one.tool], '')} {text}"
    own = " ".join(_told(desk))
    return [one for one in chosen if _may(one, f"{own} {said.get(owners[one.tool.name], '')}")]


def _may(choice: Choice, known: str) -> bool:
    try:
        outgoing.admit(choice.tool, choice.arguments, known)
    except outgoing.Refused:
        return False
    return True


def _told(desk: Desk) -> Iterator[str]:
    """What the trouble itself says, which any tool may be asked about: no word of what was read since."""
    trouble = desk.trouble
    yield from (trouble.text, trouble.symptom, trouble.environment, *trouble.services, *trouble.identifiers)
    # Kubernetes' own name for the namespace that is meant when none is said.
    yield "default error"
    for alert in trouble.alerts:
        yield from (alert.fingerprint, alert.name, *alert.labels.values())
