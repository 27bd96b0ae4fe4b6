"""From pictures to a query that says what they are about."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from bot.rules.screenshots import known_words
from bot.steps.read import LONGEST, Readings, read, with_readings
from bot.vocabulary import Picture, Query
from connectors.ocr.memory import MemoryOcr, Settings
from connectors.ocr.port import Ocr, OcrUnavailable, Reading
from connectors.state.memory import MemoryState
from connectors.state.port import KeptFile
from knowledge.service_graph import Service, ServiceGraph
from tests.pictures import png

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
GRAPH = ServiceGraph([Service(name="payments", aliases={"zh": ["支付"]}), Service(name="checkout")])
TRACE = "2026-03-04 09:58:12 ERROR PoolTimeoutException in payments"


class Broken:
    """A reader whose process is gone."""

    identity = "broken"

    async def read(self, image: bytes) -> Reading:
        raise OcrUnavailable("The reader died. Run `python -m bot doctor`.")

    async def redraw(self, image: bytes) -> bytes:
        raise OcrUnavailable("The reader died.")


def digest(name: str) -> str:
    return hashlib.sha256(png(name)).hexdigest()


def asked(*pictures: Picture, text: str = "what is this?", language: str = "en") -> Query:
    return Query(
        question_id="q", text=text, language=language, asked_at=NOON, author="ann", pictures=pictures,
    )  # fmt: skip


def unread(name: str) -> Picture:
    return Picture(name=name, digest=digest(name))


def reader(texts: Mapping[str, str]) -> Ocr:
    return MemoryOcr(Settings(texts={digest(name): text for name, text in texts.items()}))


@pytest.fixture
async def kept() -> MemoryState:
    state = MemoryState()
    for name in ("a.png", "b.png"):
        await state.keep(KeptFile("ann", digest(name), "image/png", png(name), NOON))
    return state


def shown(query: Query, *texts: str) -> Query:
    readings = Readings(pictures=tuple(Picture(name="a.png", digest="a", text=text) for text in texts))
    return with_readings(query, readings, GRAPH.mentioned, known_words(["payments", "checkout"]))


async def test_each_picture_is_read_in_its_order(kept: MemoryState) -> None:
    found = await read(asked(unread("b.png"), unread("a.png")), reader({"a.png": "one", "b.png": "two"}), kept)

    assert [picture.text for picture in found.pictures] == ["two", "one"]
    assert found.notices == ()


async def test_what_a_person_corrected_is_not_read_again(kept: MemoryState) -> None:
    corrected = unread("a.png").model_copy(update={"text": "PoolTimeout", "corrected": True})

    found = await read(asked(corrected), Broken(), kept)

    assert found == Readings(pictures=(corrected,))


async def test_what_cannot_be_read_says_why(kept: MemoryState) -> None:
    gone, there = unread("gone.png"), unread("a.png")

    assert (await read(asked(gone), reader({}), kept)).notices == (
        "gone.png could not be read: It is no longer kept; send it again.",
    )
    assert "The reader died. Run" in (await read(asked(there), Broken(), kept)).notices[0]
    assert (await read(asked(there, gone), None, kept)).notices == (
        "Reading pictures is not set up here; only the text was used.",
    )


async def test_the_reason_is_said_in_the_language_of_the_question() -> None:
    state, torn = MemoryState(), png("torn.png")[:-30]
    await state.keep(KeptFile("ann", "t", "image/png", torn, NOON))

    found = await read(asked(Picture(name="torn.png", digest="t"), language="zh"), reader({}), state)

    assert found.notices == ("无法识别 torn.png：文件已损坏或不完整，请重新截图，或另存为 PNG。",)


class Busy(Broken):
    """A reader that is asked by too many at once."""

    async def read(self, image: bytes) -> Reading:
        await asyncio.Event().wait()
        return Reading()


async def test_a_picture_does_not_wait_for_ever(kept: MemoryState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.steps.read.PATIENCE_SECONDS", 0.01)

    found = await read(asked(unread("a.png")), Busy(), kept)

    assert found.notices == ("a.png could not be read: Too many others are waiting; send it again in a moment.",)


async def test_another_persons_picture_is_not_read(kept: MemoryState) -> None:
    theirs = asked(unread("a.png")).model_copy(update={"author": "bob"})

    assert (await read(theirs, reader({"a.png": "secret"}), kept)).pictures == ()


async def test_a_text_is_cut_where_it_is_too_long_and_can_be_stored(kept: MemoryState) -> None:
    (picture,) = (await read(asked(unread("a.png")), reader({"a.png": "x\0" * LONGEST}), kept)).pictures

    assert picture.text == "x" * LONGEST


def test_a_picture_says_what_a_question_is_about() -> None:
    seen = shown(asked(), TRACE).seen

    assert seen.searches == ("PoolTimeoutException", "payments")
    assert (seen.entities.services, seen.entities.identifiers) == (("payments",), ())
    assert seen.entities.window
    assert seen.entities.window.words == "2026-03-04 09:58:12"


def test_of_several_services_none_is_the_one() -> None:
    assert shown(asked(), "payments\ncheckout").seen.entities.services == ()


def test_plain_words_are_searched_by_their_beginning() -> None:
    assert shown(asked(), "the disk is  \nalmost full").seen.searches == ("the disk is almost full",)


@pytest.mark.parametrize(
    ("text", "reads", "asks"),
    [
        pytest.param("", TRACE, ("What does this mean?", "en"), id="no-words"),
        pytest.param("", "支付服务连接池已经耗尽", ("这是什么意思？", "zh"), id="no-words-in-chinese"),
        pytest.param("hello", TRACE, ("What does this mean?", "en"), id="a-greeting"),
        pytest.param("为什么慢", TRACE, ("为什么慢", "zh"), id="words-of-its-own"),
        pytest.param("", "", ("", "en"), id="nothing-to-go-by"),
    ],
)
def test_without_words_it_asks_what_the_picture_means(text: str, reads: str, asks: tuple[str, str]) -> None:
    query = shown(asked(text=text, language="zh" if text == "为什么慢" else "en"), reads)

    assert (query.text, query.language) == asks
