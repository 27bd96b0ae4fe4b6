"""A desk on twins and a model with a script, for tests of how experts reason."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from bot.agents.allowance import Allowance
from bot.agents.board import Board
from bot.agents.planner import Check
from bot.agents.reasoning import reason
from bot.desk import Desk, Purse
from bot.incident import ExpertReport, Trouble
from bot.ladder import Ladder
from bot.toolbox import Toolbox
from connectors.llm.memory import Line, ScriptedModel, Settings
from connectors.llm.port import Prompt
from connectors.tools.memory import MemoryTools
from connectors.tools.memory import Settings as ToolSettings
from connectors.tools.port import Kind, Recording, Result, Tool

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LOGS = "12:01:02 ERROR checkout: connection pool orders-db exhausted (size 20)\n12:01:03 INFO retrying"
CHANGES = "2026-03-04T11:58:00Z checkout v42 deployed by ann: pool size 50 -> 20"
SCHEMA: Mapping[str, JsonValue] = {"type": "object", "properties": {"query": {"type": "string"}}}
WORLD: Mapping[str, tuple[Kind, str]] = {"logs": ("logs", LOGS), "changes": ("changes", CHANGES)}
FAULT: frozenset[Kind] = frozenset(("logs", "changes", "cluster", "other", "network"))


def trouble(**changed: Any) -> Trouble:
    given = {"id": "i1", "text": "checkout is slow", "language": "en", "at": NOON, "began": NOON}
    return Trouble.model_validate({**given, "services": ("checkout",), **changed})


def toolbox(folder: Path, world: Mapping[str, tuple[Kind, str]] = WORLD) -> Toolbox:
    """Each tool is of a system of its own."""
    systems = {
        name: MemoryTools(
            ToolSettings(
                recordings=(Recording(name, {"*": "*"}, Result(text, "")),),
                tools=(Tool(name, name.title(), f"Reads {name}.", SCHEMA, kind),),
            )
        )
        for name, (kind, text) in world.items()
    }
    return Toolbox(systems, folder, lambda: 0.0)


def desk(box: Toolbox, expert: str = "fault", about: Trouble | None = None, calls: int = 50) -> Desk:
    return Desk(expert, about or trouble(), box, FAULT, Purse(calls, 600.0, lambda: 0.0))


def call(tool: str, **arguments: JsonValue) -> dict[str, JsonValue]:
    return {"calls": [{"tool": tool, "arguments": arguments, "why": "to see"}]}


def finding(**changed: JsonValue) -> dict[str, JsonValue]:
    """A finding that the logs bear out."""
    given: dict[str, JsonValue] = {
        "says": "The connection pool orders-db of checkout is exhausted at 20.",
        "kind": "log",
        "service": "checkout",
        "cause": "resource",
        "weight": 0.4,
        "cites": [1],
        "quote": "connection pool orders-db exhausted (size 20)",
    }
    return {**given, **changed}


def reports(*findings: Mapping[str, JsonValue], done: bool = False) -> dict[str, JsonValue]:
    return {"findings": [dict(one) for one in findings], "done": done}


DONE: dict[str, JsonValue] = {"done": True}


def saying(*turns: JsonValue, **settings: Any) -> ScriptedModel:
    """A model that says one after the other, the last one for ever."""
    lines = [Line(reply=one, times=None if one is turns[-1] else 1) for one in turns]
    return ScriptedModel(lines, Settings(**settings))


@dataclass
class Stage:
    """One expert at its desk."""

    desk: Desk
    model: ScriptedModel
    board: Board = field(default_factory=Board)
    checks: Sequence[Check] = ()
    tokens: int = 200_000
    cost: float | None = None
    clock: Callable[[], float] = lambda: 0.0

    async def run(self, report: ExpertReport | None = None) -> ExpertReport:
        self.allowance = Allowance(self.tokens, 600.0, self.clock, self.cost)
        before = report or ExpertReport(expert=self.desk.expert)
        return await reason(self.desk, before, self.checks, self.board, Ladder([self.model]), self.allowance)

    @property
    def prompts(self) -> list[Prompt]:
        return self.model.prompts


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
