"""What was seen becomes findings with their quotes, and evidence cut to its telling lines, the most telling first."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.agents.exploration import Explored
from bot.desk import Desk
from bot.incident import Finding, FindingKind
from bot.observations import Observation, evidence_of
from bot.rules.blame import blamed
from bot.rules.briefing import Briefing
from bot.rules.objects import NAME, kind_of, workload_of
from bot.rules.signatures import LONGEST, Sign, signs
from bot.rules.telling import telling
from bot.vocabulary import Evidence
from knowledge.service_graph import ServiceGraph

LONGEST_EVIDENCE = 1500
"""Characters of one piece of evidence: ten of them fit into what a model reads of one incident."""

ALERT = "alert"
_ELSEWHERE, _PASSED, _CLAIMED, _MOST_ALERTS = 0.3, 0.3, 0.6, 5
_DEFINITIONS = re.compile(r"rule|metric|template|silence|label|field|runbook|webpage|current_time")
_ROW = re.compile(rf"^\s*(?:\S+\s+)?(?P<name>{NAME})\s+\d+/\d+\s|^(?P<node>{NAME})\s+(?:Not)?Ready")
_NAMED = re.compile(r"\"(?:pod_name|involved_object|host|name|source_identifier)\":\s*\"(?:\w+/)?([^\"\s]+)\"")
_OBJECT = re.compile(rf"\b(?:pod|deployment|job|node)[/ ]\"?(?=[^\s\"]*[-.\d])({NAME})", re.IGNORECASE)
_AT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?")
_NOTHING = re.compile(
    r"^(?:\s*|No (?:events|resources|lines|logs)\b.*|.*Result: No logs.*|.*\(NotFound\).*)$", re.DOTALL
)
_OFTEN = {"en": " ({count} times)", "zh": "（{count} 次）"}


def findings(desk: Desk, explored: Explored) -> list[Finding]:
    """The faults and the signs of good order that show in what was seen, those that weigh most first."""
    drafts: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    passing: set[str] = set()
    for seen, text in explored.seen:
        if seen.outcome != "answered" or _DEFINITIONS.search(seen.tool):
            continue
        for sign in signs(text):
            one = _finding(sign, seen, text, explored, desk)
            one = one if seen.tool != ALERT else _heard(one)
            drafts[sign.signature.id, one.service, " ".join(sign.details.values())].append(one)
            passing |= {sign.signature.id} if sign.signature.passes else set()
    order = _in_order(drafts)
    found = [_joined(some, _PASSED if order and key[0] in passing else 1.0) for key, some in _detailed(drafts).items()]
    ranked = sorted(found, key=lambda one: (-one.weight, one.kind == "healthy"))
    return [one.model_copy(update={"id": f"{desk.expert}-{at}"}) for at, one in enumerate(ranked, 1)]


def _detailed(drafts: Mapping[tuple[str, str, str], list[Finding]]) -> Mapping[tuple[str, str, str], list[Finding]]:
    """Findings that name no detail go with those of the same fault that do."""
    found = {key: list(some) for key, some in drafts.items() if key[2]}
    for key, some in drafts.items():
        if not key[2]:
            same = next((other for other in found if other[:2] == key[:2]), key)
            found.setdefault(same, []).extend(some)
    return found


def quoting(found: Sequence[Finding], pieces: Sequence[Evidence]) -> tuple[Finding, ...]:
    """The findings, each with its quote only where it stands in the evidence that is cited first."""
    texts = {one.id: one.text for one in pieces}
    return tuple(
        one if not one.quote or one.quote in texts.get(one.cites[0], "") else one.model_copy(update={"quote": ""})
        for one in found
    )


def heard(desk: Desk) -> list[tuple[Observation, str]]:
    """The alerts themselves as what was seen first: what monitoring claims can be quoted like anything else."""
    return [
        (
            Observation(
                id=f"alert:{one.source}/{one.fingerprint}"[:200],
                tool=ALERT,
                title=one.name,
                arguments={},
                outcome="answered",
                text=f"{one.name}\n{one.summary}\n{one.description}",
                query=one.source,
                asked_at=desk.trouble.at,
            ),
            f"{one.name}\n{one.summary}\n{one.description}",
        )
        for one in desk.trouble.alerts[:_MOST_ALERTS]
    ]


def _heard(one: Finding) -> Finding:
    """A claim of monitoring weighs less than what the systems show, but for one about the alert itself."""
    kind: FindingKind = one.kind if one.kind == "healthy" else "alert"
    return one.model_copy(update={"kind": kind, "weight": one.weight * (1.0 if kind == "healthy" else _CLAIMED)})


@dataclass(frozen=True)
class Cut:
    """What was answered, cut to what tells; what findings cite comes first, answers that say nothing last.

    Of answers that say the same one is kept; ``kept`` says which, by the id of each.
    """

    evidence: tuple[Evidence, ...]
    kept: Mapping[str, str]

    def cites(self, ids: Sequence[str]) -> tuple[str, ...]:
        """The same answers by the ids of those that are kept."""
        return tuple(dict.fromkeys(self.kept.get(one, one) for one in ids))

    def findings(self, found: Sequence[Finding]) -> tuple[Finding, ...]:
        """The findings with what is kept as their evidence."""
        return quoting([one.model_copy(update={"cites": self.cites(one.cites)}) for one in found], self.evidence)


def cut_to_tell(explored: Explored, found: Sequence[Finding]) -> Cut:
    """What was answered, as it is kept."""
    quotes: dict[str, list[str]] = defaultdict(list)
    for one in found:
        for id in one.cites[:1] if one.quote else ():
            quotes[id].append(one.quote)
    first = {id: at for at, one in reversed(list(enumerate(found))) for id in reversed(one.cites)}
    names = [one.name for one in explored.known.things if one.rank >= 0.6]
    pieces: dict[str, tuple[tuple[float, float], Evidence]] = {}
    kept: dict[str, str] = {}
    for seen, text in explored.seen:
        whole = evidence_of(seen)
        if whole is None or whole.kind == "failure":
            continue
        cut = whole.model_copy(update={"text": telling(text, quotes[seen.id], names, LONGEST_EVIDENCE)})
        order = (first.get(seen.id, len(found)), -_nearness(seen, text, names))
        kept[seen.id] = pieces.setdefault(cut.text, (order, cut))[1].id
    return Cut(tuple(one for _, one in sorted(pieces.values(), key=lambda piece: piece[0])), kept)


def gaps(desk: Desk) -> tuple[str, ...]:
    """What could not be asked, in words; that something does not exist is no gap."""
    told = {"en": "{tool} could not be asked: {why}", "zh": "{tool} 没能查询：{why}"}[desk.trouble.language]
    return tuple(
        told.format(tool=tool, why=" ".join(why.split())[:200])
        for tool, why in desk.gaps.items()
        if not re.search(r"not ?found|does not exist", why, re.IGNORECASE)
    )


def moment(text: str) -> datetime | None:
    """When a line says that it was written; without an offset, in UTC."""
    match = _AT.search(text)
    if not match:
        return None
    try:
        return datetime.fromisoformat(match[0].replace(",", ".").replace(" ", "T")).replace(tzinfo=UTC)
    except ValueError:
        return None


def about(seen: Observation) -> str:
    """The name of the object that a call asked about; empty for a call about everything."""
    values = [
        str(value) for key, value in seen.arguments.items() if re.search(r"name$|^pod|^node|keyword|service", key)
    ]
    return next((one for one in values if one and not kind_of(one)), "")


def _finding(sign: Sign, seen: Observation, text: str, explored: Explored, desk: Desk) -> Finding:
    what, near = _what(sign, seen, text, explored)
    signature, language = sign.signature, desk.trouble.language
    often = _OFTEN[language].format(count=sign.count) if sign.count > 2 and signature.kind != "healthy" else ""
    speaks = signature.cause != "unknown" and not sign.over
    return Finding(
        id="",
        by=desk.expert,
        kind=signature.kind,
        says=f"{signature.says(what, sign.details, language)}{often}",
        cites=(seen.id,),
        quote=sign.quote,
        service=_service(what, explored.known, explored.graph),
        cause=signature.cause if speaks else None,
        weight=signature.weight * (1.0 if near else _ELSEWHERE) * (_PASSED if sign.over else 1.0),
        at=moment(sign.quote),
    )


def _what(sign: Sign, seen: Observation, text: str, explored: Explored) -> tuple[str, bool]:
    """The object that a line is about, and whether that is one of the trouble's or below it."""
    known = explored.known
    if sign.signature.kind == "log" and (told_of := blamed(_line(text, sign.at), explored.graph)):
        return told_of, _concerns(told_of, known, explored.graph)
    own = [one.name for one in known.things if one.rank >= 0.6]
    row = _ROW.match(sign.quote)
    before = text[-LONGEST:][max(0, sign.at - 1200) : sign.at + len(sign.quote)]
    told = _OBJECT.search(sign.quote) or next(reversed(list(_NAMED.finditer(before))), None)
    if row:
        what = row["name"] or row["node"]
        return what, any(what.startswith(name) for name in own)
    if seen.tool == ALERT:
        return next((one.name for one in known.things), next(iter(known.services), seen.title)), True
    what = about(seen) or (told[1] if told else "") or next(iter(known.services), "") or seen.title
    return what, True


