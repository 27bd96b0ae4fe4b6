"""Step of a diagnosis: what would be seen if the likeliest cause were wrong is looked for, before anybody is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.agents.metric_questions import range_tool, ranging
from bot.analysis.courses import Course, course_of
from bot.desk import Around, Desk
from bot.incident import Attack, Excluded, ExpertReport, Finding, Hypothesis
from bot.observations import Observation
from bot.rules.attack_words import words_of
from bot.rules.causation import CHANGES, CLEAR, first, is_sign, is_well
from bot.rules.cause_words import clock
from bot.rules.live import promql
from bot.rules.metric_words import amount, moment
from bot.rules.promql import Condition, alert_expression, always_fires, conditions, measured_by
from connectors.alerts.port import Alert

MOST = 3
_CLOSE, _REFUTED, _GREW, _SURE = 0.15, 0.3, 2.0, 0.9
_EARLIER = timedelta(minutes=3)
_MOST_BELOW, _EACH, _LATEST = 4, 2, 2
# What is bad when it rises, unlike requests.
_WORSE = frozenset(("latency", "errors", "backlog", "share"))
Outcome = Literal["survived", "broken", "unchecked"]


async def challenge(
    hypotheses: Sequence[Hypothesis], findings: Sequence[Finding], desk: Desk, around: Around
) -> tuple[tuple[Hypothesis, ...], ExpertReport]:
    """The hypotheses with what was tried against them, in their new order, and what was looked at on the way.

    The leading one is attacked, and the second where it is close; while one breaks, the next, three at most. What broke
    keeps three tenths of its score and is excluded. Most is answered by what is known already.
    """
    told: list[Hypothesis] = []
    unbroken = 0
    for place, one in enumerate(hypotheses):
        close = place == 1 and hypotheses[0].score - one.score < _CLOSE
        if one.cause == "unknown" or place >= MOST or (unbroken and not close):
            told.append(one)
            continue
        attacks = await _Trial(one, findings, desk, around).attacks()
        broken = any(attack.outcome == "broken" for attack in attacks)
        unbroken += not broken
        score = round(one.score * (_REFUTED if broken else 1), 4)
        told.append(one.model_copy(update={"attacks": attacks, "score": score}))
    ranked = tuple(sorted(told, key=lambda one: (-one.score, one.id)))
    return ranked, _report(ranked, desk)


@dataclass(frozen=True)
class _Trial:
    """The attacks on one hypothesis."""

    suspect: Hypothesis
    findings: Sequence[Finding]
    desk: Desk
    around: Around

    async def attacks(self) -> tuple[Attack, ...]:
        """Those that its cause is open to."""
        if self.suspect.cause == "healthy":
            firing = [one for one in self.desk.trouble.alerts if not always_fires(one.name, one.generator)]
            return tuple([await self._now(one) for one in firing[:MOST]])
        tried = (await self._below(), self._before(), self._others())
        return tuple(one for one in tried if one is not None)

    async def _below(self) -> Attack | None:
        """What it needs would have broken first."""
        needs = self.around.graph.depends_on(self.suspect.service, indirectly=True)
        if not needs:
            return None
        asks, began = self._say("below asks", service=self.suspect.service), self._began()
        dated = [one for one in self._signs() if one.service in needs and one.at]
        if began and dated:
            return self._by_time(asks, "below", dated, began)
        looked = await self._looked_below(needs) if began else []
        if began is None or not looked:
            return Attack(asks=asks, outcome="unchecked", says=self._say("below unchecked", what=", ".join(needs[:4])))
        cites = tuple(one.id for one, _ in looked)
        earlier = [(one, at) for one, at in looked if at is not None and moment(at) < began - _EARLIER]
        if earlier:
            one, at = min(earlier, key=lambda pair: pair[1] or 0.0)
            what = f"{one.query} ({self._clock(moment(at or 0.0))})"
            return Attack(asks=asks, outcome="broken", says=self._say("below broken", what=what), cites=(one.id,))
        says = self._say("below survived", at=self._clock(began))
        return Attack(asks=asks, outcome="survived", says=says, cites=cites)

    async def _looked_below(self, needs: Sequence[str]) -> list[tuple[Observation, float | None]]:
        """What the metrics of the services below show: each answer, and when it moved for the worse, if it did."""
        tool = range_tool(await self.desk.tools())
        services = self.around.graph.services
        named = [
            text
            for name in needs[:_MOST_BELOW]
            if name in services
            for text in [one for one in map(promql, services[name].metrics) if measured_by(one).role in _WORSE][:_EACH]
        ]
        if tool is None or not named:
            return []
        trouble = self.desk.trouble
        seen = await self.desk.ask([ranging(tool, one, trouble) for one in named], self._say("does"))
        return [(one, _worse_at(one, trouble.began.timestamp())) for one in seen if one.series]

    def _before(self) -> Attack:
        """Signs would have come before it began."""
        began = self._began()
        asks = self._say("before asks", at=self._clock(began) if began else "?")
        graph, service = self.around.graph, self.suspect.service
        shown = {service, *graph.dependents(service, indirectly=True)}
        own = {one.id for one in self.findings if one.cause == self.suspect.cause and one.service == service}
        dated = [one for one in self._signs() if one.service in shown and one.at and one.id not in own]
        if began is None or not dated:
            return Attack(asks=asks, outcome="unchecked", says=self._say("before unchecked"))
        return self._by_time(asks, "before", dated, began)

    def _others(self) -> Attack | None:
        """Of a dependency that is broken, all that need it are in trouble."""
        if self.suspect.cause != "dependency":
            return None
        callers = set(self.around.graph.dependents(self.suspect.service)) - set(self.desk.trouble.services)
        asks = self._say("others asks", service=self.suspect.service)
        well = [one for one in self.findings if one.service in callers and is_well(one) and one.weight >= CLEAR]
        ill = [one for one in self._signs() if one.service in callers]
        if not (well or ill):
            return None
        outcome: Outcome = "survived" if ill else "broken"
        telling = (ill or well)[0]
        return Attack(
            asks=asks, outcome=outcome, says=self._say(f"others {outcome}", what=telling.says), cites=telling.cites
        )

    async def _now(self, alert: Alert) -> Attack:
        """Where all is well, the condition of the alert does not hold."""
        asks = self._say("now asks", alert=alert.name)
        if alert.status == "resolved":
            return Attack(asks=asks, outcome="survived", says=self._say("now resolved", alert=alert.name))
        tool = range_tool(await self.desk.tools())
        met = conditions(alert_expression(alert.generator))
        calls = [ranging(tool, one.expression, self.desk.trouble) for one in met] if tool else []
        seen = await self.desk.ask(calls, self._say("does")) if calls else ()
        judged = (self._held(asks, condition, one) for condition, one in zip(met, seen, strict=False) if one.series)
        # Of several conditions, all have to hold for the alert to fire: one that does not is enough.
        found = sorted(judged, key=lambda one: one.outcome != "survived")
        unchecked = Attack(asks=asks, outcome="unchecked", says=self._say("now unchecked", alert=alert.name))
        return found[0] if found else unchecked

    def _held(self, asks: str, condition: Condition, seen: Observation) -> Attack:
        of, began = measured_by(condition.expression), self.desk.trouble.began.timestamp()
        _, points = max(seen.series, key=lambda line: sum(condition.holds(value) for _, value in line[1][-_LATEST:]))
        told = {"value": amount(points[-1][1], of), "sign": condition.sign, "limit": amount(condition.limit, of)}
        outcome: Outcome = "survived"
        if not any(condition.holds(value) for _, value in points[-_LATEST:]):
            says = self._say("now survived", **told)
        elif condition.is_usual([value for at, value in points if at < began]):
            low, high = (amount(pick(value for _, value in points), of) for pick in (min, max))
            says = self._say("now usual", low=low, high=high)
        else:
            outcome, says = "broken", self._say("now broken", **told)
        return Attack(asks=asks, outcome=outcome, says=says, cites=(seen.id,))

    def _by_time(self, asks: str, kind: str, dated: Sequence[Finding], began: datetime) -> Attack:
        earliest = min(dated, key=lambda one: (one.at or began, one.id))
        if earliest.at and earliest.at < began - _EARLIER:
            says = self._say(f"{kind} broken", what=earliest.says)
            return Attack(asks=asks, outcome="broken", says=says, cites=earliest.cites)
        at = began if kind == "below" else (earliest.at or began)
        says = self._say(f"{kind} survived", at=self._clock(at))
        return Attack(asks=asks, outcome="survived", says=says, cites=earliest.cites)

    def _signs(self) -> list[Finding]:
        """Clear signs of trouble; those that name no service are of the one in trouble."""
        default = next(iter(self.desk.trouble.services), "")
        signs = [one for one in self.findings if is_sign(one) and one.weight >= CLEAR]
        return [one if one.service else one.model_copy(update={"service": default}) for one in signs]

    def _began(self) -> datetime | None:
        known = {one.id: one for one in self.findings}
        supports = [known[id] for id in self.suspect.supports if id in known]
        of_cause = [one for one in supports if one.cause == self.suspect.cause]
        changes = [one for one in of_cause if one.kind == "change"]
        return first(changes if self.suspect.cause in CHANGES and changes else of_cause)

    def _clock(self, at: datetime) -> str:
        return clock(at, self.desk.trouble.at)

    def _say(self, kind: str, **parts: object) -> str:
        return words_of(kind, self.desk.trouble.language, **parts)


def _worse_at(seen: Observation, began: float) -> float | None:
    """When the first of its series rose and stayed there; None where none did."""
    courses = (course_of(points, began, points[-1][0]) for _, points in seen.series if points)
    moved = (one for one in courses if one and _worsened(one))
    return min((one.at for one in moved), default=None)


def _worsened(course: Course) -> bool:
    """Whether a series clearly rose and stayed there: a ripple refutes nothing."""
    lasting = course.shape == "rose" and course.over is None
    return lasting and course.ratio >= _GREW and course.certainty >= _SURE


def _report(ranked: Sequence[Hypothesis], desk: Desk) -> ExpertReport:
    language = desk.trouble.language
    broken = [(one, attack) for one in ranked for attack in one.attacks if attack.outcome == "broken"]
    return ExpertReport(
        expert=desk.expert,
        excluded=tuple(
            Excluded(says=words_of("refuted", language, says=one.says, why=attack.says), cites=attack.cites)
            for one, attack in broken
        ),
        evidence=tuple(desk.evidence.values()),
        steps=tuple(desk.steps),
        stopped="budget" if desk.purse.empty else "done",
    )
