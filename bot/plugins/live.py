"""Questions to live systems: metrics, logs, alerts, the cluster, changes; chosen by rules and by a model, read only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import structlog
from pydantic import BaseModel, Field, JsonValue

from bot.guards import outgoing
from bot.ladder import Ladder
from bot.observations import Observation, ToolCall, evidence_of, shortened, signature
from bot.rules.live import Known, asked_kinds, calls
from bot.toolbox import Toolbox
from bot.vocabulary import Evidence, RewrittenQuery
from connectors.llm.port import Level, Prompt
from connectors.tools.port import Tool

log = structlog.get_logger()

TURNS: Mapping[Level, int] = {"endpoint": 3, "local": 1}
"""How often a model may look at what came back and ask for more: a small one chooses once."""
MOST_TOOLS: Mapping[Level, int] = {"endpoint": 40, "local": 8}
MOST_CALLS = 4
_MOST_TOKENS = 400
_LONGEST_SEEN = 1_200


class Call(BaseModel):
    """One question to a tool, as a model words it."""

    tool: Annotated[str, Field(max_length=100)]
    arguments: dict[str, JsonValue] = {}


class Choice(BaseModel):
    """What the model is asked for."""

    calls: Annotated[list[Call], Field(max_length=MOST_CALLS)] = []


@dataclass(frozen=True)
class Live:
    """Evidence from live systems. Whoever chose a call, the toolbox checks it, and no tool can change anything."""

    toolbox: Toolbox
    ladder: Ladder
    known: Known
    name: str = "live systems"
    seconds: float = 60.0

    def wants(self, query: RewrittenQuery) -> bool:
        """Only when the question is about what is, or was, going on."""
        return bool(asked_kinds(query))

    async def gather(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        """What the tools said, and what could not be asked."""
        allowed = query.scope.tools
        away = await self.toolbox.away()
        if away and allowed is not None:
            # Of a system that is away nobody knows the kind: where only some may be asked, it is not named.
            away = {self.name: "some of them cannot be asked now"}
        tools = [one for one in await self.toolbox.tools(query.route) if allowed is None or one.kind in allowed]
        missing = [Evidence(id=f"failure:{name}", kind="failure", title=name, text=why) for name, why in away.items()]
        wanted = [ToolCall(tool=tool.name, arguments={**known}) for tool, known in calls(query, tools, self.known)]
        seen = list(await self.toolbox.call_all(wanted, query.route, query.asked_at))
        asked = self.ladder.for_question()
        seen += await self._chosen(query, tools, seen, asked)
        found = [one for observation in seen if (one := evidence_of(observation))] + missing
        # What choosing cost is counted once, with the first of them.
        return tuple(one.model_copy(update={"spent": asked.spent()}) if n == 0 else one for n, one in enumerate(found))

    async def _chosen(
        self, query: RewrittenQuery, tools: Sequence[Tool], seen: Sequence[Observation], asked: Ladder
    ) -> list[Observation]:
        """What a model asked for, after it has looked at what came before."""
        best = self.ladder.best
        # A small model needs long to choose, and chooses worse than rules that found something to ask.
        if best is None or not tools or (best.level == "local" and seen):
            return []
        found, fitting = list[Observation](), _fitting(tools, query, best.level)
        by_name = {tool.name: tool for tool in fitting}
        for _ in range(TURNS[best.level]):
            choice = await asked.ask(_prompt(query, fitting, [*seen, *found]), Choice, max_tokens=_MOST_TOKENS)
            before = {_key(one.tool, one.arguments) for one in (*seen, *found)}
            fresh = [
                ToolCall(tool=call.tool, arguments=call.arguments)
                for call in (choice.calls if choice else [])
                if call.tool in by_name and _key(call.tool, call.arguments) not in before
            ]
            admitted = [one for one in fresh if await self._admitted(by_name[one.tool], one, query, [*seen, *found])]
            if not admitted:
                break
            found += await self.toolbox.call_all(admitted, query.route, query.asked_at)
        return found

    async def _admitted(self, tool: Tool, call: ToolCall, query: RewrittenQuery, seen: Sequence[Observation]) -> bool:
        """Whether a call that a model chose is made. Its server may be told again what it said itself."""
        own = await self.toolbox.owner(tool.name)
        from_it = [one.text for one in seen if await self.toolbox.owner(one.tool) == own]
        services = (f"{one.name} {one.namespace}" for one in self.known.services.values())
        try:
            outgoing.admit(tool, call.arguments, "\n".join([query.asked, *services, *from_it]))
        except outgoing.Refused as refused:
            log.warning("call refused", tool=tool.name, reason=str(refused))
            return False
        return True


def _fitting(tools: Sequence[Tool], query: RewrittenQuery, level: Level) -> Sequence[Tool]:
    """The tools that a model is shown, those of the kinds that were asked for first."""
    kinds = asked_kinds(query)
    return sorted(tools, key=lambda tool: tool.kind not in kinds)[: MOST_TOOLS[level]]


def _key(tool: str, arguments: Mapping[str, JsonValue]) -> str:
    return json.dumps(
        [tool, {key: value for key, value in arguments.items() if value not in (None, "")}], sort_keys=True
    )


def _prompt(query: RewrittenQuery, tools: Sequence[Tool], seen: Sequence[Observation]) -> Prompt:
    window = query.entities.window
    parts = [
        "TOOLS\n" + "\n".join(map(_described, tools)),
        f"TIME\nnow {query.asked_at.isoformat(timespec='seconds')}"
        + (f"; {window.words}: from {window.start.isoformat()} to {window.end.isoformat()}" if window else ""),
        "SEEN\n" + ("\n".join(map(_seen, seen)) or "nothing yet"),
        f"QUESTION\n{query.text}",
    ]
    return Prompt(instruction(), "\n\n".join(parts))


@cache
def instruction() -> str:
    """What a model that chooses tools is told."""
    return Path(__file__).with_suffix(".md").read_text(encoding="utf-8").strip()


def _described(tool: Tool) -> str:
    takes, required = tool.arguments.get("properties"), tool.arguments.get("required") or []
    names = takes if isinstance(takes, dict) else {}
    listed = ", ".join(f"{name}{'' if isinstance(required, list) and name in required else '?'}" for name in names)
    return f"- {tool.name}({listed}): {' '.join(tool.description.split())[:200]}"


def _seen(one: Observation) -> str:
    return f"{signature(one)} -> {one.outcome}\n{shortened(one.text, _LONGEST_SEEN)}"
