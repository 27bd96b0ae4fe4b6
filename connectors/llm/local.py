"""The small model on this machine: a GGUF file served by llama.cpp in a process of its own, over OpenAI's protocol."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from pydantic import BaseModel, Field, JsonValue

from connectors.configuration import HomePath, ModelPath
from connectors.llm.completions import Completions, Manner
from connectors.llm.integration import OPENAI_LIKE, build, imported
from connectors.llm.patience import deadline, model_breaker
from connectors.llm.port import Level, ModelUnavailable, Piece, Prompt, Reply, T, estimate_tokens
from connectors.llm.process import Served, ServerProcess

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

SHORT_TOKENS = 256
"""A call that may write no more than this is a short one."""


class Settings(BaseModel):
    """``[connectors.llm.local]``."""

    model: ModelPath = Path("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf")
    """The model's file, in GGUF."""
    name: str = "qwen2.5-coder-1.5b"
    """What answers call it."""
    threads: int = Field(2, ge=1)
    """Threads it may use; the second one makes reading faster, not writing."""
    niceness: int = Field(10, ge=0, le=19)
    """How far it stands back for other processes (0 to 19), so that messages are taken in while it works."""
    context_tokens: int = Field(8_192, ge=1_024)
    """Room for prompt and reply together, shared by the calls under way."""
    calls_at_once: int = Field(2, ge=1, le=8)
    """Calls under way at the same time; others wait. One more keeps a short call from waiting for a long one."""
    batch_tokens: int = Field(128, ge=32)
    """Prompt tokens read at a stretch; other calls and cancelled ones are looked at in between."""
    cache_mib: int = Field(512, ge=0)
    """Memory for prompts read before, so that a task's fixed part is read once; about 36 tokens a MiB."""
    repeat_penalty: float = Field(1.1, ge=1.0)
    """Against loops; 1.0 is none."""
    longest_text: int = Field(600, ge=1)
    """The most characters of one text inside a structured reply, against loops too."""
    short_seconds: float = Field(20.0, gt=0)
    """How long a call for up to 256 tokens may take, waiting and starting the model included."""
    long_seconds: float = Field(60.0, gt=0)
    """How long any other call may take."""
    start_seconds: float = Field(60.0, gt=0)
    """How long the model may take to load."""
    failures_to_rest: int = Field(3, ge=1)
    """After so many failed calls in a row, crashes among them, it is left alone for a while."""
    rest_seconds: float = Field(30.0, gt=0)
    """For how long."""
    log: HomePath = Path("local-model.log")
    """Where its process writes."""


class LocalModel:
    """The embedded model. Its process starts with the first call, and again when it has died."""

    level: Level = "local"
    sees = False
    price: tuple[float, float, str] | None = None

    def __init__(
        self, settings: Settings, server: ServerProcess, client: httpx.AsyncClient, clock: Callable[[], float]
    ) -> None:
        self.name = settings.name
        self.context_tokens = settings.context_tokens
        self.server = server
        self._settings = settings
        self._client = client
        self._clock = clock
        self._breaker = model_breaker(settings.name, settings.failures_to_rest, settings.rest_seconds, clock)
        self._places = asyncio.Semaphore(settings.calls_at_once)
        # A schema with a bound on every text: free ones are where a small model loops.
        manner = Manner(settings.name, structured="json_schema", longest_text=settings.longest_text)
        self._completions = Completions(self._model, manner, clock)
        self._spoken_to: tuple[Served, LLM] | None = None

    @property
    def usable(self) -> bool:
        """False while its file is missing or it rests."""
        return self._settings.model.is_file() and not self._breaker.open

    def count_tokens(self, text: str) -> int:
        """An estimate on the high side; see ``estimate_tokens``."""
        return estimate_tokens(text)

    async def ask(self, prompt: Prompt, shape: type[T], max_tokens: int) -> Reply[T]:
        """A value of ``shape``, held to its JSON schema while it is written. Raises ModelUnavailable or ModelNonsense.

        A text in it is never longer than the settings allow, whatever the shape says.
        """
        async with self._turn(self._seconds(max_tokens)) as seconds:
            return await self._completions.ask(prompt, shape, max_tokens, seconds)

    async def stream(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[Piece, None]:
        """Text, piece by piece; closing the generator stops the model and lets the next call in."""
        async with (
            self._turn(self._settings.long_seconds) as seconds,
            aclosing(self._completions.stream(prompt, max_tokens, seconds)) as pieces,
        ):
            async for piece in pieces:
                yield piece

    async def warm(self, prompt: Prompt) -> None:
        """Start the process and have it read the instruction and the examples. Raises nothing."""
        with suppress(ModelUnavailable):
            async with self._turn(self._settings.long_seconds) as seconds:
                await self._completions.touch(replace(prompt, material=""), seconds)

    def _seconds(self, max_tokens: int) -> float:
        return self._settings.short_seconds if max_tokens <= SHORT_TOKENS else self._settings.long_seconds

    @asynccontextmanager
    async def _turn(self, seconds: float) -> AsyncIterator[float]:
        """A place among the calls under way; what is left of the call's time."""
        if not self._settings.model.is_file():
            raise ModelUnavailable(
                f"The local model's file {self._settings.model} is missing: run `make setup`, or "
                f"`python -m bot models pull`."
            )
        until = self._clock() + seconds
        async with deadline(seconds, f"The queue of {self.name}"):
            await self._places.acquire()
        try:
            with self._breaker.watching():
                yield until - self._clock()
        finally:
            self._places.release()

    async def _model(self) -> "LLM":
        served = await self.server.running()
        if self._spoken_to is None or self._spoken_to[0] != served:
            await imported()
            self._spoken_to = served, self._speaking_to(served)
        return self._spoken_to[1]

    def _speaking_to(self, served: Served) -> "LLM":
        wishes = {
            "model": self.name,
            "api_base": f"{served.address}/v1",
            "api_key": served.key,
            "temperature": 0.0,
            "context_window": self.context_tokens,
            "timeout": max(self._settings.long_seconds, self._settings.short_seconds),
            "max_retries": 0,
            "is_chat_model": True,
            "async_http_client": self._client,
        }
        loops: dict[str, JsonValue] = {"extra_body": {"repeat_penalty": self._settings.repeat_penalty}}
        return build(OPENAI_LIKE, "connectors.llm.local", wishes, {"additional_kwargs": loops})


@asynccontextmanager
async def connect(settings: Settings, clock: Callable[[], float] = time.monotonic) -> AsyncIterator[LocalModel]:
    """The model, its process not yet started; at the end the process is gone."""
    server = ServerProcess(
        {
            "model": str(settings.model),
            "name": settings.name,
            "threads": settings.threads,
            "niceness": settings.niceness,
            "context_tokens": settings.context_tokens,
            "calls": settings.calls_at_once,
            "batch_tokens": settings.batch_tokens,
            "cache_mib": settings.cache_mib,
        },
        settings.log,
        settings.start_seconds,
    )
    # A proxy in the environment is for the world outside, not for this machine.
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            yield LocalModel(settings, server, client, clock)
        finally:
            await server.stop()
