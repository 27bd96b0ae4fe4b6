"""Which tables and verified examples of a database are near a question in meaning, in whatever language it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from bot.rules.sql_descriptions import Example
from bot.rules.sql_wording import document
from connectors.embedding.port import EmbeddingUnavailable
from connectors.sql.port import Schema
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.annex import Annex, Near

# The cosine from which a table has to do with a question although they share no word, as of another language. Of
# questions to German tables in English nine of ten are above it, of questions about something else one of ten.
_NEAR_ENOUGH = 0.25


@dataclass(frozen=True)
class Nearness:
    """How near tables are, by name, and examples, by their number; empty when meaning could not be asked."""

    tables: Mapping[str, Near] = field(default_factory=dict)
    examples: Mapping[str, Near] = field(default_factory=dict)

    @property
    def scores(self) -> Mapping[str, float]:
        """Of tables, comparable with each other."""
        return {name: one.score for name, one in self.tables.items()}

    @property
    def relevant(self) -> bool:
        """Whether a table surely has to do with the question."""
        return any(one.similarity >= _NEAR_ENOUGH for one in self.tables.values())

    @property
    def similar(self) -> Mapping[int, float]:
        """The cosine by an example's number."""
        return {int(number): one.similarity for number, one in self.examples.items()}


@dataclass(frozen=True)
class Search:
    """Keeps what a schema is found by in an annex of the library, written anew only where it has changed."""

    annex: Annex | None
    _kept: dict[str, int] = field(default_factory=dict)

    async def near(self, text: str, role: str, schema: Schema, examples: Sequence[Example]) -> Nearness:
        """What is near a question; ``schema`` is what everybody of the role may know of. Never raises."""
        if self.annex is None:
            return Nearness()
        views = {
            f"tables {role}": {table.name: document(table) for table in schema.tables},
            "examples": {str(number): one.question for number, one in enumerate(examples)},
        }
        found = []
        try:
            for view, texts in views.items():
                if self._kept.get(view) != (digest := hash(tuple(texts.items()))):
                    await self.annex.keep(view, texts)
                    self._kept[view] = digest
                found.append(await self.annex.near(view, text))
        except (EmbeddingUnavailable, VectorStoreUnavailable) as down:
            structlog.get_logger().warning("schema searched by words alone", reason=str(down))
            return Nearness()
        return Nearness(*found)
