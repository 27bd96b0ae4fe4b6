"""Lists of incidents lose none, however many there are and whenever they were opened."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.casebook import Wanted, listed, story
from connectors.configuration import Roots
from connectors.load import load
from connectors.state.incident_port import Change
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.library import StoredDocument
from tests.incident_record import OPENED, QUOTE, SLOW, keep, stored


class Down:
    """A library whose store is away."""

    async def document(self, document_id: str, groups: Sequence[str] = ()) -> StoredDocument | None:
        raise VectorStoreUnavailable("the store is away")


@pytest.mark.parametrize(
    ("alike", "limit"),
    [
        pytest.param(1, 50, id="each-at-its-own-moment"),
        pytest.param(7, 50, id="some-at-the-same-moment"),
        pytest.param(7, 200, id="a-whole-round-on-a-page"),
        pytest.param(450, 50, id="all-at-the-same-moment"),
    ],
)
async def test_pages_together_have_each_incident_once(tmp_path: Path, alike: int, limit: int) -> None:
    incidents = [
        SLOW.model_copy(update={"id": f"i{n}", "opened_at": OPENED - timedelta(minutes=n // alike)}) for n in range(450)
    ]
    async with load("state", "memory", {}, Roots(tmp_path, tmp_path)) as state:
        await state.change(Change(incidents=[stored(one) for one in incidents]))
        seen: list[str] = []
        before: datetime | None = None
        while not seen or before:
            page = await listed(state, Wanted(), before, limit)
            seen += [one.id for one in page.incidents]
            before = page.before

    assert sorted(seen) == sorted(one.id for one in incidents)


async def test_while_pages_cannot_be_looked_up_an_incident_is_told_without_them(tmp_path: Path) -> None:
    async with load("state", "memory", {}, Roots(tmp_path, tmp_path)) as state:
        await keep(state)
        told = await story(state, Down(), SLOW.id, ("payments",))

    assert told is not None
    assert told.diagnosis is not None
    assert (told.diagnosis.headline != "", told.withheld) == (True, 1)
    assert QUOTE not in told.diagnosis.model_dump_json()
