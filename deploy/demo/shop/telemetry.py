"""What a service tells of itself: a log of JSON lines, and its metrics."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


class Failure(Exception):
    """Something did not go well in a way that was foreseen: it is answered with ``status`` and leaves no trace."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Metrics:
    """The metrics of one service; Prometheus adds whose they are when it reads them."""

    def __init__(self, service: str, version: str, upstream: str) -> None:
        """Those of ``service``; its calls of others are measured under names that begin with ``upstream``."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._took = self._histogram(f"{service}_request_duration_seconds", "How long requests take.", "route")
        self._requests = self._counter(f"{service}_requests", "Requests that were answered.", "route")
        self._called = self._histogram(f"{upstream}_duration_seconds", "How long calls of others take.", "target")
        self._calls = self._counter(f"{upstream}s", "Calls of other services.", "target")
        build = Gauge("build_info", "The version that runs.", ("version",), registry=self.registry)
        build.labels(version).set(1)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._took.labels(route, str(status)).observe(seconds)
        self._requests.labels(route, str(status)).inc()

    def called(self, target: str, status: str, seconds: float) -> None:
        """Another service was called; ``status`` is ``none`` where nothing came back."""
        self._called.labels(target, status).observe(seconds)
        self._calls.labels(target, status).inc()

    def _histogram(self, name: str, about: str, by: str) -> Histogram:
        return Histogram(name, about, (by, "status"), buckets=_BUCKETS, registry=self.registry)

    def _counter(self, name: str, about: str, by: str) -> Counter:
        return Counter(name, about, (by, "status"), registry=self.registry)


class Pool:
    """Connections to a database, of which there are only so many: who finds none waits, and gives up after a while."""

    def __init__(self, name: str, size: int, patience_seconds: float, registry: CollectorRegistry) -> None:
        self._name, self.size, self._patience = name, size, patience_seconds
        self._free = threading.Semaphore(size)
        self._waiting = 0
        self._in_use = Gauge("db_pool_in_use_connections", "Connections in use.", registry=registry)
        Gauge("db_pool_max_connections", "Connections there are.", registry=registry).set(size)
        self._waited = Histogram(
            "db_pool_wait_seconds", "How long a connection was waited for.", buckets=_BUCKETS, registry=registry
        )
        self._gave_up = Counter("db_pool_timeouts", "Requests that found no connection.", registry=registry)

    @contextmanager
    def connection(self) -> Iterator[None]:
        """One of them. Raises Failure when none was free in time."""
        began = time.monotonic()
        self._waiting += 1
        free = self._free.acquire(timeout=self._patience)
        self._waiting -= 1
        self._waited.observe(time.monotonic() - began)
        if not free:
            self._gave_up.inc()
            waited = f"no connection within {self._patience * 1000:.0f} ms"
            raise Failure(503, f"pool {self._name}: {waited} (in use {self.size}, waiting {self._waiting + 1})")
        self._in_use.inc()
        try:
            yield
        finally:
            self._in_use.dec()
            self._free.release()


def open_log(file: Path, service: str, version: str) -> logging.Logger:
    """A logger that writes one JSON object per line to the end of a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(_JsonLines(service, version))
    log = logging.getLogger(f"shop.{service}")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(handler)
    return log


class _JsonLines(logging.Formatter):
    def __init__(self, service: str, version: str) -> None:
        super().__init__()
        self._known = {"service": service, "version": version}

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": at, "level": record.levelname.lower(), "message": record.getMessage(), **self._known}
        if record.exc_info:
            line["stack"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
