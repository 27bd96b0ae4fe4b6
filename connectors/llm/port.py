"""The language-model seam: one model, asked for text or for a value of a given shape."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)

Level = Literal["endpoint", "local"]


@dataclass(frozen=True)
class Prompt:
    """Instruction and untrusted material never share a string.

    ``examples`` are (material, reply) pairs. Instruction and examples come first and byte-identical in every
    call of a task, so that a server that caches prefixes reads them once.
    """

    instruction: str
    material: str
    examples: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Usage:
    """What a call used; ``estimated`` when the endpoint did not say."""

    tokens_in: int
    tokens_out: int
    seconds: float
    estimated: bool = False


@dataclass(frozen=True)
class Reply(Generic[T]):
    """A validated value and what it cost."""

    value: T
    usage: Usage


@dataclass(frozen=True)
class Piece:
    """A piece of streamed text; the last one is empty and carries the usage."""

    text: str
    usage: Usage | None = None


class ModelUnavailable(Exception):
    """The model could not be reached, timed out, or is switched off for now by its breaker."""


class ModelNonsense(Exception):
    """The model answered, but not in the shape that was asked for. Its text is the exception's argument."""


class LanguageModel(Protocol):
    """One language model.

    ``context_tokens`` is the room for prompt and reply together; ``price`` is (per million tokens in, per million
    tokens out, currency) or None. Every call sends an explicit maximum output and has a deadline.
    """

    name: str
    level: Level
    context_tokens: int
    price: tuple[float, float, str] | None

    def count_tokens(self, text: str) -> int:
        """Tokens in ``text``, never fewer than the model's own tokenizer says for ordinary text."""

    async def ask(self, prompt: Prompt, shape: type[T], max_tokens: int) -> Reply[T]:
        """A value of ``shape``, by JSON schema. Raises ModelUnavailable or ModelNonsense."""

    def stream(self, prompt: Prompt, max_tokens: int) -> AsyncIterator[Piece]:
        """Text, piece by piece. Raises ModelUnavailable, also in the middle."""

    async def warm(self, prompt: Prompt) -> None:
        """Read the fixed part of a prompt ahead of its first use, where that saves time."""
