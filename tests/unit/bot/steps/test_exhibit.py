"""Figures that an answer rests on become tables, charts and files."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.charts import Charts
from bot.steps.exhibit import MOST_CHARTS, MOST_TABLES, exhibit
from bot.vocabulary import Answer, Claim, Evidence, Line, Query, Rows
from connectors.chat.card_port import Exhibits
from connectors.state.memory import MemoryState
from connectors.state.port import UNSENT_KEPT, KeptFile

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUERY = Query(question_id="q", text="how many orders?", language="en", asked_at=NOON, author="ann")
STATUS = Rows(columns=("status", "n"), rows=(("paid", 3), ("=1+1", 4)), total=2)
LOAD = Line(name="load", points=((0, 1.0), (60, 2.0)))


def evidence(id: str, rows: Rows | None = None, *lines: Line) -> Evidence:
    return Evidence(id=id, kind="data", title="Database", heading="orders", text="…", rows=rows, lines=lines)


@pytest.fixture
def charts(tmp_path: Path) -> Charts:
    return Charts(tmp_path)


async def shown(state: MemoryState, charts: Charts | None, found: list[Evidence], cites: str = "") -> Exhibits:
    cited = tuple(cites or "".join(one.id for one in found))
    said = Answer(claims=(Claim(text="So it is.", cites=cited),))
    return await exhibit(QUERY, said, found, charts, state)


async def test_rows_become_a_table_and_a_file_for_the_one_who_asked(charts: Charts) -> None:
    state = MemoryState()

    (table,) = (await shown(state, None, [evidence("a", STATUS)])).tables
    file = await state.attachment("ann", table.file)

    assert (table.title, table.columns, table.rows) == (
        "Database: orders",
        STATUS.columns,
        (("paid", "3"), ("=1+1", "4")),
    )
    assert file
    assert (file.media_type, file.content) == ("text/csv", b"\xef\xbb\xbfstatus,n\r\npaid,3\r\n'=1+1,4\r\n")
    assert await state.attachment("bob", table.file) is None


async def test_figures_become_a_chart_with_its_words(charts: Charts) -> None:
    state = MemoryState()

    exhibits = await shown(state, charts, [evidence("a", STATUS), evidence("b", None, LOAD)])
    files = [await state.attachment("ann", chart.file) for chart in exhibits.charts]

    assert [chart.says.split(" ")[0] for chart in exhibits.charts] == ["Bar", "Line"]
    assert [file and (file.media_type, file.content[:4]) for file in files] == [("image/png", b"\x89PNG")] * 2


async def test_the_files_of_an_answer_are_not_forgotten(charts: Charts) -> None:
    state = MemoryState()
    exhibits = await shown(state, charts, [evidence("a", STATUS)])

    await state.keep(KeptFile("ann", "0" * 64, "image/png", b"", NOON + UNSENT_KEPT + timedelta(hours=1)))

    assert await state.attachment("ann", exhibits.tables[0].file)
    assert await state.attachment("ann", exhibits.charts[0].file)


async def test_only_what_is_cited_is_shown_in_the_order_of_the_citations(charts: Charts) -> None:
    found = [evidence(id, Rows(columns=("pod", "n"), rows=((id, 1), ("z", 2)), total=2)) for id in "abcdefg"]

    exhibits = await shown(MemoryState(), charts, found, cites="ddbz")
    everything = await shown(MemoryState(), charts, found)

    assert [table.rows[0][0] for table in exhibits.tables] == ["d", "b"]
    assert (len(everything.tables), len(everything.charts)) == (MOST_TABLES, MOST_CHARTS)


async def test_what_a_live_system_lists_becomes_no_table() -> None:
    listed = evidence("a", STATUS).model_copy(update={"kind": "tool"})

    assert (await shown(MemoryState(), None, [listed])).tables == ()


async def test_evidence_without_figures_shows_none(charts: Charts) -> None:
    empty = Rows(columns=("a",), rows=(), total=0)

    assert await shown(MemoryState(), charts, [evidence("a"), evidence("b", empty)]) == Exhibits()
