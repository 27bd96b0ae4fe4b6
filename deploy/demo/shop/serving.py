"""A service of the shop as a process: an HTTP server on loopback with metrics, a log, and calls of other services.

    python -m deploy.demo.shop.serving NAME FOLDER

It runs until its standard input ends, so that none outlives whoever started it.
"""

import http.client
import importlib
import importlib.util
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, TypeAlias

from prometheus_client import generate_latest

from deploy.demo.shop.release import Release, Releases
from deploy.demo.shop.telemetry import Failure, Metrics, open_log

Body: TypeAlias = dict[str, Any]
Route: TypeAlias = Callable[[Body], Body]

ANSWER_WITHIN_SECONDS = 4.0
DRAIN_SECONDS = 1.0
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Place:
    """Where a service is: its name, the folder of the shop, and the ports of all services."""

    name: str
    folder: Path
    ports: Mapping[str, int]


class Service:
    """What all services have in common. One that is built on it says which routes it has."""

    defaults: ClassVar[Mapping[str, float]] = {}
    """Its configuration where the release says nothing else."""

    upstream_metric: ClassVar[str] = ""
    """What one of its calls of other services is measured as; by its own name when empty."""

    def __init__(self, place: Place, release: Release) -> None:
        self.place, self.version = place, release.version
        self.config = {**self.defaults, **release.config}
        upstream = self.upstream_metric or f"{place.name}_upstream_request"
        self.metrics = Metrics(place.name, release.version, upstream)
        self.log = open_log(place.folder / "logs" / f"{place.name}.log", place.name, release.version)

    def routes(self) -> Mapping[str, Route]:
        """What is answered, by method and path, such as ``POST /pay``."""
        raise NotImplementedError

    def call(self, target: str, path: str, body: Body) -> Body:
        """What another service answers. Raises Failure when it refuses, fails, or does not answer in time."""
        began, status = time.monotonic(), "none"
        line = http.client.HTTPConnection(LOOPBACK, self.place.ports[target], timeout=ANSWER_WITHIN_SECONDS)
        try:
            line.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = line.getresponse()
            said, status = json.loads(answer.read() or b"{}"), str(answer.status)
        except TimeoutError:
            raise Failure(504, f"{target}{path} did not answer within {ANSWER_WITHIN_SECONDS:g} s") from None
        except (OSError, http.client.HTTPException) as away:
            raise Failure(502, f"{target}{path} cannot be reached: {away}") from None
        finally:
            line.close()
            self.metrics.called(target, status, time.monotonic() - began)
        if int(status) >= 400:
            raise Failure(502, f"{target}{path} answered {status}: {said.get('error', '')}")
        return dict(said)

    def answer(self, method: str, path: str, body: Body) -> tuple[int, Body]:
        """The answer to a request, which is counted and logged."""
        began, name = time.monotonic(), f"{method} {path}"
        route = self.routes().get(name)
        if route is None:
            return 404, {"error": f"there is no {name}"}
        try:
            status, said = 200, route(body)
        except Failure as failure:
            status, said = failure.status, {"error": str(failure)}
            self.log.error("%s failed: %s", name, failure)  # noqa: TRY400  # foreseen: a trace would say nothing
        except Exception as mistake:
            status, said = 500, {"error": f"{type(mistake).__name__}: {mistake}"}
            self.log.exception("%s failed: %s", name, said["error"])
        took = time.monotonic() - began
        self.metrics.answered(path, status, took)
        self.log.info("%s %d in %.0f ms", name, status, took * 1000)
        return status, said


class _Handler(BaseHTTPRequestHandler):
    server: "Server"

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._say(200, generate_latest(self.server.service.metrics.registry), "text/plain; version=0.0.4")
        else:
            self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on standard error: the service has its own log."""

    def _answer(self, method: str) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, said = self.server.service.answer(method, self.path, json.loads(raw or b"{}"))
        self._say(status, json.dumps(said).encode(), "application/json")

    def _say(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Serves one service. Two versions may listen side by side, so that a deployment drops no request."""

    daemon_threads = True
    allow_reuse_port = True
    request_queue_size = 128

    def __init__(self, service: Service) -> None:
        super().__init__((LOOPBACK, service.place.ports[service.place.name]), _Handler)
        self.service = service

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a caller that went away is its own affair."""


def build(place: Place, release: Release) -> Service:
    """The code of a version: a build of its own where there is one, else what all versions of the service share."""
    own = f"deploy.demo.shop.builds.{place.name}_{release.version.replace('.', '_')}"
    found = importlib.util.find_spec(own)
    module = importlib.import_module(own if found else "deploy.demo.shop.services")
    made: Service = getattr(module, place.name.capitalize())(place, release)
    return made


def end_with_input(stop: Callable[[], None]) -> None:
    """Stop once standard input ends, as it does when whoever holds its other end is gone."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    stop()


def main() -> int:
    """Serve until told to stop, or until standard input ends."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    ports = json.loads((folder / "ports.json").read_text("utf-8"))
    release = Releases(folder / "releases").current(name)
    service = build(Place(name, folder, ports), release)
    server = Server(service)

    def stop(_number: int = 0, _frame: FrameType | None = None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_input, args=(stop,), daemon=True).start()
    service.log.info("%s %s listens", name, release.version)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.05)
    server.socket.close()
    time.sleep(DRAIN_SECONDS)
    service.log.info("%s %s ends", name, release.version)
    return 0


if __name__ == "__main__":
    sys.exit(main())
