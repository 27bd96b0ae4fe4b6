"""What the alerts themselves say: whether their condition holds now, was ever met, or is met on any usual day."""

from collections.abc import Iterator, Sequence

from bot.agents.metric_findings import Read, healthy
from bot.agents.metric_questions import Answered
from bot.analysis.watched import Watched
from bot.incident import Finding
from bot.rules.cause_words import clock
from bot.rules.metric_names import Measured, words
from bot.rules.metric_words import amount, moment, told
from bot.rules.promql import Condition, alert_expression, always_fires, conditions
from bot.vocabulary import Evidence
from connectors.alerts.port import Alert

_HOLDS, _OVER, _NEVER, _NOISY, _USUAL, _ALWAYS_ON, _RESOLVED = 0.6, 0.7, 0.6, 0.75, 0.6, 0.95, 0.6
_LATEST, _FEWEST, _SHORTEST = 2, 8, 4


def of_alerts(of: Read, answers: Sequence[Answered]) -> tuple[list[Finding], list[Evidence]]:
    """What can be said of each alert, and the alerts that are cited as evidence."""
    found, evidence = list[Finding](), list[Evidence]()
    for alert in of.desk.trouble.alerts:
        its = next(_measured(alert, of, answers), None) or _itself(alert, of)
        if its is None:
            continue
        if its.cites[0].startswith("alert:"):
            said = "\n".join(part for part in (alert.name, alert.summary, alert.description) if part)
            evidence.append(Evidence(id=its.cites[0], kind="tool", title=alert.name, text=said))
        found.append(its)
    return found, evidence


def _measured(alert: Alert, of: Read, answers: Sequence[Answered]) -> Iterator[Finding]:
    """What the series of its expression say; of several conditions one that no longer holds decides."""
    found = []
    for condition in conditions(alert_expression(alert.generator)):
        answer = next((one for one in answers if one.asked and one.asked.expression == condition.expression), None)
        if answer and any(len(points) >= _FEWEST for _, points in answer.seen.series):
            found.append(_judged(alert, condition, answer, of))
    yield from sorted(found, key=lambda one: one.kind != "healthy")


def _judged(alert: Alert, condition: Condition, answer: Answered, of: Read) -> Finding:
    trouble, measures = of.desk.trouble, answer.asked.measures if answer.asked else Measured("other", "")
    language, began = trouble.language, trouble.began.timestamp()
    cites = (answer.seen.id,)
    # The series that meets it longest is the one that fired.
    _, points = max(answer.seen.series, key=lambda one: sum(condition.holds(value) for _, value in one[1]))
    met = [at for at, value in points if condition.holds(value)]
    values = [value for _, value in points]
    low, high = amount(min(values), measures), amount(max(values), measures)
    limit, last = amount(condition.limit, measures), amount(values[-1], measures)
    before = [value for at, value in points if at < began]
    if condition.is_usual(before) and not _broke(answer, of):
        says = told("noisy", language, alert=alert.name, limit=limit, low=low, high=high)
        return healthy(says, alert.service, cites, _NOISY)
    if not met:
        start = clock(moment(points[0][0]), trouble.at)
        says = told("never", language, alert=alert.name, start=start, low=low, high=high)
        return healthy(says, alert.service, cites, _NEVER)
    if any(condition.holds(value) for value in values[-_LATEST:]):
        says = told("holds", language, alert=alert.name, value=last, sign=condition.sign, limit=limit)
        found = healthy(says, alert.service, cites, _HOLDS)
        began_at = moment(next(at for at in met if at >= _streak(points, condition)))
        return found.model_copy(update={"kind": "alert", "cause": None, "at": began_at})
    says = told("over", language, alert=alert.name, at=clock(moment(met[-1]), trouble.at), value=last)
    return healthy(says, alert.service, cites, _OVER).model_copy(update={"at": moment(met[-1])})


def _itself(alert: Alert, of: Read) -> Finding | None:
    """What its name or its end says, and the series that its name names."""
    trouble, cites = of.desk.trouble, (f"alert:{alert.source}/{alert.fingerprint}"[:200],)
    if always_fires(alert.name, alert.generator):
        return healthy(told("heartbeat", trouble.language, alert=alert.name), alert.service, cites, _ALWAYS_ON)
    if alert.status == "resolved":
        at = alert.ended_at or trouble.at
        says = told("resolved", trouble.language, alert=alert.name, at=clock(at, trouble.at))
        return healthy(says, alert.service, cites, _RESOLVED).model_copy(update={"at": at, "quote": alert.name})
    its = [one for one in of.watched if _is_about(alert, one)]
    if not its or any(one.moved for one in its) or any(of.watched.index(one) in of.used_up for one in its):
        return None
    one = its[0]
    low, high = amount(one.course.low, one.measures), amount(one.course.high, one.measures)
    says = told("usual", trouble.language, alert=alert.name, metric=one.measures.metric, low=low, high=high)
    return healthy(says, one.measures.service, (one.evidence,), _USUAL, one.quote)


def _broke(answer: Answered, of: Read) -> bool:
    return any(one.evidence == answer.seen.id and one.worse for one in of.watched)


def _streak(points: Sequence[tuple[float, float]], condition: Condition) -> float:
    """Since when it has held without a break, but for single values."""
    start, misses = points[-1][0], 0
    for at, value in reversed(points):
        misses = 0 if condition.holds(value) else misses + 1
        if misses >= _LATEST:
            break
        start = at if misses == 0 else start
    return start


def _is_about(alert: Alert, one: Watched) -> bool:
    metric = "".join(words(one.measures.metric))
    return len(metric) > _SHORTEST and metric in "".join(words(f"{alert.name} {alert.summary}"))
