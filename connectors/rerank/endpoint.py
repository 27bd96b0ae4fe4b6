"""Reranking by an HTTP endpoint: Cohere, Jina, vLLM, Infinity, or Hugging Face's text-embeddings-inference."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import httpx
import stamina
from pydantic import AliasChoices, BaseModel, Field, HttpUrl, JsonValue, SecretStr, TypeAdapter, ValidationError

from connectors.rerank.port import RerankUnavailable

_LONGEST_WAIT_SECONDS = 2.0
_PASSING = {408, 425, 429}
_ADVICE = {
    400: "a passage may be too long for the model: see max_characters and parameters",
    401: "check its api_key",
    403: "check its api_key and what that key may use",
    404: "check its url and model",
    413: "it takes fewer or shorter passages at once: see batch, max_characters and parameters",
    422: "check whether it wants `documents` or `texts`: see field",
    429: "it limits the rate of calls",
}


class Settings(BaseModel):
    """``[connectors.rerank.endpoint]``."""

    url: HttpUrl
    """The endpoint without `/rerank` at its end, such as `https://api.jina.ai/v1`, `https://api.cohere.com/v2`, or
    `http://localhost:8000` of your own vLLM. Every question is sent there, with the text of the passages found for it,
    those that only some may read included."""
    model: str | None = None
    """The model's name at the endpoint; text-embeddings-inference serves one model and needs none."""
    api_key: SecretStr | None = None
    """Sent as `Authorization: Bearer …`; best set as NIGHTSHIFT_CONNECTORS__RERANK__ENDPOINT__API_KEY."""
    field: Literal["documents", "texts"] = "documents"
    """Where a request has its passages: `documents` for Cohere, Jina, vLLM and Infinity, `texts` for
    text-embeddings-inference."""
    parameters: dict[str, JsonValue] = {}
    """More fields of a request, such as `{ truncate_prompt_tokens = -1 }`, without which vLLM refuses passages that are
    too long for its model."""
    languages: tuple[str, ...] = ()
    """The languages the model was trained on, such as `["en"]`; `[]`: any."""
    max_characters: int = Field(default=8_000, ge=1)
    """Longer texts are sent without their end."""
    batch: int = Field(default=32, ge=1)
    """Passages in one request; text-embeddings-inference takes no more unless told to. A model that compares passages
    with each other should get them all at once."""
    timeout_seconds: float = Field(default=10.0, gt=0)
    """How long one reranking may take, repeats included."""
    attempts: int = Field(default=3, ge=1, le=10)
    """How often a request is tried when the endpoint is out of reach, busy (429) or broken (5xx)."""
    failures_to_rest: int = Field(default=3, ge=1)
    """After so many failures in a row the endpoint is left alone for a while."""
    rest_seconds: float = Field(default=30.0, gt=0)
    """For how long."""


class _Score(BaseModel):
    index: int
    score: float = Field(validation_alias=AliasChoices("relevance_score", "score"), allow_inf_nan=False)


class _Ranked(BaseModel):
    results: list[_Score]


_REPLY: TypeAdapter[_Ranked | list[_Score]] = TypeAdapter(_Ranked | list[_Score])


class _Failed(RerankUnavailable):
    def __init__(self, message: str, *, again: bool | float = False) -> None:
        """``again``: whether the same request may go well a moment later, or after how many seconds."""
        super().__init__(message)
        self.again = again


