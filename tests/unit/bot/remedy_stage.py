"""Entries of a catalogue, and what reads them, for tests of remedies."""

from pathlib import Path

from bot.catalogue import Catalogue, read_catalogue
from connectors.load import vendor
from connectors.remediation.port import Executor
from knowledge.service_graph import Service, ServiceGraph

ROLLBACK = """\
id: rollback-release
title: Roll {service} back to {release}
description: {en: Deploys the release before., zh: 部署上一个版本。}
parameters:
  type: object
  properties:
    service: {type: string, pattern: "[a-z][a-z0-9-]*", maxLength: 40}
    release: {type: string, pattern: "[0-9]+[.][0-9]+[.][0-9]+", maxLength: 20}
    bad: {type: string, pattern: "[0-9]+[.][0-9]+[.][0-9]+", maxLength: 20, x-role: bad_release}
executor: memory
run: {do: "deploy {service} {release}"}
rehearsal: {do: "plan {service} {release}"}
risk: high
target: "{service}"
environment: production
causes: [deployment, code]
preconditions:
  - tool: prometheus_instant
    arguments: {query: 'count(build_info{{service="{service}",version="{bad}"}}) or vector(0)'}
    above: 0
    because: "{bad} still runs"
verification:
  within: 2m
  every: 5s
  checks:
    - tool: prometheus_instant
      arguments: {query: 'max(errors{{service="{service}"}})'}
      below: 0.05
      because: {en: hardly any request fails, zh: 几乎没有请求失败}
undo:
  remedy: rollback-release
  parameters: {service: "{service}", release: "{bad}", bad: "{release}"}
idempotent: false
cooldown: 10m
owners: [platform]
"""
RESTART = """\
id: restart-service
title: Restart {service}
description: Replaces its process.
parameters:
  properties:
    service: {type: string, enum: [payments, orders, storefront], x-role: service}
executor: memory
run: {do: "restart {service}"}
risk: low
target: "{service}"
causes: [resource]
idempotent: true
"""
GRAPH = ServiceGraph(
    [
        Service(name="payments", depends_on=["northbank"], namespace="pay", environments=["production"]),
        Service(name="orders"),
        Service(name="storefront", release="9.4.1"),
        Service(name="inventory"),
        Service(name="northbank", kind="external"),
    ]
)


def executors() -> dict[str, Executor]:
    """The twin under its name."""
    twin = vendor("remediation", "memory")
    return {"memory": twin.MemoryExecutor()}  # type: ignore[attr-defined]  # a vendor's own class


def write(folder: Path, **files: str) -> Path:
    """Files of a catalogue, each ``<name>.yaml``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def catalogue(folder: Path, *entries: str, graph: ServiceGraph | None = GRAPH) -> Catalogue:
    """The catalogue of some entries, each in a file of its own."""
    files = {f"entry{number}": text for number, text in enumerate(entries)}
    return read_catalogue(write(folder / "remedies", **files), executors(), graph)
