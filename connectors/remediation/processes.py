"""One process with everything it starts: a deadline, an environment of its own, and so much of its output."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

_GRACE_SECONDS = 2.0
_DRAIN_SECONDS = 1.0
# https://ecma-international.org/publications-and-standards/standards/ecma-48/: colours, movements, titles.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")


class NotStarted(Exception):
    """The process did not begin; the message says why."""


class Account(TypedDict, total=False):
    """Who the process runs as; empty: who we are."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Job:
    """What is to be started. ``environment`` is all of it; ``output_bytes`` is how much of its output is kept."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    seconds: float
    output_bytes: int
    account: Account = field(default_factory=Account)


@dataclass(frozen=True)
class Ended:
    """How it ended: ``code`` is negative for a signal, None when it was killed at its deadline."""

    code: int | None
    output: str
    seconds: float


@dataclass
class Output:
    """The beginning and the end of what a process writes, ``most`` bytes together."""

    most: int
    _head: bytearray = field(default_factory=bytearray, init=False)
    _tail: bytearray = field(default_factory=bytearray, init=False)
    _left_out: int = field(default=0, init=False)

    def take(self, part: bytes) -> None:
        """Keep what there is room for."""
        half = self.most // 2
        room = max(0, half - len(self._head))
        self._head += part[:room]
        self._tail += part[room:]
        if (over := len(self._tail) - (self.most - half)) > 0:
            self._left_out += over
            del self._tail[:over]

    @property
    def text(self) -> str:
        """As text without colours and signs that cannot be seen; it says how many bytes are left out."""
        gap = f"\n… {self._left_out} bytes left out …\n".encode() if self._left_out else b""
        shown = _ESCAPES.sub("", (self._head + gap + self._tail).decode(errors="replace"))
        lines = shown.replace("\r\n", "\n").replace("\r", "\n")
        return "".join(sign for sign in lines if sign.isprintable() or sign in "\n\t").strip()


async def run(job: Job) -> Ended:
    """Run it to its end, or to its deadline, or until we are cancelled: then its whole group is killed.

    What it leaves running when it ends by itself goes on. Raises NotStarted.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    # A pipe of ours: with one of asyncio's, a service that the program leaves running would keep us waiting for it.
    reading, writing = os.pipe()
    with contextlib.ExitStack() as unless_started:
        unless_started.callback(os.close, reading)
        try:
            process = await _started(job, writing)
        finally:
            os.close(writing)
        unless_started.pop_all()
    output = Output(job.output_bytes)
    draining = asyncio.create_task(_drain(reading, output))
    code: int | None = None
    try:
        async with asyncio.timeout(job.seconds):
            code = await process.wait()
    except TimeoutError:
        code = None
    finally:
        if process.returncode is None:
            await _kill(process)
        await asyncio.wait({draining}, timeout=_DRAIN_SECONDS)
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
    return Ended(code, output.text, loop.time() - began)


async def _started(job: Job, writing: int) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *job.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            env=dict(job.environment),
            cwd=job.folder,
            start_new_session=True,
            **job.account,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as refused:
        raise NotStarted(f"{job.argv[0]} cannot be started in {job.folder}: {refused}") from refused


async def _drain(reading: int, output: Output) -> None:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", buffering=0)
    )
    try:
        while part := await reader.read(65536):
            output.take(part)
    finally:
        transport.close()


async def _kill(process: asyncio.subprocess.Process) -> None:
    _signal(process, signal.SIGTERM)
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE_SECONDS)
    finally:
        # Also when its first process is gone: the others of its group may not have listened.
        _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
