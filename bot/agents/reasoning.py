"""An expert's reasoning with a large model: a bounded loop of asking, reading and reporting (ReAct, arXiv 2210.03629).

The model chooses; code admits every call, checks every finding against the evidence, and ends the loop.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import structlog
from pydantic import BaseModel, Field, JsonValue

from bot.agents.allowance import Allowance, UsedUp, large, together
from bot.agents.board import Board
from bot.agents.calling import admit_call, fresh
from bot.agents.planner import Check, alerts_told
from bot.agents.prompts import described, instruction, one_line, section
from bot.agents.reading import READ_RESULT, NotRead, Reading
from bot.agents.reporting import Reporting
from bot.desk import Desk
from bot.guards import outgoing
from bot.guards.findings import Claimed, FindingGuard, RuledOut, Source, plain_or_nothing
from bot.incident import ExpertReport, Step, Trouble
from bot.ladder import Ladder
from bot.observations import ToolCall, signature
from bot.rules.terms import content_terms
from bot.vocabulary import Language
from connectors.llm.port import Prompt, estimate_tokens
from connectors.tools.port import Kind, Tool

TURNS, MOST_CALLS, MOST_TOOLS, MOST_UNANSWERED = 6, 4, 40, 10
REPLY_TOKENS, EVIDENCE_TOKENS, FEWEST_EVIDENCE_TOKENS, SPARE_TOKENS = 2_000, 9_000, 500, 500
LONGEST_TROUBLE, MOST_CHARACTERS = 3_000, 10**9
_ROLES: Mapping[str, str] = {"anomaly": "anomaly", "fault": "fault"}
Stopped = Literal["done", "nothing new", "budget", "failed"]
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "thinks": "Looked at the evidence and decided what to do next",
        "came": "{findings} findings, {calls} calls, {dropped} statements without evidence left out",
        "asks": "Asked because: {why}",
        "reads": "Read further in a long result",
        "budget": "The model's budget was used up before everything was looked at.",
        "failed": "The language model gave no answer; what follows was found without it.",
    },
    "zh": {
        "thinks": "查看证据并决定下一步",
        "came": "{findings} 条发现，{calls} 次查询，{dropped} 条没有证据的说法未采用",
        "asks": "查询原因：{why}",
        "reads": "继续阅读较长的结果",
        "budget": "模型的预算已用完，仍有内容没有查看。",
        "failed": "语言模型没有回应，以下结果没有用到它。",
    },
}

_READING = f"- {READ_RESULT}(id, from?, find?): more of a long result, by its number in EVIDENCE"

_log = structlog.get_logger()


class Calling(BaseModel):
    """A call as the model words it."""

    tool: str = ""
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    why: str = ""


class Turn(BaseModel):
    """What the model is asked for."""

    calls: list[Calling] = []
    findings: list[Claimed] = []
    excluded: list[RuledOut] = []
    done: bool = False


async def reason(
    desk: Desk, report: ExpertReport, checks: Sequence[Check], board: Board, ladder: Ladder, allowance: Allowance
) -> ExpertReport:
    """The report of an expert's own examination, with what a large model found beyond it; without one as it was.

    It shows the board what was found, and takes from ``allowance`` what it spends. It never raises for what a model or
    a tool does. ``stopped`` says why it ended, ``dropped`` how much of what the model said was left out.
    """
    board.post(report.findings, report.excluded)
    if large(ladder) is None:
        return report
    mine = tuple(one.asks for one in checks if one.expert == desk.expert)
    loop = _Loop(desk, report, mine, board, allowance, ladder.for_question())
    return _result(loop, await loop.run())


@dataclass
class _Loop:
    desk: Desk
    report: ExpertReport
    checks: tuple[str, ...]
    board: Board
    allowance: Allowance
    asked: Ladder
    mistakes: list[str] = field(default_factory=list)
    forgiven: bool = False

    def __post_init__(self) -> None:
        trouble = self.desk.trouble
        self.words = _WORDS[trouble.language]
        self.reading = Reading(self.desk.toolbox.shelf)
        known, heard = frozenset(trouble.services), self.board.heard
        self.guard = FindingGuard(self.desk.expert, trouble.language, content_terms, known, heard=heard)
        self.said = Reporting(self.guard, self.board)
        self.tools: dict[str, Tool] = {}
        self.systems: dict[str, str] = {}
        self.gaps_before = set(self.desk.gaps)
        self.steps_before = len(self.desk.steps)

    async def run(self) -> Stopped:
        """Turn after turn until there is nothing more to do or to spend; why it ended."""
        self.tools = {one.name: one for one in (await self.desk.tools())[:MOST_TOOLS]}
        self.systems = {name: await self.desk.toolbox.owner(name) for name in self.tools}
        for number in range(TURNS):
            self._number_evidence(number)
            try:
                turn = await self.allowance.ask(self.asked, self._prompt(number), Turn, REPLY_TOKENS)
            except UsedUp:
                return "budget"
            if turn is None:
                return "failed"
            new = await self._follow(turn, number)
            if ended := self._ended(turn, new=new, last=number == TURNS - 1):
                return ended
        return "budget"

    def _ended(self, turn: Turn, *, new: bool, last: bool) -> Stopped | None:
        """Why the loop ends behind a turn; None when it goes on. A turn of nothing but mistakes may be mended once."""
        if turn.done and not self.mistakes:
            return "done"
        if last:
            return "budget" if turn.calls else "done"
        if not new and (self.forgiven or not self.mistakes):
            return "nothing new"
        self.forgiven = not new
        return None

    async def _follow(self, turn: Turn, number: int) -> bool:
        """Do what a turn asks for; whether anything new came of it."""
        dropped = self.said.dropped
        found = self.said.take(turn.findings, turn.excluded)
        calls = [] if turn.done or number == TURNS - 1 else turn.calls[:MOST_CALLS]
        answers = await self._call(calls, number)
        self.mistakes = self.said.mistakes()
        came = {"findings": found, "calls": answers, "dropped": self.said.dropped - dropped}
        self._step(f"{self.words['thinks']}: {self.words['came'].format(**came)}")
        return bool(found or answers)

    async def _call(self, wanted: Sequence[Calling], number: int) -> int:
        """Make the calls that are admitted; how many brought something new to read."""
        read = sum(self._read(one, number) for one in wanted if one.tool == READ_RESULT)
        others = [one for one in wanted if one.tool != READ_RESULT]
        reasons = {one.tool: plain_or_nothing(one.why) or one_line(one.tool, 80) for one in others}
        asked = fresh(self.desk, [ToolCall(tool=one.tool, arguments=one.arguments) for one in others])
        admitted = [one for one in asked if await self._admitted(one)]
        does = [self.words["asks"].format(why=one_line(reasons[one.tool], 120)) for one in admitted]
        asks = (self.desk.ask([one], why) for one, why in zip(admitted, does, strict=True))
        answers = [one for (one,) in await asyncio.gather(*asks)]
        for one in answers:
            if one.outcome == "refused":
                self.said.refuse(f"{one.tool}: {one_line(one.text, 200)}")
        return read + sum(one.outcome == "answered" for one in answers)

    async def _admitted(self, call: ToolCall) -> bool:
        try:
            await admit_call(self.desk, self.tools, call)
        except outgoing.Refused as why:
            _log.warning("call refused", tool=call.tool[:80], reason=str(why)[:200])
            self.said.refuse(str(why))
            return False
        return True

    def _read(self, call: Calling, number: int) -> bool:
        """Put a part of a long result among the evidence; whether it is one that was not there."""
        known = len(self.reading.entries)
        id, start = (_count(call.arguments.get(name)) for name in ("id", "from"))
        find = call.arguments.get("find")
        try:
            self.reading.page(id, start, find[:200] if isinstance(find, str) else "", number + 1)
        except NotRead as why:
            self.said.refuse(str(why))
            return False
        self._step(self.words["reads"])
        return len(self.reading.entries) > known

    def _step(self, does: str) -> None:
        self.desk.steps.append(Step(by=self.desk.expert, does=does, outcome="answered", at=self.desk.trouble.at))

    def _number_evidence(self, number: int) -> None:
        """Give numbers to what was answered since, and note what each may show."""
        answers = {one.id: one for one in self.desk.observations}
        for evidence in (*self.report.evidence, *self.desk.evidence.values()):
            if evidence.kind != "failure":
                self.reading.take(evidence, number, answers.get(evidence.id))
        for key, entry in self.reading.entries.items():
            tool = self.tools.get(entry.of.tool) if entry.of else None
            # Of what another run brought nobody knows the tool any more: it counts as a stranger's.
            unknown: Kind | None = "other" if entry.evidence.kind == "tool" else None
            system = self.systems.get(tool.name, "") if tool else ""
            self.guard.sources.setdefault(key, Source(entry.evidence, tool.kind if tool else unknown, system))

    def _prompt(self, number: int) -> Prompt:
        desk, model = self.desk, large(self.asked)
        count = model.count_tokens if model else estimate_tokens
        told = instruction("reasoning", _ROLES.get(desk.expert, "tool_use"))
        left = f"turns: {TURNS - number}" + (
            "; this is the last one: report, nothing is called any more" if number == TURNS - 1 else ""
        )
        calls = "no calls: the budget for them is used up" if desk.purse.empty else f"calls: {desk.purse.calls}"
        before, after = (
            _about(desk.trouble, self.checks, self.tools.values()),
            [
                ("NOT ANSWERED", _unanswered(desk)),
                ("BOARD", self.board.told()),
                *([("REFUSED", "\n".join(self.mistakes))] if self.mistakes else []),
                ("LEFT", f"{left}; {calls}"),
            ],
        )
        opening, closing = ("\n\n".join(section(*one) for one in parts) for parts in (before, after))
        room = (model.context_tokens if model else EVIDENCE_TOKENS) - sum(map(count, (told, opening, closing)))
        budget = max(FEWEST_EVIDENCE_TOKENS, min(EVIDENCE_TOKENS, room - REPLY_TOKENS - SPARE_TOKENS))
        cited = {id for one in self.board.findings.values() for id in one.cites[:1]}
        return Prompt(told, f"{opening}\n\n{self.reading.told(number, budget, count, cited)}\n\n{closing}")


def _result(loop: _Loop, stopped: Stopped) -> ExpertReport:
    """What there is, however it ended."""
    desk, report, said = loop.desk, loop.report, loop.said
    cited = {id for cites in said.cites for id in cites}
    for entry in loop.reading.entries.values():
        if entry.evidence.id in cited:
            desk.evidence.setdefault(entry.evidence.id, entry.evidence)
    gaps = [f"{name}: {why}" for name, why in desk.gaps.items() if name not in loop.gaps_before]
    ended = [loop.words[stopped]] if stopped in ("budget", "failed") else []
    return report.model_copy(
        update={
            "findings": (*report.findings, *said.findings),
            "excluded": (*report.excluded, *said.excluded),
            "gaps": tuple(dict.fromkeys((*report.gaps, *gaps, *ended))),
            "evidence": tuple({one.id: one for one in (*report.evidence, *desk.evidence.values())}.values()),
            "steps": (*report.steps, *desk.steps[loop.steps_before :]),
            "spent": together(report.spent, loop.asked.spent()),
            "stopped": stopped,
            "dropped": report.dropped + said.dropped,
        }
    )


def _about(trouble: Trouble, checks: Sequence[str], tools: Iterable[Tool]) -> list[tuple[str, str]]:
    services = ", ".join(trouble.services)
    known = {"services": services, "symptom": trouble.symptom, "environment": trouble.environment}
    times = f"now {_moment(trouble.at)}; it began {_moment(trouble.began)}"
    lines = [trouble.text[:LONGEST_TROUBLE], *(f"{name}: {value}" for name, value in known.items() if value), times]
    return [
        ("LANGUAGE", trouble.language),
        ("TROUBLE", "\n".join(lines)),
        ("ALERTS", alerts_told(trouble)),
        ("CHECKS", "\n".join(f"- {one}" for one in checks)),
        ("TOOLS", "\n".join([*map(described, tools), _READING])),
    ]


def _unanswered(desk: Desk) -> str:
    failed = [one for one in desk.observations if one.outcome != "answered"][-MOST_UNANSWERED:]
    return "\n".join(f"{one_line(signature(one), 160)}: {one.outcome}, {one_line(one.text, 160)}" for one in failed)


def _count(value: JsonValue) -> int:
    """A whole number that a model wrote somehow; 0 for anything else."""
    if isinstance(value, int | float):
        return int(value) if abs(value) < MOST_CHARACTERS else 0
    found = re.search(r"\d{1,9}", value) if isinstance(value, str) else None
    return int(found[0]) if found else 0


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
