"""A real Prometheus and a real Alertmanager that watch the shop, and tell Nightshift what they see."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from deploy.demo.shop.history import Target, write_history
from deploy.demo.shop.processes import LOOPBACK, free_ports, running, wait_for
from deploy.demo.shop.shop import PROVIDERS, Shop

MISSING = "Prometheus is not installed: `apt-get install prometheus prometheus-alertmanager`"
HERE = Path(__file__).parent
_SCRAPED = """
  - job_name: $name
    static_configs: [{targets: ["127.0.0.1:$port"], labels: $labels}]
"""


@dataclass(frozen=True)
class Webhook:
    """Where alerts are told, such as ``http://127.0.0.1:8080/alerts/alertmanager``, and with which token."""

    url: str
    token: str


@dataclass(frozen=True)
class Monitoring:
    """The ports of both."""

    prometheus_port: int
    alertmanager_port: int

    @classmethod
    def somewhere(cls) -> "Monitoring":
        """At ports that are free."""
        return cls(*free_ports(2))

    @property
    def prometheus(self) -> str:
        """Its address."""
        return f"http://{LOOPBACK}:{self.prometheus_port}"

    @property
    def alertmanager(self) -> str:
        """Its address."""
        return f"http://{LOOPBACK}:{self.alertmanager_port}"


def installed() -> bool:
    """Whether both programs are there."""
    return all(shutil.which(name) for name in ("prometheus", "prometheus-alertmanager", "promtool"))


@contextmanager
def watching(
    shop: Shop, webhook: Webhook | None = None, at: Monitoring | None = None, *, with_past: bool = False
) -> Iterator[Monitoring]:
    """Both of them, running, ready, and with a first look at every service. Raises FileNotFoundError.

    ``with_past``: Prometheus knows what was usual before the shop was started, which takes it a quarter of a minute.
    """
    if not installed():
        raise FileNotFoundError(MISSING)
    there, folder = at or Monitoring.somewhere(), shop.folder / "monitoring"
    folder.mkdir(exist_ok=True)
    _write(folder, shop, webhook, there)
    if with_past:
        known = {name: Target(shop.ports[name], labels) for name, labels in _targets(shop).items()}
        write_history(_program("promtool"), folder, known, shop.started_at)
    with ExitStack() as started:
        options = ["--config.file=alertmanager.yml", "--storage.path=alerts", "--cluster.listen-address="]
        listen = f"--web.listen-address={LOOPBACK}:{there.alertmanager_port}"
        started.enter_context(running([_program("prometheus-alertmanager"), *options, listen], folder))
        options = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--rules.alert.resend-delay=1s"]
        listen = f"--web.listen-address={LOOPBACK}:{there.prometheus_port}"
        started.enter_context(running([_program("prometheus"), *options, listen], folder))
        wait_for(f"{there.alertmanager}/-/ready")
        targets = len(_targets(shop))
        wait_for(f"{there.prometheus}/api/v1/targets", lambda body: body.count(b'"health":"up"') == targets)
        yield there


def _write(folder: Path, shop: Shop, webhook: Webhook | None, there: Monitoring) -> None:
    scraped = "".join(
        Template(_SCRAPED).substitute(name=name, port=shop.ports[name], labels=json.dumps(labels))
        for name, labels in _targets(shop).items()
    )
    main = Template((HERE / "prometheus.yml").read_text("utf-8"))
    text = main.substitute(alertmanager=f"{LOOPBACK}:{there.alertmanager_port}", scraped=scraped)
    (folder / "prometheus.yml").write_text(text, "utf-8")
    shutil.copyfile(HERE / "alerts.yml", folder / "alerts.yml")
    if webhook is None:
        (folder / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", "utf-8")
        return
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(webhook.token, "utf-8")
    routes = Template((HERE / "alertmanager.yml").read_text("utf-8"))
    (folder / "alertmanager.yml").write_text(routes.substitute(url=webhook.url), "utf-8")


def _targets(shop: Shop) -> Mapping[str, Mapping[str, str]]:
    """Labels of what is scraped, by its name; the supervisor says itself which service it speaks of."""
    inside = [name for name in shop.ports if name not in PROVIDERS]
    return {name: {} if name == "supervisor" else {"service": name} for name in inside}


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(MISSING)
    return found
