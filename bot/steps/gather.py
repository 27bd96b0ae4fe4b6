"""Step 4: every plugin that wants to is asked at the same time; a failure is evidence too."""

import asyncio
from collections.abc import Sequence

import structlog

from bot.plugin import SECONDS, Patient, Plugin
from bot.vocabulary import Evidence, Findings, RewrittenQuery

log = structlog.get_logger()


async def gather(query: RewrittenQuery, plugins: Sequence[Plugin]) -> Findings:
    """What the plugins know, in their order."""
    wanted = [plugin for plugin in plugins if plugin.wants(query)]
    found = await asyncio.gather(*(_ask(plugin, query) for plugin in wanted))
    return Findings(evidence=tuple(evidence for one in found for evidence in one))


async def _ask(plugin: Plugin, query: RewrittenQuery) -> tuple[Evidence, ...]:
    seconds = plugin.seconds if isinstance(plugin, Patient) else SECONDS
    try:
        async with asyncio.timeout(seconds):
            return await plugin.gather(query)
    except TimeoutError:
        return (_failure(plugin, f"no answer within {seconds:.0f} s"),)
    # A plugin is anybody's code over anybody's system: whatever it raises must not cost the person the answer.
    except Exception as error:  # noqa: BLE001
        log.warning("plugin failed", plugin=plugin.name, error=repr(error))
        return (_failure(plugin, str(error) or type(error).__name__),)


def _failure(plugin: Plugin, reason: str) -> Evidence:
    return Evidence(id=f"failure:{plugin.name}", kind="failure", title=plugin.name, text=reason[:300])
