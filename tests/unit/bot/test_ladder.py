"""The ladder: which model answers, what is tried again, and what a question costs."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import pytest
from pydantic import BaseModel

from bot.ladder import MOST_REFUSED_CHARACTERS, Interrupted, Ladder
from connectors.configuration import BadSettings
from connectors.llm.memory import Line, ScriptedModel, Settings
from connectors.llm.port import PICTURE_TOKENS, Level, Piece, Prompt

PROMPT = Prompt("Rewrite.", "disk is full")
GOOD = Line(reply={"query": "disk full"})
NONSENSE = Line(reply="I am a teapot")
DOWN = Line(fails="at once")


class Rewriting(BaseModel):
    query: str


def model(
    *lines: Line, level: Level = "endpoint", price: tuple[float, float, str] | None = None, sees: bool = False
) -> ScriptedModel:
    return ScriptedModel(lines, Settings(name=f"the {level}", level=level, price=price, vision=sees))


async def asked(*models: ScriptedModel) -> tuple[str | None, str]:
    ladder = Ladder(models)
    value = await ladder.ask(PROMPT, Rewriting, max_tokens=60)
    return (value.query if value else None), ladder.spent().level


async def heard(ladder: Ladder) -> list[str]:
    return [text async for text in ladder.stream(PROMPT, max_tokens=60)]


@pytest.mark.parametrize(
    ("large", "small", "level"),
    [
        pytest.param([GOOD], [GOOD], "endpoint", id="the-best-one-answers"),
        pytest.param([DOWN], [GOOD], "local", id="down"),
        pytest.param([NONSENSE], [GOOD], "local", id="nonsense-twice"),
        pytest.param([NONSENSE.model_copy(update={"times": 1}), GOOD], [GOOD], "endpoint", id="repaired"),
        pytest.param([NONSENSE.model_copy(update={"times": 1}), DOWN], [GOOD], "local", id="down-while-repairing"),
        pytest.param([], [NONSENSE], "none", id="nothing-but-nonsense"),
        pytest.param([DOWN], [DOWN], "none", id="all-down"),
    ],
)
async def test_who_gives_a_value(large: list[Line], small: list[Line], level: str) -> None:
    value = "disk full" if level != "none" else None

    assert await asked(model(*large), model(*small, level="local")) == (value, level)


async def test_nobody_on_the_ladder_gives_nothing() -> None:
    assert await asked() == (None, "none")
    assert await heard(Ladder([])) == []


async def test_a_nonsense_reply_is_sent_back_once_as_material() -> None:
    large = model(Line(reply={"question": "x" * 5_000}))

    await Ladder([large]).ask(PROMPT, Rewriting, max_tokens=5_000)

    first, second = large.prompts
    assert first == PROMPT
    assert "xxx" not in second.instruction
    assert second.instruction.startswith("Rewrite.\n")
    assert second.material.startswith("disk is full\n")
    assert "query: Field required" in second.material
    assert len(second.material) < len(PROMPT.material) + MOST_REFUSED_CHARACTERS + 200


async def test_only_trusted_levels_are_asked() -> None:
    large, small = model(DOWN), model(GOOD, level="local")
    trusted: tuple[Level, ...] = ("endpoint",)

    assert await Ladder([large, small]).ask(PROMPT, Rewriting, 60, trusted=trusted) is None
    assert (len(large.prompts), len(small.prompts)) == (1, 0)


async def test_pictures_are_given_to_models_that_see_and_to_no_other() -> None:
    blind, seeing = model(GOOD), model(GOOD, level="local", sees=True)
    ladder = Ladder([blind, seeing])

    await ladder.ask(replace(PROMPT, pictures=(b"png",)), Rewriting, max_tokens=60)
    await ladder.ask(PROMPT, Rewriting, max_tokens=60)

    assert ([len(one.pictures) for one in blind.prompts], [len(one.pictures) for one in seeing.prompts]) == ([0], [1])
    assert ladder.sees
    assert not Ladder([blind]).sees


async def test_a_picture_costs_tokens() -> None:
    ladder = Ladder([model(GOOD, sees=True)])

    await ladder.ask(replace(PROMPT, pictures=(b"png",)), Rewriting, max_tokens=60)

    assert ladder.spent().tokens_in > PICTURE_TOKENS


async def test_a_stream_falls_to_the_next_model_before_its_first_word() -> None:
    ladder = Ladder([model(DOWN), model(Line(reply="Free some disk."), level="local")])

    assert await heard(ladder) == ["Free", " some", " disk."]
    assert ladder.spent().level == "local"


async def test_a_model_that_says_nothing_is_passed_over() -> None:
    assert await heard(Ladder([model(Line(reply="")), model(Line(reply="Free."), level="local")])) == ["Free."]


async def test_a_stream_that_breaks_off_is_interrupted_and_not_continued_by_another() -> None:
    small = model(GOOD, level="local")
    ladder = Ladder([model(Line(reply="Free some disk now", fails="midway")), small])
    texts = ladder.stream(PROMPT, max_tokens=60)

    assert [await anext(texts), await anext(texts)] == ["Free", " some"]
    with pytest.raises(Interrupted, match="fails as its script says"):
        await anext(texts)
    assert small.prompts == []


async def test_every_question_has_an_account_of_its_own() -> None:
    ladder = Ladder([model(GOOD, price=(1_000_000.0, 2_000_000.0, "CNY"))])
    one, other = ladder.for_question(), ladder.for_question()

    await one.ask(PROMPT, Rewriting, max_tokens=60)
    await one.ask(PROMPT, Rewriting, max_tokens=60)

    spent = one.spent()
    assert (spent.level, spent.model, spent.currency) == ("endpoint", "the endpoint", "CNY")
    assert spent.cost == spent.tokens_in + 2 * spent.tokens_out > 0
    assert (other.spent().tokens_in, ladder.spent().tokens_in) == (0, 0)


async def test_what_a_refused_reply_cost_is_counted() -> None:
    once, twice = Ladder([model(GOOD)]), Ladder([model(NONSENSE.model_copy(update={"times": 1}), GOOD)])

    await once.ask(PROMPT, Rewriting, max_tokens=60)
    await twice.ask(PROMPT, Rewriting, max_tokens=60)

    assert twice.spent().tokens_in > 2 * once.spent().tokens_in


async def test_a_price_stays_when_a_model_without_one_goes_on() -> None:
    large = model(NONSENSE, price=(1.0, 1.0, "USD"))
    ladder = Ladder([large, model(GOOD, level="local")])

    await ladder.ask(PROMPT, Rewriting, max_tokens=60)

    assert (ladder.spent().level, ladder.spent().currency) == ("local", "USD")
    assert ladder.spent().cost > 0


class Endless(ScriptedModel):
    """Writes for ever, and keeps whether it was stopped."""

    stopped = False

    async def stream(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[Piece, None]:
        try:
            while True:
                yield Piece("word ")
        finally:
            self.stopped = True


async def test_a_closed_stream_stops_the_model_and_is_paid_for_as_far_as_it_went() -> None:
    endless, times = Endless(), iter([1.0, 4.0])
    ladder = Ladder([endless], clock=lambda: next(times))

    async with aclosing(ladder.stream(PROMPT, max_tokens=60)) as texts:
        assert await anext(texts) == "word "

    assert endless.stopped
    assert (ladder.spent().tokens_in, ladder.spent().tokens_out, ladder.spent().seconds) == (6, 1, 3.0)


def test_the_best_model_is_the_first_that_can_be_used() -> None:
    large, small = ScriptedModel(usable=False), model(level="local")

    assert Ladder([large, small]).best is small
    assert Ladder([large]).best is None


async def test_every_model_is_warmed_with_every_prompt() -> None:
    large, small = model(), model(level="local")

    await Ladder([large, small]).warm([PROMPT, Prompt("Answer.", "")])

    assert [prompt.instruction for prompt in large.warmed + small.warmed] == ["Rewrite.", "Answer."] * 2


def test_prices_in_two_currencies_cannot_be_added() -> None:
    with pytest.raises(BadSettings, match="CNY and USD"):
        Ladder([model(price=(1, 1, "USD")), model(price=(1, 1, "CNY"))])
