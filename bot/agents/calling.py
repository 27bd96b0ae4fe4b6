"""Which calls that a reasoning model asks for are made: the desk's own tools, asked for what they may be told."""

import json
import re
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from bot.desk import Desk, call_key
from bot.guards import outgoing
from bot.observations import ToolCall
from connectors.tools.port import Tool

_PLAIN_NAME = re.compile(r"[\w -]{1,80}")
_HOST = re.compile(r"(?:https?|wss?|ftp)://[^\s/:?#\"']+|(?<![\w.-])(?:[\w-]+\.)+[a-z]{2,}(?![\w-])", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")


async def admit_call(desk: Desk, tools: Mapping[str, Tool], call: ToolCall) -> ToolCall:
    """The call as it is. Raises outgoing.Refused.

    A tool that reaches beyond the house is told names of services and alerts, what its own server said, and what
    it was asked before; a host only when it was asked of one before. The texts of alerts, people and pictures are not
    among it: who can put a line there must not choose an address.
    """
    tool = tools.get(call.tool)
    if tool is None:
        raise outgoing.Refused(f"There is no tool {call.tool[:80]!r} at this desk.")
    own = await desk.toolbox.owner(tool.name)
    mine = [one for one in desk.observations if await desk.toolbox.owner(one.tool) == own]
    asked = "\n".join(json.dumps(one.arguments, ensure_ascii=False) for one in mine)
    if tool.kind in outgoing.BEYOND and (strange := _strange_hosts(call.arguments, asked)):
        raise outgoing.Refused(f"{tool.name} was not asked: nobody here asks {', '.join(strange)[:100]}.")
    said = [one.text for one in mine] if tool.kind == "other" else []
    outgoing.admit(tool, call.arguments, "\n".join([*_names(desk), asked, *said]))
    return call


def fresh(desk: Desk, calls: Iterable[ToolCall]) -> list[ToolCall]:
    """The calls that this desk has no answer to yet, each once."""
    known = {call_key(one.tool, one.arguments) for one in desk.observations}
    wanted = {call_key(one.tool, one.arguments): one for one in calls}
    return [one for key, one in wanted.items() if key not in known]


def _names(desk: Desk) -> list[str]:
    trouble = desk.trouble
    names = (*trouble.services, trouble.environment, *(alert.name for alert in trouble.alerts))
    return [name for name in names if _PLAIN_NAME.fullmatch(name)]


def _strange_hosts(arguments: Mapping[str, JsonValue], asked: str) -> list[str]:
    told = json.dumps(arguments, ensure_ascii=False)
    hosts = [*_HOST.findall(told), *_ADDRESS.findall(told)]
    return [host for host in hosts if host.casefold() not in asked.casefold()]
