"""The embedding seam: what every adapter promises, and what holds for those that keep a model in a worker."""

import asyncio
import math
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from connectors.configuration import Roots
from connectors.embedding.port import Embedding, EmbeddingUnavailable, Role
from connectors.load import load

MODELS = Path(os.environ.get("NIGHTSHIFT_MODELS", "~/.cache/nightshift/models")).expanduser()  # noqa: TID251
ROOTS = Roots(home=Path("unused"), models=MODELS)
REAL = [pytest.param("onnx", marks=pytest.mark.model), pytest.param("sbert", marks=pytest.mark.model)]
STRANGE = [
    pytest.param("", id="empty"),
    pytest.param(" \n\t ", id="blank"),
    pytest.param("disk full " * 10_000, id="100-kilobytes"),
    pytest.param("\ufdfa" * 2_000, id="a-sign-that-expands-to-eighteen"),
    pytest.param("pod \ud800 restarted \udfff", id="lone-surrogates"),
    pytest.param("pod\x00 restarted", id="nul"),
    pytest.param("磁盘已满\U0001f525", id="chinese-and-emoji"),
]

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def opened(vendor: str) -> AsyncIterator[Embedding]:
    if vendor != "memory" and not (MODELS / "multilingual-e5-small").is_dir():
        pytest.skip(f"no model in {MODELS}: run `make setup` or `python -m bot models pull`")
    async with load("embedding", vendor, {}, ROOTS) as embedding:
        yield embedding


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["memory", *REAL])
async def embedding(request: pytest.FixtureRequest) -> AsyncIterator[Embedding]:
    async for one in opened(request.param):
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=REAL)
async def real(request: pytest.FixtureRequest) -> AsyncIterator[Embedding]:
    async for one in opened(request.param):
        yield one


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


async def test_a_vector_per_text_of_the_promised_length_and_norm(embedding: Embedding) -> None:
    vectors = await embedding.embed(["disk full", "pod restarted", "disk full"], "passage")

    assert [len(vector) for vector in vectors] == [embedding.dimension] * 3
    assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1, 1, 1], abs=1e-5)


async def test_vectors_come_in_the_order_of_the_texts(embedding: Embedding) -> None:
    texts = ["a much longer passage about a certificate that expired " * 3, "x", "disk full", "x"] * 4

    together = await embedding.embed(texts, "passage")

    alone = [(await embedding.embed([text], "passage"))[0] for text in texts[:4]]
    assert [cosine(a, b) for a, b in zip(together, alone * 4, strict=True)] == pytest.approx([1] * 16, abs=1e-5)


@pytest.mark.parametrize("role", ["query", "passage"])
async def test_the_same_text_gives_the_same_vector(embedding: Embedding, role: Role) -> None:
    first = await embedding.embed(["why is checkout slow?"], role)

    assert await embedding.embed(["why is checkout slow?"], role) == first


async def test_parts_are_nearer_to_what_they_say(embedding: Embedding) -> None:
    sentences = ["The disk of the broker is full.", "The certificate expires on Friday."]
    text = " ".join(sentences)
    spans = [(0, len(sentences[0])), (len(sentences[0]) + 1, len(text))]

    (found,) = await embedding.embed_parts([text], [spans])
    disk, tls = found.parts
    (query,) = await embedding.embed(["the broker's disk is full"], "query")

    assert cosine(query, disk) > cosine(query, tls)
    assert [math.hypot(*vector) for vector in (found.whole, disk, tls)] == pytest.approx([1] * 3, abs=1e-5)
    assert cosine(found.whole, (await embedding.embed([text], "passage"))[0]) == pytest.approx(1, abs=1e-4)


async def test_parted_passages_come_in_order_with_as_many_parts_as_asked_for(embedding: Embedding) -> None:
    texts = ["pod restarted twice. " * 20, "disk full", ""]

    found = await embedding.embed_parts(texts, [[(0, 20), (21, 41)], [], [(0, 5)]])

    assert [len(one.parts) for one in found] == [2, 0, 1]
    assert cosine(found[1].whole, (await embedding.embed(["disk full"], "passage"))[0]) == pytest.approx(1, abs=1e-4)


async def test_a_part_beyond_what_the_model_reads_has_the_passages_vector(real: Embedding) -> None:
    text = "pod restarted " * 2_000

    (found,) = await real.embed_parts([text], [[(len(text) - 20, len(text))]])

    assert found.parts[0] == pytest.approx(found.whole)


async def test_no_texts_give_no_vectors(embedding: Embedding) -> None:
    assert await embedding.embed([], "passage") == []


