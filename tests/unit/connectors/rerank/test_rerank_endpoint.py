"""The reranking endpoint: what is asked, and what happens when it fails or lies."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import stamina

from connectors.configuration import BadSettings, Roots
from connectors.load import load
from connectors.rerank.endpoint import Settings, connect
from connectors.rerank.port import Reranker, RerankUnavailable
from tests.fake_rerank import FakeEndpoint, Turn, endpoint

PASSAGES = ["Slice the apples.", "The disk is full.", "logs"]


@pytest.fixture(autouse=True)
def _at_once() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
async def fake() -> AsyncIterator[FakeEndpoint]:
    async with endpoint() as one:
        yield one


@pytest.fixture
async def rest() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def reranker(fake: FakeEndpoint, rest: AsyncExitStack, now: float = 0.0, **table: object) -> Reranker:
    settings = Settings.model_validate({"url": fake.url, "model": "judge", **table})
    return await rest.enter_async_context(connect(settings, lambda: now))


async def test_a_request_has_the_fields_of_cohere_jina_and_vllm(fake: FakeEndpoint, rest: AsyncExitStack) -> None:
    model = await reranker(fake, rest, url=f"{fake.url}/v1/?tenant=ops", api_key="secret", parameters={"priority": 1})

    await model.score("disk full", PASSAGES)

    assert fake.requests == [
        {"model": "judge", "query": "disk full", "documents": PASSAGES, "top_n": 3, "priority": 1},
    ]
    assert (fake.targets, fake.keys) == (["/v1/rerank?tenant=ops"], ["Bearer secret"])


async def test_a_request_has_the_fields_of_text_embeddings_inference(fake: FakeEndpoint, rest: AsyncExitStack) -> None:
    model = await reranker(fake, rest, field="texts", model=None)

    await model.score("disk full", PASSAGES)

    assert fake.requests == [{"query": "disk full", "texts": PASSAGES, "truncate": True}]
    assert (fake.keys, model.identity) == ([""], "endpoint:127.0.0.1")


async def test_many_passages_go_in_several_requests_and_come_back_in_order(
    fake: FakeEndpoint, rest: AsyncExitStack
) -> None:
    model = await reranker(fake, rest, batch=2)

    scores = await model.score("the disk is full", PASSAGES)

    assert [len(request["documents"]) for request in fake.requests] == [2, 1]
    assert scores.index(max(scores)) == 1


async def test_no_more_than_what_is_allowed_leaves_the_house(fake: FakeEndpoint, rest: AsyncExitStack) -> None:
    model = await reranker(fake, rest, max_characters=5)

    await model.score("disk full", ["a secret", " "])

    assert (fake.requests[0]["query"], fake.requests[0]["documents"]) == ("disk ", ["a sec", "-"])


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_failure_that_passes_is_tried_again(fake: FakeEndpoint, rest: AsyncExitStack, status: int) -> None:
    fake.turns = [Turn(status, {"retry-after": "0"}), Turn()]

    assert len(await (await reranker(fake, rest)).score("disk full", PASSAGES)) == 3
    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (Turn(401, body="no such key"), "check its api_key.*HTTP 401 no such key"),
        (Turn(404), "check its url and model"),
        (Turn(413), "see batch"),
        (Turn(422), "see field"),
        (Turn(429, {"retry-after": "3600"}), "limits the rate"),
        (Turn(307, {"location": "http://elsewhere.example"}), "HTTP 307"),
    ],
    ids=["key", "place", "too-much", "wrong-field", "wait-an-hour", "redirect"],
)
async def test_a_refusal_is_told_at_once(fake: FakeEndpoint, rest: AsyncExitStack, turn: Turn, said: str) -> None:
    fake.turns = [turn]

    with pytest.raises(RerankUnavailable, match=said):
        await (await reranker(fake, rest)).score("disk full", PASSAGES)
    assert len(fake.requests) == 1


async def test_an_endpoint_that_stays_broken_is_given_up(fake: FakeEndpoint, rest: AsyncExitStack) -> None:
    fake.turns = [Turn(503)]

    with pytest.raises(RerankUnavailable, match="HTTP 503"):
        await (await reranker(fake, rest)).score("disk full", PASSAGES)
    assert len(fake.requests) == 3


async def test_nobody_at_the_address_is_told(fake: FakeEndpoint, rest: AsyncExitStack) -> None:
    model = await reranker(fake, rest, url="http://127.0.0.1:9")

    with pytest.raises(RerankUnavailable, match=r"judge at 127\.0\.0\.1 cannot be reached"):
        await model.score("disk full", PASSAGES)


async def test_an_endpoint_that_says_nothing_is_left_in_time(fake: FakeEndpoint, rest: AsyncExitStack) -> None:
    fake.turns = [Turn(hangs=True)]
    model = await reranker(fake, rest, timeout_seconds=0.1)

    with pytest.raises(RerankUnavailable, match=r"within 0\.1 s"):
        await model.score("disk full", PASSAGES)


@pytest.mark.parametrize(
    "body",
    [
        "<html>Sign in</html>",
        "null",
        '{"results": "none"}',
        '{"results": [{"index": 0, "relevance_score": 0.5}]}',
        '{"results": [{"index": 0, "relevance_score": 0.5}, {"index": 0, "relevance_score": 0.4}]}',
        '{"results": [{"index": 0, "relevance_score": 0.5}, {"index": 2, "relevance_score": 0.4}]}',
        '{"results": [{"index": 0, "relevance_score": NaN}, {"index": 1, "relevance_score": 0.4}]}',
        '[{"index": 0, "score": 0.5}, {"index": -1, "score": 0.4}]',
    ],
    ids=["a-page", "null", "no-list", "too-few", "twice", "beyond", "nan", "below"],
)
async def test_a_reply_that_is_no_ranking_is_refused(fake: FakeEndpoint, rest: AsyncExitStack, body: str) -> None:
    fake.turns = [Turn(body=body)]

    with pytest.raises(RerankUnavailable, match=r"no scores|gave \d scores for 2"):
        await (await reranker(fake, rest)).score("disk full", PASSAGES[:2])


async def test_an_endpoint_that_keeps_failing_rests(fake: FakeEndpoint, rest: AsyncExitStack) -> None:
    fake.turns = [Turn(401)]
    model = await reranker(fake, rest, failures_to_rest=2)
    for _ in range(2):
        with pytest.raises(RerankUnavailable, match="HTTP 401"):
            await model.score("disk full", PASSAGES)

    with pytest.raises(RerankUnavailable, match="failed 2 times in a row; it rests 30 s more"):
        await model.score("disk full", PASSAGES)
    assert len(fake.requests) == 2


async def test_after_its_rest_it_is_tried_again(fake: FakeEndpoint, rest: AsyncExitStack) -> None:
    fake.turns = [Turn(401), Turn()]
    model = await reranker(fake, rest, failures_to_rest=1)
    with pytest.raises(RerankUnavailable):
        await model.score("disk full", PASSAGES)
    model._clock = lambda: 31.0  # type: ignore[attr-defined] # the adapter's clock, moved on

    assert len(await model.score("disk full", PASSAGES)) == 3


def test_an_address_that_is_none_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(BadSettings, match=r"connectors\.rerank\.endpoint\.url"):
        load("rerank", "endpoint", {"url": "rerank.example.org"}, Roots(Path("unused"), Path("unused")))