def _line(text: str, at: int) -> str:
    """All of the line in which a sign begins."""
    looked = text[-LONGEST:]
    return looked[looked.rfind("\n", 0, at) + 1 :].partition("\n")[0]


def _concerns(service: str, known: Briefing, graph: ServiceGraph) -> bool:
    """Whether a service can have to do with the trouble: it is in it, or one that is needs it."""
    own = known.trouble.services
    return not own or service in own or any(service in graph.depends_on(one, indirectly=True) for one in own)


def _service(what: str, known: Briefing, graph: ServiceGraph) -> str:
    if what in graph.services:
        return what
    services = known.trouble.services
    return next((one for one in services if what.startswith(one)), "") or workload_of(what) or what


def _in_order(drafts: Mapping[tuple[str, str, str], Sequence[Finding]]) -> bool:
    """Whether things run as they should now: good order is told, and nothing that is wrong now, whatever was before."""
    told = {key[0] for key in drafts}
    lasting = [one for some in drafts.values() for one in some if one.kind == "state" and one.weight >= 0.5]
    return bool(told & {"all-ready", "rolled-back", "recovered"}) and not lasting


def _joined(some: Sequence[Finding], share: float) -> Finding:
    """The same finding out of several answers."""
    # Of equals the one that says most: it names what the others leave open.
    best = max(some, key=lambda one: (one.weight, len(one.quote)))
    cites = dict.fromkeys([best.cites[0], *(id for one in some for id in one.cites)])
    return best.model_copy(update={"cites": tuple(cites), "weight": round(best.weight * share, 3)})


def _nearness(seen: Observation, text: str, names: Iterable[str]) -> float:
    if _NOTHING.match(text[:2000]):
        return -1.0
    asked = about(seen)
    own = any(name in asked or asked.startswith(name) for name in names) if asked else False
    return 2.0 * own - (1.0 if _DEFINITIONS.search(seen.tool) else 0.0)


def lines_of(explored: Explored, tools: Iterable[str]) -> Iterator[tuple[Observation, str]]:
    """Every line that the tools of these names answered."""
    wanted = set(tools)
    for seen, text in explored.seen:
        if seen.tool in wanted and seen.outcome == "answered":
            for line in text.split("\n"):
                if line.strip():
                    yield seen, line
