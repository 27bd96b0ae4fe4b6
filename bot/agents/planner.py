"""The master of a diagnosis: says what the trouble is, and which expert is to check what."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, get_args

from pydantic import BaseModel

from bot.agents.allowance import Allowance, ask_once, large
from bot.agents.prompts import instruction, one_line, section
from bot.guards import citation
from bot.incident import Trouble
from bot.ladder import Ladder
from bot.rules.entities import find_environments
from bot.rules.terms import content_terms
from bot.rules.windows import find_window
from bot.vocabulary import Evidence, Frozen, Language, Spent, Writer
from connectors.alerts.port import Severity
from connectors.llm.port import Prompt
from connectors.tools.port import Kind, Tool
from knowledge.service_graph import ServiceGraph

Expert: TypeAlias = Literal["anomaly", "fault", "tools"]
KINDS: Mapping[Expert, frozenset[Kind]] = {
    "anomaly": frozenset(("metrics", "alerts")),
    "fault": frozenset(("logs", "cluster", "changes", "alerts")),
    "tools": frozenset(("other", "network")),
}
"""Without a tool of one of these kinds an expert has nothing to do."""

MOST_SERVICES, MOST_CHECKS, MOST_RECALLED = 8, 6, 5
LONGEST_SYMPTOM, LONGEST_CHECK, LONGEST_RECALLED, LONGEST_TEXT = 160, 240, 900, 4_000
FEWEST_SHARED = 0.5
_NAME = re.compile(r"[^\W_][\w-]{0,78}(?:/[\w-]{1,80})?")
"""What may be a service that no graph knows: never a host."""
_MOST_TOKENS = 900
_STANDARD: Mapping[Language, Mapping[Expert, tuple[str, ...]]] = {
    "en": {
        "anomaly": (
            "Which series of {service} and of what it depends on broke, when, and how much?",
            "Is what the alert measures still beyond its usual range, or back in it?",
        ),
        "fault": (
            "What changed at {service} and at what it depends on before it began?",
            "Which errors are new in the logs, or come much more often, since it began?",
            "What do events and states say: restarts, kills, full disks, refused schedules, expired certificates?",
        ),
        "tools": ("What do the other systems say of {service}?",),
    },
    "zh": {
        "anomaly": (
            "{service} 及其依赖的哪些指标出现突变，从何时开始，幅度多大？",
            "告警所测的指标是否仍超出平时的范围，还是已经恢复？",
        ),
        "fault": (
            "开始之前，{service} 及其依赖有过哪些变更？",
            "开始之后，日志里有哪些新出现或明显增多的错误？",
            "事件和状态显示了什么：重启、被杀、磁盘写满、调度失败、证书过期？",
        ),
        "tools": ("其他系统对 {service} 有什么记录？",),
    },
}
_AGAIN: Mapping[Language, str] = {"en": "Is it again what it was in “{title}”?", "zh": "是否与“{title}”的原因相同？"}
_ALL: Mapping[Language, str] = {"en": "what is in trouble", "zh": "出问题的服务"}


class Check(Frozen):
    """One question that an expert is to answer."""

    expert: Expert
    asks: str


class Plan(Frozen):
    """The trouble as it is understood, and what is to be checked, each expert's standard checks first."""

    trouble: Trouble
    checks: tuple[Check, ...] = ()
    by: Writer = "rules"
    spent: Spent = Spent()

    def of(self, expert: Expert) -> tuple[str, ...]:
        """What one expert is to answer."""
        return tuple(one.asks for one in self.checks if one.expert == expert)

    @property
    def experts(self) -> tuple[Expert, ...]:
        """Who has something to do."""
        return tuple(dict.fromkeys(one.expert for one in self.checks))


class Worded(BaseModel):
    """Something the model takes out of the material, and the words that say it there."""

    value: str = ""
    words: str = ""


class Asked(BaseModel):
    """A check as the model words it."""

    expert: str
    asks: str


class Drawn(BaseModel):
    """What the model is asked for."""

    services: list[Worded] = []
    symptom: Worded = Worded()
    severity: Worded = Worded()
    environment: Worded = Worded()
    since: str = ""
    checks: list[Asked] = []


async def plan(
    trouble: Trouble,
    recalled: Sequence[Evidence],
    tools: Sequence[Tool],
    ladder: Ladder,
    allowance: Allowance | None = None,
    graph: ServiceGraph | None = None,
) -> Plan:
    """What is to be checked by whom: by rules, and with a large model also what it adds.

    Of the trouble a model only fills in what its own words say: names are looked up in ``graph`` or stand in the text,
    and nothing that is known already is changed.
    """
    experts = [expert for expert, kinds in KINDS.items() if any(tool.kind in kinds for tool in tools)]
    if large(ladder) is None:
        return Plan(trouble=trouble, checks=_by_rules(trouble, recalled, experts))
    asked = ladder.for_question()
    prompt = Prompt(instruction("planner"), _material(trouble, recalled, tools))
    drawn = await ask_once(asked, prompt, Drawn, _MOST_TOKENS, allowance)
    if drawn is None:
        return Plan(trouble=trouble, checks=_by_rules(trouble, recalled, experts), spent=asked.spent())
    understood = _refined(trouble, drawn, graph or ServiceGraph())
    own = [
        Check(expert=expert, asks=one_line(one.asks, LONGEST_CHECK))
        for one in drawn.checks[:MOST_CHECKS]
        for expert in experts
        if expert == one.expert.strip().casefold() and one.asks.strip()
    ]
    checks = dict.fromkeys((*_by_rules(understood, recalled, experts), *own))
    return Plan(trouble=understood, checks=tuple(checks), by="endpoint", spent=asked.spent())


