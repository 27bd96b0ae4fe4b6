"""Processes of our own on loopback: free ports, starting, waiting until something answers, stopping by id."""

import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Below those that systems give to connections: a service may be started minutes after its port was chosen.
_PORTS = range(20_000, 32_000)
_given: set[int] = set()
_END_WITHIN_SECONDS = 10.0


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens at, and that nobody else is given while they are not yet used."""
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            port, one = secrets.choice(_PORTS), held.enter_context(socket.socket())
            with suppress(OSError):
                one.bind((LOOPBACK, port))
                if port not in _given:
                    _given.add(port)
                    found.append(port)
    return found


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[None]:
    """A program that runs in a folder and writes a log there; killed at the end."""
    with (folder / f"{Path(command[0]).name}.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)  # noqa: S603  # no shell, our own words
        try:
            yield
        finally:
            process.kill()
            process.wait(timeout=_END_WITHIN_SECONDS)


def wait_for(url: str, enough: Callable[[bytes], bool] = lambda _: True, seconds: float = 60.0) -> bytes:
    """What an address of loopback answers, once it is enough. Raises TimeoutError."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # loopback
                body: bytes = answer.read()
                if enough(body):
                    return body
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.1)
    raise TimeoutError(f"{url} did not become ready within {seconds:g} s")
