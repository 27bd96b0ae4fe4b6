"""The local model's server as a process: started on first use, started again after a crash, gone with its parent."""

import asyncio
import contextlib
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectors.llm.port import ModelUnavailable

_SERVER = Path(__file__).with_name("llama_server.py")
# What the loader and libraries need, and no secrets: this process reads untrusted text with native code.
_HANDED_ON = ("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "LANG")


@dataclass(frozen=True)
class Served:
    """Where the server answers, and the key that it wants."""

    address: str
    key: str


@dataclass
class ServerProcess:
    """Keeps one server running while it is wanted. Its messages go to ``log``, begun anew at every start."""

    parameters: Mapping[str, str | int]
    log: Path
    start_seconds: float
    program: Path = _SERVER
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _starting: "asyncio.Task[Served] | None" = field(default=None, init=False)

    @property
    def process_id(self) -> int | None:
        """The server's process id, None while there is none."""
        return self._process.pid if self._process else None

    async def running(self) -> Served:
        """The server, started when there is none. Raises ModelUnavailable with the log's last line.

        A start goes on when the call that began it gives up: the next call finds it further.
        """
        if self._starting is None or self._ended():
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(lambda start: start.cancelled() or start.exception())
        return await asyncio.shield(self._starting)

    async def stop(self) -> None:
        """End the server and wait until it is gone."""
        starting, self._starting = self._starting, None
        if starting is not None:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        await self._end()

    def _ended(self) -> bool:
        if self._starting is None or not self._starting.done():
            return False
        return self._process is None or self._process.returncode is not None

    async def _start(self) -> Served:
        await self._end()
        key = secrets.token_urlsafe(32)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                str(self.program),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=_environment(),
            )
        try:
            async with asyncio.timeout(self.start_seconds):
                return Served(await self._told(self._process, key), key)
        except (TimeoutError, OSError, ValueError, LookupError) as failed:
            await self._end()
            raise ModelUnavailable(f"The local model's server did not start: {self._last_words()}") from failed
        except asyncio.CancelledError:
            await self._end()
            raise

    async def _told(self, process: asyncio.subprocess.Process, key: str) -> str:
        """Tell the server what to serve, and be told where."""
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes")
        # The key goes through the pipe, because arguments and environments of processes can be read by others.
        process.stdin.write(json.dumps({**self.parameters, "key": key}).encode() + b"\n")
        await process.stdin.drain()
        return str(json.loads(await process.stdout.readline())["address"])

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        return f"{last[:300]} (the whole of it: {self.log})"


def _environment() -> dict[str, str]:
    handed_on = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}  # noqa: TID251 - handed on to the child
    # Spinning OpenMP threads starve every other process of a small machine; see GOMP's and LLVM's OMP_WAIT_POLICY.
    return {**handed_on, "OMP_WAIT_POLICY": "passive"}
