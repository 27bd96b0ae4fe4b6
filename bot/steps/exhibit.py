"""Step 9b: figures that an answer rests on, as tables and charts; their files are kept for the one who asked."""

import asyncio
import hashlib
from collections.abc import Sequence
from functools import partial

from bot.charts import Charts
from bot.rules.figures import Drawing, of_lines, of_rows
from bot.rules.sheets import spreadsheet, table
from bot.vocabulary import Answer, Evidence, Query
from connectors.chat.card_port import Chart, Exhibits, Table
from connectors.state.port import Attachments, KeptFile

MOST_TABLES, MOST_CHARTS = 3, 3
CSV, PNG = "text/csv", "image/png"


async def exhibit(
    query: Query, answer: Answer, evidence: Sequence[Evidence], charts: Charts | None, attachments: Attachments
) -> Exhibits:
    """What the cited evidence counted or measured, in the order it is cited; a chart where one helps.

    Without ``charts`` there are only tables. What cannot be drawn is left out: the answer does not need it.
    """
    known = {one.id: one for one in evidence}
    cited = [known[id] for id in dict.fromkeys(id for claim in answer.claims for id in claim.cites) if id in known]
    tables: list[Table] = []
    shown: list[Chart] = []
    for one in cited:
        # What a live system lists stands in its own words already.
        if one.kind == "data" and one.rows and one.rows.rows and len(tables) < MOST_TABLES:
            content = await asyncio.to_thread(spreadsheet, one.rows)
            file = await _kept(KeptFile(query.author, _digest(content), CSV, content, query.asked_at), attachments)
            tables.append(table(_title(one), one.rows, query.language).model_copy(update={"file": file}))
        if charts and len(shown) < MOST_CHARTS and (drawn := await charts.draw(partial(_drawing, one), query.language)):
            file = await _kept(KeptFile(query.author, _digest(drawn.png), PNG, drawn.png, query.asked_at), attachments)
            shown.append(Chart(title=drawn.title, file=file, says=drawn.says))
    return Exhibits(tables=tuple(tables), charts=tuple(shown))


async def _kept(file: KeptFile, attachments: Attachments) -> str:
    await attachments.keep(file, for_good=True)
    return file.digest


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _drawing(evidence: Evidence) -> Drawing | None:
    drawing = of_lines(_title(evidence), evidence.lines) if evidence.lines else None
    return drawing or (of_rows(_title(evidence), evidence.rows) if evidence.rows else None)


def _title(evidence: Evidence) -> str:
    return ": ".join(part for part in (evidence.title, evidence.heading) if part)
