"""What became of a workload's revisions, and what pods and nodes use now."""

from connectors.tools.kubernetes_objects import (
    Object,
    Objects,
    aligned,
    at,
    cause,
    changes,
    quantity,
    revision,
    several,
    template,
    text,
)
from connectors.tools.kubernetes_questions import Rollout, Top
from connectors.tools.kubernetes_reading import MOST, Reading, kubectl
from connectors.tools.port import BadArguments, Cell, Result, Table

_METRICS = "/apis/metrics.k8s.io/v1beta1"
_MOST_REVISIONS = 10
_MEBI = 2**20


async def rollout(reading: Reading, asked: Rollout) -> Result:
    """Revisions, the newest first, each with what it changed in the pods."""
    plural, path = reading.path(asked.kind, asked.namespace, one=True)
    if plural not in ("deployments", "statefulsets", "daemonsets"):
        raise BadArguments("kind has to be deployment, statefulset or daemonset.")
    query = kubectl("rollout history", f"{plural}/{asked.name}", namespace=asked.namespace)
    answer = await reading.api.get(f"{path}/{asked.name}", None, 404)
    if answer.status == 404:
        return reading.missing(plural, asked.name, asked.namespace, query)
    thing = answer.of(Object, "Kubernetes")
    kind = "replicasets" if plural == "deployments" else "controllerrevisions"
    given = {"limit": str(MOST), "labelSelector": _selector(thing)}
    listed = (await reading.api.get(f"/apis/apps/v1/namespaces/{asked.namespace}/{kind}", given)).of(
        Objects, "Kubernetes"
    )
    owned = sorted((one for one in listed.items if _owner(one) == text(thing, "metadata", "uid")), key=revision)
    told = [_revised(one, owned[number - 1] if number else None) for number, one in enumerate(owned)]
    shown = told[::-1][:_MOST_REVISIONS]
    head = f"{plural} {asked.name}: {_status(thing)}; {len(owned)} revisions, the newest first:"
    link = reading.link(asked.namespace, plural, asked.name)
    return Result("\n".join([head, *shown]), query, link, truncated=len(told) > len(shown))


async def top(reading: Reading, asked: Top) -> Result:
    """What is in use beside what was requested and is allowed, the greatest memory first."""
    _, path = reading.path(asked.kind, asked.namespace)
    query = {"labelSelector": asked.labels} if asked.labels else {}
    exact = kubectl("top", asked.kind, f"-l {asked.labels}" if asked.labels else "", namespace=asked.namespace)
    where = "" if asked.kind == "nodes" else reading.within(asked.namespace)
    answer = await reading.api.get(f"{_METRICS}{where}/{asked.kind}", query, 404, 503)
    if answer.status >= 400:
        return Result("The cluster does not measure this: it has no metrics server that answers.", exact, failed=True)
    listed = (await reading.api.get(path, {"limit": str(MOST), **query})).of(Objects, "Kubernetes").items
    known = {_name(one): one for one in listed}
    used = answer.of(Objects, "Kubernetes").items
    rows = [_usage(one, known.get(_name(one), {})) for one in used]
    rows.sort(key=lambda row: (-int(str(row[3])), str(row[1])))
    columns = ("NAMESPACE", "NAME", "CPU m", "MEMORY Mi", "REQUESTED", "LIMIT")
    shown = aligned(columns, rows) if rows else "Nothing is measured."
    return Result(shown, exact, table=Table(columns, tuple(rows)))


def _selector(thing: Object) -> str:
    labels = at(thing, "spec", "selector", "matchLabels")
    return ",".join(f"{key}={value}" for key, value in labels.items()) if isinstance(labels, dict) else ""


def _owner(thing: Object) -> str:
    owners = several(thing, "metadata", "ownerReferences")
    return text(owners[0], "uid") if owners else ""


def _status(thing: Object) -> str:
    ready = text(thing, "status", "readyReplicas") or text(thing, "status", "numberReady") or "0"
    wanted = text(thing, "spec", "replicas") or text(thing, "status", "desiredNumberScheduled") or "?"
    troubles = [
        f"{text(one, 'type')} {text(one, 'reason')}: {text(one, 'message')}"
        for one in several(thing, "status", "conditions")
        if text(one, "status") == "False" or text(one, "type") == "ReplicaFailure"
    ]
    return "; ".join([f"{ready} of {wanted} ready", *troubles])


def _revised(one: Object, before: Object | None) -> str:
    head = f"revision {revision(one)}, {text(one, 'metadata', 'creationTimestamp')}"
    replicas = text(one, "status", "replicas")
    head += f", {replicas} pods" if replicas else ""
    head += f", cause: {cause(one)}" if cause(one) else ""
    if before is None:
        images = [f"  {path}: {value}" for path, value in template(one).items() if path.endswith(".image")]
        return "\n".join([head, *images])
    changed = changes(template(before), template(one))
    return "\n".join([head, *(f"  {line}" for line in changed or ["the same pods as the revision before"])])


def _name(thing: Object) -> tuple[str, str]:
    return text(thing, "metadata", "namespace"), text(thing, "metadata", "name")


def _usage(measured: Object, thing: Object) -> tuple[Cell, ...]:
    usages = several(measured, "containers") or [measured]
    cpu = sum(quantity(text(one, "usage", "cpu")) for one in usages)
    memory = sum(quantity(text(one, "usage", "memory")) for one in usages)
    containers = several(thing, "spec", "containers")
    requested = ", ".join(_resources(one, "requests") for one in containers)
    limit = ", ".join(_resources(one, "limits") for one in containers)
    if not containers:
        requested, limit = (
            "",
            _amounts(text(thing, "status", "allocatable", "cpu"), text(thing, "status", "allocatable", "memory")),
        )
    return *_name(measured), round(cpu * 1000), round(memory / _MEBI), requested, limit


def _resources(container: Object, kind: str) -> str:
    return _amounts(text(container, "resources", kind, "cpu"), text(container, "resources", kind, "memory"))


def _amounts(cpu: str, memory: str) -> str:
    return f"{cpu or '-'}/{memory or '-'}"
