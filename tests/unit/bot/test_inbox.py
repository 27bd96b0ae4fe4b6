"""What platforms hand in: who is heard, what an edit and a deletion change, and what buttons do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from bot.answering import heard
from bot.rules.conversations import Conversation
from bot.rules.reports import read, thread_of
from connectors.alerts.port import Alert
from connectors.chat.card_port import Card, Table
from connectors.chat.port import Attachment, ButtonClick, Reply
from connectors.state.memory import MemoryState
from connectors.state.port import KeptFile, StateUnavailable
from tests.unit.bot.stage import NOON, Stage, said, stage

QUESTION = "how big is the payments pool in production?"


@pytest.fixture
async def here() -> AsyncIterator[Stage]:
    async with stage() as open_stage:
        yield open_stage


def click(question_id: str, action: str, text: str = "", author: str = "slack:U1") -> ButtonClick:
    return ButtonClick(
        event_id=f"click-{action}-{author}",
        channel="slack",
        thread_id="slack:T1/C1/1",
        conversation="C1",
        author=author,
        action=action,  # type: ignore[arg-type]  # the cases name only known ones
        question_id=question_id,
        text=text,
        clicked_at=NOON,
    )


async def test_a_mention_is_answered_once_however_often_it_comes(here: Stage) -> None:
    assert await here.inbox.on_message(said(QUESTION))
    assert await here.inbox.on_message(said(QUESTION))

    card = await here.answer(await here.asked("C1/1"))
    assert "40 connections" in card.text
    assert len(here.chat.posted) == 1
    assert here.chat.begun


@pytest.mark.parametrize(
    ("text", "thread", "taken"),
    [
        pytest.param("and in staging?", "slack:T1/C1/1", True, id="follow-up-where-we-take-part"),
        pytest.param("and in staging?", "slack:T1/C1/9", False, id="thread-of-others"),
        pytest.param("@ines can you look?", "slack:T1/C1/1", False, id="said-to-somebody-else"),
        pytest.param("thanks!", "slack:T1/C1/1", False, id="small-talk"),
    ],
)
async def test_what_is_not_said_to_us_counts_only_where_we_take_part(
    here: Stage, text: str, thread: str, *, taken: bool
) -> None:
    await here.inbox.on_message(said(QUESTION))

    later = said(text, "C1/2", thread_id=thread, addressed=False)

    assert await here.inbox.on_message(later) is taken


async def test_nothing_is_taken_when_it_cannot_be_kept(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise StateUnavailable("disk full")

    monkeypatch.setattr(MemoryState, "accept", refuse)

    with pytest.raises(Exception, match="disk full"):
        await here.inbox.on_message(said(QUESTION))


async def test_an_edit_that_says_something_else_is_asked_and_one_that_does_not_is_not(here: Stage) -> None:
    await here.inbox.on_message(said(QUESTION))
    await here.answer(await here.asked("C1/1"))

    same = said(QUESTION, "C1/1#2", replaces="C1/1", addressed=False)
    other = said("how often are certificates rotated?", "C1/1#3", replaces="C1/1", addressed=False)

    assert not await here.inbox.on_message(same)
    assert await here.inbox.on_message(other)
    assert "90 days" in (await here.answer(await here.asked("C1/1#3"))).text


async def test_a_deleted_question_is_not_answered_any_more(here: Stage) -> None:
    await here.state.stop()
    here.state._journeys = {}
    await here.inbox.on_message(said(QUESTION))

    await here.inbox.on_withdrawn("slack", "C1/1")

    card = await here.answer(await here.asked("C1/1"))
    assert (card.kind, card.text) == ("notice", "The question was deleted.")


async def left_open(here: Stage, *event_ids: str) -> list[str]:
    questions = [await here.state.asked_as("slack", one) for one in event_ids]
    return [one.text for one in questions if one and one.card is None]


async def test_of_a_message_that_is_edited_often_the_last_version_is_answered(here: Stage) -> None:
    await here.state.stop()
    here.state._journeys = {}
    await here.inbox.on_message(said(QUESTION))
    for number, text in enumerate(["and in staging?", QUESTION, QUESTION]):
        await here.inbox.on_message(said(text, f"C1/1#{number}", replaces="C1/1"))

    # Redelivered late, an older version takes nothing back.
    assert await here.inbox.on_message(said("and in staging?", "C1/1#0", replaces="C1/1"))
    assert await left_open(here, "C1/1", "C1/1#0", "C1/1#1", "C1/1#2") == [QUESTION]


async def test_a_deleted_question_is_not_answered_in_what_it_was_edited_into(here: Stage) -> None:
    await here.state.stop()
    here.state._journeys = {}
    await here.inbox.on_message(said(QUESTION))
    await here.inbox.on_message(said("and in staging?", "C1/1#0", replaces="C1/1"))

    await here.inbox.on_withdrawn("slack", "C1/1")

    assert await left_open(here, "C1/1", "C1/1#0") == []


async def test_an_edited_message_does_not_follow_up_on_itself(here: Stage) -> None:
    await here.inbox.on_message(said(QUESTION))
    await here.answer(await here.asked("C1/1"))
    await here.inbox.on_message(said("and in staging?", "C1/1#0", replaces="C1/1"))
    edited = await here.state.question(await here.asked("C1/1#0"))
    assert edited is not None

    assert (await heard(edited, here.ports)).history == ()


async def test_what_all_in_a_channel_read_is_made_of_what_they_may_read(here: Stage) -> None:
    await here.inbox.on_message(said("which refunds are not checked?"))
    await here.inbox.on_message(said("which refunds are not checked?", "D1/1", audience="author", thread_id="slack:D1"))

    public, private = [await here.answer(await here.asked(id)) for id in ("C1/1", "D1/1")]

    assert "over 500" not in public.text
    assert "over 500" in private.text


async def test_a_channel_of_a_group_is_answered_from_its_pages() -> None:
    async with stage({"C1": Conversation(readers=("payments",))}) as here:
        await here.inbox.on_message(said("which refunds are not checked?"))

        assert "over 500" in (await here.answer(await here.asked("C1/1"))).text


async def test_who_may_not_ask_is_told() -> None:
    async with stage({"C1": Conversation(askers=("payments",))}) as here:
        await here.inbox.on_message(said(QUESTION, author="slack:U2"))

        card = await here.answer(await here.asked("C1/1"))
        assert card.kind == "notice"
        assert "in none of them" in card.text


async def test_an_answer_for_one_person_is_not_remembered_for_all(here: Stage) -> None:
    alone = said("which refunds are not checked?", audience="author", ephemeral=True)
    await here.inbox.on_message(alone)
    await here.answer(await here.asked("C1/1"))

    await here.inbox.on_message(said("and why?", "C1/2", author="slack:U2"))

    assert "500" not in (await here.answer(await here.asked("C1/2"))).text


async def test_what_was_asked_on_the_page_in_a_thread_of_a_channel_stays_there(here: Stage) -> None:
    await here.inbox.on_message(said("how big is the payments pool?"))
    await here.answer(await here.asked("C1/1"))
    page = said("which refunds are not checked?", "C1/2", audience="author", channel="web", conversation="")
    question_id, _ = await here.inbox.assistant.on_message(page.model_copy(update={"sent_at": NOON.replace(hour=13)}))
    assert "over 500" in (await here.answer(question_id)).text

    await here.inbox.on_message(said("and why?", "C1/3", sent_at=NOON.replace(hour=14)))
    asked = await here.state.question(await here.asked("C1/3"))
    assert asked is not None

    query = await heard(asked, here.ports)

    assert [turn.asked for turn in query.history] == ["how big is the payments pool?"]


async def test_text_files_and_quotes_tell_what_it_is_about(here: Stage) -> None:
    here.chat.files["F1"] = b"ERROR payments pool is exhausted\n"
    log = Attachment(name="app.log", reference="F1", media_type="text/plain")
    missing = Attachment(name="old.log", reference="F2", media_type="text/plain")
    await here.inbox.on_message(said("", attachments=(log, missing)))

    card = await here.answer(await here.asked("C1/1"))

    assert "DB_POOL_MAX" in card.text
    assert card.notices == ("old.log could not be read: It is no longer there.",)


async def answered(here: Stage) -> tuple[str, Card]:
    await here.inbox.on_message(said(QUESTION))
    question_id = await here.asked("C1/1")
    return question_id, await here.answer(question_id)


async def test_a_diagnosis_for_one_person_is_judged_like_an_answer(here: Stage) -> None:
    await here.inbox.on_message(said("why 50?", audience="author"))
    question_id = await here.asked("C1/1")
    await here.answer(question_id)

    reply = await here.inbox.on_click(click(question_id, "wrong", "it was the bank"))

    assert not reply.refused
    [kept] = here.state.verdicts.values()
    assert (kept.vote, kept.reason) == ("down", "it was the bank")


async def test_a_thumb_is_kept_with_its_reason(here: Stage) -> None:
    question_id, _ = await answered(here)

    reply = await here.inbox.on_click(click(question_id, "down", "wrong page", "slack:U2"))

    assert reply == Reply(text="Thank you. It is kept with the answer.")
    assert here.state.verdicts[question_id, "slack:U2"].reason == "wrong page"


async def test_an_edited_query_is_asked_as_it_stands(here: Stage) -> None:
    question_id, _ = await answered(here)

    await here.inbox.on_click(click(question_id, "edit", "how often are certificates rotated"))

    card = await here.answer(await here.asked("click-edit-slack:U1"))
    assert card.rewritten_query == "how often are certificates rotated"


@pytest.mark.parametrize("thread", ["slack:T1/C1/1", "slack:T1/C9/1"])
async def test_a_button_does_nothing_for_who_may_not_see_the_answer(here: Stage, thread: str) -> None:
    await here.inbox.on_message(said(QUESTION, audience="author", ephemeral=True))
    question_id = await here.asked("C1/1")

    forged = click(question_id, "edit", "secrets", "slack:U2").model_copy(update={"thread_id": thread})

    assert (await here.inbox.on_click(forged)).refused
    assert await here.state.asked_as("slack", forged.event_id) is None
    assert await here.inbox.card(question_id, "slack:U2") is None


async def test_a_button_that_stands_elsewhere_does_nothing(here: Stage) -> None:
    question_id, _ = await answered(here)

    forged = click(question_id, "edit", "secrets").model_copy(update={"thread_id": "slack:T1/C9/1"})

    assert (await here.inbox.on_click(forged)).refused
    assert await here.state.asked_as("slack", forged.event_id) is None


@pytest.mark.parametrize("action", ["csv", "publish"])
async def test_a_button_of_what_is_not_answered_yet_does_nothing(here: Stage, action: str) -> None:
    await here.state.stop()
    here.state._journeys = {}
    await here.inbox.on_message(said(QUESTION))

    assert (await here.inbox.on_click(click(await here.asked("C1/1"), action, "digest"))).refused


async def tabled(here: Stage, **alone: object) -> str:
    """A question whose answer has a table, and another file of its author's that is not in it."""
    await here.state.stop()
    here.state._journeys = {}
    await here.inbox.on_message(said(QUESTION, **alone))
    question_id = await here.asked("C1/1")
    for digest in ("rows", "other"):
        await here.state.keep(KeptFile("slack:U1", digest, "text/csv", b"n\n40\n", NOON), for_good=True)
    table = Table(title="../Pool: size/now", columns=("n",), rows=(("40",),), total=1, file="rows")
    card = Card(question_id=question_id, kind="answer", language="en", text="40", tables=(table,))
    await here.state.settle(question_id, card.model_dump_json())
    return question_id