def _by_rules(trouble: Trouble, recalled: Sequence[Evidence], experts: Sequence[Expert]) -> tuple[Check, ...]:
    """The standard checks of every expert, and whether it is again what it was before."""
    language = trouble.language
    service = ", ".join(trouble.services[:3]) or _ALL[language]
    standard = [
        Check(expert=expert, asks=asks.format(service=service))
        for expert in experts
        for asks in _STANDARD[language][expert]
    ]
    past = [one for one in recalled if one.kind == "incident"][:2]
    looks = next((expert for expert in ("fault", "anomaly", "tools") if expert in experts), None)
    again = [_AGAIN[language].format(title=one_line(one.title, 100)) for one in past]
    return (*standard, *(Check(expert=looks, asks=asks) for asks in again if looks))


def _material(trouble: Trouble, recalled: Sequence[Evidence], tools: Sequence[Tool]) -> str:
    known = {
        "services": ", ".join(trouble.services),
        "symptom": trouble.symptom,
        "severity": trouble.severity if trouble.alerts else "",
        "environment": trouble.environment,
        "began": trouble.began.isoformat(timespec="seconds"),
    }
    experts = {
        expert: ", ".join(one_line(tool.name, 80) for tool in tools if tool.kind in kinds)
        for expert, kinds in KINDS.items()
    }
    documents = (
        f"{one_line(one.title, 120)} ({one.kind})\n{one.text[:LONGEST_RECALLED]}" for one in recalled[:MOST_RECALLED]
    )
    parts = (
        ("LANGUAGE", trouble.language),
        ("KNOWN", "\n".join(f"{name}: {value}" for name, value in known.items() if value)),
        ("RECALLED", "\n\n".join(documents)),
        ("EXPERTS", "\n".join(f"{expert}: {names}" for expert, names in experts.items() if names)),
        ("ALERTS", alerts_told(trouble)),
        ("TROUBLE", trouble.text[:LONGEST_TEXT]),
    )
    return "\n\n".join(section(name, text) for name, text in parts)


def alerts_told(trouble: Trouble) -> str:
    """The alerts of a trouble, one on a line, and how many there are."""
    told = [
        " ".join(filter(None, (one.name, one.service, one.severity, one.summary or one_line(one.description, 300))))
        + f" since {one.started_at.isoformat(timespec='seconds')}"
        for one in trouble.alerts[:20]
    ]
    more = trouble.alert_count - len(told)
    return "\n".join([*told, *([f"and {more} more"] if told and more > 0 else [])])


def _refined(trouble: Trouble, drawn: Drawn, graph: ServiceGraph) -> Trouble:
    """The trouble with what the model read out of it, as far as its words are there."""
    text = "\n".join(
        [trouble.text, *(f"{one.name} {one.service} {one.summary} {one.description}" for one in trouble.alerts)]
    )
    found = [name for one in drawn.services for name in _services(one, text, graph)]
    changed: dict[str, object] = {"services": tuple(dict.fromkeys((*trouble.services, *found)))[:MOST_SERVICES]}
    if not trouble.symptom and (symptom := _symptom(drawn.symptom, text)):
        changed["symptom"] = symptom
    environments = find_environments(drawn.environment.words) if _stands(drawn.environment.words, text) else ()
    if not trouble.environment and environments:
        changed["environment"] = environments[0]
    if not trouble.alerts:
        # What alerts say of when and how bad is exact; only of what a person says there is something to understand.
        severity = drawn.severity.value.strip().casefold()
        if severity in get_args(Severity) and _stands(drawn.severity.words, trouble.text):
            changed["severity"] = severity
        window = find_window(drawn.since, trouble.at) if _stands(drawn.since, trouble.text) else None
        if window and window.start <= trouble.at:
            changed["began"] = window.start
    return trouble.model_copy(update=changed)


def _services(drawn: Worded, text: str, graph: ServiceGraph) -> tuple[str, ...]:
    """The known services that the words name; else the name itself when it stands in the text."""
    if not _stands(drawn.words, text):
        return ()
    if known := graph.mentioned(drawn.words):
        return known
    name = drawn.value.strip()
    return (name,) if _NAME.fullmatch(name) and _stands(name, text) else ()


def _symptom(drawn: Worded, text: str) -> str:
    """The symptom when what it says stands in the text."""
    said = one_line(drawn.value, LONGEST_SYMPTOM)
    facts = all(citation.stands_in(fact, text) for fact in citation.hard_facts(said))
    shared = citation.told_of(said, text, content_terms) >= FEWEST_SHARED
    return said if said and facts and shared and _stands(drawn.words, text) else ""


def _stands(words: str, text: str) -> bool:
    """Whether words stand in a text by themselves, blanks and case aside."""
    wanted = re.escape(" ".join(words.split()))
    if not wanted:
        return False
    return re.search(rf"(?<![A-Za-z0-9_-]){wanted}(?![A-Za-z0-9_])", " ".join(text.split()), re.IGNORECASE) is not None
