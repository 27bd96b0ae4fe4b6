"""Runs all services of the shop: starts them, replaces them without a gap, restarts what dies, kills what grows.

    python -m deploy.demo.shop.supervisor FOLDER

It listens at a port of its own for what is to be done, and ends with its standard input.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from deploy.demo.shop.release import Release, Releases
from deploy.demo.shop.serving import LOOPBACK, end_with_input
from deploy.demo.shop.telemetry import open_log
from deploy.demo.shop.traffic import Traffic

MEMORY_LIMIT_BYTES = 120 * 2**20
_LOOK_EVERY_SECONDS = 0.2
_READY_WITHIN_SECONDS = 20.0
_PAGE = os.sysconf("SC_PAGE_SIZE")
ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Worker:
    """One process of a service, which ends when ``process.stdin`` is closed."""

    process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, service: str, folder: Path) -> "Worker":
        """A process that answers. Raises OSError when it does not begin to."""
        command = [sys.executable, "-m", "deploy.demo.shop.serving", service, str(folder)]
        with (folder / "supervisor.err").open("ab") as errors:
            process = subprocess.Popen(  # noqa: S603  # our own module
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        assert process.stdout is not None  # noqa: S101  # it is a pipe
        if process.stdout.readline() != "ready\n":
            process.kill()
            process.wait()
            raise OSError(f"{service} did not start; see {folder / 'supervisor.err'}")
        return cls(process)

    @property
    def memory_bytes(self) -> int:
        """How much memory it holds; 0 once it has ended."""
        try:
            return int(Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1]) * _PAGE
        except (OSError, IndexError):
            return 0

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Tell it to end, and wait until it has."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        self.process.wait()


@dataclass
class Supervisor:
    """The processes of the services in a folder, which holds their releases, ports, logs and volumes."""

    folder: Path
    services: tuple[str, ...]
    workers: dict[str, Worker] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.releases = Releases(self.folder / "releases")
        self.registry = CollectorRegistry()
        self._restarts = Counter("service_restarts", "Unplanned restarts.", ("service",), registry=self.registry)
        limit = Gauge("service_memory_limit_bytes", "Killed above this.", ("service",), registry=self.registry)
        self.logs = {name: open_log(self.folder / "logs" / f"{name}.log", name, "supervisor") for name in self.services}
        for name in self.services:
            self._restarts.labels(name)
            limit.labels(name).set(MEMORY_LIMIT_BYTES)

    def start(self) -> None:
        """Start everything; all start at the same time, and all answer when this returns."""
        starting = [threading.Thread(target=self.replace, args=(name,)) for name in self.services]
        for one in starting:
            one.start()
        for one in starting:
            one.join(_READY_WITHIN_SECONDS)
        missing = [name for name in self.services if name not in self.workers]
        if missing:
            raise OSError(f"did not start: {', '.join(missing)}")

    def replace(self, service: str) -> None:
        """Start what the current release says, then end what ran before: no request is lost."""
        fresh = Worker.start(service, self.folder)
        with self._lock:
            old = self.workers.get(service)
            self.workers[service] = fresh
        if old:
            old.stop()

    def watch(self) -> None:
        """Restart what has ended and kill what holds too much memory, until told to end."""
        while not self.ended.wait(_LOOK_EVERY_SECONDS):
            for service in self.services:
                with self._lock:
                    worker = self.workers[service]
                    if worker.memory_bytes > MEMORY_LIMIT_BYTES:
                        self._say(service, f"killed: memory over the limit of {MEMORY_LIMIT_BYTES // 2**20} MiB")
                        worker.stop(signal.SIGKILL)
                    if worker.process.poll() is not None and not self.ended.is_set():
                        self._restarted(service, worker)

    def _restarted(self, service: str, worker: Worker) -> None:
        worker.stop()
        self._restarts.labels(service).inc()
        self._say(service, f"process ended with {worker.process.returncode}, restarted")
        self.workers[service] = Worker.start(service, self.folder)

    def _say(self, service: str, what: str) -> None:
        self.logs[service].error("supervisor: %s: %s", service, what)

    def stop(self) -> None:
        """End everything, each by its own id."""
        self.ended.set()
        with self._lock:
            for worker in self.workers.values():
                worker.stop(signal.SIGKILL)


class _Control(BaseHTTPRequestHandler):
    server: "ControlServer"

    def do_GET(self) -> None:
        supervisor = self.server.supervisor
        if self.path == "/metrics":
            return self._say(200, generate_latest(supervisor.registry))
        known = {
            name: {"version": supervisor.releases.current(name).version, "pid": worker.process.pid}
            for name, worker in sorted(supervisor.workers.items())
        }
        return self._say(200, json.dumps(known).encode())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        done = self.server.orders.get(self.path)
        if done is None or asked.get("service") not in self.server.supervisor.services:
            return self._say(404, b'{"error": "no such order, or no such service"}')
        try:
            done(asked)
        except (OSError, ValueError, KeyError) as failed:
            return self._say(500, json.dumps({"error": str(failed)}).encode())
        return self._say(200, b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on standard error."""

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class ControlServer(ThreadingHTTPServer):
    """Takes what is to be done with a service: restart it, kill it, or deploy a release of it."""

    daemon_threads = True

    def __init__(self, supervisor: Supervisor, port: int) -> None:
        super().__init__((LOOPBACK, port), _Control)
        self.supervisor = supervisor
        self.orders: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "/restart": lambda asked: supervisor.replace(asked["service"]),
            "/deploy": self._deploy,
        }

    def _deploy(self, asked: Mapping[str, Any]) -> None:
        release = Release(asked["version"], asked.get("config", {}))
        self.supervisor.releases.deploy(asked["service"], release)
        self.supervisor.replace(asked["service"])


def main() -> int:
    """Run the shop of a folder until standard input ends or a signal comes."""
    folder = Path(sys.argv[1])
    ports = json.loads((folder / "ports.json").read_text("utf-8"))
    services = tuple(name for name in ports if name != "supervisor")
    supervisor = Supervisor(folder, services)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.ended.set())
    threading.Thread(target=end_with_input, args=(supervisor.ended.set,), daemon=True).start()
    try:
        supervisor.start()
        threading.Thread(target=ControlServer(supervisor, ports["supervisor"]).serve_forever, daemon=True).start()
        threading.Thread(target=Traffic(ports["storefront"], supervisor.ended).run, daemon=True).start()
        supervisor.watch()
    finally:
        supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
