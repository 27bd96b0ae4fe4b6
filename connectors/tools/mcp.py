"""Tools of any MCP server, those that only read: allow-listed, and refused when their description has changed."""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from connectors.checkup import Fact
from connectors.configuration import HomePath
from connectors.tools.mcp_pins import Pins, digest
from connectors.tools.mcp_session import Server, Session
from connectors.tools.port import Arguments, BadArguments, Kind, Result, Tool, Tools, ToolUnavailable

if TYPE_CHECKING:
    from mcp import Client, types

_MOST_PAGES = 20
# Without an underscore, so that the name of a tool says which server it is on.
ServerName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
_NAME, _DESCRIPTION = 64, 2000


class Settings(BaseModel):
    """Which servers, by a short name of yours."""

    servers: Mapping[ServerName, Server] = Field(default_factory=dict)
    """One table per server, such as ``[connectors.tools.mcp.servers.time]``."""

    kinds: Mapping[str, Kind] = Field(default_factory=dict)
    """What a server's tools are about, by its name: metrics, logs, cluster, alerts, changes, network; else other."""

    pins: HomePath = Path("mcp-pins.json")
    """Where the descriptions first seen are kept, as digests."""

    accept: tuple[str, ...] = ()
    """Changed descriptions that may be used: ``server/tool:digest``, as the refusal names them."""


class McpTools:
    """The tools of all servers, named ``server_tool``. A server that cannot be reached costs only its own tools."""

    def __init__(self, settings: Settings, pins: Pins, sessions: Mapping[str, Session]) -> None:
        self._settings = settings
        self._pins = pins
        self._sessions = sessions

    async def list(self) -> Sequence[Tool]:
        """Tools that may be used. Raises ToolUnavailable when no server can be reached."""
        found, failures = [], []
        for name in self._sessions:
            try:
                allowed, _ = await self._tools(name)
            except ToolUnavailable as away:
                failures.append(str(away))
            else:
                found += [self._described(name, tool) for tool in allowed.values()]
        if failures and len(failures) == len(self._sessions):
            raise ToolUnavailable(" ".join(failures), passing=True)
        return found

    async def call(self, name: str, arguments: Arguments) -> Result:
        """Ask one tool. What its server says is text of other people, and a failure that it reports is a result."""
        server = next((one for one in self._sessions if name.startswith(f"{one}_")), None)
        if server is None:
            raise BadArguments(f"There is no MCP server for {name!r}; there are {', '.join(self._sessions) or 'none'}.")
        # Asked anew each time: a description that changed since it was listed must be noticed before the call.
        allowed, refused = await self._tools(server)
        if name in refused:
            raise ToolUnavailable(refused[name])
        if name not in allowed:
            raise BadArguments(f"{name!r} is no tool that may be used; there are {', '.join(allowed) or 'none'}.")
        async with self._speaking(server) as client:
            answered = await client.call_tool(allowed[name].name, dict(arguments))
        text = "\n".join(_text(block) for block in answered.content)
        if not text and answered.structured_content is not None:
            text = json.dumps(answered.structured_content, ensure_ascii=False, indent=1)
        query = f"{server}: {allowed[name].name} {json.dumps(dict(arguments), ensure_ascii=False)}"
        return Result(text or "No output.", query, failed=bool(answered.is_error))

    async def checkup(self) -> tuple[Fact, ...]:
        """Of every server how many tools may be used, and of every tool that changed why it may not."""
        facts = []
        for server in self._sessions:
            try:
                allowed, refused = await self._tools(server)
            except (ToolUnavailable, BadArguments) as away:
                facts.append(Fact("FAIL", str(away)))
                continue
            mend = f"Name those that only read in connectors.tools.mcp.servers.{server}.read_only (docs/tools.md)."
            said = f"tools of the MCP server {server} that may be used: {len(allowed)}"
            facts.append(Fact("OK" if allowed else "WARN", said, "" if allowed or refused else mend))
            facts += [Fact("WARN", why) for why in refused.values()]
        return tuple(facts)

    async def _tools(self, server: str) -> "tuple[dict[str, types.Tool], dict[str, str]]":
        """The tools of a server that may be used, and why others that were used before may not."""
        listed = await self._listed(server)
        rules = self._settings.servers[server]
        wanted = {
            _named(server, tool): tool
            for tool in listed
            if (not rules.allow or tool.name in rules.allow)
            and (tool.name in rules.read_only or (tool.annotations and tool.annotations.read_only_hint))
        }
        digests = {name: digest(tool.model_dump(mode="json", exclude_none=True)) for name, tool in wanted.items()}
        refused = self._pins.refused(server, digests)
        return {name: tool for name, tool in wanted.items() if name not in refused}, refused

    async def _listed(self, server: str) -> "Sequence[types.Tool]":
        found: list[types.Tool] = []
        cursor: str | None = None
        async with self._speaking(server) as client:
            for _ in range(_MOST_PAGES):
                page = await client.list_tools(cursor=cursor, cache_mode="refresh")
                found += page.tools
                cursor = page.next_cursor
                if not cursor:
                    break
        return found

    @asynccontextmanager
    async def _speaking(self, server: str) -> "AsyncIterator[Client]":
        """The client of a server, whose failures become ours; a session that broke is closed."""
        from mcp import InputRequiredRoundsExceededError, MCPError
        from mcp_types import CONNECTION_CLOSED, INVALID_PARAMS, REQUEST_TIMEOUT

        session = self._sessions[server]
        client = await session.client()
        try:
            yield client
        except MCPError as error:
            if error.code == INVALID_PARAMS:
                raise BadArguments(f"The MCP server {server} does not accept this: {error.message[:300]}") from error
            broken = error.code in (CONNECTION_CLOSED, REQUEST_TIMEOUT)
            if broken:
                await session.close()
            raise ToolUnavailable(f"The MCP server {server} failed: {error.message[:300]}.", passing=broken) from error
        except InputRequiredRoundsExceededError as asking:
            raise ToolUnavailable(f"The MCP server {server} asks back, which nobody answers here.") from asking
        except RuntimeError as nonsense:
            raise ToolUnavailable(f"The MCP server {server} answered nonsense: {str(nonsense)[:300]}.") from nonsense

    def _described(self, server: str, tool: "types.Tool") -> Tool:
        about = (tool.description or "")[:_DESCRIPTION]
        title = tool.title or (tool.annotations.title if tool.annotations else None) or tool.name
        kind = self._settings.kinds.get(server, "other")
        return Tool(_named(server, tool), title, about, tool.input_schema, kind)


def _named(server: str, tool: "types.Tool") -> str:
    """A name that every model's API takes (letters, digits, _ and -, at most 64), still its own."""
    whole = f"{server}_{tool.name}"
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", whole)
    return name if name == whole and len(name) <= _NAME else f"{name[: _NAME - 8]}_{digest(whole)[:7]}"


def _text(block: "types.ContentBlock") -> str:
    """What a block says; of pictures and sounds only that they are there."""
    if block.type == "text":
        return block.text
    if block.type == "resource":
        return getattr(block.resource, "text", f"[{block.resource.uri}, not shown]")
    if block.type == "resource_link":
        return f"[{block.name}: {block.uri}]"
    return f"[{block.mime_type}, {len(block.data) * 3 // 4} bytes, not shown]"


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Tools]:
    """The tools; a server is started or reached by the first call, and ended with the rest."""
    sessions = {name: Session(name, server) for name, server in settings.servers.items()}
    try:
        yield McpTools(settings, Pins(settings.pins, settings.accept), sessions)
    finally:
        for session in sessions.values():
            await session.close()
