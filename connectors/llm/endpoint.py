"""Any OpenAI-compatible endpoint, and any model that llama-index has an integration for."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import httpx
from pydantic import BaseModel, Field, JsonValue, SecretStr

from connectors.breaker import Breaker
from connectors.llm.completions import Completions, Manner, Structured
from connectors.llm.integration import OPENAI_LIKE, build, failures, imported, speaks_openai
from connectors.llm.patience import model_breaker
from connectors.llm.port import Level, Piece, Prompt, Reply, T, estimate_tokens

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


class Settings(BaseModel):
    """``[connectors.llm.endpoint]``."""

    model: str = Field(min_length=1)
    """The model's name at the endpoint, such as `qwen3-32b`."""
    api_base: str | None = Field(None, pattern=r"^https?://")
    """Where the endpoint is, such as `https://llm.example.org/v1`; unset, the class's own default."""
    api_key: SecretStr | None = None
    """The endpoint's key; best set as NIGHTSHIFT_CONNECTORS__LLM__ENDPOINT__API_KEY."""
    class_path: str = OPENAI_LIKE
    """The llama-index class that speaks to it; another needs its package, such as `llama-index-llms-anthropic`."""
    arguments: dict[str, JsonValue] = {}
    """More arguments for that class, such as `{ default_headers = { X-Team = "ops" } }`."""
    errors: tuple[str, ...] = ()
    """Exceptions of that class's SDK that mean a failed call, such as `["anthropic.APIError"]`; OpenAI's are known."""
    context_tokens: int = Field(32_768, ge=1_024)
    """Room for prompt and reply together."""
    vision: bool = False
    """Whether the model sees, and is to say what graphs on screenshots show. Pictures that people send then leave the
    house for this endpoint, without their metadata and scaled down."""
    timeout_seconds: float = Field(60.0, gt=0)
    """How long a whole call may take, repeats included."""
    attempts: int = Field(3, ge=1, le=10)
    """How often a call is tried when the endpoint is out of reach, busy (429) or broken (5xx)."""
    failures_to_rest: int = Field(3, ge=1)
    """After so many failed calls in a row the endpoint is left alone for a while."""
    rest_seconds: float = Field(30.0, gt=0)
    """For how long."""
    structured: Structured = "auto"
    """How the endpoint is held to a shape; `auto` finds out: json_schema, then json_object, then the prompt alone."""
    limit_name: str = "max_tokens"
    """What the class calls the most tokens of a reply; some models of OpenAI want `max_completion_tokens`."""
    price_in: float | None = Field(None, ge=0)
    """Price of a million tokens read; without both prices no cost is shown."""
    price_out: float | None = Field(None, ge=0)
    """Price of a million tokens written."""
    currency: str = "USD"
    """The currency of the prices."""


class EndpointModel:
    """A model behind an endpoint. A failed call is repeated a few times; an endpoint that keeps failing rests."""

    level: Level = "endpoint"

    def __init__(self, settings: Settings, completions: Completions, breaker: Breaker) -> None:
        self.name = settings.model
        self.context_tokens = settings.context_tokens
        self.sees = settings.vision
        self.price = _price(settings)
        self._seconds = settings.timeout_seconds
        self._completions = completions
        self._breaker = breaker

    @property
    def usable(self) -> bool:
        """False while the endpoint rests."""
        return not self._breaker.open

    def count_tokens(self, text: str) -> int:
        """An estimate on the high side; see ``estimate_tokens``."""
        return estimate_tokens(text)

    async def ask(self, prompt: Prompt, shape: type[T], max_tokens: int) -> Reply[T]:
        """A value of ``shape``. Raises ModelUnavailable or ModelNonsense."""
        with self._breaker.watching():
            return await self._completions.ask(prompt, shape, max_tokens, self._seconds)

    async def stream(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[Piece, None]:
        """Text, piece by piece. Raises ModelUnavailable, also in the middle; only the start is ever repeated."""
        with self._breaker.watching():
            async with aclosing(self._completions.stream(prompt, max_tokens, self._seconds)) as pieces:
                async for piece in pieces:
                    yield piece

    async def warm(self, prompt: Prompt) -> None:
        """Nothing: an endpoint's cache is its own affair, and reading ahead costs money."""


def _price(settings: Settings) -> tuple[float, float, str] | None:
    if settings.price_in is None or settings.price_out is None:
        return None
    return settings.price_in, settings.price_out, settings.currency


@asynccontextmanager
async def connect(settings: Settings, clock: Callable[[], float] = time.monotonic) -> AsyncIterator[EndpointModel]:
    """The model; nothing is sent before the first call. Raises BadSettings when the class cannot be made."""
    await imported()
    async with httpx.AsyncClient(timeout=settings.timeout_seconds) as client:
        model = build(
            settings.class_path,
            "connectors.llm.endpoint",
            {
                "model": settings.model,
                "api_base": settings.api_base,
                "api_key": _key(settings),
                "temperature": 0.0,
                "context_window": settings.context_tokens,
                "timeout": settings.timeout_seconds,
                "max_retries": 0,
                "is_chat_model": True,
                "async_http_client": client,
            },
            settings.arguments,
        )
        manner = Manner(
            name=settings.model,
            openai=speaks_openai(model),
            structured=settings.structured,
            limit_name=settings.limit_name,
            attempts=settings.attempts,
            errors=partial(failures, settings.errors, "connectors.llm.endpoint"),
        )

        async def made() -> "LLM":
            return model

        breaker = model_breaker(settings.model, settings.failures_to_rest, settings.rest_seconds, clock)
        yield EndpointModel(settings, Completions(made, manner, clock), breaker)


def _key(settings: Settings) -> str | None:
    if settings.api_key is not None:
        return settings.api_key.get_secret_value()
    # Without a key the SDK would send the one in OPENAI_API_KEY, to whoever stands behind api_base.
    return "none" if settings.api_base else None
