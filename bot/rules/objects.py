"""Objects that a trouble and the answers of systems name: pods, workloads, nodes, claims, and what they are called."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

KINDS: Mapping[str, tuple[str, ...]] = {
    "pod": ("pods", "po"),
    "deployment": ("deployments", "deploy"),
    "statefulset": ("statefulsets", "sts"),
    "daemonset": ("daemonsets", "ds"),
    "replicaset": ("replicasets", "rs"),
    "cronjob": ("cronjobs",),
    "job": ("jobs",),
    "node": ("nodes",),
    "service": ("services", "svc"),
    "persistentvolumeclaim": ("persistentvolumeclaims", "pvc", "pvcs"),
    "persistentvolume": ("persistentvolumes", "pv"),
    "storageclass": ("storageclasses", "sc"),
    "configmap": ("configmaps", "cm"),
    "ingress": ("ingresses",),
    "horizontalpodautoscaler": ("horizontalpodautoscalers", "hpa"),
    "namespace": ("namespaces", "ns"),
}
"""What kinds of objects are called, by their name in full."""

WITHOUT_NAMESPACE = frozenset(("node", "namespace", "persistentvolume", "storageclass"))
WORKLOADS = frozenset(("deployment", "statefulset", "daemonset", "replicaset", "job", "cronjob"))
_CALLED = {alias: kind for kind, aliases in KINDS.items() for alias in (kind, *aliases)}
NAME = r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?"
_REFERENCE = re.compile(rf"\b({'|'.join(KINDS)})s?(?:\.(?!kubernetes)[a-z0-9.]+)?[/ ]\"?({NAME})\"?", re.IGNORECASE)
_POD = re.compile(r"^(.+?)-(?:[a-f0-9]{6,10}-)?[a-z0-9]{5}$")
_FIELDS = (
    ("node", re.compile(rf"^\s*Node:\s+({NAME})/", re.MULTILINE)),
    ("persistentvolumeclaim", re.compile(rf"^\s*ClaimName:\s+({NAME})", re.MULTILINE)),
    ("storageclass", re.compile(rf"^\s*StorageClass:\s+({NAME})", re.MULTILINE)),
    ("pod", re.compile(rf"(?:Created pod:|^Used By:)\s+({NAME})", re.MULTILINE)),
    (
        "configmap",
        re.compile(rf"configmaps? \"({NAME})\" not found|<set to the key '\S+' (?:of|in) config map '({NAME})'>"),
    ),
)
_KEYS = {"pod": "pod", "pod_name": "pod", "podName": "pod", "node": "node", "node_name": "node", "nodeName": "node"}
_READY = re.compile(r"^(\d+)/(\d+)$")
_FINE = frozenset(("running", "completed", "succeeded", "active", "bound", "ready", "available", "complete", "-", ""))
_LONGEST, _READ = 253, 100_000


@dataclass(frozen=True)
class Thing:
    """An object by name; an unknown ``kind`` or ``namespace`` is empty. ``rank``: how near to the trouble, 0 to 1."""

    name: str
    kind: str = ""
    namespace: str = ""
    rank: float = 1.0


@dataclass(frozen=True)
class Answer:
    """What a system answered: ``about`` what it was asked, ``text`` all that it said."""

    tool: str
    about: Mapping[str, JsonValue]
    text: str
    answered: bool = True


def kind_of(word: str) -> str:
    """The kind that a word stands for, in full; empty for none."""
    return _CALLED.get(word.strip().lower(), "")


def workload_of(pod: str) -> str:
    """The name of the workload that a pod of this name belongs to, as controllers name them; empty for none."""
    found = _POD.match(pod)
    return found[1] if found and re.search(r"\d", pod[len(found[1]) :]) else ""


def found_in(answer: Answer) -> list[Thing]:
    """The objects that an answer names; in tables those in trouble have the higher rank."""
    text = answer.text[:_READ]
    asked_kind = next((kind for value in answer.about.values() if (kind := kind_of(str(value)))), "")
    space = next((str(value) for key, value in answer.about.items() if "namespace" in key and value), "")
    said = re.search(rf"^\s*Namespace:\s+({NAME})", text, re.MULTILINE)
    space = said[1] if said else space
    found = [*_rows(text, asked_kind or "pod", space), *_fields(text, space), *_members(text)]
    found += (
        Thing(match[2].lower(), kind_of(match[1]), space, 0.5)
        for match in _REFERENCE.finditer(text)
        if re.search(r"[-.\d]", match[2])
    )
    return [
        Thing(one.name, one.kind, "" if one.kind in WITHOUT_NAMESPACE else one.namespace, one.rank)
        for one in found
        if one.kind and one.kind != "replicaset" and len(one.name) <= _LONGEST
    ]


def _fields(text: str, namespace: str) -> Iterator[Thing]:
    for kind, pattern in _FIELDS:
        for match in pattern.finditer(text):
            yield Thing(next(filter(None, match.groups())), kind, namespace, 0.6)


def _rows(text: str, kind: str, namespace: str) -> Iterator[Thing]:
    """Rows as kubectl shows them, with a header or none: a name, perhaps a namespace before it, how many ready."""
    for line in text.splitlines():
        cells = line.split()
        ready = next((at for at, cell in enumerate(cells[:5]) if _READY.match(cell)), 0)
        if not ready or not re.fullmatch(rf"(?:[A-Za-z]+/)?{NAME}", cells[0].lstrip("├└─│ ")):
            if kind in WITHOUT_NAMESPACE and len(cells) > 3 and re.match(r"(?:Not)?Ready", cells[1]):
                yield Thing(cells[0], kind, "", 0.7 if cells[1] != "Ready" else 0.3)
            continue
        names = [cell for cell in cells[: 2 if ready > 1 else 1] if re.fullmatch(NAME, cell)]
        if names:
            fine = _fine(cells, ready)
            yield Thing(names[-1], kind, names[0] if len(names) > 1 else namespace, 0.4 if fine else 0.8)


def _fine(cells: Sequence[str], ready: int) -> bool:
    there, wanted = cells[ready].split("/")
    state = cells[ready + 1].lower() if len(cells) > ready + 1 else ""
    if state in ("completed", "succeeded"):
        return True
    return there == wanted and (state in _FINE or state.isdigit())


def _members(text: str) -> Iterator[Thing]:
    """Pods and nodes in JSON, whole or in part."""
    for key, name in re.findall(rf"\"(\w+)\":\s*\"({NAME})\"", text):
        if key in _KEYS:
            yield Thing(name, _KEYS[key], "", 0.5)


def suggested(text: str) -> Iterator[dict[str, JsonValue]]:
    """Arguments that a refusal shows, as JSON objects, to be given instead; without those that stand for anything."""
    text = text[:_READ]
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            found, at = decoder.raw_decode(text, at)
        except ValueError:
            at += 1
        else:
            if isinstance(found, dict):
                yield {key: value for key, value in found.items() if "*" not in (key, value) and value is not None}
        at = text.find("{", at)


def best(things: Iterable[Thing]) -> list[Thing]:
    """Each thing once, with its best rank and the namespace that is known of it; the nearest first."""
    kept: dict[tuple[str, str], Thing] = {}
    for one in things:
        key = (one.name, one.kind)
        before = kept.get(key, one)
        kept[key] = Thing(one.name, one.kind, before.namespace or one.namespace, max(before.rank, one.rank))
    named = {one.name for one in kept.values() if one.kind}
    return sorted((one for one in kept.values() if one.kind or one.name not in named), key=lambda one: -one.rank)
