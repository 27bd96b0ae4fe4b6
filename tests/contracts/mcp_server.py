"""An MCP server for what no real one does on demand: its description changes, one tool ends it, another hangs."""

import os
import sys
import time

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

server = MCPServer("odd")
READS = ToolAnnotations(read_only_hint=True)


@server.tool(annotations=READS, description=sys.argv[1])
def ping() -> str:
    """Described by the first argument."""
    return "pong"


@server.tool(annotations=READS)
def die() -> str:
    """Ends the server."""
    os._exit(3)


@server.tool(annotations=READS)
def hang() -> str:
    """Does not answer in time."""
    time.sleep(60)
    return ""


@server.tool()
def write() -> str:
    """Says nothing about whether it only reads."""
    return "written"


if __name__ == "__main__":
    server.run("stdio")
