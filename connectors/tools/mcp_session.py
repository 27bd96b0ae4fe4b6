"""A session with one MCP server: opened by the first call, opened again after it broke, closed at the end."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TextIO, cast

from pydantic import BaseModel, Field, SecretStr, model_validator

from connectors.configuration import HomePath
from connectors.tools.port import ToolUnavailable

if TYPE_CHECKING:
    from mcp import Client

_LONGEST = 300


class Server(BaseModel):
    """One MCP server: a command that speaks over its pipes, or the address of one that speaks streamable HTTP."""

    command: tuple[str, ...] = ()
    """The program and its arguments."""

    environment: Mapping[str, SecretStr] = Field(default_factory=dict)
    """Environment variables for the program; of ours it gets only HOME, PATH and the like."""

    folder: HomePath | None = None
    """Where the program works."""

    url: str = ""
    """Address of a server that runs already, such as ``https://mcp.example.com/mcp``."""

    headers: Mapping[str, SecretStr] = Field(default_factory=dict)
    """What is sent along, such as ``Authorization = "Bearer …"``."""

    allow: tuple[str, ...] = ()
    """Tools that may be used; when empty, all that the server says only read."""

    read_only: tuple[str, ...] = ()
    """Tools that only read although the server does not say so. You vouch for them."""

    timeout_seconds: float = Field(default=20, gt=0)
    """How long starting it, or one answer, may take."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "Server":
        if bool(self.command) == bool(self.url):
            raise ValueError("set either command or url")
        return self


class Session:
    """One client for all calls. It lives in a task of its own, because the SDK closes it in the task that opened it."""

    def __init__(self, name: str, server: Server) -> None:
        self._name = name
        self._server = server
        self._opening = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._client: Client | None = None
        self._closing = asyncio.Event()

    async def client(self) -> "Client":
        """The open client. Raises ToolUnavailable when the server cannot be started or reached."""
        async with self._opening:
            if self._client is None or self._task is None or self._task.done():
                await self.close()
                await self._open()
            assert self._client is not None  # noqa: S101  # _open has set it, or raised
            return self._client

    async def close(self) -> None:
        """End the session, and the program when there is one; the next call opens another."""
        task, self._task, self._client = self._task, None, None
        if task is not None:
            self._closing.set()
            # Whatever ends badly here has been told to the call that met it.
            await asyncio.wait({task})
            task.cancelled() or task.exception()

    async def _open(self) -> None:
        self._closing = asyncio.Event()
        ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        with _written() as complaints:
            task = asyncio.create_task(self._live(ready, self._closing, complaints))
            waiting: set[asyncio.Future[Any]] = {task, ready}
            try:
                await asyncio.wait(waiting, timeout=self._server.timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not ready.done():
                    task.cancel()
            if ready.done():
                self._task, self._client = task, ready.result()
                return
            await asyncio.wait({task})
            raise ToolUnavailable(self._reason(task, complaints), passing=not self._server.command)

    async def _live(self, ready: "asyncio.Future[Client]", closing: asyncio.Event, complaints: TextIO) -> None:
        async with _connected(self._server, complaints) as client:
            ready.set_result(client)
            await closing.wait()

    def _reason(self, task: "asyncio.Task[None]", complaints: TextIO) -> str:
        complaints.seek(0)
        last = complaints.read().strip().splitlines()[-1:]
        error = None if task.cancelled() else task.exception()
        why = "; ".join([*_messages(error), *last]) or f"no answer within {self._server.timeout_seconds:g} s"
        mend = "url, headers and the network" if self._server.url else f"the command {self._server.command[0]!r}"
        return f"The MCP server {self._name} cannot be used ({why[:_LONGEST]}); check {mend}."


def _written() -> TextIO:
    return cast("TextIO", tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))  # the caller closes it


def _messages(error: BaseException | None) -> list[str]:
    """What went wrong, out of the groups that task groups raise."""
    if isinstance(error, BaseExceptionGroup):
        return [message for one in error.exceptions for message in _messages(one)]
    return [] if error is None else [str(error) or type(error).__name__]


@asynccontextmanager
async def _connected(server: Server, complaints: TextIO) -> "AsyncIterator[Client]":
    import httpx2
    from mcp import Client, StdioServerParameters, stdio_client
    from mcp.client.streamable_http import streamable_http_client

    seconds = server.timeout_seconds
    if server.command:
        program, *arguments = server.command
        environment = {key: value.get_secret_value() for key, value in server.environment.items()}
        started = StdioServerParameters(command=program, args=arguments, env=environment, cwd=server.folder)
        async with Client(stdio_client(started, complaints), read_timeout_seconds=seconds) as client:
            yield client
        return
    headers = {key: value.get_secret_value() for key, value in server.headers.items()}
    async with httpx2.AsyncClient(headers=headers, timeout=seconds) as http:
        transport = streamable_http_client(server.url, http_client=http)
        async with Client(transport, read_timeout_seconds=seconds) as client:
            yield client