async def test_the_rows_of_an_answer_come_as_a_file(here: Stage) -> None:
    question_id = await tabled(here)

    assert not (await here.inbox.on_click(click(question_id, "csv", "rows", "slack:U2"))).refused
    await asyncio.gather(*here.inbox._at_work)

    assert here.chat.sent == [("slack:T1/C1/1", "Pool-size-now.csv", b"n\n40\n")]


@pytest.mark.parametrize(("author", "digest"), [("slack:U2", "rows"), ("slack:U1", "other")])
async def test_no_other_file_comes_and_none_of_an_answer_for_another_alone(
    here: Stage, author: str, digest: str
) -> None:
    question_id = await tabled(here, audience="author", ephemeral=True)

    assert (await here.inbox.on_click(click(question_id, "csv", digest, author))).refused
    assert not here.inbox._at_work


async def test_only_its_author_publishes_an_answer(here: Stage) -> None:
    question_id, _ = await answered(here)

    assert (await here.inbox.on_click(click(question_id, "publish", author="slack:U2"))).refused
    assert not (await here.inbox.on_click(click(question_id, "publish"))).refused


async def test_what_a_person_asked_is_listed_latest_first(here: Stage) -> None:
    await here.inbox.on_message(said("first"))
    await here.inbox.on_message(said("second", "C1/2", sent_at=NOON.replace(hour=13)))
    await here.inbox.on_message(said("of others", "C1/3", author="slack:U2"))

    assert [one.text for one in await here.inbox.recent("slack:U1")] == ["second", "first"]


