"""Tools whose answers are written in the settings: the twin of every system."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from pydantic import BaseModel

from connectors.tools.matching import answer, tools_of
from connectors.tools.port import Arguments, Recording, Result, Tool, ToolUnavailable


class Settings(BaseModel):
    """What it answers."""

    recordings: tuple[Recording, ...] = ()
    """Calls and their results; ``*`` stands for any value."""

    tools: tuple[Tool, ...] = ()
    """What the tools look like; those that are not described look as their recordings show them."""

    unavailable: str = ""
    """Fail with these words, as a system that cannot be reached."""


class MemoryTools:
    """Answers from memory; what is saved is answered from then on. ``calls`` are those that came in."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._recordings = list(settings.recordings)
        self._tools = [*settings.tools]
        self.calls: list[tuple[str, Arguments]] = []

    async def list(self) -> Sequence[Tool]:
        """Those that have answers."""
        self._reached()
        return tools_of(self._recordings, self._tools)

    async def call(self, name: str, arguments: Arguments) -> Result:
        """What is written for these arguments, or for a pattern that they meet."""
        self._reached()
        self.calls.append((name, arguments))
        return answer(self._recordings, name, arguments)

    async def save(self, tool: Tool, arguments: Arguments, result: Result) -> None:
        """Answer so from now on."""
        kept = [one for one in self._recordings if (one.tool, one.arguments) != (tool.name, arguments)]
        self._recordings = [*kept, Recording(tool.name, dict(arguments), replace(result))]
        self._tools = [*(one for one in self._tools if one.name != tool.name), tool]

    def _reached(self) -> None:
        if self._settings.unavailable:
            raise ToolUnavailable(self._settings.unavailable, passing=True)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[MemoryTools]:
    """Ready at once."""
    yield MemoryTools(settings)
