"""`python -m bot doctor`: runs every check and says, line by line, what is well and how to mend what is not."""

import asyncio
import difflib
import json
from collections.abc import Sequence
from dataclasses import asdict

from bot.checks import machine, parts, systems
from bot.checks.examination import Check, Examination, Finding
from connectors.chat.port import ChatUnavailable
from connectors.configuration import BadSettings
from connectors.embedding.port import EmbeddingUnavailable
from connectors.llm.port import ModelUnavailable
from connectors.load import UnknownVendor
from connectors.rerank.port import RerankUnavailable
from connectors.sql.port import SqlUnavailable
from connectors.state.port import StateUnavailable
from connectors.vectors.port import VectorStoreUnavailable

_SECONDS_PER_CHECK = 180.0
# These say themselves what to do.
_SAID = (
    BadSettings,
    ChatUnavailable,
    EmbeddingUnavailable,
    ModelUnavailable,
    RerankUnavailable,
    SqlUnavailable,
    StateUnavailable,
    VectorStoreUnavailable,
)
CHECKS: dict[str, Check] = {
    "python": machine.python,
    "packages": machine.packages,
    "disk": machine.disk,
    "clock": machine.clock,
    "port": machine.port,
    "models": parts.models,
    "files": parts.files,
    "database": parts.database,
    "data": parts.data,
    "embedding": parts.embedding,
    "rerank": parts.rerank,
    "ocr": parts.ocr,
    "index": parts.index,
    "llm": parts.llm,
    "directory": systems.directory,
    "tools": systems.tools,
}
"""What is looked at in every run; to it come the chat platforms of the settings."""
_BROKEN = (UnknownVendor, ImportError, OSError)


async def findings(examination: Examination, only: Sequence[str] = ()) -> list[Finding]:
    """All findings, in the order of the checks. Raises BadSettings when a check is asked for that does not exist."""
    chats = examination.settings.ports.chat
    checks = CHECKS | {name: systems.platform(name) for name in (*chats, *systems.GUIDES)}
    for name in only:
        if name not in checks:
            near = difflib.get_close_matches(name, checks, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(checks)}."
            raise BadSettings(f"doctor {name}: no such check; {hint}")
    return [found for name in only or (*CHECKS, *chats) for found in await _one(name, checks[name], examination)]


async def _one(name: str, check: Check, examination: Examination) -> list[Finding]:
    try:
        async with asyncio.timeout(_SECONDS_PER_CHECK):
            return await check(examination)
    except TimeoutError:
        return [Finding(name, "FAIL", f"no result after {_SECONDS_PER_CHECK:.0f} s", "Is the machine overloaded?")]
    except _SAID as down:
        return [Finding(name, "FAIL", " ".join(str(down).split()))]
    except _BROKEN as wrong:
        return [Finding(name, "FAIL", " ".join(f"{type(wrong).__name__}: {wrong}".split()), "Run `make setup`.")]


def examine(examination: Examination, only: Sequence[str], *, as_json: bool) -> int:
    """Print the findings; 1 when something fails, else 0."""
    found = asyncio.run(findings(examination, only))
    print(json.dumps([asdict(one) for one in found], indent=2) if as_json else report(found))  # noqa: T201
    return 1 if any(one.level == "FAIL" for one in found) else 0


def report(found: Sequence[Finding]) -> str:
    """One line for each finding, and one below it that says how to mend it."""
    lines = []
    for one in found:
        lines.append(f"{one.level:4}  {one.check:9}  {one.text}")
        lines += [f"{'':15}  → {one.mend}"] if one.mend else []
    return "\n".join(lines)
