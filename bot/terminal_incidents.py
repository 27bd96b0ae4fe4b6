"""What incidents look like in a terminal: a table of them, and the story of one."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.incident import Finding, Incident
from bot.terminal_view import plain
from bot.vocabulary import Language
from bot.web.incident_shapes import ListedIncidents, ShownDiagnosis, ShownStory

_WORDS = {
    "en": {
        "none": "No incidents.",
        "more": "There are more; the page lists them all.",
        "head": ("Began (UTC)", "Severity", "Verdict", "Title", "Services", "Alerts", "Id"),
        "verdict": "Verdict",
        "nothing": "No verdict yet",
        "rule": "rule",
        "impact": "Impact",
        "said": "By a person's word",
        "next": "Next steps",
        "others": "Hypotheses",
        "findings": "Findings",
        "excluded": "Ruled out",
        "gaps": "Could not be checked",
        "timeline": "Timeline (UTC)",
        "told": "Told",
        "arrived": "arrived",
        "waits": "has not arrived yet",
        "withheld": "Left out, since the pages are closed to you: {} of the evidence.",
        "alerts": "{alerts} alerts, {firing} firing",
    },
    "zh": {
        "none": "没有事件。",
        "more": "还有更多，请在页面上查看。",
        "head": ("开始（UTC）", "严重程度", "结论", "标题", "服务", "告警", "编号"),
        "verdict": "结论",
        "nothing": "尚无结论",
        "rule": "规则",
        "impact": "影响",
        "said": "由人判定",
        "next": "下一步",
        "others": "假设",
        "findings": "发现",
        "excluded": "已排除",
        "gaps": "未能检查",
        "timeline": "时间线（UTC）",
        "told": "通知",
        "arrived": "已送达",
        "waits": "尚未送达",
        "withheld": "{} 条证据来自你无权查看的页面，未显示。",
        "alerts": "{alerts} 条告警，{firing} 条触发中",
    },
}
_OUTCOMES = {
    "en": {"confirmed": "confirmed", "likely": "likely", "inconclusive": "inconclusive", "healthy": "healthy"},
    "zh": {"confirmed": "已确认", "likely": "很可能", "inconclusive": "尚无定论", "healthy": "一切正常"},
}
_MARKS = {"survived": "+", "broken": "x", "unchecked": "?"}


def incident_table(page: ListedIncidents, language: Language) -> RenderableType:
    """The incidents in a table, open ones first."""
    words = _WORDS[language]
    if not page.incidents:
        return Text(str(words["none"]))
    grid = Table(*words["head"], box=SIMPLE_HEAD)
    for one in sorted(page.incidents, key=lambda one: one.status != "open"):
        flags = [name for name, told in (("flapping", one.flapping), (one.mode, one.mode != "live")) if told]
        severity = " ".join((one.severity, *([] if one.status == "open" else [one.status]), *flags))
        cells = (
            _moment(one.began),
            severity,
            _outcome(one, language),
            one.title,
            ", ".join(one.services),
            f"{one.alerts} ({one.firing})",
            one.id,
        )
        grid.add_row(*(_line(cell) for cell in cells))
    return Group(grid, Text(str(words["more"]), "dim")) if page.before else grid


def incident_story(story: ShownStory, language: Language) -> RenderableType:
    """The story of one incident, from what is broken to who was told."""
    words, one = _WORDS[language], story.incident
    alerts = str(words["alerts"]).format(alerts=one.alerts, firing=one.firing)
    about = " · ".join((one.id, one.severity, one.status, ", ".join(one.services), _moment(one.began), alerts))
    headline = story.diagnosis.headline if story.diagnosis else one.title
    parts = [Text(plain(headline), "bold"), _line(about, "dim"), Text("")]
    said = next((word for word in story.judgements if word.cause), None)
    if said:
        parts.append(Text.assemble((f"{words['said']}: ", "bold"), plain(f"{said.cause} ({said.author})")))
    found = story.diagnosis
    parts += _diagnosis(found, language) if found else [Text(str(words["nothing"]))]
    parts += _listed(str(words["timeline"]), (f"{_moment(m.at)}  {m.text}" for m in story.timeline))
    told = (
        f"{place.channel} {place.conversation}: {words['arrived' if place.arrived else 'waits']} {place.rung}".rstrip()
        for place in story.places
    )
    parts += _listed(str(words["told"]), told)
    return Group(*parts)


def _diagnosis(found: ShownDiagnosis, language: Language) -> Iterator[Text]:
    words, verdict = _WORDS[language], found.verdict
    leading = verdict.hypotheses[0].says if verdict.hypotheses else ""
    yield Text.assemble(
        (f"{words['verdict']}: {_OUTCOMES[language][verdict.outcome]}. ", "bold"),
        plain(leading),
        (plain(f"\n{words['rule']}: {verdict.rule}") if verdict.rule else "", "dim"),
    )
    yield from (Text(plain(one)) for one in (found.summary.removeprefix(leading).strip(),) if one)
    if found.impact:
        yield Text.assemble((f"{words['impact']}: ", "bold"), plain(found.impact))
    if found.withheld:
        yield Text(str(words["withheld"]).format(found.withheld), "yellow")
    yield from _listed(str(words["next"]), (one.says for one in found.next_steps))
    yield from _hypotheses(found, str(words["others"]))
    yield from _listed(str(words["findings"]), (_finding(one) for one in found.findings))
    yield from _listed(str(words["excluded"]), (one.says for one in found.excluded))
    yield from _listed(str(words["gaps"]), found.gaps)


def _hypotheses(found: ShownDiagnosis, heading: str) -> Iterator[Text]:
    named = {one.id: one.says for one in found.findings}
    lines = []
    for one in found.verdict.hypotheses:
        lines.append(f"{one.score:.2f}  {one.says}")
        lines += [f"      + {named[id]}" for id in one.supports if id in named]
        lines += [f"      - {named[id]}" for id in one.contradicts if id in named]
        lines += [f"      [{_MARKS[attack.outcome]}] {attack.asks} {attack.says}".rstrip() for attack in one.attacks]
    yield from _listed(heading, lines)


def _finding(one: Finding) -> str:
    return f"{one.says} “{' '.join(one.quote.split())}”" if one.quote else one.says


def _listed(heading: str, lines: Iterable[str]) -> Iterator[Text]:
    shown = [Text(f"  {plain(line)}") for line in lines]
    if shown:
        yield from (Text(""), Text(heading, "bold"), *shown)


def _outcome(one: Incident, language: Language) -> str:
    return _OUTCOMES[language][one.outcome] if one.outcome else "–"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _line(text: str, style: str = "") -> Text:
    # Titles come from alerts: as Text, none of it is taken for markup.
    return Text(" ".join(plain(text).split()), style)
