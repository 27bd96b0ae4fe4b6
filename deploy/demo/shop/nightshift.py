"""Nightshift's settings for the shop: what watches it, what may be asked, and who posts alerts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.shop.monitoring import Monitoring, Webhook
from deploy.demo.shop.processes import LOOPBACK
from deploy.demo.shop.shop import Shop

SERVICES = Path(__file__).with_name("services.yaml")
REMEDIES = Path(__file__).parents[1] / "remedies"


@dataclass(frozen=True)
class Door:
    """Where Nightshift listens, and the token with which alerts are posted to it."""

    port: int
    token: str

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def webhook(self) -> Webhook:
        """Where alerts are told."""
        return Webhook(f"{self.url}/alerts/alertmanager", self.token)


def settings_for(shop: Shop, watched: Monitoring, door: Door, home: Path) -> Mapping[str, object]:
    """What has to be set for the shop, on top of what is set anyway; Nightshift writes below ``home``."""
    return {
        "services_file": SERVICES,
        "web": {"host": LOOPBACK, "port": door.port},
        "ports": {
            "tools": ["prometheus", "alertmanager", "logfiles", "changes"],
            "alerts": ["alertmanager"],
            "remediation": ["command"],
        },
        "remedies": {"folder": REMEDIES},
        # All that is asked is on this machine.
        "incidents": {"calls": 150},
        "connectors": {
            "alerts": {"alertmanager": {"token": door.token}},
            "remediation": {"command": _commands(shop)},
            "state": {"sql": {"path": str(home / "state.db")}},
            "tools": {
                "prometheus": {"url": watched.prometheus},
                "alertmanager": {"url": watched.alertmanager},
                "logfiles": {"folder": str(shop.folder / "logs")},
                "changes": {"file": str(home / "changes.sqlite")},
            },
        },
    }


def _commands(shop: Shop) -> Mapping[str, object]:
    """The shop's command line is all that may be run; who is root has to say so."""
    allowed = {"programs": [shop.program.name], "path": [str(shop.program.parent)]}
    return allowed if os.getuid() else {**allowed, "user": "root"}