class EndpointReranker:
    """A model behind an endpoint. A failed request is repeated a few times; an endpoint that keeps failing rests.

    Requests and replies: https://docs.cohere.com/reference/rerank, which Jina, Infinity and vLLM
    (https://docs.vllm.ai/en/stable/serving/openai_compatible_server/) follow, and
    https://huggingface.github.io/text-embeddings-inference/, whose fields are named otherwise.
    """

    def __init__(self, settings: Settings, client: httpx.AsyncClient, clock: Callable[[], float]) -> None:
        url = httpx.URL(str(settings.url))
        self._name = settings.model or url.host
        self._address = url.copy_with(path=f"{url.path.rstrip('/')}/rerank")
        self.identity = f"endpoint:{self._name}"
        self.languages = settings.languages
        self._settings = settings
        self._client = client
        self._clock = clock
        self._failures = 0
        self._rests_until = 0.0

    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        """See the port."""
        if not passages:
            return []
        if self._failures >= self._settings.failures_to_rest and self._clock() < self._rests_until:
            wait = self._rests_until - self._clock()
            raise RerankUnavailable(f"{self._name} failed {self._failures} times in a row; it rests {wait:.0f} s more.")
        try:
            scores = await self._in_time(self._prepared(query), [self._prepared(passage) for passage in passages])
        except RerankUnavailable:
            self._failures += 1
            self._rests_until = self._clock() + self._settings.rest_seconds
            raise
        self._failures = 0
        return scores

    def _prepared(self, text: str) -> str:
        # A lone surrogate has no UTF-8 form; and for one empty text some endpoints refuse the whole request.
        sent = text[: self._settings.max_characters].encode("utf-8", "replace").decode()
        return sent if sent.strip() else "-"

    async def _in_time(self, query: str, passages: Sequence[str]) -> list[float]:
        retrying = stamina.AsyncRetryingCaller(
            attempts=self._settings.attempts, timeout=None, wait_initial=0.1, wait_max=1.0
        )
        size, scores = self._settings.batch, list[float]()
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                for start in range(0, len(passages), size):
                    scores += await retrying(_again, self._asked, query, passages[start : start + size])
        except TimeoutError:
            raise RerankUnavailable(
                f"{self._name} did not answer within {self._settings.timeout_seconds:g} s: try again, or raise "
                "timeout_seconds under [connectors.rerank.endpoint] in nightshift.toml."
            ) from None
        return scores

    async def _asked(self, query: str, passages: Sequence[str]) -> list[float]:
        try:
            reply = await self._client.post(self._address, json=self._request(query, passages))
        except httpx.HTTPError as failed:
            said = f"{type(failed).__name__} {failed}"
            raise _Failed(f"{self._name} at {self._address.host} cannot be reached ({said}).", again=True) from failed
        if reply.status_code != httpx.codes.OK:
            raise _refusal(self._name, reply)
        return self._scores(reply.content, len(passages))

    def _request(self, query: str, passages: Sequence[str]) -> dict[str, JsonValue]:
        texts: list[JsonValue] = list(passages)
        if self._settings.field == "texts":
            body: dict[str, JsonValue] = {"query": query, "texts": texts, "truncate": True}
        else:
            # Left out, some endpoints send back fewer than there are.
            body = {"query": query, "documents": texts, "top_n": len(texts)}
        named: dict[str, JsonValue] = {"model": self._settings.model} if self._settings.model else {}
        return {**named, **body, **self._settings.parameters}

    def _scores(self, content: bytes, count: int) -> list[float]:
        try:
            found = _REPLY.validate_json(content)
        except ValidationError as odd:
            raise _Failed(f"{self._name} answered no scores ({odd.error_count()} mistakes): check its url.") from None
        results = found.results if isinstance(found, _Ranked) else found
        scores = {one.index: one.score for one in results}
        if len(results) != count or scores.keys() != set(range(count)):
            raise _Failed(f"{self._name} gave {len(results)} scores for {count} passages, or one of them twice.")
        return [scores[index] for index in range(count)]


def _again(error: Exception) -> bool | float:
    return error.again if isinstance(error, _Failed) else False


def _refusal(name: str, reply: httpx.Response) -> _Failed:
    status, wait = reply.status_code, 0.0
    with contextlib.suppress(ValueError):
        # RFC 9110 section 10.2.3 allows a date as well; these endpoints send seconds, and a date counts as none.
        wait = max(0.0, float(reply.headers.get("retry-after", "")))
    passing = (status in _PASSING or status >= 500) and wait <= _LONGEST_WAIT_SECONDS
    advice = f" ({_ADVICE[status]})" if status in _ADVICE else ""
    said = " ".join(reply.text.split())[:200]
    return _Failed(f"{name} refused{advice}: HTTP {status} {said}", again=wait or True if passing else False)


@asynccontextmanager
async def connect(settings: Settings, clock: Callable[[], float] = time.monotonic) -> AsyncIterator[EndpointReranker]:
    """The reranker; nothing is sent before the first call."""
    headers = {"Authorization": f"Bearer {settings.api_key.get_secret_value()}"} if settings.api_key else {}
    async with httpx.AsyncClient(timeout=settings.timeout_seconds, headers=headers) as client:
        yield EndpointReranker(settings, client, clock)
