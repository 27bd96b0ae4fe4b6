"""A model in a process of its own: started on first use, spoken to over pipes, gone when its parent is."""

import asyncio
import contextlib
import functools
import json
import os
import signal
import struct
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, TypeVar, cast

Task = TypeVar("Task")
"""What one piece of work looks like: anything that JSON can hold."""

_HEADER = struct.Struct("<?I")
_NICENESS = 5

# Spinning OpenMP threads starve every other process of a small machine; see GOMP's and LLVM's OMP_WAIT_POLICY.
# The model lies in a local folder: a worker that asks a model hub would only wait for a time-out.
_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "passive",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
}


def serve(load: Callable[[], Callable[[list[Task]], bytes]]) -> None:
    """The child's whole life: load the model, say so, then answer one list of tasks after the other until stdin ends.

    Whatever a model library raises ends the child, after the parent was told why.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    # Libraries print to stdout as they please; the pipe to the parent is for replies alone.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.excepthook = functools.partial(_tell, replies)
    answer = load()
    _reply(replies, b"", done=True)
    while (request := _request(sys.stdin.buffer)) is not None:
        _reply(replies, answer(cast("list[Task]", json.loads(request))), done=True)


def _tell(replies: BinaryIO, kind: type[BaseException], failed: BaseException, _: TracebackType | None) -> None:
    _reply(replies, f"{kind.__name__}: {failed}".encode("utf-8", "replace")[:2_000], done=False)


def _reply(replies: BinaryIO, body: bytes, *, done: bool) -> None:
    replies.write(_HEADER.pack(done, len(body)) + body)
    replies.flush()


def _request(stream: BinaryIO) -> bytes | None:
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    return stream.read(_HEADER.unpack(header)[1])


@dataclass
class Worker:
    """The parent's end. One call at a time: whoever holds it talks to it alone.

    ``module`` is run with ``argument`` and calls ``serve``. A worker that died is started once more within the same
    call; a late call ends the process, because its reply must not be taken for the next one's. Whatever goes wrong is
    raised as ``unavailable``, in words for whoever set up ``seam``.
    """

    module: str
    argument: str
    start_timeout_seconds: float
    call_timeout_seconds: float
    seam: str
    unavailable: type[Exception]
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _closed: bool = field(default=False, init=False)

    @property
    def process_id(self) -> int | None:
        """The child's id, None while there is none."""
        return self._process.pid if self._process else None

    async def call(self, tasks: Sequence[object]) -> bytes:
        """What the model makes of the tasks. Raises ``unavailable``."""
        # A caller that gives up leaves the work to its end: cheaper than ending the worker and loading the model anew.
        work = asyncio.ensure_future(self._answer(tasks))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            with contextlib.suppress(self.unavailable):
                await work
            raise

    async def aclose(self) -> None:
        """End the child; no call starts another."""
        self._closed = True
        await self._end()

    async def _answer(self, tasks: Sequence[object]) -> bytes:
        for _ in range(2):
            if self._closed:
                raise self.unavailable("Nightshift is shutting down; ask again when it is back.")
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                return await self._exchange(tasks)
        raise self.unavailable(
            f"The {self.seam} process died twice on the same texts. It may have run out of memory: free some, or "
            f"choose a smaller model under [connectors.{self.seam}] in nightshift.toml; its last words are in the log."
        )

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if process.stdin:
            process.stdin.close()
        await process.wait()

    async def _exchange(self, tasks: Sequence[object]) -> bytes:
        # After a complete answer the pipe is in step with the calls; after anything else it is not, and the child may
        # be ending.
        in_step = False
        try:
            process = self._process or await self._start()
            reply = await self._within(self.call_timeout_seconds, self._ask(process, tasks))
            in_step = True
        except _Refused as refused:
            raise self.unavailable(f"The {self.seam} model could not do it ({refused}).") from refused
        finally:
            if not in_step:
                await self._end()
        return reply

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self.module,
            self.argument,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[1],
            env={**os.environ, **_ENVIRONMENT},  # noqa: TID251 - handed on to the child, not read
        )
        try:
            await self._within(self.start_timeout_seconds, self._reply(self._process))
        except _Refused as refused:
            await self._end()
            raise self.unavailable(
                f"The {self.seam} model cannot be loaded ({refused}). Run `python -m bot models verify`."
            ) from refused
        return self._process

    async def _ask(self, process: asyncio.subprocess.Process, tasks: Sequence[object]) -> bytes:
        request = json.dumps(list(tasks)).encode()
        if process.stdin is None:
            raise ConnectionError
        process.stdin.write(_HEADER.pack(True, len(request)) + request)  # noqa: FBT003 - a struct's field
        await process.stdin.drain()
        return await self._reply(process)

    async def _reply(self, process: asyncio.subprocess.Process) -> bytes:
        if process.stdout is None:
            raise ConnectionError
        good, length = _HEADER.unpack(await process.stdout.readexactly(_HEADER.size))
        body = await process.stdout.readexactly(length)
        if not good:
            raise _Refused(body.decode("utf-8", "replace"))
        return body

    async def _within(self, seconds: float, work: Coroutine[None, None, bytes]) -> bytes:
        try:
            return await asyncio.wait_for(work, seconds)
        except TimeoutError:
            raise self.unavailable(
                f"The {self.seam} process did not answer within {seconds:g} s and was ended. The machine may be "
                f"overloaded: try again, or raise timeout_seconds under [connectors.{self.seam}] in nightshift.toml."
            ) from None


class _Refused(Exception):
    """The model could not do what was asked; the message is its own."""
