"""The one chart of an incident's card: the series that broke most tellingly, as the systems gave it."""

import hashlib
from datetime import datetime
from functools import partial

from bot.charts import Charts
from bot.incident import Diagnosis, Finding
from bot.rules.citing import telling
from bot.rules.figures import Drawing, of_lines
from bot.vocabulary import Evidence
from connectors.chat.card_port import Chart, Exhibits
from connectors.state.port import Attachments, KeptFile


async def illustrate(
    diagnosis: Diagnosis, owner: str, charts: Charts | None, attachments: Attachments, now: datetime
) -> Exhibits:
    """At most one chart, kept for good for its ``owner``; none without ``charts``, or when no series broke."""
    known = {one.id: one for one in diagnosis.evidence}
    leading = next(iter(diagnosis.verdict.hypotheses), None)
    breaks = telling(one for one in diagnosis.findings if one.kind == "break")
    if charts:
        # What speaks for the cause first; sorting keeps the rest in its order.
        for one in sorted(breaks, key=lambda one: not (leading and one.id in leading.supports)):
            drawn = await charts.draw(partial(_drawing, one, known), diagnosis.trouble.language)
            if drawn:
                digest = hashlib.sha256(drawn.png).hexdigest()
                await attachments.keep(KeptFile(owner, digest, "image/png", drawn.png, now), for_good=True)
                return Exhibits(charts=(Chart(title=drawn.title, file=digest, says=drawn.says),))
    return Exhibits()


def _drawing(finding: Finding, known: dict[str, Evidence]) -> Drawing | None:
    for id in finding.cites:
        if id in known and known[id].lines:
            title = ": ".join(part for part in (known[id].title, known[id].heading) if part)
            return of_lines(title, known[id].lines)
    return None
