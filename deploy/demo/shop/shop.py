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
_PROGRAM = """#!{python}
import sys
sys.path.insert(0, {root!r})
from deploy.demo.shop.__main__ import main
sys.exit(main(["--folder", {folder!r}, *sys.argv[1:]]))
"""
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
    def program(self) -> Path:
        """The command line of this shop as a program of its own, for who may run nothing else."""
        return self.folder / "bin" / "shop"

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
        before = self.releases.current(service).version
        self._order("/deploy", body)
        self.tell(service, release.version, said, before)

    def configure(self, service: str, said: Said, **config: float) -> None:
        """Deploy the version that runs with other numbers in its configuration."""
        now = self.releases.current(service)
        self.deploy(service, replace(now, config={**now.config, **config}), said)

    def before(self, service: str, version: str = "") -> Release:
        """What ran before. Raises LookupError when nothing did, or another version than the one that is meant."""
        before = self.releases.before(service)
        if before is None:
            raise LookupError(f"nothing ran before of {service}")
        if version and before.version != version:
            raise LookupError(f"before, {before.version} of {service} ran, and not {version}")
        return before

    def rollback(self, service: str, author: str = "ann", version: str = "") -> None:
        """Deploy what ran before. Raises LookupError when nothing did, or another ``version`` where one is given."""
        before = self.before(service, version)
        self.deploy(service, before, Said(f"Roll {service} back to {before.version}", author, "rollback"))

    def restart(self, service: str, author: str = "ann") -> None:
        """Replace a service by a new process of the same release."""
        self._order("/restart", {"service": service})
        self.tell(service, self.releases.current(service).version, Said(f"Restart {service}", author, "restart"))

    def exports(self, service: str) -> Mapping[Path, int]:
        """The exports on a service's volume, and how many bytes each has."""
        found = sorted((self.folder / "volumes" / service).glob("export-*.csv"))
        return {file: file.stat().st_size for file in found}

    def clean(self, service: str) -> int:
        """Delete the exports on a service's volume; how many bytes that frees."""
        exports = self.exports(service)
        for file in exports:
            file.unlink()
        return sum(exports.values())

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

    def tell(self, service: str, version: str, said: Said, previous: str = "") -> None:
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
            **({"previous": previous} if previous not in ("", version) else {}),
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
    _write_program(shop)
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


def _write_program(shop: Shop) -> None:
    shop.program.parent.mkdir(exist_ok=True)
    text = _PROGRAM.format(python=sys.executable, root=str(ROOT), folder=str(shop.folder.resolve()))
    shop.program.write_text(text, "utf-8")
    shop.program.chmod(0o700)
