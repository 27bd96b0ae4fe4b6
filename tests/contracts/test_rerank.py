"""The rerank seam: what every adapter promises, and what holds for those that keep a model in a worker."""

import asyncio
import math
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from connectors.configuration import Roots
from connectors.load import load
from connectors.rerank.port import Reranker, RerankUnavailable
from tests.fake_rerank import endpoint

MODELS = Path(os.environ.get("NIGHTSHIFT_MODELS", "~/.cache/nightshift/models")).expanduser()  # noqa: TID251
ROOTS = Roots(home=Path("unused"), models=MODELS)
ONNX = pytest.param("onnx", marks=pytest.mark.model)
# Nobody publishes a cross-encoder with safetensors as a package: its mechanics are tried on one with random weights.
WORKERS = [ONNX, "sbert"]
KNOWING = ["memory", "endpoint", ONNX]
QUESTION = "why is the disk of the broker full"
STRANGE = [
    pytest.param("", id="empty"),
    pytest.param(" \n\t ", id="blank"),
    pytest.param("disk full " * 10_000, id="100-kilobytes"),
    pytest.param("\ufdfa" * 2_000, id="a-sign-that-expands-to-eighteen"),
    pytest.param("pod \ud800 restarted \udfff", id="lone-surrogates"),
    pytest.param("pod\x00 restarted", id="nul"),
    pytest.param("[SEP] [CLS] </s><s>", id="the-models-own-signs"),
    pytest.param("磁盘已满\U0001f525", id="chinese-and-emoji"),
]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-cross-encoder")
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{one}" for one in letters)]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=128).save_pretrained(folder)
    torch.manual_seed(0)
    BertForSequenceClassification(
        BertConfig(
            vocab_size=len(words),
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=128,
            initializer_range=1.0,
            num_labels=1,
        )
    ).save_pretrained(folder)
    return folder


async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Reranker]:
    vendor, table = request.param, dict[str, object]()
    async with AsyncExitStack() as stack:
        if vendor == "onnx" and not (MODELS / "ms-marco-minilm-l12").is_dir():
            pytest.skip(f"no model in {MODELS}: run `python -m bot models pull ms-marco-minilm-l12`")
        if vendor == "sbert":
            table = {"folder": request.getfixturevalue("cross_encoder")}
        if vendor.startswith("endpoint"):
            fake = await stack.enter_async_context(endpoint())
            table = {"url": fake.url, "field": vendor.partition(" ")[2] or "documents"}
        yield await stack.enter_async_context(load("rerank", vendor.partition(" ")[0], table, ROOTS))


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["memory", "endpoint", "endpoint texts", *WORKERS])
async def reranker(request: pytest.FixtureRequest) -> AsyncIterator[Reranker]:
    async for one in opened(request):
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=KNOWING)
async def knowing(request: pytest.FixtureRequest) -> AsyncIterator[Reranker]:
    async for one in opened(request):
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=WORKERS)
async def working(request: pytest.FixtureRequest) -> AsyncIterator[Reranker]:
    async for one in opened(request):
        yield one


async def test_scores_come_in_the_order_of_the_passages_whatever_their_neighbours(reranker: Reranker) -> None:
    passages = [
        "a much longer passage about a certificate that expired " * 3,
        "x",
        "The disk is full.",
        "x",
        "logs",
    ] * 2

    together = await reranker.score(QUESTION, passages)

    alone = [(await reranker.score(QUESTION, [passage]))[0] for passage in passages[:5]]
    assert together == pytest.approx(alone * 2, abs=1e-4)


async def test_the_same_pair_gives_the_same_score(reranker: Reranker) -> None:
    passages = ["The disk is full.", "The certificate expires on Friday."]

    assert await reranker.score(QUESTION, passages) == await reranker.score(QUESTION, passages)


async def test_no_passages_give_no_scores(reranker: Reranker) -> None:
    assert await reranker.score(QUESTION, []) == []


async def test_a_reranker_has_a_name_and_says_which_languages_it_reads(reranker: Reranker) -> None:
    assert len(reranker.identity) > 5
    assert isinstance(reranker.languages, tuple)


@pytest.mark.parametrize("text", STRANGE)
async def test_no_passage_and_no_question_is_refused(reranker: Reranker, text: str) -> None:
    scores = [*await reranker.score(QUESTION, [text, "The disk is full."]), *await reranker.score(text, ["disk", text])]

    assert len(scores) == 4
    assert all(map(math.isfinite, scores))


async def test_the_end_of_a_long_passage_is_cut_off(reranker: Reranker) -> None:
    long = "pod restarted " * 4_000

    plain, ended = await reranker.score(QUESTION, [long, long + QUESTION])

    assert plain == pytest.approx(ended, abs=1e-5)


