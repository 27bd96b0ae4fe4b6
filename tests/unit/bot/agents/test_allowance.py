"""What models may spend on an incident: never more than there is, and shared by all."""

import asyncio

import pytest
from pydantic import BaseModel

from bot.agents.allowance import Allowance, UsedUp, together
from bot.ladder import Ladder
from bot.rules.incident_modes import IncidentRules
from bot.vocabulary import Spent
from connectors.llm.memory import Line, ScriptedModel, Settings
from connectors.llm.port import Prompt

PROMPT = Prompt("Say yes.", "word " * 1_000)


class Said(BaseModel):
    yes: bool = True


async def once(allowance: Allowance, model: ScriptedModel, max_tokens: int = 100) -> Ladder:
    ladder = Ladder([model])
    await allowance.ask(ladder, PROMPT, Said, max_tokens)
    return ladder


def test_it_holds_what_the_rules_give() -> None:
    made = Allowance.of(IncidentRules(tokens=7, cost=1.5, budget_seconds=60), lambda: 100.0)

    assert (made.tokens, made.cost, made.seconds) == (7, 1.5, 60.0)


async def test_a_call_takes_what_it_used() -> None:
    allowance = Allowance(10_000, 60.0, lambda: 0.0, 1.0)

    spent = (await once(allowance, ScriptedModel([Line(reply={})], Settings(price=(10, 10, "USD"))))).spent()

    assert allowance.tokens == 10_000 - spent.tokens_in - spent.tokens_out
    assert allowance.cost == pytest.approx(1.0 - spent.cost)


@pytest.mark.parametrize(
    "allowance",
    [
        pytest.param(Allowance(4_000, 60.0, lambda: 0.0), id="tokens"),
        pytest.param(Allowance(100_000, 60.0, lambda: 0.0, 0.01), id="money"),
        pytest.param(Allowance(100_000, 60.0, lambda: 60.0), id="seconds"),
    ],
)
async def test_what_might_not_fit_is_not_asked(allowance: Allowance) -> None:
    model = ScriptedModel([Line(reply={})], Settings(price=(10, 10, "USD")))

    with pytest.raises(UsedUp):
        await once(allowance, model)

    assert model.prompts == []


async def test_even_a_second_attempt_stays_within_it() -> None:
    model = ScriptedModel([Line(reply="no " * 400)])
    allowance = Allowance(6_000, 60.0, lambda: 0.0)

    assert (await once(allowance, model, 500)).spent().level == "none"

    assert len(model.prompts) == 2
    assert allowance.tokens >= 0


async def test_two_at_once_do_not_take_the_same_tokens() -> None:
    model = ScriptedModel([Line(reply={})])
    allowance = Allowance(8_000, 60.0, lambda: 0.0)

    done = await asyncio.gather(once(allowance, model), once(allowance, model), return_exceptions=True)

    assert [type(one) for one in done] == [Ladder, UsedUp]


async def test_a_call_that_takes_too_long_is_broken_off_and_counted() -> None:
    async def never(_: float) -> None:
        await asyncio.Event().wait()

    allowance = Allowance(10_000, 0.01, lambda: 0.0)

    with pytest.raises(UsedUp):
        await once(allowance, ScriptedModel([Line(reply={})], pause=never))

    assert allowance.tokens < 10_000


def test_sums_are_added_and_name_the_model_that_worked() -> None:
    local = Spent(level="local", model="small", tokens_in=1, tokens_out=2, seconds=3)
    large = Spent(level="endpoint", model="large", tokens_in=10, cost=0.5, currency="USD")

    total = together(Spent(), local, large, Spent())

    assert (total.level, total.model, total.tokens_in, total.tokens_out) == ("endpoint", "large", 11, 2)
    assert (total.seconds, total.cost, total.currency) == (3, 0.5, "USD")
