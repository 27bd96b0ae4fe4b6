"""An incident shows one chart: the series that broke and speaks for the cause."""

from dataclasses import dataclass, field
from pathlib import Path

from bot.charts import Charts
from bot.steps.illustrate import illustrate
from connectors.state.port import KeptFile
from tests.unit.bot.steps.cases import FINDINGS, NOW, diagnosis


@dataclass
class Shelf:
    files: list[KeptFile] = field(default_factory=list)

    async def keep(self, file: KeptFile, *, for_good: bool = False) -> None:
        assert for_good
        self.files.append(file)

    async def attachment(self, author: str, digest: str) -> KeptFile | None:
        return None


async def test_the_broken_series_is_drawn_and_kept(tmp_path: Path) -> None:
    shelf = Shelf()
    exhibits = await illustrate(diagnosis(), "incident/INC-12", Charts(tmp_path), shelf, NOW)

    [chart], [file] = exhibits.charts, shelf.files
    assert (chart.file, file.author) == (file.digest, "incident/INC-12")
    assert chart.title == "Error rate: checkout, 5xx"
    assert file.content.startswith(b"\x89PNG")


async def test_without_a_broken_series_there_is_none(tmp_path: Path) -> None:
    calm = diagnosis(findings=FINDINGS[1:])

    assert (await illustrate(calm, "x", Charts(tmp_path), Shelf(), NOW)).charts == ()


async def test_without_charts_there_is_none() -> None:
    assert (await illustrate(diagnosis(), "x", None, Shelf(), NOW)).charts == ()
