"""The language-model seam: what every adapter promises, on the twin, an endpoint and the local model."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import httpx
import pytest
import pytest_asyncio
from pydantic import BaseModel, Field, StringConstraints

from connectors.configuration import Roots
from connectors.llm.local import LocalModel
from connectors.llm.port import LanguageModel, ModelNonsense, ModelUnavailable, Prompt, estimate_tokens
from connectors.load import load
from tests.pictures import png
from tests.unit.connectors.llm.fake_openai import Turn, fake_openai

MODELS = Path(os.environ.get("NIGHTSHIFT_MODELS", "~/.cache/nightshift/models")).expanduser()  # noqa: TID251
GGUF = MODELS / "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
REAL = pytest.param("local", marks=pytest.mark.model)
REWRITE = Prompt(
    'Rewrite the last message as a search query. Reply with JSON: {"query": "..."}. Keep every name as it is.',
    "last message: cache-03 shows DiskPressure since 10:20, what now",
    (("last message: hi, node-7 is NotReady, help", '{"query": "node-7 NotReady"}'),),
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Rewriting(BaseModel):
    query: Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Numbered(BaseModel):
    numbers: Annotated[list[int], Field(min_length=1_000)]


async def opened(vendor: str, home: Path, **further: object) -> AsyncIterator[LanguageModel]:
    """The model, which replies with a query to everything where it can be told to."""
    reply = '{"query": "cache-03 DiskPressure since 10:20"}'
    async with AsyncExitStack() as stack:
        table: dict[str, object] = {}
        if vendor == "endpoint":
            fake = await stack.enter_async_context(fake_openai(Turn(reply)))
            table = {"model": "fake", "api_base": fake.address}
        if vendor == "memory":
            table = {"replies": [reply]}
        if vendor == "local":
            # Cold and on a busy machine a first call takes longer than anybody would wait for an answer.
            table = {"short_seconds": 100, "long_seconds": 100}
            if not GGUF.is_file():
                pytest.skip(f"no {GGUF}: run `make setup` or `python -m bot models pull`")
        yield await stack.enter_async_context(load("llm", vendor, table | further, Roots(home=home, models=MODELS)))


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["memory", "endpoint", REAL])
async def model(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LanguageModel]:
    async for one in opened(request.param, tmp_path_factory.mktemp("home")):
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[REAL])
async def local(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LanguageModel]:
    async for one in opened(request.param, tmp_path_factory.mktemp("home")):
        yield one


async def test_it_says_what_it_is(model: LanguageModel) -> None:
    assert model.name
    assert model.level in ("endpoint", "local")
    assert model.context_tokens >= 1_024
    assert model.usable
    # Nobody's screenshots go anywhere unless somebody has said so.
    assert not model.sees


@pytest.mark.parametrize("vendor", ["memory", "endpoint"])
async def test_a_model_that_sees_is_given_pictures(vendor: str, tmp_path: Path) -> None:
    async for seeing in opened(vendor, tmp_path, vision=True):
        reply = await seeing.ask(replace(REWRITE, pictures=(png(),)), Rewriting, max_tokens=60)

        assert seeing.sees
        assert "cache-03" in reply.value.query


async def test_warming_up_needs_no_answer(model: LanguageModel) -> None:
    await model.warm(REWRITE)

    assert model.usable


async def test_a_value_of_the_shape_comes_back_with_what_it_cost(model: LanguageModel) -> None:
    reply = await model.ask(REWRITE, Rewriting, max_tokens=60)

    assert "cache-03" in reply.value.query
    assert reply.usage.tokens_in > 0 < reply.usage.tokens_out
    assert reply.usage.seconds >= 0


async def test_what_is_not_in_the_shape_is_nonsense_and_is_told(model: LanguageModel) -> None:
    with pytest.raises(ModelNonsense) as nonsense:
        await model.ask(REWRITE, Numbered, max_tokens=40)

    assert str(nonsense.value)
    assert nonsense.value.usage
    assert nonsense.value.__cause__


async def test_a_stream_ends_with_an_empty_piece_that_has_the_usage(model: LanguageModel) -> None:
    pieces = [piece async for piece in model.stream(REWRITE, max_tokens=60)]

    assert "cache-03" in "".join(piece.text for piece in pieces)
    assert [piece.usage for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    assert pieces[-1].text == ""
    assert pieces[-1].usage
    assert pieces[-1].usage.tokens_out > 0


async def test_a_stream_may_be_closed_early_and_the_model_asked_again(model: LanguageModel) -> None:
    async with aclosing(model.stream(REWRITE, max_tokens=60)) as pieces:
        first = await anext(pieces)

    assert first.text
    assert (await model.ask(REWRITE, Rewriting, max_tokens=60)).value.query


async def test_tokens_are_counted(model: LanguageModel) -> None:
    assert model.count_tokens("") == 0
    assert model.count_tokens("disk full") < model.count_tokens("disk full, 磁盘已满")


async def test_the_second_call_of_a_task_reads_only_what_is_new(local: LocalModel) -> None:
    rules = " ".join(f"Rule {n}: keep names such as order-{n} as they are." for n in range(20))
    task = Prompt(f"Rewrite the message as a query. {rules}", "hello")
    other = Prompt(f"Choose a tool for the message. {rules}", "hello")

    cold = await local.ask(task, Rewriting, max_tokens=30)
    await local.ask(other, Rewriting, max_tokens=30)
    await local.ask(Prompt("Say hello.", "hello"), Rewriting, max_tokens=30)
    warm = await local.ask(Prompt(task.instruction, "hello again"), Rewriting, max_tokens=30)

    assert warm.usage.seconds < cold.usage.seconds / 2


async def test_a_closed_stream_leaves_the_server_idle(local: LocalModel) -> None:
    async with aclosing(local.stream(Prompt("Tell stories.", "A long one about a lighthouse."), 1_000)) as pieces:
        await anext(pieces)
        assert await busy(local)

    answers = [await busy(local) for _ in range(100)]
    assert not answers[-1]


async def busy(local: LocalModel) -> bool:
    async with speaking_to(local) as client:
        return any(slot["is_processing"] for slot in (await client.get("/slots")).json())


@asynccontextmanager
async def speaking_to(local: LocalModel) -> AsyncIterator[httpx.AsyncClient]:
    served = await local.server.running()
    async with httpx.AsyncClient(base_url=served.address, headers={"Authorization": f"Bearer {served.key}"}) as client:
        yield client


async def test_nobody_is_answered_without_the_key(local: LocalModel) -> None:
    served = await local.server.running()
    async with httpx.AsyncClient(base_url=served.address) as client:
        answers = [await client.get("/v1/models"), await client.post("/v1/chat/completions", json={"messages": []})]

    assert {answer.status_code for answer in answers} <= {200, 401}
    assert answers[1].status_code == 401


async def test_a_killed_server_is_started_again_within_the_call(local: LocalModel) -> None:
    await local.server.running()
    before = local.server.process_id
    assert before
    os.kill(before, 9)

    reply = await local.ask(REWRITE, Rewriting, max_tokens=60)

    assert reply.value.query
    assert local.server.process_id != before


@pytest.mark.parametrize("text", ["磁盘已满，请扩容 order-api 的卷。", "kubectl get pods -n prod | grep 10.0.0.17"])
async def test_the_estimate_is_not_below_the_tokenizer(local: LocalModel, text: str) -> None:
    async with speaking_to(local) as client:
        tokens = (await client.post("/tokenize", json={"content": text})).json()["tokens"]

    assert len(tokens) <= estimate_tokens(text) <= 1.5 * len(tokens)


async def test_a_missing_file_says_how_to_get_it(tmp_path: Path) -> None:
    async with load("llm", "local", {}, Roots(home=tmp_path, models=tmp_path)) as absent:
        with pytest.raises(ModelUnavailable, match=r"make setup.*python -m bot models pull"):
            await absent.ask(REWRITE, Rewriting, max_tokens=60)

        assert not absent.usable


@pytest.mark.model
async def test_a_broken_file_says_what_the_server_said(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"not a model")
    async with load("llm", "local", {"model": "broken.gguf"}, Roots(home=tmp_path, models=tmp_path)) as broken:
        with pytest.raises(ModelUnavailable, match=r"did not start.*local-model\.log"):
            await broken.ask(REWRITE, Rewriting, max_tokens=60)
