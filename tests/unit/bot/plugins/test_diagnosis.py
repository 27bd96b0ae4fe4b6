"""A question in an incident's thread is answered from its diagnosis, as far as its readers may know it."""

from collections.abc import Sequence
from typing import Any

from bot.plugins.diagnosis import Diagnosis
from bot.vocabulary import Entities, Evidence, RewrittenQuery, Scope
from connectors.state.incident_port import StoredDiagnosis
from connectors.state.memory import MemoryState
from knowledge.library import StoredDocument
from tests.unit.bot.steps.cases import EVIDENCE, NOW, diagnosis


class Shelf:
    """Holds one page, for sre alone."""

    async def document(self, document_id: str, groups: Sequence[str] = ()) -> StoredDocument | None:
        return StoredDocument(document_id, "INC-7", "", {}, ()) if "sre" in groups else None


def query(**more: Any) -> RewrittenQuery:
    plain = {"text": "why?", "asked": "why?", "searches": ("why?",), "language": "en", "asked_at": NOW,
             "route": "question", "entities": Entities(), "incident": "INC-12"}  # fmt: skip
    return RewrittenQuery.model_validate(plain | more)


async def asked(of: Any = None, **more: Any) -> dict[str, Evidence]:
    state = MemoryState()
    body = (of or diagnosis()).model_dump_json()
    await state.record_diagnosis(StoredDiagnosis("run1", "INC-12", NOW, body, NOW))
    return {one.id: one for one in await Diagnosis(state, Shelf()).gather(query(**more))}


async def test_verdict_and_findings_come_first_then_what_they_rest_on() -> None:
    found = await asked()
    told = found["diagnosis:run1"].text

    assert told.startswith("- Most likely cause: A deployment of payments broke it")
    assert "- 2026-11-20 13:58 UTC payments v42 was deployed" in told
    assert list(found) == ["diagnosis:run1", "tool:deploys", "tool:rate", "tool:logs"]


async def test_who_may_not_use_live_systems_learns_nothing_of_them() -> None:
    found = await asked(scope=Scope(tools=()))

    assert list(found) == ["diagnosis:run1"]


async def test_a_page_is_only_for_who_may_read_it() -> None:
    recalled = diagnosis().findings[0].model_copy(update={"id": "f9", "kind": "recall", "cites": ("incident:d1",)})
    found = diagnosis(findings=(recalled,), evidence=EVIDENCE)

    assert "incident:d1" in await asked(found, groups=("sre",))
    assert "incident:d1" not in await asked(found)


async def test_only_threads_of_incidents_want_it() -> None:
    plugin = Diagnosis(MemoryState(), Shelf())

    assert plugin.wants(query())
    assert not plugin.wants(query(incident=""))


async def test_before_a_diagnosis_has_ended_there_is_nothing() -> None:
    state = MemoryState()
    await state.record_diagnosis(StoredDiagnosis("run1", "INC-12", NOW))

    assert await Diagnosis(state, Shelf()).gather(query()) == ()


async def test_chinese_asks_in_chinese() -> None:
    assert (await asked(language="zh"))["diagnosis:run1"].text.startswith("- 最可能的原因：")
