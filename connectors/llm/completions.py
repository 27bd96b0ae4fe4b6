"""Chat completions through a llama-index model: text and validated values, each call with its limit and deadline."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import BaseModel, JsonValue

from connectors.llm.integration import failures
from connectors.llm.patience import CallFailed, deadline, plain_words, retried
from connectors.llm.port import Piece, Prompt, Reply, T, Usage, estimate_tokens
from connectors.llm.replies import MODES, Mode, read, response_format, wording

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage, ChatResponse

Structured = Literal["auto", "json_schema", "json_object", "prompt"]

_Responses: TypeAlias = "AsyncGenerator[ChatResponse, None]"

# What endpoints answer to a request field they do not know: bad request, unsupported media, unprocessable, not done.
_REFUSALS = {400, 415, 422, 501}


@dataclass(frozen=True)
class Manner:
    """How one model is spoken to.

    ``openai`` models understand OpenAI's request fields; ``limit_name`` is what the model calls the most tokens of a
    reply; ``longest_text`` bounds every text in a schema, in characters. ``errors`` names what is raised when
    a call fails.
    """

    name: str
    openai: bool = True
    structured: Structured = "auto"
    limit_name: str = "max_tokens"
    longest_text: int | None = None
    attempts: int = 3
    errors: Callable[[], tuple[type[Exception], ...]] = failures


class Completions:
    """One model's chat completions. ``model`` is asked for before every attempt, and may raise ModelUnavailable.

    What the endpoint refused once is not sent again.
    """

    def __init__(self, model: "Callable[[], Awaitable[LLM]]", manner: Manner, clock: Callable[[], float]) -> None:
        self._model = model
        self._manner = manner
        self._clock = clock
        self._modes = MODES if manner.structured == "auto" and manner.openai else (_only(manner),)
        self._reports_usage = manner.openai

    async def ask(self, prompt: Prompt, shape: type[T], max_tokens: int, seconds: float) -> Reply[T]:
        """A value of ``shape`` within ``seconds``. Raises ModelUnavailable or ModelNonsense."""
        started = self._clock()
        async with deadline(seconds, self._manner.name):
            response = await self._shaped(prompt, shape, max_tokens)
        text = response.message.content or ""
        usage = self._usage(_reported(response), prompt, text, started)
        return Reply(read(text, shape, usage), usage)

    async def touch(self, prompt: Prompt, seconds: float) -> None:
        """Have the model read a prompt and write next to nothing. Raises ModelUnavailable."""
        async with deadline(seconds, self._manner.name):
            await self._once(prompt, 1, {})

    async def stream(self, prompt: Prompt, max_tokens: int, seconds: float) -> AsyncGenerator[Piece, None]:
        """Text as it comes, then one empty piece with the usage, within ``seconds``. Raises ModelUnavailable."""
        pieces: asyncio.Queue[Piece | None] = asyncio.Queue()
        # llama-index wraps one generator in another, and closing the outer one leaves the HTTP response open, with
        # the server still writing. A cancelled task wakes at its innermost await, and that closes the response.
        pump = asyncio.create_task(self._pump(prompt, max_tokens, seconds, pieces))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            await pump
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)

    async def _pump(
        self, prompt: Prompt, max_tokens: int, seconds: float, pieces: "asyncio.Queue[Piece | None]"
    ) -> None:
        started, text, counts, finished = self._clock(), "", None, not self._manner.openai
        try:
            async with deadline(seconds, self._manner.name):
                responses, response = await retried(partial(self._opened, prompt, max_tokens), self._manner.attempts)
                while response is not None:
                    counts, finished = _reported(response) or counts, finished or _finished(response)
                    if response.delta:
                        text += response.delta
                        pieces.put_nowait(Piece(response.delta))
                    with plain_words(self._manner.name, self._manner.errors()):
                        response = await anext(responses, None)
            if not finished:
                raise CallFailed(f"{self._manner.name} broke off in the middle of its answer.")
            pieces.put_nowait(Piece("", self._usage(counts, prompt, text, started)))
        finally:
            pieces.put_nowait(None)

    async def _shaped(self, prompt: Prompt, shape: type[BaseModel], max_tokens: int) -> "ChatResponse":
        for mode in self._modes:
            extras = response_format(shape, mode, self._manner.longest_text)
            call = partial(self._once, wording(prompt, shape, mode), max_tokens, extras)
            try:
                response = await retried(call, self._manner.attempts)
            except CallFailed as refused:
                if refused.status not in _REFUSALS or mode == self._modes[-1]:
                    raise
                continue
            # With pictures it may have been those that were refused together with a schema.
            if not prompt.pictures:
                self._modes = self._modes[self._modes.index(mode) :]
            return response
        raise CallFailed(f"{self._manner.name} knows no way to reply in a shape.")

    async def _once(self, prompt: Prompt, max_tokens: int, extras: Mapping[str, JsonValue]) -> "ChatResponse":
        model = await self._model()
        with plain_words(self._manner.name, self._manner.errors()):
            return await model.achat(_messages(prompt), **{self._manner.limit_name: max_tokens, **extras})

    async def _opened(self, prompt: Prompt, max_tokens: int) -> "tuple[_Responses, ChatResponse | None]":
        try:
            return await self._opened_with(prompt, max_tokens, reports_usage=self._reports_usage)
        except CallFailed as refused:
            if refused.status not in _REFUSALS or not self._reports_usage:
                raise
        opened = await self._opened_with(prompt, max_tokens, reports_usage=False)
        self._reports_usage = False
        return opened

    async def _opened_with(
        self, prompt: Prompt, max_tokens: int, *, reports_usage: bool
    ) -> "tuple[_Responses, ChatResponse | None]":
        extras: dict[str, JsonValue] = {"stream_options": {"include_usage": True}} if reports_usage else {}
        model = await self._model()
        with plain_words(self._manner.name, self._manner.errors()):
            responses = await model.astream_chat(_messages(prompt), **{self._manner.limit_name: max_tokens, **extras})
            # Nothing is sent before the first response is asked for.
            return responses, await anext(responses, None)

    def _usage(self, counts: tuple[int, int] | None, prompt: Prompt, text: str, started: float) -> Usage:
        seconds = self._clock() - started
        if counts is not None:
            return Usage(*counts, seconds)
        return estimated(prompt, text, seconds)


def estimated(prompt: Prompt, text: str, seconds: float) -> Usage:
    """What a call must have used, for a model that does not say."""
    return Usage(prompt.tokens(estimate_tokens), estimate_tokens(text), seconds, estimated=True)


def _only(manner: Manner) -> Mode:
    return "prompt" if manner.structured == "auto" else manner.structured


def _messages(prompt: Prompt) -> "list[ChatMessage]":
    from llama_index.core.llms import ChatMessage, ImageBlock, MessageRole, TextBlock

    messages = [ChatMessage(role=MessageRole.SYSTEM, content=prompt.instruction)]
    for material, reply in prompt.examples:
        messages.append(ChatMessage(role=MessageRole.USER, content=material))
        messages.append(ChatMessage(role=MessageRole.ASSISTANT, content=reply))
    if not prompt.pictures:
        return [*messages, ChatMessage(role=MessageRole.USER, content=prompt.material)]
    pictures = (ImageBlock(image=picture) for picture in prompt.pictures)
    return [*messages, ChatMessage(role=MessageRole.USER, blocks=[TextBlock(text=prompt.material), *pictures])]


def _reported(response: "ChatResponse") -> tuple[int, int] | None:
    """Tokens in and out as the endpoint counted them; integrations keep them in different places."""
    raw = response.raw
    usage = raw.get("usage") if isinstance(raw, Mapping) else getattr(raw, "usage", None)
    for counts in (response.additional_kwargs, usage if isinstance(usage, Mapping) else getattr(usage, "__dict__", {})):
        tokens_in = counts.get("prompt_tokens", counts.get("input_tokens"))
        tokens_out = counts.get("completion_tokens", counts.get("output_tokens"))
        if isinstance(tokens_in, int) and isinstance(tokens_out, int):
            return tokens_in, tokens_out
    return None


def _finished(response: "ChatResponse") -> bool:
    choices = getattr(response.raw, "choices", None) or ()
    return any(choice.finish_reason is not None for choice in choices) or _reported(response) is not None
