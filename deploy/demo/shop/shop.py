"""The shop from outside: started in a folder, and changed the way people and pipelines change a real one."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import httpx

from deploy.demo.shop.processes import LOOPBACK, free_ports, wait_for
from deploy.demo.shop.release import Release, Releases
from deploy.demo.shop.supervisor import ROOT

VERSIONS: Mapping[str, str] = {
    "storefront": "9.4.1",
    "checkout": "4.18.2",
    "inventory": "3.3.0",
    "payments": "6.2.3",
    "orders": "7.1.5",
    "northbank": "1",
}
PROVIDERS = ("northbank",)
"""Who is outside: nobody here reads their metrics and logs, and they tell nobody what they change."""

_PORTS, _CHANGES = "ports.json", "changes.json"
_SECONDS = 20.0
_END_WITHIN_SECONDS = 15.0

Kind = Literal["deployment", "configuration", "rollback", "restart", "flag"]


@dataclass(frozen=True)
class Said:
    """What is told of a change, beside what changed: in words, by whom, and of which sort it is."""

    summary: str
    author: str = "ann"
    kind: Kind = "deployment"


@dataclass(frozen=True)
class Shop:
    """A shop that runs in ``folder``; ``ports`` are those of its services and of its supervisor."""

    folder: Path
    ports: Mapping[str, int]

    @classmethod
    def of(cls, folder: Path) -> "Shop":
        """The shop that runs in a folder. Raises FileNotFoundError when none was started there."""
        try:
            return cls(folder, json.loads((folder / _PORTS).read_text("utf-8")))
        except FileNotFoundError:
            raise FileNotFoundError(f"No shop runs in {folder}.") from None

    @property
    def releases(self) -> Releases:
        """What runs of each service."""
        return Releases(self.folder / "releases")

    @property
    def started_at(self) -> float:
        """When it was started, in seconds since 1970."""
        return (self.folder / _PORTS).stat().st_mtime

    def state(self) -> Mapping[str, Mapping[str, object]]:
        """Version and process id of each service."""
        found: Mapping[str, Mapping[str, object]] = httpx.get(self._address("supervisor"), timeout=_SECONDS).json()
        return found

    def deploy(self, service: str, release: Release, said: Said) -> None:
        """Replace a service without a gap, and tell Nightshift. Raises httpx.HTTPError when it cannot be done."""
        body = {"service": service, "version": release.version, "config": dict(release.config)}
        self._order("/deploy", body)
        self.tell(service, release.version, said)

    def configure(self, service: str, said: Said, **config: float) -> None:
        """Deploy the version that runs with other numbers in its configuration."""
        now = self.releases.current(service)
        self.deploy(service, replace(now, config={**now.config, **config}), said)

    def rollback(self, service: str, author: str = "ann") -> None:
        """Deploy what ran before. Raises LookupError when nothing did."""
        before = self.releases.before(service)
        if before is None:
            raise LookupError(f"nothing ran before of {service}")
        self.deploy(service, before, Said(f"Roll {service} back to {before.version}", author, "rollback"))

    def restart(self, service: str, author: str = "ann") -> None:
        """Replace a service by a new process of the same release."""
        self._order("/restart", {"service": service})
        self.tell(service, self.releases.current(service).version, Said(f"Restart {service}", author, "restart"))

    def clean(self, service: str) -> int:
        """Delete the exports on a service's volume; how many bytes that frees."""
        exports = list((self.folder / "volumes" / service).glob("export-*.csv"))
        freed = sum(file.stat().st_size for file in exports)
        for file in exports:
            file.unlink()
        return freed

    def job(self, service: str, name: str, **numbers: float) -> None:
        """Start or stop something that a service does on demand."""
        httpx.post(f"{self._address(service)}/{name}", json=numbers, timeout=_SECONDS).raise_for_status()

    def report_to(self, url: str, token: str = "") -> None:
        """Tell Nightshift at this address of changes from now on, with its token if it has one."""
        file = self.folder / _CHANGES
        file.touch(mode=0o600)
        file.write_text(json.dumps({"url": url, "token": token}), "utf-8")

    def _order(self, path: str, body: Mapping[str, Any]) -> None:
        httpx.post(f"{self._address('supervisor')}{path}", json=body, timeout=_SECONDS).raise_for_status()

    def tell(self, service: str, version: str, said: Said) -> None:
        """Tell Nightshift of a change, as a pipeline does: that nobody listens does not stop it."""
        known = self.folder / _CHANGES
        if service in PROVIDERS or not known.exists():
            return
        to = json.loads(known.read_text("utf-8"))
        change = {
            "service": service,
            "environment": "production",
            "kind": said.kind,
            "summary": said.summary,
            "version": version,
            "author": said.author,
        }
        headers = {"Authorization": f"Bearer {to['token']}"} if to["token"] else {}
        try:
            httpx.post(f"{to['url']}/api/changes", json=change, headers=headers, timeout=_SECONDS).raise_for_status()
        except httpx.HTTPError as deaf:
            sys.stderr.write(f"Nightshift was not told of this change: {deaf}\n")

    def _address(self, service: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[service]}"


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    """A shop that runs in a folder and has its customers; all its processes have ended when this is left."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [*VERSIONS, "supervisor"]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    (folder / _PORTS).write_text(json.dumps(ports), "utf-8")
    shop = Shop(folder, ports)
    for service, version in VERSIONS.items():
        shop.releases.deploy(service, Release(version))
    command = [sys.executable, "-m", "deploy.demo.shop.supervisor", str(folder)]
    with (folder / "supervisor.err").open("ab") as errors:
        process = subprocess.Popen(  # noqa: S603  # our own module
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=errors, stderr=errors
        )
    try:
        wait_for(f"http://{LOOPBACK}:{ports['supervisor']}/metrics", seconds=_SECONDS)
        yield shop
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(timeout=_END_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            # Its services end with it, as their standard input does.
            process.kill()
            process.wait()