@pytest.mark.parametrize("text", STRANGE)
async def test_no_text_is_refused(embedding: Embedding, text: str) -> None:
    (vector,) = await embedding.embed([text], "passage")

    assert math.hypot(*vector) == pytest.approx(1, abs=1e-5)


async def test_a_text_is_nearer_to_its_like_than_to_another(embedding: Embedding) -> None:
    (query,) = await embedding.embed(["database connection pool exhausted"], "query")

    near, far = await embedding.embed(
        ["The connection pool of the database is exhausted.", "Slice the apples, then roll out the dough."], "passage"
    )

    assert cosine(query, near) > cosine(query, far)


@pytest.mark.parametrize(
    ("question", "answer", "other"),
    [
        ("数据库连接池耗尽", "The database ran out of pooled connections.", "The certificate expires on Friday."),
        ("how do I renew the TLS certificate", "更新 TLS 证书的步骤", "清理磁盘空间的步骤"),
        ("磁盘满了怎么办", "节点磁盘空间不足时,先清理旧日志。", "新同事入职第一天的安排。"),
    ],
    ids=["zh-en", "en-zh", "zh-zh"],
)
async def test_meaning_counts_across_languages(real: Embedding, question: str, answer: str, other: str) -> None:
    (query,) = await real.embed([question], "query")

    near, far = await real.embed([answer, other], "passage")

    assert cosine(query, near) > cosine(query, far)


async def test_a_query_and_a_passage_of_the_same_words_differ(real: Embedding) -> None:
    assert await real.embed(["disk full"], "query") != await real.embed(["disk full"], "passage")


async def test_a_killed_worker_is_started_again(real: Embedding) -> None:
    before = await real.embed(["disk full"], "passage")
    os.kill(real.worker.process_id, signal.SIGKILL)  # type: ignore[attr-defined] # only real adapters have a worker

    assert await real.embed(["disk full"], "passage") == before


async def test_a_worker_killed_in_the_middle_of_a_batch_is_started_again(real: Embedding) -> None:
    await real.embed(["warm"], "query")
    long = asyncio.ensure_future(real.embed([f"{n} pods restarted " * 200 for n in range(4)], "passage"))
    await asyncio.wait([long], timeout=0.05)
    assert not long.done()
    os.kill(real.worker.process_id, signal.SIGKILL)  # type: ignore[attr-defined] # only real adapters have a worker

    assert len(await long) == 4


async def test_a_query_overtakes_passages(real: Embedding) -> None:
    done: list[str] = []
    passages = asyncio.ensure_future(real.embed([f"pod {n} restarted" for n in range(40)], "passage"))
    passages.add_done_callback(lambda _: done.append("passages"))
    await asyncio.sleep(0)

    await real.embed(["who overtakes?"], "query")

    assert done == []
    await passages


async def test_the_call_after_a_cancelled_one_gets_its_own_answer(real: Embedding) -> None:
    expected = await real.embed(["disk full"], "passage")
    given_up = asyncio.ensure_future(real.embed([f"{n} pods restarted " * 100 for n in range(8)], "passage"))
    await asyncio.sleep(0)
    given_up.cancel()

    assert await real.embed(["disk full"], "passage") == expected


@pytest.mark.model
async def test_the_worker_ends_when_its_parent_is_killed() -> None:
    program = (
        "import asyncio, os, signal\nfrom tests.contracts.test_embedding import opened\n"
        "async def main():\n"
        "    async for embedding in opened('onnx'):\n"
        "        await embedding.embed(['disk full'], 'query')\n"
        "        print(embedding.worker.process_id, flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    async for _ in opened("onnx"):
        parent = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=False
        )

        assert parent.returncode == -signal.SIGKILL
        assert ended(int(parent.stdout), within_seconds=20)


def ended(process_id: int, within_seconds: float) -> bool:
    try:
        process = os.pidfd_open(process_id)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], within_seconds)[0])
    finally:
        os.close(process)


@pytest.mark.parametrize("vendor", ["onnx", "sbert"])
async def test_a_missing_folder_says_how_to_get_it(vendor: str, tmp_path: Path) -> None:
    with pytest.raises(EmbeddingUnavailable, match="make setup"):
        async with load("embedding", vendor, {"folder": tmp_path / "none"}, ROOTS):
            pass


async def test_a_broken_model_file_says_how_to_check_it(tmp_path: Path) -> None:
    (tmp_path / "model_int8.onnx").write_bytes(b"not a model")
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "config.json").write_text('{"hidden_size": 384, "max_position_embeddings": 512}')
    async with load("embedding", "onnx", {"folder": tmp_path}, ROOTS) as embedding:
        with pytest.raises(EmbeddingUnavailable, match="models verify"):
            await embedding.embed(["disk full"], "query")
