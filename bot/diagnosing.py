"""The journey of an incident, top to bottom. Each step is stored: a crash resumes behind the last finished one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import structlog

from bot.agents import anomaly, fault, summary, tool_use
from bot.agents.allowance import Allowance, together
from bot.agents.board import Board
from bot.agents.planner import KINDS, Expert, Plan, plan
from bot.agents.reasoning import reason
from bot.desk import Around, Desk, Purse, Seen
from bot.incident import Diagnosis, Excluded, ExpertReport, Finding, Hypothesis, Trouble, Verdict
from bot.ports import Ports
from bot.steps.challenge import challenge
from bot.steps.gather import gather
from bot.steps.hypothesise import hypothesise
from bot.steps.retrieve import Wanted, retrieve
from bot.steps.settle import settle
from bot.toolbox import Toolbox
from bot.vocabulary import Entities, Evidence, Findings, Frozen, Language, RewrittenQuery, Window
from connectors.llm.port import estimate_tokens
from connectors.tools.port import Kind

log = structlog.get_logger()

MOST_RECALLED, ROOM = 6, 800
CHALLENGER = "challenge"
EXAMINE: Mapping[Expert, Callable[[Desk, Around], Awaitable[ExpertReport]]] = {
    "anomaly": anomaly.examine,
    "fault": fault.examine,
    "tools": tool_use.examine,
}
"""What each expert looks at by its rules, before a model thinks."""
SHARES: Mapping[str, float] = {"anomaly": 0.4, "fault": 0.4, "tools": 0.1, CHALLENGER: 0.1}
"""What part of the calls is each one's: who asks much must not leave the others without an answer."""
BROKE_OFF: Mapping[Language, str] = {
    "en": "The expert {expert} broke off by a mistake of ours; our log says more.",
    "zh": "专家 {expert} 因程序错误中断，详情见日志。",
}
EVERY_KIND = frozenset[Kind](chain.from_iterable(KINDS.values()))


class Challenged(Frozen):
    """Hypotheses after an attempt to break them, and what was seen on the way."""

    hypotheses: tuple[Hypothesis, ...]
    report: ExpertReport


@dataclass(frozen=True)
class Room:
    """What all who work on one incident share: the tools, what is known and found so far, and what may be spent."""

    trouble: Trouble
    toolbox: Toolbox
    around: Around
    purses: Mapping[str, Purse]
    allowance: Allowance
    board: Board
    seen: Seen

    def desk(self, expert: str, kinds: frozenset[Kind]) -> Desk:
        """A desk of one's own."""
        return Desk(expert, self.trouble, self.toolbox, kinds, self.purses[expert], self.seen)


async def diagnose(trouble: Trouble, ports: Ports, board: Board) -> Diagnosis:
    """From what is known of a trouble to its diagnosis; ``board`` shows meanwhile what has been found."""
    started, step, ladder, toolbox = ports.clock(), ports.state.step, ports.ladder, ports.toolbox
    recalled = await step("recall", Findings, partial(recall, trouble, ports))
    room = _room(trouble, recalled.evidence, ports, board)
    tools = await toolbox.tools("incident")
    planning = partial(plan, trouble, recalled.evidence, tools, ladder, room.allowance, ports.graph)
    planned = await step("plan", Plan, planning)
    reports = await consulted(planned, replace(room, trouble=planned.trouble), ports)
    findings = [one for report in reports for one in report.findings]
    suspected = hypothesise(planned.trouble, findings, ports.graph)
    attacked = await step("challenge", Challenged, partial(attack, suspected, findings, room))
    reports = [*reports, attacked.report]
    gaps = [one for report in reports for one in report.gaps]
    verdict = settle(planned.trouble, attacked.hypotheses, [*findings, *attacked.report.findings], gaps)
    found = gathered(planned.trouble, verdict, reports, recalled.evidence)
    found = found.model_copy(update={"spent": together(planned.spent, *(one.spent for one in reports))})
    wording = partial(summary.summarise, found, ladder, ports.terms, room.allowance)
    said = await step("summarise", Diagnosis, wording)
    return said.model_copy(update={"seconds": round(ports.clock() - started, 1)})


async def consulted(planned: Plan, room: Room, ports: Ports) -> list[ExpertReport]:
    """What the experts bring, all at work at the same time.

    Where nobody knows since when, who looks at the metrics goes first: what changed, and what the logs say that they
    did not before, depends on it.
    """

    def consulting(expert: Expert, room: Room) -> Awaitable[ExpertReport]:
        return ports.state.step(f"consult {expert}", ExpertReport, partial(consult, expert, planned, room, ports))

    if room.trouble.began_known:
        return list(await asyncio.gather(*(consulting(expert, room) for expert in EXAMINE)))
    first = await consulting("anomaly", room)
    dated = replace(room, trouble=_dated(room.trouble, first.findings))
    others = (consulting(expert, dated) for expert in EXAMINE if expert != "anomaly")
    return [first, *await asyncio.gather(*others)]