async def test_a_question_keeps_its_end_beside_a_long_passage(reranker: Reranker) -> None:
    long = "the mail of the broker " * 4_000

    disk, mail = [await reranker.score(f"what of the {word}", [long]) for word in ("disk", "mail")]

    assert disk != pytest.approx(mail, abs=1e-5)


async def test_the_passage_that_answers_comes_first(knowing: Reranker) -> None:
    passages = [
        "Slice the apples.",
        "The disk of the broker is full of old logs.",
        "The certificate expires on Friday.",
    ]

    scores = await knowing.score(QUESTION, passages)

    assert scores.index(max(scores)) == 1


@pytest.mark.parametrize("knowing", [ONNX], indirect=True)
async def test_meaning_counts_without_shared_words(knowing: Reranker) -> None:
    far, near = await knowing.score(
        "how do I free space on a machine", ["How do I book a meeting room?", "Delete old logs when storage runs out."]
    )

    assert near > far


async def test_a_killed_worker_is_started_again(working: Reranker) -> None:
    before = await working.score(QUESTION, ["The disk is full."])
    os.kill(working.worker.process_id, signal.SIGKILL)  # type: ignore[attr-defined] # only these have a worker

    assert await working.score(QUESTION, ["The disk is full."]) == before


async def test_calls_at_once_get_their_own_scores(working: Reranker) -> None:
    texts = ["The disk is full.", "logs", "The certificate expires on Friday.", "x"]
    expected = await working.score(QUESTION, texts)

    found = await asyncio.gather(*(working.score(QUESTION, [text] * 3) for text in texts))

    assert [one[0] for one in found] == pytest.approx(expected, abs=1e-5)


async def test_the_call_after_a_cancelled_one_gets_its_own_answer(working: Reranker) -> None:
    expected = await working.score(QUESTION, ["The disk is full."])
    given_up = asyncio.ensure_future(working.score(QUESTION, ["pods restarted " * 100] * 8))
    await asyncio.sleep(0)
    given_up.cancel()

    assert await working.score(QUESTION, ["The disk is full."]) == expected


@pytest.mark.model
async def test_the_pulled_model_reads_english_and_another_one_whatever_it_is_said_to(cross_encoder: Path) -> None:
    if not (MODELS / "ms-marco-minilm-l12").is_dir():
        pytest.skip(f"no model in {MODELS}: run `python -m bot models pull ms-marco-minilm-l12`")
    other = {"folder": cross_encoder, "file": "model.safetensors"}
    tables: list[Mapping[str, object]] = [{}, other, {**other, "languages": ["zh"]}]
    found = []
    for table in tables:
        async with load("rerank", "onnx", table, ROOTS) as reranker:
            found.append(reranker.languages)

    assert found == [("en",), (), ("zh",)]


@pytest.mark.model
async def test_a_slow_worker_says_what_to_set() -> None:
    if not (MODELS / "ms-marco-minilm-l12").is_dir():
        pytest.skip(f"no model in {MODELS}: run `python -m bot models pull ms-marco-minilm-l12`")
    async with load("rerank", "onnx", {"timeout_seconds": 0.001}, ROOTS) as reranker:
        with pytest.raises(RerankUnavailable, match="raise timeout_seconds"):
            await reranker.score(QUESTION, ["disk full " * 400])


@pytest.mark.model
async def test_a_model_that_is_no_reranker_says_so() -> None:
    if not (MODELS / "multilingual-e5-small").is_dir():
        pytest.skip(f"no model in {MODELS}: run `make setup` or `python -m bot models pull`")
    table = {"folder": "multilingual-e5-small", "file": "model_int8.onnx"}
    async with load("rerank", "onnx", table, ROOTS) as reranker:
        with pytest.raises(RerankUnavailable, match="no reranker"):
            await reranker.score(QUESTION, ["disk full"])


@pytest.mark.parametrize("vendor", ["onnx", "sbert"])
async def test_a_missing_folder_says_how_to_get_it(vendor: str, tmp_path: Path) -> None:
    with pytest.raises(RerankUnavailable, match="models pull"):
        async with load("rerank", vendor, {"folder": tmp_path / "none"}, ROOTS):
            pass


async def test_a_broken_description_says_how_to_check_it(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "tokenizer_config.json").write_text('{"model_max_length": [512]}')

    with pytest.raises(RerankUnavailable, match="models verify"):
        async with load("rerank", "onnx", {"folder": tmp_path}, ROOTS):
            pass


async def test_a_broken_model_file_says_how_to_check_it(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    (tmp_path / "tokenizer.json").write_text("{}")
    async with load("rerank", "onnx", {"folder": tmp_path}, ROOTS) as reranker:
        with pytest.raises(RerankUnavailable, match="models verify"):
            await reranker.score(QUESTION, ["disk full"])
