"""What is said of a gap, and what to do about it, in both languages."""

from collections.abc import Mapping

from knowledge.gaps import Gap, Kind
from knowledge.shelf_titles import Language, shelf_title
from knowledge.taxonomy import Taxonomy

_HEADINGS: Mapping[Language, Mapping[Kind, str]] = {
    "en": {
        "no_runbook": "Services without a runbook",
        "uncovered": "Symptoms of past incidents that no runbook treats",
        "contradiction": "Contradictions",
        "duplicate": "Near-duplicates",
        "flagged": "Marked at ingest",
        "stale": "Stale pages",
        "undated": "Pages without a date",
        "unplaced": "Documents without a service or symptom",
    },
    "zh": {
        "no_runbook": "没有运维手册的服务",
        "uncovered": "发生过事件、却没有手册的故障现象",
        "contradiction": "相互矛盾",
        "duplicate": "内容几乎相同",
        "flagged": "入库时做了标记",
        "stale": "久未更新的页面",
        "undated": "没有日期的页面",
        "unplaced": "没有服务和现象的文档",
    },
}

_ADVICE: Mapping[Language, Mapping[Kind, str]] = {
    "en": {
        "no_runbook": "Write a page that names it in its label `service`: its alerts, first checks, a safe first step, "
        "whom to call. Its past incidents are the best start.",
        "uncovered": "Turn what fixed it into a page with the same `service` and `symptom`.",
        "contradiction": "Find out which one holds and correct the other; if both do, say for which environment.",
        "duplicate": "Keep one, move into it what only the others say, and remove those or let them link to it.",
        "flagged": "Read the original: something in it was hidden, or addressed to the assistant, and was taken out.",
        "stale": "Let its owner read it: correct it, or confirm it with a new date.",
        "undated": "Give it a `date` (YYYY-MM-DD), so that its age can be seen.",
        "unplaced": "Name the service in its title, or give it labels `service`, `symptom`: no filter finds it now.",
    },
    "zh": {
        "no_runbook": "写一页手册，用 `service` 标签写明这个服务：有哪些告警、先查什么、安全的第一步、找谁。"
        "过去的事件是最好的素材。",
        "uncovered": "把当时的解决办法写成手册，标上同样的 `service` 和 `symptom`。",
        "contradiction": "查明哪一个正确，改掉另一个；如果都对，请写明各自适用的环境。",
        "duplicate": "保留一份，把其他几份独有的内容并进来，再删掉其余的，或改成链接。",
        "flagged": "请查看原文：其中有隐藏的内容，或写给助手的话，入库时已经删去。",
        "stale": "请负责人看一遍：有错就改，没错就更新日期。",
        "undated": "补上 `date`（YYYY-MM-DD），才看得出它有多旧。",
        "unplaced": "在标题里写明服务，或补上 `service` 和 `symptom` 标签；现在筛选时找不到它。",
    },
}


# What the rules call bounds and qualifiers.
_ENGLISH = {"each": "for each one", "total": "in total", "peak": "at peak"}
_CHINESE = {
    "above": "高于",
    "below": "低于",
    "for": "持续",
    "staging": "预发环境",
    "test": "测试环境",
    "development": "开发环境",
    "replica": "副本",
    "canary": "金丝雀",
    "ticket": "工单",
    "critical": "严重",
    "peak": "高峰",
    "internal": "内部",
    "external": "外部",
    "each": "每个",
    "total": "合计",
}


def heading(kind: Kind, language: Language) -> str:
    """What gaps of a kind are called."""
    return _HEADINGS[language][kind]


def advice(kind: Kind, language: Language) -> str:
    """What to do about gaps of a kind."""
    return _ADVICE[language][kind]


def said(gap: Gap, language: Language, taxonomy: Taxonomy) -> str:
    """One line that tells the gap."""
    details, subject = gap.details, gap.subject
    if gap.kind == "duplicate":
        form = (
            "{documents} 份文档，最多 {percent}% 相同"
            if language == "zh"
            else "{documents} documents, up to {percent} % alike"
        )
        return form.format_map(details)
    parts = [subject]
    if gap.kind == "no_runbook":
        service = shelf_title("service", subject, language, taxonomy)
        parts = [service, _tier(details["tier"], language), details["team"], _incidents(details, language)]
    elif gap.kind == "uncovered":
        parts = [shelf_title("symptom", subject, language, taxonomy), details["service"], _incidents(details, language)]
    elif gap.kind == "contradiction":
        parts = [*_contradicted(subject, details, language), details["values"]]
    elif gap.kind == "stale":
        parts += [details["date"], f"{details['days']} 天前" if language == "zh" else f"{details['days']} days ago"]
    elif gap.kind == "flagged":
        parts.append(details["flags"])
    return ("，" if language == "zh" else ", ").join(part for part in parts if part)


def _contradicted(subject: str, details: Mapping[str, str], language: Language) -> list[str]:
    words = _CHINESE if language == "zh" else _ENGLISH
    qualifiers = [words.get(one, one) for one in details["for"].split(", ")]
    alert, _, bound = subject.rpartition(" ")
    if alert and alert == details["service"]:
        return [f"{alert} {words.get(bound, bound)}", *qualifiers]
    return [subject, details["service"], *qualifiers]


def _tier(tier: str, language: Language) -> str:
    return tier and (f"{tier} 级" if language == "zh" else f"tier {tier}")


def _incidents(details: Mapping[str, str], language: Language) -> str:
    count = int(details["incidents"])
    if language == "zh":
        return f"{count} 起事件" if count else ""
    return {0: "", 1: "1 incident"}.get(count, f"{count} incidents")
