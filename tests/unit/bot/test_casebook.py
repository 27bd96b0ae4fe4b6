"""Lists of incidents lose none, however many there are and whenever they were opened."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.casebook import Wanted, listed
from connectors.configuration import Roots
from connectors.load import load
from connectors.state.incident_port import Change
from tests.incident_record import OPENED, SLOW, stored


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
