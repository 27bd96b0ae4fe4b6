"""An endpoint that refuses, breaks, hangs and talks nonsense."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import Any

import pytest
import stamina
from pydantic import BaseModel
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from connectors.configuration import BadSettings
from connectors.llm.endpoint import EndpointModel, Settings, connect
from connectors.llm.port import ModelNonsense, ModelUnavailable, Prompt
from tests.pictures import png
from tests.unit.connectors.llm.fake_openai import FakeOpenAI, Turn, fake_openai

PROMPT = Prompt("Rewrite.", "disk is full", (("hi", '{"query": "hi"}'),))
SHOWN = replace(PROMPT, pictures=(png(),))


class Rewriting(BaseModel):
    query: str


class Stage:
    """Sets up endpoints and models for them, and moves the time that the event loop and the models see."""

    def __init__(self, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
        self._stack = stack
        self._passed = 0.0
        loop = asyncio.get_running_loop()
        real = loop.time
        monkeypatch.setattr(loop, "time", lambda: real() + self._passed)

    def clock(self) -> float:
        return self._passed

    def wait(self, seconds: float) -> None:
        self._passed += seconds

    async def model(
        self, *turns: Turn, unknown_fields: frozenset[str] = frozenset(), **settings: Any
    ) -> tuple[EndpointModel, FakeOpenAI]:
        fake = await self._stack.enter_async_context(fake_openai(*turns, unknown_fields=unknown_fields))
        wanted = Settings(model="fake", api_base=fake.address, **settings)
        return await self._stack.enter_async_context(connect(wanted, self.clock)), fake


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    stamina.set_testing(True, attempts=3, cap=True)
    async with AsyncExitStack() as stack:
        yield Stage(stack, monkeypatch)
    stamina.set_testing(False)


async def test_a_call_says_its_limit_its_schema_and_its_prompt(stage: Stage) -> None:
    model, fake = await stage.model()

    await model.ask(PROMPT, Rewriting, max_tokens=60)

    [request] = fake.requests
    assert (request["max_tokens"], request["temperature"]) == (60, 0)
    assert request["response_format"]["json_schema"]["schema"]["required"] == ["query"]
    assert [(m["role"], m["content"]) for m in request["messages"]] == [
        ("system", "Rewrite."),
        ("user", "hi"),
        ("assistant", '{"query": "hi"}'),
        ("user", "disk is full"),
    ]


async def test_a_picture_goes_with_the_material_in_the_message_itself(stage: Stage) -> None:
    model, fake = await stage.model(vision=True)

    await model.ask(SHOWN, Rewriting, max_tokens=60)

    *before, last = fake.requests[0]["messages"]
    assert [message["content"] for message in before] == ["Rewrite.", "hi", '{"query": "hi"}']
    assert last["content"] == [
        {"type": "text", "text": "disk is full"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(png()).decode()}"}},
    ]


async def test_a_refused_picture_changes_nothing_for_texts(stage: Stage) -> None:
    model, fake = await stage.model(Turn(status=400), Turn(), vision=True)

    await model.ask(SHOWN, Rewriting, max_tokens=60)
    await model.ask(PROMPT, Rewriting, max_tokens=60)

    assert [request["response_format"]["type"] for request in fake.requests] == [
        "json_schema",
        "json_object",
        "json_schema",
    ]


async def test_the_usage_is_what_the_endpoint_says(stage: Stage) -> None:
    model, _ = await stage.model()

    usage = (await model.ask(PROMPT, Rewriting, max_tokens=60)).usage

    assert (usage.tokens_in, usage.tokens_out, usage.estimated) == (120, 8, False)


async def test_the_usage_is_estimated_when_the_endpoint_is_silent(stage: Stage) -> None:
    model, _ = await stage.model(Turn(usage=False))

    usage = (await model.ask(PROMPT, Rewriting, max_tokens=60)).usage
    streamed = [piece async for piece in model.stream(PROMPT, max_tokens=60)][-1].usage

    assert usage.estimated
    assert streamed
    assert streamed.estimated


@pytest.mark.parametrize(
    ("unknown", "asked"),
    [
        pytest.param({"json_schema"}, ["json_schema", "json_object", "json_object"], id="json-object-is-left"),
        pytest.param(
            {"json_schema", "json_object"}, ["json_schema", "json_object", None, None], id="only-the-prompt-is-left"
        ),
    ],
)
async def test_a_refused_way_of_structure_is_not_tried_twice(
    stage: Stage, unknown: set[str], asked: list[str | None]
) -> None:
    model, fake = await stage.model(unknown_fields=frozenset(unknown))

    await model.ask(PROMPT, Rewriting, max_tokens=60)
    await model.ask(PROMPT, Rewriting, max_tokens=60)

    assert [request.get("response_format", {}).get("type") for request in fake.requests] == asked
    assert '"query"' in fake.requests[-1]["messages"][0]["content"]


async def test_a_request_refused_in_every_way_says_nothing_about_the_ways(stage: Stage) -> None:
    model, fake = await stage.model(*[Turn(status=400)] * 3, Turn())
    with pytest.raises(ModelUnavailable):
        await model.ask(PROMPT, Rewriting, max_tokens=60)

    await model.ask(PROMPT, Rewriting, max_tokens=60)

    assert fake.requests[-1]["response_format"]["type"] == "json_schema"


async def test_a_chosen_way_of_structure_is_the_only_one(stage: Stage) -> None:
    model, fake = await stage.model(unknown_fields=frozenset({"json_schema"}), structured="json_schema")

    with pytest.raises(ModelUnavailable, match="unknown field"):
        await model.ask(PROMPT, Rewriting, max_tokens=60)

    assert len(fake.requests) == 1


async def test_stream_options_that_are_refused_are_left_out(stage: Stage) -> None:
    model, fake = await stage.model(unknown_fields=frozenset({"stream_options"}))

    for _ in range(2):
        assert [piece async for piece in model.stream(PROMPT, max_tokens=60)][-1].usage

    assert ["stream_options" in request for request in fake.requests] == [True, False, False]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_failure_that_may_pass_is_tried_again(stage: Stage, status: int) -> None:
    model, fake = await stage.model(Turn(status=status), Turn(status=status), Turn())

    assert (await model.ask(PROMPT, Rewriting, max_tokens=60)).value.query == "disk full"
    assert len(fake.requests) == 3


@pytest.mark.parametrize(("status", "advice"), [(401, "api_key"), (404, "api_base and model")])
async def test_a_failure_that_stays_is_not_tried_again(stage: Stage, status: int, advice: str) -> None:
    model, fake = await stage.model(Turn(status=status))

    with pytest.raises(ModelUnavailable, match=advice):
        await model.ask(PROMPT, Rewriting, max_tokens=60)

    assert len(fake.requests) == 1


async def test_tries_are_bounded(stage: Stage) -> None:
    model, fake = await stage.model(Turn(status=500), attempts=2)

    with pytest.raises(ModelUnavailable):
        await model.ask(PROMPT, Rewriting, max_tokens=60)

    assert len(fake.requests) == 2


async def test_a_long_retry_after_is_not_waited_for(stage: Stage) -> None:
    model, fake = await stage.model(Turn(status=429, headers={"retry-after": "120"}))

    with pytest.raises(ModelUnavailable, match="rate"):
        await model.ask(PROMPT, Rewriting, max_tokens=60)

    assert len(fake.requests) == 1


async def test_an_endpoint_that_is_not_there_is_tried_again_and_given_up(stage: Stage) -> None:
    waits: list[RetryDetails] = []

    def note(details: RetryDetails) -> None:
        waits.append(details)

    set_on_retry_hooks([note])
    async with connect(Settings(model="x", api_base="http://127.0.0.1:9/v1")) as model:
        with pytest.raises(ModelUnavailable, match="Connection error"):
            await model.ask(PROMPT, Rewriting, max_tokens=60)
    set_on_retry_hooks(None)

    assert len(waits) == 2


async def test_a_call_that_hangs_ends_at_its_deadline_and_hangs_up(stage: Stage) -> None:
    model, fake = await stage.model(Turn(hangs=True), timeout_seconds=60)

    asking = asyncio.create_task(model.ask(PROMPT, Rewriting, max_tokens=60))
    await fake.asked.wait()
    stage.wait(61)

    with pytest.raises(ModelUnavailable, match="in time"):
        await asking
    await fake.closed.wait()


async def test_a_stream_that_hangs_ends_at_its_deadline(stage: Stage) -> None:
    model, fake = await stage.model(Turn(hangs=True), timeout_seconds=60)
    pieces = model.stream(PROMPT, max_tokens=60)

    assert (await anext(pieces)).text
    stage.wait(61)
    with pytest.raises(ModelUnavailable, match="in time"):
        await anext(pieces)
    await fake.closed.wait()


async def test_closing_a_stream_hangs_up(stage: Stage) -> None:
    model, fake = await stage.model(Turn(hangs=True))

    async with aclosing(model.stream(PROMPT, max_tokens=60)) as pieces:
        await anext(pieces)

    await fake.closed.wait()
    assert model.usable


async def test_a_cut_stream_is_not_taken_for_a_whole_one(stage: Stage) -> None:
    model, fake = await stage.model(Turn("half of it", cuts=True))
    pieces = model.stream(PROMPT, max_tokens=60)

    assert (await anext(pieces)).text == "half "
    with pytest.raises(ModelUnavailable, match="broke off"):
        await anext(pieces)
    assert len(fake.requests) == 1


async def test_nonsense_is_told_with_its_text_and_its_cost(stage: Stage) -> None:
    model, _ = await stage.model(Turn("I am a teapot"))

    with pytest.raises(ModelNonsense, match="teapot") as nonsense:
        await model.ask(PROMPT, Rewriting, max_tokens=60)

    assert nonsense.value.usage
    assert nonsense.value.usage.tokens_in == 120


async def test_an_endpoint_that_keeps_failing_rests_and_is_tried_once_later(stage: Stage) -> None:
    model, fake = await stage.model(Turn(status=401), failures_to_rest=2, rest_seconds=30)
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            await model.ask(PROMPT, Rewriting, max_tokens=60)
    assert (len(fake.requests), model.usable) == (2, False)

    stage.wait(31)
    fake.turns = [Turn()]

    assert model.usable
    assert (await model.ask(PROMPT, Rewriting, max_tokens=60)).value.query == "disk full"


async def test_the_key_of_another_endpoint_is_never_sent(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    model, fake = await stage.model()

    await model.ask(PROMPT, Rewriting, max_tokens=60)

    assert fake.keys == ["none"]


async def test_the_key_is_sent_and_never_shown(stage: Stage) -> None:
    model, fake = await stage.model(api_key="k-123")

    await model.ask(PROMPT, Rewriting, max_tokens=60)

    assert fake.keys == ["k-123"]
    assert "k-123" not in repr(Settings(model="m", api_key="k-123"))


async def test_the_limit_has_the_name_the_model_knows(stage: Stage) -> None:
    model, fake = await stage.model(limit_name="max_completion_tokens")

    await model.ask(PROMPT, Rewriting, max_tokens=60)

    assert fake.requests[0]["max_completion_tokens"] == 60
    assert "max_tokens" not in fake.requests[0]


async def test_a_price_needs_both_halves(stage: Stage) -> None:
    priced, _ = await stage.model(price_in=0.5, price_out=1.5, currency="CNY")
    half, _ = await stage.model(price_in=0.5)

    assert priced.price == (0.5, 1.5, "CNY")
    assert half.price is None


async def test_any_class_of_llama_index_will_do() -> None:
    settings = Settings(model="any", class_path="llama_index.core.llms.MockLLM", arguments={"max_tokens": 5})
    async with connect(settings) as model:
        pieces = [piece async for piece in model.stream(PROMPT, max_tokens=60)]

    assert "".join(piece.text for piece in pieces) == "text text text text text"
    assert pieces[-1].usage
    assert pieces[-1].usage.estimated


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param(
            {"class_path": "llama_index.llms.nobody.Nobody"}, "pip install llama-index-llms-nobody", id="none"
        ),
        pytest.param({"class_path": "pathlib.Path"}, "no llama-index LLM", id="not-a-model"),
        pytest.param(
            {"class_path": "llama_index.core.llms.MockLLM", "api_base": "http://x/v1"}, "api_base", id="no-such-wish"
        ),
        pytest.param({"arguments": {"timeout": "soon"}}, "refuses them", id="wrong-argument"),
    ],
)
async def test_a_model_that_cannot_be_made_is_refused_at_the_start(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(BadSettings, match=message):
        async with connect(Settings(model="x", **wrong)):
            pass
