"""A Prometheus and an Alertmanager of the tests' own, in temporary folders, with a few hours of made history."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.shop.monitoring import MISSING
from deploy.demo.shop.processes import free_ports, running, wait_for

HOURS = 4
RULES = """
groups:
  - name: shop
    interval: 1s
    rules:
      - alert: CheckoutDown
        expr: vector(1) == 1
        labels: {service: checkout, severity: critical}
        annotations: {summary: checkout does not answer}
      - alert: Never
        expr: vector(0) == 1
        for: 5m
      - record: shop:orders:sum
        expr: vector(7)
"""
CONFIG = """
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ["127.0.0.1:%(alertmanager)d"]}]}]}
scrape_configs:
  - {job_name: prometheus, static_configs: [{targets: ["127.0.0.1:%(prometheus)d"]}]}
  - {job_name: gone, static_configs: [{targets: ["127.0.0.1:%(closed)d"]}]}
"""
ROUTES = "route: {receiver: night}\nreceivers: [{name: night}]\n"


@dataclass(frozen=True)
class Servers:
    """Their addresses, and where the made history begins: latency of checkout rises at its middle, cart is silent."""

    prometheus: str
    alertmanager: str
    begins: int
    ends: int

    @property
    def breaks(self) -> int:
        return (self.begins + self.ends) // 2


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Both of them, running and ready; the alert of the rules has reached Alertmanager."""
    programs = [shutil.which(name) for name in ("prometheus", "prometheus-alertmanager", "promtool")]
    if not all(programs):
        raise FileNotFoundError(MISSING)
    prometheus, alertmanager, promtool = (str(one) for one in programs)
    ports = dict(zip(("prometheus", "alertmanager", "closed"), free_ports(3), strict=True))
    ends = int(time.time()) // 60 * 60 - 60
    begins = ends - HOURS * 3600
    (folder / "history.txt").write_text(_history(begins, ends), "utf-8")
    (folder / "rules.yml").write_text(RULES, "utf-8")
    (folder / "prometheus.yml").write_text(CONFIG % ports, "utf-8")
    (folder / "routes.yml").write_text(ROUTES, "utf-8")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "history.txt", "data"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    with ExitStack() as started:
        here = f"127.0.0.1:{ports['alertmanager']}"
        options = ["--config.file=routes.yml", "--storage.path=alerts", f"--web.listen-address={here}"]
        started.enter_context(running([alertmanager, *options, "--cluster.listen-address="], folder))
        here = f"127.0.0.1:{ports['prometheus']}"
        options = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address={here}"]
        # An alert that fires before Alertmanager was found is sent once more after this delay.
        started.enter_context(running([prometheus, *options, "--rules.alert.resend-delay=1s"], folder))
        wait_for(f"{urls['prometheus']}/-/ready")
        wait_for(f"{urls['alertmanager']}/api/v2/alerts", lambda body: len(json.loads(body)) > 0)
        wait_for(f"{urls['prometheus']}/api/v1/targets", lambda body: b"connection refused" in body and b'"up"' in body)
        yield Servers(urls["prometheus"], urls["alertmanager"], begins, ends)


@contextmanager
def alertmanager(folder: Path, routes: str) -> Iterator[str]:
    """An Alertmanager by itself with these routes, running and ready; its address."""
    program = shutil.which("prometheus-alertmanager")
    if program is None:
        raise FileNotFoundError(MISSING)
    (port,) = free_ports(1)
    (folder / "routes.yml").write_text(routes, "utf-8")
    options = ["--config.file=routes.yml", "--storage.path=alerts", f"--web.listen-address=127.0.0.1:{port}"]
    with running([program, *options, "--cluster.listen-address="], folder):
        wait_for(f"http://127.0.0.1:{port}/-/ready")
        yield f"http://127.0.0.1:{port}"


def _history(begins: int, ends: int) -> str:
    """OpenMetrics: latency that triples in the middle, of another service that is silent for an hour."""
    lines = ["# TYPE latency_seconds gauge", "# HELP latency_seconds How long a request takes."]
    middle = (begins + ends) // 2
    for at in range(begins, ends + 1, 60):
        wobble = (at // 60 % 5) * 0.001
        lines.append(f'latency_seconds{{service="checkout"}} {(0.1 if at < middle else 0.3) + wobble} {at}')
    heard = (at for at in range(begins, ends + 1, 60) if not middle <= at < middle + 3600)
    lines += [f'latency_seconds{{service="cart"}} 0.2 {at}' for at in heard]
    return "\n".join([*lines, "# EOF", ""])
