"""What a diagnosis says by rules: headline, impact and summary in the reader's language, out of what was settled."""

from collections.abc import Mapping, Sequence

from bot.incident import Diagnosis, Finding
from bot.rules.cause_words import clock
from bot.rules.plain import gives_orders, leads_away
from bot.vocabulary import Language

_ENDS = (".", "。", "!", "?", "！", "？", "…")
LONGEST_HEADLINE, LONGEST_SAID, MOST_SERVICES, MOST_GAPS = 110, 160, 4, 3
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "broken": "{service}: {what}",
        "trouble": "{service} is in trouble",
        "healthy": "Nothing is wrong with {service}",
        "nobody": "A service",
        "felt": "Affected: {services}, since {since}",
        "alerts": "{count} alerts",
        "alert": "one alert",
        "in": "in {environment}",
        "not enough": "There is not enough evidence to name the cause.",
        "lead": "Best lead: {says}",
        "unchecked": "Could not be checked: {gaps}.",
        "nothing": "Nothing that was looked at shows a cause.",
        ",": ", ",
        ";": "; ",
        ".": ".",
    },
    "zh": {
        "broken": "{service}：{what}",
        "trouble": "{service} 出现异常",
        "healthy": "{service} 没有故障",
        "nobody": "某个服务",
        "felt": "受影响：{services}，自 {since} 起",
        "alerts": "{count} 条告警",
        "alert": "一条告警",
        "in": "环境 {environment}",
        "not enough": "现有证据不足以确定原因。",
        "lead": "最有价值的线索：{says}",
        "unchecked": "未能检查：{gaps}。",
        "nothing": "已查看的内容都没有显示原因。",
        ",": "、",
        ";": "；",
        ".": "。",
    },
}


def headline(diagnosis: Diagnosis) -> str:
    """What is broken, in one line."""
    trouble, words = diagnosis.trouble, _WORDS[diagnosis.trouble.language]
    service = service_of(diagnosis) or words["nobody"]
    if diagnosis.verdict.outcome == "healthy":
        return words["healthy"].format(service=service)
    alerts = [said for one in trouble.alerts[:1] for said in (one.summary, one.name)]
    what = next((one for one in (trouble.symptom, *alerts, trouble.text) if _fit(one)), "")
    if not what:
        return words["trouble"].format(service=service)
    said = _short(what, LONGEST_HEADLINE)
    return said if service.casefold() in said.casefold() else words["broken"].format(service=service, what=said)


def impact(diagnosis: Diagnosis) -> str:
    """Who feels it, as far as alerts and findings say so; nothing when nothing is wrong."""
    trouble, words = diagnosis.trouble, _WORDS[diagnosis.trouble.language]
    if diagnosis.verdict.outcome == "healthy" or not trouble.services:
        return ""
    names = words[","].join(trouble.services[:MOST_SERVICES])
    if len(trouble.services) > MOST_SERVICES:
        names += "…"
    parts = [words["felt"].format(services=names, since=clock(trouble.began, trouble.at))]
    if trouble.environment:
        parts.append(words["in"].format(environment=trouble.environment))
    if trouble.alert_count:
        parts.append(words["alert" if trouble.alert_count == 1 else "alerts"].format(count=trouble.alert_count))
    return words[";"].join(parts) + words["."]


def summary(diagnosis: Diagnosis) -> str:
    """The cause as people are told it; while it is open, first that it is, then the best lead and what is missing."""
    words, leading = _WORDS[diagnosis.trouble.language], next(iter(diagnosis.verdict.hypotheses), None)
    if diagnosis.verdict.outcome != "inconclusive":
        return _sentences(leading.says if leading else "", *also(diagnosis), language=diagnosis.trouble.language)
    lead = words["lead"].format(says=leading.says) if leading and leading.cause != "unknown" else words["nothing"]
    return _sentences(words["not enough"], lead, unchecked(diagnosis), language=diagnosis.trouble.language)


def unchecked(diagnosis: Diagnosis) -> str:
    """What could not be checked, in short; empty when everything could."""
    words = _WORDS[diagnosis.trouble.language]
    gaps = [_short(one.rstrip(".。"), LONGEST_SAID) for one in diagnosis.gaps[:MOST_GAPS]]
    return words["unchecked"].format(gaps=words[";"].join(gaps)) if gaps else ""


def also(diagnosis: Diagnosis) -> tuple[str, ...]:
    """The weightiest finding of another kind that speaks for the leading cause and is not told by it already."""
    leading = next(iter(diagnosis.verdict.hypotheses), None)
    supports = [] if leading is None else supporting(diagnosis)
    told = [one for one in supports if leading and _bare(one.says) in leading.says]
    known = {one.kind for one in told}
    others = [one for one in supports if one.kind not in known and one not in told and one.kind != "recall"]
    best = max(others, key=lambda one: one.weight, default=None)
    return (_short(best.says, LONGEST_SAID),) if best and _fit(best.says) else ()


def supporting(diagnosis: Diagnosis) -> list[Finding]:
    """The findings that speak for the leading cause, in its order."""
    leading = next(iter(diagnosis.verdict.hypotheses), None)
    known = {one.id: one for one in diagnosis.findings}
    return [known[id] for id in leading.supports if id in known] if leading else []


def service_of(diagnosis: Diagnosis) -> str:
    """The service that the headline names: the one that is most affected, else the one at fault."""
    leading = next(iter(diagnosis.verdict.hypotheses), None)
    return next(iter(diagnosis.trouble.services), leading.service if leading else "")


def _sentences(*said: str, language: Language) -> str:
    """Sentences one after the other, each with its end."""
    ended = [one if one.endswith(_ENDS) else one + _WORDS[language]["."] for one in said if one]
    return ("" if language == "zh" else " ").join(ended)


def _fit(text: str) -> bool:
    return bool(text.strip()) and not leads_away(text) and not gives_orders(text)


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _bare(text: str) -> str:
    return text.rstrip(".。 ")


def findings_told(findings: Sequence[Finding]) -> str:
    """Findings in short for a model, numbered from 1."""
    return "\n".join(f"[{n}] {one.says} ({one.service}) “{one.quote}”" for n, one in enumerate(findings, 1))
