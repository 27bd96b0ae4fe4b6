"""The anomaly expert: which series broke, when and by how much, what is used up, and what is well; without a model."""

import asyncio

from bot.agents.alert_conditions import of_alerts
from bot.agents.metric_findings import Read, broken, read, recovered, steady
from bot.agents.metric_questions import Answered, Questions, questions
from bot.desk import Around, Desk
from bot.incident import ExpertReport, Finding
from bot.rules.metric_words import subject
from bot.vocabulary import Evidence
from knowledge.service_graph import ServiceGraph

_GAPS = {"en": "{tool} could not be asked: {why}", "zh": "{tool} 没能查询：{why}"}
_LONGEST_WHY = 200


async def examine(desk: Desk, around: Around) -> ExpertReport:
    """Ask for the metrics of the alerts, of the services in trouble and of those near them, and tell what they show.

    The most telling finding comes first; the evidence that it cites first holds the lines of its chart.
    """
    asks = await questions(desk, around)
    answers = await asks.ask()
    # Partitions of thousands of values take a while, in which others want an answer.
    return await asyncio.to_thread(_told, asks, answers, around.graph)


def _told(asks: Questions, answers: list[Answered], graph: ServiceGraph) -> ExpertReport:
    desk = asks.desk
    of = read(desk, graph, asks.affected, answers)
    well, excluded = steady(of)
    alerts, alert_evidence = of_alerts(of, answers)
    found: list[Finding] = [*broken(of), *recovered(of), *alerts, *well]
    desk.evidence.update({one.id: one for one in alert_evidence})
    once = {one.id: one.model_copy(update={"by": desk.expert}) for one in found}
    findings = tuple(sorted(once.values(), key=lambda one: (one.kind == "healthy", -one.weight, one.id)))
    # Dozens of series are asked for; those that nobody cites are not worth their keeping.
    cited = dict.fromkeys(
        id for cites in [*(one.cites for one in findings), *(one.cites for one in excluded)] for id in cites
    )
    return ExpertReport(
        expert=desk.expert,
        findings=findings,
        excluded=tuple(excluded),
        gaps=tuple(
            _GAPS[desk.trouble.language].format(tool=tool, why=" ".join(why.split())[:_LONGEST_WHY])
            for tool, why in desk.gaps.items()
        ),
        evidence=tuple(_headed(desk.evidence[id], of) for id in cited if id in desk.evidence),
        steps=tuple(desk.steps),
        stopped="budget" if desk.purse.empty else "done",
    )


def _headed(evidence: Evidence, of: Read) -> Evidence:
    """Evidence that says in words what its series are; the expression itself stands in its query."""
    told = (subject(one.measures, of.desk.trouble.language) for one in of.watched if one.evidence == evidence.id)
    return evidence.model_copy(update={"heading": next(told, evidence.heading)})
