"""What an alert is about, as alerts are grouped by it: a service, a pod or a node, and what its texts name."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.analysis import alert_relations
from connectors.alerts.port import Alert
from knowledge.service_graph import ServiceGraph

_POD = ("pod", "pod_name", "podname", "kubernetes_pod_name", "k8s.pod.name")
_NODE = ("node", "nodename", "kubernetes_node", "k8s.node.name", "hostname", "host", "instance", "device")
_ELSEWHERE = ("deployment", "statefulset", "daemonset", "container", "workload", "job_name", "namespace")
_EXPORTER = re.compile(
    r"(?:.*[-_/])?(?:node|blackbox|kubelet|cadvisor|prometheus|pushgateway|telegraf|snmp|windows|kube-state-metrics)"
    r"(?:[-_]exporter)?|.*[-_]exporter",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://\S+")
_LONGEST = 2000
OLDEST = timedelta(minutes=30)
"""What began longer ago is grouped as if it had begun then: what is first heard of together is together."""


@dataclass(frozen=True)
class Part:
    """Where the trouble is. ``service`` is its canonical name where the graph knows it, and empty for none."""

    kind: Literal["Service", "Pod", "Node"]
    name: str
    service: str


def part_of(alert: Alert, graph: ServiceGraph) -> Part:
    """The part that an alert is about."""
    labels = {name.lower(): value for name, value in alert.labels.items()}
    pod, service = _first(labels, _POD), service_of(alert, graph)
    if pod:
        return _pod(pod, service, graph)
    if service:
        return Part("Service", service, service)
    if node := _first(labels, _NODE):
        return Part("Node", _host(node), "")
    return Part("Service", alert.service or alert.name, "")


def service_of(alert: Alert, graph: ServiceGraph) -> str:
    """The service that an alert names, by its canonical name where it is known; empty when it names none."""
    own = alert.service
    if own in graph.services:
        return own
    # The job that scrapes all machines is the service of none of them.
    if own and not _EXPORTER.fullmatch(own):
        return next(iter(graph.mentioned(own)), own)
    labels = {name.lower(): value for name, value in alert.labels.items()}
    said = (_first(labels, _ELSEWHERE[:-1]), alert.name, alert.summary)
    return next((name for text in said for name in graph.mentioned(text)), "")


def services_of(alert: Alert, graph: ServiceGraph) -> tuple[str, ...]:
    """The service of an alert, and those that its texts name besides."""
    own = part_of(alert, graph).service
    named = graph.mentioned(f"{alert.name}\n{alert.summary}\n{alert.description[:_LONGEST]}")
    return tuple(dict.fromkeys(name for name in (own, *named) if name))


def grouped(alert: Alert, received_at: datetime, graph: ServiceGraph) -> alert_relations.Alert:
    """The alert as the grouping takes it."""
    part = part_of(alert, graph)
    at = min(max(alert.started_at, received_at - OLDEST), received_at)
    labels = {name.lower(): value for name, value in alert.labels.items()}
    told = [_ADDRESS.sub(" ", text) for text in (alert.summary, alert.description[:_LONGEST])]
    told += [value for names in (_POD, _NODE) if (value := _first(labels, names)) and value != part.name]
    evidence = tuple(one for one in told if one.strip())
    return alert_relations.Alert(at.timestamp(), part.kind, part.name, alert.name, evidence)


def calls_of(graph: ServiceGraph) -> Iterable[tuple[str, str]]:
    """The edges of the graph: caller and callee."""
    return [(one.name, callee) for one in graph.services.values() for callee in one.depends_on]


def _pod(pod: str, service: str, graph: ServiceGraph) -> Part:
    own = next(iter(graph.mentioned(pod)), "")
    if service and service not in (own, pod) and not pod.startswith(f"{service}-"):
        # The grouping reads a pod's service out of its name; where that would be wrong, the service says more.
        return Part("Service", service, service)
    return Part("Pod", pod, service or own)


def _first(labels: dict[str, str], names: Iterable[str]) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")


def _host(address: str) -> str:
    """An address without the port of whoever answers there."""
    name, colon, port = address.rpartition(":")
    return name if colon and port.isdigit() and ":" not in name else address