@pytest.mark.parametrize("author", ["slack:T9/U1", "feishu:tenant/ou_1"])
async def test_people_of_other_organisations_are_answered_only_where_they_may_be(here: Stage, author: str) -> None:
    await here.inbox.on_message(said(QUESTION, author=author))

    assert "Only people of this organisation" in (await here.answer(await here.asked("C1/1"))).text

    async with stage({"C1": Conversation(outsiders=True)}) as open_to_them:
        await open_to_them.inbox.on_message(said(QUESTION, author=author))

        assert "40 connections" in (await open_to_them.answer(await open_to_them.asked("C1/1"))).text


async def test_a_person_known_by_their_user_id_is_one_of_us(here: Stage) -> None:
    await here.inbox.on_message(said(QUESTION, author="feishu:user/7c3e"))

    assert "40 connections" in (await here.answer(await here.asked("C1/1"))).text


class Ears:
    """Hears an alert in whatever begins with FIRING."""

    def alerts_in(self, text: str, at: datetime) -> list[Alert]:
        known = {"source": "spoken", "fingerprint": "f", "status": "firing", "severity": "error"}
        return [Alert(name=text[7:], started_at=at, **known)] if text.startswith("FIRING") else []


@pytest.mark.parametrize(("text", "heard"), [("FIRING PoolFull", 1), ("deployed v42", 0)])
async def test_what_another_bot_says_is_never_a_question_and_may_be_an_alert(
    here: Stage, text: str, heard: int
) -> None:
    here.inbox.listener = Ears()

    assert not await here.inbox.on_message(said(text, by_bot=True, addressed=False))
    assert [thread_of(read(one.body)) for one in await here.state.unsorted()] == ["slack:T1/C1/1"] * heard
    assert await here.state.undelivered() == ()


async def test_an_alert_that_a_person_writes_is_no_alert(here: Stage) -> None:
    here.inbox.listener = Ears()
    await here.inbox.on_message(said("FIRING PoolFull", addressed=False))

    assert await here.state.unsorted() == ()
