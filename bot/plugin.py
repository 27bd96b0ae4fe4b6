"""What a plugin is: one way to obtain evidence, asked in every round."""

from typing import Protocol

from bot.vocabulary import Evidence, RewrittenQuery


class Plugin(Protocol):
    """Read only. It may raise: its failure becomes evidence that says what could not be asked."""

    @property
    def name(self) -> str:
        """What a notice calls it."""

    def wants(self, query: RewrittenQuery) -> bool:
        """Whether asking is worth the time."""

    async def gather(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        """What it knows; empty when it has nothing to say."""
