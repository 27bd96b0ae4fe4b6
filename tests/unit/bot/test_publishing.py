"""Incidents in chat: a marker once, one card that is kept up to date, nothing lost and nothing twice."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.announcing import Announcer, owner_of
from bot.publishing import LEAST_SECONDS, Publishing
from bot.rules.conversations import Conversation
from bot.steps.announce import Told, announce
from bot.vocabulary import Scope
from connectors.chat.card_port import Chart, Exhibits
from connectors.chat.memory import MemoryChat, Settings
from connectors.state.incident_port import Change, Judgement, Publication, StoredDiagnosis, StoredIncident
from connectors.state.memory import MemoryState
from connectors.state.port import KeptFile
from tests.unit.bot.steps.cases import NOW, diagnosis, incident

OPS = "ops/INC-12"


@dataclass
class World:
    """One incident that is to be shown in one conversation; ``seconds`` is the time."""

    state: MemoryState = field(default_factory=MemoryState)
    chat: MemoryChat = field(default_factory=lambda: MemoryChat(Settings()))
    seconds: float = 1_000.0
    conversations: dict[str, Conversation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        announcer = Announcer(self.state, page="https://ops.example", conversations=self.conversations)
        self.publishing = Publishing(self.state, {"memory": self.chat}, announcer, lambda: self.seconds, self.now)

    def now(self) -> datetime:
        return NOW

    async def changed(self, *, card: bool = False, **more: Any) -> None:
        """The incident becomes another one; with a card from then on, if asked for."""
        known = await self.state.incident("INC-12")
        one, version = incident(**more), known.version if known else 0
        kept = announce(one, diagnosis(), Told()).model_dump_json() if card else known.card if known else None
        row = StoredIncident(one.id, one.status, one.opened_at, NOW, one.model_dump_json(), kept, version)
        await self.state.change(Change(incidents=[row], publications=[Publication("INC-12", "memory", "ops")]))

    async def diagnosed(self) -> None:
        body = diagnosis().model_dump_json()
        await self.state.record_diagnosis(StoredDiagnosis("run1", "INC-12", NOW, body, NOW))
        await self.changed(card=True)

    async def swept(self, after: float = LEAST_SECONDS) -> None:
        self.seconds += after
        await self.publishing.sweep()

    def shown(self) -> str:
        [card] = self.chat.messages.values()
        return f"{card.title}\n{card.text}"


@pytest.fixture
async def world() -> World:
    world = World()
    await world.changed()
    return world


async def test_before_a_diagnosis_begins_nothing_is_shown(world: World) -> None:
    await world.swept()

    assert world.chat.begun == {}


async def test_when_it_begins_a_quiet_marker_is_shown_once(world: World) -> None:
    await world.state.record_diagnosis(StoredDiagnosis("run1", "INC-12", NOW))
    await world.swept()
    await world.swept()

    [place] = await world.state.publications("INC-12")
    assert world.chat.begun == {"INC-12": "Looking into: CheckoutErrors on checkout"}
    assert (place.message_id, place.version) == (OPS, 0)
    assert world.chat.messages == {}


async def test_the_marker_becomes_the_card(world: World) -> None:
    await world.state.record_diagnosis(StoredDiagnosis("run1", "INC-12", NOW))
    await world.swept()
    await world.diagnosed()
    await world.swept()

    assert list(world.chat.messages) == [OPS]
    assert "Most likely cause" in world.shown()


async def test_its_thread_belongs_to_the_incident(world: World) -> None:
    await world.diagnosed()
    await world.swept()

    assert await world.state.incident_in(OPS) == "INC-12"
    assert [one.kind for one in await world.state.moments("INC-12")] == ["posted"]


async def test_what_has_been_shown_is_left_alone(world: World) -> None:
    await world.diagnosed()
    await world.swept()
    world.chat.messages.clear()
    await world.swept()

    assert await world.state.unpublished() == ()
    assert world.chat.messages == {}


async def test_a_change_is_shown_in_the_same_message(world: World) -> None:
    await world.diagnosed()
    await world.swept()
    await world.changed(status="resolved", resolved_at=NOW)
    await world.swept()

    assert list(world.chat.messages) == [OPS]
    assert world.shown().startswith("Over: ")


async def test_a_persons_word_is_shown_whoever_kept_it(world: World) -> None:
    await world.diagnosed()
    await world.swept()
    await world.state.judge(Judgement("INC-12", "memory:ann", right=False, cause="a full disk", given_at=NOW))
    await world.changed()
    await world.swept()

    assert "ann says it was: a full disk" in world.shown()


async def test_what_reads_the_same_is_not_revised(world: World) -> None:
    await world.diagnosed()
    await world.swept()
    world.chat.messages.clear()
    await world.changed()
    await world.swept()

    assert await world.state.unpublished() == ()
    assert world.chat.messages == {}


async def test_changes_that_come_fast_are_shown_together(world: World) -> None:
    await world.diagnosed()
    await world.swept()
    await world.changed(alerts=15)
    await world.swept(1)
    early = world.shown()
    await world.changed(alerts=16)
    await world.swept()

    assert "14 alerts" in early
    assert "16 alerts" in world.shown()


async def test_a_platform_that_is_away_is_tried_again_ever_more_seldom(world: World) -> None:
    await world.diagnosed()
    world.chat.away = "no network"
    for _ in range(4):
        await world.swept()
    world.chat.away = ""
    await world.swept()
    too_soon = dict(world.chat.messages)
    await world.swept(600)

    assert (too_soon, list(world.chat.messages)) == ({}, [OPS])


async def test_a_platform_that_was_away_for_weeks_is_still_tried(world: World) -> None:
    await world.diagnosed()
    world.chat.away = "no network"
    for _ in range(1_100):
        await world.swept(600)
    world.chat.away = ""
    await world.swept(600)

    assert list(world.chat.messages) == [OPS]


async def test_what_a_platform_refuses_costs_other_incidents_nothing(world: World) -> None:
    other = incident(id="INC-13")
    row = StoredIncident("INC-13", "open", NOW, NOW, other.model_dump_json(),
                         announce(other, None, Told()).model_dump_json())  # fmt: skip
    await world.diagnosed()
    await world.state.change(
        Change(
            incidents=[row],
            publications=[Publication("INC-13", "memory", "no/conversation"), Publication("INC-13", "memory", "dev")],
        )
    )
    await world.swept()

    assert sorted(world.chat.messages) == ["dev/INC-13", OPS]


@pytest.mark.parametrize("place", [("gone", "ops"), ("memory", "no/conversation")])
async def test_places_that_can_never_be_reached_keep_no_later_incident_waiting(
    world: World, place: tuple[str, str]
) -> None:
    for number in range(100):
        one = incident(id=f"OLD-{number}", opened_at=NOW - timedelta(days=1))
        card = announce(one, None, Told()).model_dump_json()
        row = StoredIncident(one.id, "open", one.opened_at, NOW, one.model_dump_json(), card)
        await world.state.change(Change(incidents=[row], publications=[Publication(one.id, *place)]))
    await world.diagnosed()
    await world.swept()
    await world.swept()

    assert list(world.chat.messages) == [OPS]


async def test_after_a_restart_nothing_is_posted_twice(world: World) -> None:
    await world.diagnosed()
    await world.swept()
    again = World(world.state, world.chat)
    await world.changed(alerts=20)
    await again.swept()

    assert list(world.chat.messages) == [OPS]
    assert "20 alerts" in world.shown()


async def test_a_card_that_can_no_longer_change_goes_on_in_its_thread(world: World) -> None:
    await world.diagnosed()
    await world.swept()
    world.chat.closed.add(OPS)
    await world.changed(status="resolved", resolved_at=NOW)
    await world.swept()
    [place] = await world.state.publications("INC-12")

    assert place.message_id == f"{OPS}/anew"
    assert await world.state.incident_in(place.thread_id) == "INC-12"


async def test_a_shadow_incident_is_not_posted(world: World) -> None:
    await world.diagnosed()
    await world.changed(mode="shadow")
    await world.swept()

    assert world.chat.messages == {}


@pytest.mark.parametrize("readers", [("engineering",), ()])
async def test_where_it_is_shown_later_a_page_that_is_closed_there_is_not_quoted(readers: tuple[str, ...]) -> None:
    world = World(conversations={"ops": Conversation(readers=readers)})
    found = diagnosis()
    trouble = found.trouble.model_copy(update={"groups": ("engineering",)})
    body = found.model_copy(update={"trouble": trouble}).model_dump_json()
    await world.state.record_diagnosis(StoredDiagnosis("run1", "INC-12", NOW, body, NOW))
    await world.changed(card=True)
    await world.swept()
    [card] = world.chat.messages.values()

    assert ("INC-7: pool too small" in str(card)) == bool(readers)


async def test_what_live_systems_said_is_not_quoted_where_they_may_not_be_asked() -> None:
    world = World(conversations={"ops": Conversation(scope=Scope(tools=("logs",)))})
    await world.diagnosed()
    await world.swept()
    [card] = world.chat.messages.values()

    assert not [one.title for one in card.citations if one.title in ("Error rate", "Deployments", "Logs")]


async def test_a_marker_does_not_outlive_its_incident(world: World) -> None:
    await world.state.record_diagnosis(StoredDiagnosis("run1", "INC-12", NOW))
    await world.swept()
    await world.changed(status="merged", merged_into="INC-9")
    await world.swept()
    await world.swept()

    assert "part of INC-9" in world.shown()


async def test_only_the_process_that_leads_publishes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def follows(role: str, seconds: float) -> bool:
        return not role

    monkeypatch.setattr(world.state, "lead", follows)
    await world.diagnosed()
    await world.swept()

    assert world.chat.messages == {}


async def test_the_chart_of_the_diagnosis_is_shown_with_its_file(world: World) -> None:
    chart = Chart(title="Errors", file="d" * 64, says="They rise.")
    body = diagnosis(exhibits=Exhibits(charts=(chart,))).model_dump_json()
    await world.state.record_diagnosis(StoredDiagnosis("run1", "INC-12", NOW, body, NOW))
    await world.changed(card=True)
    await world.state.keep(KeptFile(owner_of("INC-12"), "d" * 64, "image/png", b"PNG", NOW), for_good=True)
    await world.swept()
    [card] = world.chat.messages.values()

    assert card.charts == (chart,)
    assert await world.publishing.announcer.files(card) == {"d" * 64: b"PNG"}