async def recall(trouble: Trouble, ports: Ports) -> Findings:
    """What is remembered: similar incidents, pages about it, and who is on call for the services."""
    query = as_query(trouble)
    remembered = await gather(query, ports.recalling)
    wanted = Wanted(MOST_RECALLED, ROOM, estimate_tokens)
    pages = await retrieve(query, ports.library, wanted, await ports.standing.votes())
    on_call = await ports.duties(query) if ports.duties else ()
    return Findings(evidence=(*remembered.evidence, *pages.evidence, *on_call))


async def consult(expert: Expert, planned: Plan, room: Room, ports: Ports) -> ExpertReport:
    """What one expert finds: by its rules first, then what a large model sees beyond that."""
    desk = room.desk(expert, KINDS[expert])
    [report] = await asyncio.gather(EXAMINE[expert](desk, room.around), return_exceptions=True)
    if isinstance(report, Exception):
        # What systems answer is anybody's data: what one expert cannot read must not cost what the others found.
        log.error("an expert broke off", expert=expert, incident=room.trouble.id, exc_info=report)
        gap = BROKE_OFF[room.trouble.language].format(expert=expert)
        return ExpertReport(expert=expert, gaps=(gap,), steps=tuple(desk.steps), stopped="failed")
    if isinstance(report, BaseException):
        raise report
    return await reason(desk, report, planned.checks, room.board, ports.ladder, room.allowance)


async def attack(suspected: tuple[Hypothesis, ...], findings: Sequence[Finding], room: Room) -> Challenged:
    """The hypotheses after an attempt to break those that lead."""
    desk = room.desk(CHALLENGER, EVERY_KIND)
    hypotheses, report = await challenge(suspected, findings, desk, room.around)
    return Challenged(hypotheses=hypotheses, report=report)


def gathered(
    trouble: Trouble, verdict: Verdict, reports: Sequence[ExpertReport], recalled: Sequence[Evidence]
) -> Diagnosis:
    """All that the experts brought, as a diagnosis that has no words of its own yet."""
    evidence = {one.id: one for one in (*chain.from_iterable(one.evidence for one in reports), *recalled)}
    excluded = dict[str, Excluded]((one.says, one) for report in reports for one in report.excluded)
    failures = [f"{one.title}: {one.text}" for one in recalled if one.kind == "failure"]
    gaps = dict.fromkeys([*(gap for report in reports for gap in report.gaps), *failures])
    on_call = next((one.text.split("\n")[0] for one in recalled if one.kind == "people"), "")
    return Diagnosis(
        trouble=trouble,
        verdict=verdict,
        headline=trouble.text.split("\n")[0][:200],
        findings=tuple(one for report in reports for one in report.findings),
        excluded=tuple(excluded.values()),
        gaps=tuple(gaps),
        similar=tuple(one.id for one in recalled if one.kind == "incident"),
        on_call=on_call,
        evidence=tuple(one for one in evidence.values() if one.kind != "failure"),
        steps=tuple(chain.from_iterable(one.steps for one in reports)),
        in_time=all(one.stopped != "budget" for one in reports),
    )


def as_query(trouble: Trouble) -> RewrittenQuery:
    """The trouble as something that can be searched for."""
    window = Window(start=trouble.began, end=max(trouble.at, trouble.began), words="")
    searches = [trouble.text[:500], " ".join([*trouble.services, trouble.symptom]).strip()]
    return RewrittenQuery(
        text=trouble.text,
        asked=trouble.text,
        searches=tuple(dict.fromkeys(one for one in searches if one)),
        language=trouble.language,
        asked_at=trouble.at,
        route="incident",
        entities=Entities(
            services=trouble.services,
            environments=(trouble.environment,) if trouble.environment else (),
            identifiers=trouble.identifiers,
            window=window,
        ),
        groups=trouble.groups,
        scope=trouble.scope,
    )


def _room(trouble: Trouble, recalled: tuple[Evidence, ...], ports: Ports, board: Board) -> Room:
    rules, until = ports.incidents, ports.clock() + ports.incidents.budget_seconds
    purses = {name: Purse(max(1, round(rules.calls * share)), until, ports.clock) for name, share in SHARES.items()}
    around = Around(ports.graph, ports.live, recalled)
    return Room(trouble, ports.toolbox, around, purses, Allowance.of(rules, ports.clock), board, Seen())


def _dated(trouble: Trouble, findings: Sequence[Finding]) -> Trouble:
    """The trouble since the first break that speaks for a cause; as it was where none does."""
    breaks = [one.at for one in findings if one.kind == "break" and one.cause and one.at and one.at < trouble.at]
    return trouble.model_copy(update={"began": min(breaks), "began_known": True}) if breaks else trouble
