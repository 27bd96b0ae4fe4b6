"""Checks of what Nightshift is connected to: who people are, the live systems, and the chat platforms."""

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import cast

from bot.checks.examination import Check, Examination, Finding, opened
from bot.directories import DEMO, directories, one_directory
from bot.guards.redaction import redact
from connectors.chat.port import Chat
from connectors.checkup import Examined
from connectors.configuration import BadSettings
from connectors.directory.port import DirectoryUnavailable
from connectors.load import load
from connectors.tools.port import BadArguments, Tools, ToolUnavailable

GUIDES = {"slack": "docs/slack.md", "feishu": "deploy/feishu-app.md"}
"""The chat platforms that can be looked at by name, and where it is told how each is set up."""

_SECONDS_PER_SYSTEM = 30.0


async def directory(examination: Examination) -> list[Finding]:
    """Every directory: that it can be read, and that people on platforms are known by it."""
    settings = examination.settings
    if not (names := directories(settings)):
        return [Finding("directory", "OK", "none: everybody sees what is open to everybody")]
    found = []
    for name in names:
        try:
            async with one_directory(settings, name) as one:
                people = await one.people()
        except DirectoryUnavailable as away:
            found.append(Finding("directory", "FAIL", f"{name}: {_plain(away)}"))
            continue
        grouped = sum(bool(person.groups or person.team) for person in people)
        known = sum(bool(person.accounts) for person in people)
        text = f"{name}: {len(people)} people, {grouped} in a group, {known} with an account on a chat platform"
        found.append(Finding("directory", "OK" if people else "WARN", text, "" if people else "Nobody is in it."))
    return found


async def tools(examination: Examination) -> list[Finding]:
    """Every live system: whether it can be asked, what of, and why not."""
    settings = examination.settings
    names = settings.ports.tools or (("recorded",) if settings.demo else ())
    if not names:
        return [Finding("tools", "OK", "no live systems")]
    found = await asyncio.gather(*(_system(examination, name) for name in names))
    return [finding for findings in found for finding in findings]


async def _system(examination: Examination, name: str) -> list[Finding]:
    settings = examination.settings
    demo = {} if settings.ports.tools else {"folder": DEMO / "recorded"}
    opening = load("tools", name, {**demo, **settings.table("tools", name)}, settings.roots)
    mend = f"See connectors.tools.{name} and docs/tools.md; answers go on without it."
    try:
        async with asyncio.timeout(_SECONDS_PER_SYSTEM), cast("AbstractAsyncContextManager[Tools]", opening) as system:
            if isinstance(system, Examined):
                return [Finding("tools", one.level, redact(one.text).text, one.mend) for one in await system.checkup()]
            listed = await system.list()
    except TimeoutError:
        return [Finding("tools", "FAIL", f"{name} did not answer within {_SECONDS_PER_SYSTEM:.0f} s", mend)]
    except (ToolUnavailable, BadArguments) as away:
        return [Finding("tools", "FAIL", f"{name}: {_plain(away)}", mend)]
    return [Finding("tools", "OK" if listed else "WARN", f"tools of {name}: {len(listed)}", "" if listed else mend)]


def platform(name: str) -> Check:
    """The check of one chat platform, which posts nothing."""
    return partial(_platform, name)


async def _platform(name: str, examination: Examination) -> list[Finding]:
    try:
        opening = opened(examination, "chat", name)
    except BadSettings as wrong:
        mend = f"See {GUIDES[name]}." if name in GUIDES else ""
        return [Finding(name, "FAIL", " ".join(str(wrong).split()), mend)]
    async with cast("AbstractAsyncContextManager[Chat]", opening) as chat:
        if not isinstance(chat, Examined):
            return [Finding(name, "OK", "nothing to look at")]
        return [Finding(name, one.level, redact(one.text).text, one.mend) for one in await chat.checkup()]


def _plain(failure: Exception) -> str:
    return " ".join(redact(str(failure)).text.split())
