"""What is known of a trouble before anything is asked, by the role that it plays in a question to a system."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.incident import Trouble
from bot.rules.live import Known
from bot.rules.objects import KINDS, NAME, Answer, Thing, best, found_in, kind_of, suggested, workload_of
from bot.rules.windows import find_window

_BEFORE = timedelta(minutes=10)
_LABELS = {
    "pod": "pod",
    "pod_name": "pod",
    "kube_pod_name": "pod",
    "deployment": "deployment",
    "kube_deployment": "deployment",
    "statefulset": "statefulset",
    "daemonset": "daemonset",
    "job_name": "job",
    "cronjob": "cronjob",
    "node": "node",
    "persistentvolumeclaim": "persistentvolumeclaim",
    "horizontalpodautoscaler": "horizontalpodautoscaler",
}
_NAMESPACES = ("namespace", "kube_namespace", "exported_namespace", "k8s_namespace", "namespace_name")
_KIND = "|".join(sorted((name for kind, also in KINDS.items() for name in (kind, *also)), key=len, reverse=True))
_KIND_THEN_NAME = re.compile(rf"\b({_KIND})s?\b[\s:=`'\"]+(?:named |called )?[`'\"]?({NAME})", re.IGNORECASE)
_NAME_THEN_KIND = re.compile(rf"\b({NAME})[`'\"]?\s+({_KIND})\b", re.IGNORECASE)
_OBJECT = re.compile(rf"\"(?:type|kind)\":\s*\"(\w+)\"[^{{}}]*?\"name\":\s*\"({NAME})\"", re.IGNORECASE)
_SPACES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\"namespace\":\s*\"({NAME})\"",
        rf"\b(?:namespace|ns)[\s:=`'\"]+({NAME})",
        rf"({NAME})[`'\"]?\s+namespace\b",
        rf"命名空间\s*[`'\"]?({NAME})",
        rf"({NAME})[`'\"]?\s*命名空间",
        rf"\b(?:pods?|deployment|job)\s+in\s+({NAME}\d)",
        r"\bin (default|kube-system)\b",
    )
)
_QUOTED = re.compile(r"[\"'“‘「『]([^\"'“”‘’「」『』{}<>]{2,60})[\"'”’」』]")
_COMPOUND = re.compile(r"(?<![\w./-])(?!\d{4}-\d\d)[a-z0-9]+(?:[-_.][a-z0-9]+)+(?![\w/])")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{2,}")
_PLAIN_WORDS = """
    about actually after again alert alerts all and any anything are been before being call called can check
    cluster cmd command could current currently down did does doing error errors exact fail failed failing failure
    failures fetch find follow following for from get give going happen happened happening has have healthy here how
    image investigate isnt issue issues its job know last latest like list log logs look make many may message
    messages more most namespace need node not now of off on only out please pod pods port post problem problems
    reason reported return running see service services show since some state status still summary tell than that the
    their them then there these they this those times tool type user version want was were what when where which while
    who why will with without working wrong you your down slow high low rate percent minutes hours today yesterday
    thursday monday tuesday wednesday friday saturday sunday forward events event container containers deployment
    crashing crashed crashes stuck reach label app apps less restarts memory usage graph sync consumers consumer topic
    topics helm release term seen resources resource related unhealthy pending missing crashloopbackoff oomkilled http
    https database cpu disk network connect starting started restarting unable connection argocd count number list times
    deployments contain scaling scale using used use are up-to-date port-forward re-run follow-up real-time read-only
    """
_PLAIN = frozenset(_PLAIN_WORDS.split())
_MOST_WORDS = 4
_MEMBER = re.compile(r"\"(\w{2,40})\":\s*\"([\w.:/-]{1,120})\"")
_CONTAINER = re.compile(rf"^Containers:\s*\n\s+({NAME}):", re.MULTILINE)
_READ = 50_000
_NUMBER = re.compile(r"[0-9a-f-]{16,}|\d+(?:\.\d+)?(?:ms|[smhd])?")
_CRASHES = re.compile(r"CrashLoopBackOff|OOMKilled|Last State:\s+Terminated|Back-off restarting")


@dataclass(frozen=True)
class Briefing:
    """What can be put into a question. ``things`` and ``namespaces``: the nearest first; ``words``: to be looked for.

    ``start`` and ``end`` are around the beginning of the trouble, or those that a person named. ``shown`` are
    arguments that a system said would do, by its tool. ``crashing``: a container was seen to end by itself.
    ``values`` are what answers gave under a name, so that what one tool tells can be put to the next.
    """

    trouble: Trouble
    things: tuple[Thing, ...]
    namespaces: tuple[str, ...]
    services: tuple[str, ...]
    words: tuple[str, ...]
    start: datetime
    end: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ("pod",)
    logs: str = ""
    shown: tuple[Answer, ...] = ()
    crashing: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    named_window: bool = False


def briefing(trouble: Trouble, known: Known, answers: Iterable[Answer] = ()) -> Briefing:
    """What the trouble names, and what the answers so far add to it."""
    seen = list(answers)
    # A measured value looks like the name of a version or a host; nothing is called by a number alone.
    own = best(one for one in _own(trouble) if re.search(r"[A-Za-z]", one.name))
    near = _near(own, seen)
    spaces = dict.fromkeys([*_spaces(trouble, known), *(one.namespace for one in near if one.rank >= 0.6)])
    labels = {key: value for alert in reversed(trouble.alerts) for key, value in _said(alert).items()}
    window = find_window(trouble.text, trouble.at)
    kinds = dict.fromkeys([*(kind_of(word) for word in re.findall(r"\w+", trouble.text)), "pod"])
    if any("FailedScheduling" in one.text or "nodes are available" in one.text for one in seen):
        kinds["node"] = None
    return Briefing(
        trouble,
        tuple(near),
        tuple(space for space in spaces if space),
        trouble.services or tuple(one.name for one in own if one.kind != "node" and one.name not in spaces)[:2],
        tuple(_words(trouble.text, own)),
        window.start if window else trouble.began - _BEFORE,
        window.end if window else trouble.at,
        labels,
        tuple(kind for kind in kinds if kind and kind != "namespace"),
        known.logs,
        tuple(one for one in seen if not one.answered and any(suggested(one.text))),
        any(one.answered and _CRASHES.search(one.text) for one in seen),
        _values(seen),
        window is not None,
    )


def _values(answers: Iterable[Answer]) -> Mapping[str, str]:
    """The first value under each name in JSON, and the first container that a pod is described with."""
    found: dict[str, str] = {}
    for answer in answers:
        if answer.answered:
            text = answer.text[:_READ]
            for key, value in [*_MEMBER.findall(text), *(("container_name", one) for one in _CONTAINER.findall(text))]:
                found.setdefault(key, value)
    return found


def _said(alert: object) -> Mapping[str, str]:
    labels: Mapping[str, str] = getattr(alert, "labels", {})
    annotations: Mapping[str, str] = getattr(alert, "annotations", {})
    return {**{key: value for key, value in annotations.items() if re.fullmatch(NAME, value)}, **labels}


def _own(trouble: Trouble) -> Iterator[Thing]:
    """What the alerts and the words of the trouble name, from the surest to the mere guess."""
    for alert in trouble.alerts:
        space = next((alert.labels[key] for key in _NAMESPACES if alert.labels.get(key)), "")
        yield from (
            Thing(value, _LABELS[key], space, 1.0) for key, value in alert.labels.items() if key in _LABELS and value
        )
        workload = alert.labels.get("workload_name") or alert.labels.get("workload")
        if workload:
            yield Thing(workload, kind_of(alert.labels.get("workload_type", "")) or "deployment", space, 0.95)
    space = next(_named_spaces(trouble.text), "")
    yield from _written(trouble.text, space)
    names = (one for one in trouble.identifiers if re.fullmatch(NAME, one) and not _NUMBER.fullmatch(one))
    yield from (Thing(one, "", space, 0.85) for one in names)
    yield from (Thing(one, "", space, 0.8) for one in trouble.services)
    said = trouble.text if not trouble.alerts else ""
    yield from (Thing(one, "", space, 0.75) for one in _COMPOUND.findall(said) if one not in (*_PLAIN, space))
    yield from (Thing(one, "", space, 0.6) for one in _plain(said) if not trouble.services)


def _plain(text: str) -> Sequence[str]:
    """Words that may be names, such as redis, of a text that names nothing that looks like one."""
    if any(one not in _PLAIN for one in _COMPOUND.findall(text)):
        return ()
    words = [one.lower() for one in _WORD.findall(text)]
    return [one for one in dict.fromkeys(words) if one not in _PLAIN and not kind_of(one)][:3]


def _written(text: str, space: str) -> Iterator[Thing]:
    pairs = [(kind, name, 1.0) for kind, name in _OBJECT.findall(text)]
    pairs += [(kind, name, 0.9) for kind, name in _KIND_THEN_NAME.findall(text)]
    pairs += [(kind, name, 0.89) for name, kind in _NAME_THEN_KIND.findall(text)]
    for kind, name, rank in pairs:
        known = kind_of(kind)
        if known and known != "namespace" and name.lower() not in _PLAIN and not kind_of(name) and len(name) > 2:
            # A word behind a kind may be a name or just the next word; what has a dash or a digit is a name.
            sure = rank if re.search(r"[-\d]", name) else min(rank, 0.7)
            yield Thing(name.lower(), known, "" if known == "node" else space, sure)


def _named_spaces(text: str) -> Iterator[str]:
    for pattern in _SPACES:
        for name in map(str.lower, pattern.findall(text)):
            if name not in _PLAIN and len(name) > 2 and not kind_of(name):
                yield name


def _spaces(trouble: Trouble, known: Known) -> Iterator[str]:
    for alert in trouble.alerts:
        yield from (alert.labels[key] for key in _NAMESPACES if alert.labels.get(key))
    yield from _named_spaces(trouble.text)
    yield from (known.services[one].namespace for one in trouble.services if one in known.services)


def _near(own: list[Thing], answers: Iterable[Answer]) -> list[Thing]:
    """The trouble's own objects and what belongs to them: their pods, and what answers about them name."""
    names = {one.name for one in own}
    found, others = list(own), list[Thing]()
    for answer in answers:
        if not answer.answered:
            continue
        about = {str(value).lower() for value in answer.about.values()}
        ours = bool(about & {one.name for one in found})
        for thing in found_in(answer):
            if thing.name in names or any(thing.name.startswith(f"{name}-") for name in names):
                found.append(Thing(thing.name, thing.kind, thing.namespace, 0.95))
            elif ours and thing.rank >= 0.5:
                found.append(thing)
            else:
                others.append(thing)
    if len(found) == len(own):
        # Nothing of what the trouble names was found: then what is broken beside it is the best that there is.
        found += [one for one in others if one.rank >= 0.8]
    spaces = {one.namespace for one in found}
    found = [one for one in found if one.kind or one.name not in spaces]
    places = {one.name: one.namespace for one in found if one.namespace and one.rank >= 0.9}
    found += [
        Thing(owner, "", one.namespace, 0.55)
        for one in own
        if one.kind == "pod" and (owner := workload_of(one.name)) and owner not in names
    ]
    return best(Thing(one.name, one.kind, places.get(one.name, one.namespace), one.rank) for one in found)


def _words(text: str, own: list[Thing]) -> Iterator[str]:
    """What a log is to be searched for: what is quoted, then phrases of words that carry meaning, then errors."""
    names = {one.name for one in own if one.kind or "-" in one.name}
    quoted = [one.strip() for one in _QUOTED.findall(text) if one.strip().lower() not in names]
    plain = re.sub(_COMPOUND, " . ", text.lower())
    phrases = re.findall(r"[a-z]{3,}(?: [a-z]{3,})* (?:failures?|errors?|timeouts?|issues|exceptions?)", plain)
    kept = [" ".join(word for word in one.split() if word not in _PLAIN or word == one.split()[-1]) for one in phrases]
    singular = [re.sub(r"s$", "", one) for one in kept]
    single = [one.split()[0] for one in kept if len(one.split()) > 1]
    yield from list(dict.fromkeys([*quoted, *singular, *kept, *single, "error", "ERROR"]))[: _MOST_WORDS + 2]
