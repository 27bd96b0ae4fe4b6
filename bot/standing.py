"""What people thought of the documents that answers cited."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connectors.chat.card_port import Card
from connectors.state.port import Outbox

_FRESH_SECONDS = 60.0


@dataclass
class Standing:
    """Thumbs up minus thumbs down of the answers that cited a document, looked up once a minute."""

    state: Outbox
    clock: Callable[[], float]
    _looked_up: float | None = field(default=None, init=False)
    _votes: Mapping[str, int] = field(default_factory=dict, init=False)

    async def votes(self) -> Mapping[str, int]:
        """By document id; a document nobody judged is not in it. Raises StateUnavailable."""
        now = self.clock()
        if self._looked_up is None or now - self._looked_up > _FRESH_SECONDS:
            self._votes = await self._counted()
            self._looked_up = now
        return self._votes

    async def _counted(self) -> Mapping[str, int]:
        votes: Counter[str] = Counter()
        for rated in await self.state.rated():
            cited = {one.document_id for one in Card.model_validate_json(rated.card).citations}
            votes.update(dict.fromkeys(cited, 1 if rated.vote == "up" else -1))
        return votes
