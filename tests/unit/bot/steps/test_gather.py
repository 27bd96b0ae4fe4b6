"""Gathering: every plugin that wants to, each as long as it may."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.plugin import SECONDS, Patient
from bot.steps.gather import gather
from bot.vocabulary import Entities, Evidence, RewrittenQuery

NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)
QUERY = RewrittenQuery(
    text="q", asked="q", searches=("q",), language="en", asked_at=NOW, route="question", entities=Entities()
)


@dataclass(frozen=True)
class Ordinary:
    """Knows one thing at once, if it wants."""

    name: str = "ordinary"
    wanted: bool = True

    def wants(self, query: RewrittenQuery) -> bool:
        return self.wanted

    async def gather(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        return (Evidence(id=self.name, kind="tool", title=self.name, text="known"),)


@dataclass(frozen=True)
class Endless(Ordinary):
    """Never comes back, and is waited for no longer than it says."""

    name: str = "endless"
    seconds: float = 0.01

    async def gather(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        await asyncio.Event().wait()
        return ()


@dataclass(frozen=True)
class Broken(Ordinary):
    """Raises what nobody expects."""

    name: str = "broken"

    async def gather(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        raise LookupError("lost")


async def test_a_plugin_is_waited_for_as_long_as_it_says() -> None:
    found = await gather(QUERY, [Endless(seconds=0.2), Endless(name="quick")])

    assert [one.text for one in found.evidence] == ["no answer within 0 s"] * 2
    assert not isinstance(Ordinary(), Patient)
    assert SECONDS == 20.0


async def test_a_failure_is_evidence_among_the_others() -> None:
    found = await gather(QUERY, [Broken(), Ordinary(), Ordinary("idle", wanted=False)])

    assert [(one.kind, one.title, one.text) for one in found.evidence] == [
        ("failure", "broken", "lost"),
        ("tool", "ordinary", "known"),
    ]
