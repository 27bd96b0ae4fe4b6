"""What a plugin is: one way to obtain evidence, asked in every round."""

from typing import Protocol, runtime_checkable

from bot.vocabulary import Evidence, RewrittenQuery

SECONDS = 20.0
"""How long a plugin is waited for that says nothing else."""


class Plugin(Protocol):
    """Read only. It may raise: its failure becomes evidence that says what could not be asked."""

    @property
    def name(self) -> str:
        """What a notice calls it."""

    def wants(self, query: RewrittenQuery) -> bool:
        """Whether asking is worth the time."""

    async def gather(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        """What it knows; empty when it has nothing to say."""


@runtime_checkable
class Patient(Protocol):
    """A plugin that may need longer than others, because it asks a model or a slow system."""

    @property
    def seconds(self) -> float:
        """How long it is waited for, as things are now."""
