"""Kubernetes as read-only tools, through its API; secrets are never asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from connectors.tools import kubernetes_questions
from connectors.tools.api import REAL, Outside
from connectors.tools.kubernetes_access import open_cluster
from connectors.tools.kubernetes_logs import logs
from connectors.tools.kubernetes_objects import Object, Printed, aligned, described
from connectors.tools.kubernetes_questions import CLUSTER_WIDE, Describe, Events, Get, Logs, Rollout, Top
from connectors.tools.kubernetes_reading import MOST, Reading, event_table, kubectl, where
from connectors.tools.kubernetes_workloads import rollout, top
from connectors.tools.port import Result, Table, Tools
from connectors.tools.questions import Question, Questions

# https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
_AS_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
_MOST_EVENTS, _FEW = 60, 50


class Settings(kubernetes_questions.Settings):
    """Which cluster, and what of it may be read."""


async def get(reading: Reading, asked: Get) -> Result:
    """The columns that kubectl shows; for a short list those of ``-o wide`` as well."""
    plural, path = reading.path(asked.kind, asked.namespace)
    query = {"limit": str(MOST)}
    query |= {"labelSelector": asked.labels} if asked.labels else {}
    query |= {"fieldSelector": f"metadata.name={asked.name}"} if asked.name else {}
    printed = (await reading.api.get(path, query, Accept=_AS_TABLE)).of(Printed, "Kubernetes")
    namespaces = not asked.namespace and plural not in CLUSTER_WIDE
    columns, rows = printed.cells(wide=len(printed.rows) <= _FEW, namespaces=namespaces)
    rows = [row for row in rows if asked.contains.casefold() in " ".join(map(str, row)).casefold()]
    labels = f"-l {asked.labels}" if asked.labels else ""
    exact = kubectl("get", plural, asked.name, labels, "-A" if namespaces else "", namespace=asked.namespace)
    link = reading.link(asked.namespace, plural, asked.name)
    more = bool(printed.metadata.get("continue"))
    if not rows:
        inside = "" if plural in CLUSTER_WIDE else where(asked.namespace)
        return Result(f"No {plural} found{inside}.", exact, link, truncated=more)
    shown = aligned(columns, rows) + (f"\nOnly {MOST} were read; narrow it by namespace or labels." if more else "")
    return Result(shown, exact, link, Table(columns, tuple(rows)), truncated=more)


async def describe(reading: Reading, asked: Describe) -> Result:
    """The object as YAML, its status first, and its events."""
    plural, path = reading.path(asked.kind, asked.namespace, one=True)
    exact = kubectl("describe", plural, asked.name, namespace=asked.namespace)
    answer = await reading.api.get(f"{path}/{asked.name}", None, 404)
    if answer.status == 404:
        return reading.missing(plural, asked.name, asked.namespace, exact)
    # Events of a node and its like lie in the namespace "default".
    found = await reading.events(asked.namespace, asked.name, warnings=False)
    lines = [f"{at} {kind} {why} ×{count}: {message}" for at, kind, why, _, count, message in found[:_MOST_EVENTS]]
    text = "\n".join([f"{described(answer.of(Object, 'Kubernetes'))}events:", *(lines or ["none"])])
    return Result(text, exact, reading.link(asked.namespace, plural, asked.name))


async def events(reading: Reading, asked: Events) -> Result:
    """Events, warnings first, then the newest."""
    found = await reading.events(asked.namespace, asked.name, warnings=asked.warnings)
    flags = f"--field-selector involvedObject.name={asked.name}" if asked.name else ""
    exact = kubectl("get events", flags, "" if asked.namespace else "-A", namespace=asked.namespace)
    if not found:
        return Result(f"No events{where(asked.namespace)}; the cluster forgets them after about an hour.", exact)
    table, more = event_table(found[:_MOST_EVENTS]), len(found) - _MOST_EVENTS
    shown = aligned(table.columns, table.rows) + (f"\n… and {more} more." if more > 0 else "")
    return Result(shown, exact, table=table, truncated=more > 0)


@asynccontextmanager
async def connect(settings: Settings, outside: Outside = REAL) -> AsyncIterator[Tools]:
    """The tools; nothing is asked before the first call. Raises ToolUnavailable when no cluster is described."""
    async with open_cluster(settings, outside) as api:
        reading = Reading(settings, api)
        questions: list[Question[Any]] = [
            Question("kubernetes_get", "What is in the cluster", "cluster", Get, partial(get, reading)),
            Question("kubernetes_describe", "One object in full", "cluster", Describe, partial(describe, reading)),
            Question("kubernetes_events", "Events", "cluster", Events, partial(events, reading)),
            Question("kubernetes_logs", "Logs of pods", "logs", Logs, partial(logs, reading)),
            Question("kubernetes_rollout", "Revisions of a workload", "changes", Rollout, partial(rollout, reading)),
            Question("kubernetes_top", "CPU and memory in use", "metrics", Top, partial(top, reading)),
        ]
        yield Questions(*questions)
