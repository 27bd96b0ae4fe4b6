"""The ladder of models: the best one that can do a call does it, and every question keeps its own account of them."""

import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import structlog
from pydantic import ValidationError

from bot.vocabulary import Spent
from connectors.configuration import BadSettings
from connectors.llm.port import LanguageModel, Level, ModelNonsense, ModelUnavailable, Prompt, Reply, T, Usage

ALL: tuple[Level, ...] = ("endpoint", "local")
MOST_REFUSED_CHARACTERS = 2_000
MOST_REASON_CHARACTERS = 500

_REPAIR = (
    "Your reply to this was refused. It follows the material, with the reason. Reply again, to the material only, "
    "in the form that is asked for."
)

_log = structlog.get_logger()


class Interrupted(Exception):
    """The model broke off in the middle of its answer. What was shown of it is a draft, to be replaced."""


@dataclass
class Account:
    """What one question has used of models so far."""

    spent: Spent = field(default_factory=Spent)

    def charge(self, model: LanguageModel, usage: Usage) -> None:
        """Add a call, whatever came of it."""
        price_in, price_out, currency = model.price or (0.0, 0.0, self.spent.currency)
        cost = (usage.tokens_in * price_in + usage.tokens_out * price_out) / 1_000_000
        self._change(
            tokens_in=self.spent.tokens_in + usage.tokens_in,
            tokens_out=self.spent.tokens_out + usage.tokens_out,
            seconds=self.spent.seconds + usage.seconds,
            cost=self.spent.cost + cost,
            currency=currency,
        )

    def credit(self, model: LanguageModel) -> None:
        """Name the model that did the work."""
        self._change(level=model.level, model=model.name)

    def _change(self, **changed: object) -> None:
        self.spent = self.spent.model_copy(update=changed)


class Ladder:
    """Models, best first. Where one is unavailable or talks nonsense, the next one down is asked."""

    def __init__(self, models: Sequence[LanguageModel], clock: Callable[[], float] = time.monotonic) -> None:
        currencies = {model.price[2] for model in models if model.price}
        if len(currencies) > 1:
            raise BadSettings(
                f"The models' prices are in {' and '.join(sorted(currencies))}; state them in one currency."
            )
        self._models = tuple(models)
        self._clock = clock
        self._account = Account()

    @property
    def best(self) -> LanguageModel | None:
        """The best model that a call would reach now, None when there is none."""
        return next((model for model in self._models if model.usable), None)

    @property
    def sees(self) -> bool:
        """Whether there is a model to give pictures to."""
        return any(model.sees for model in self._models)

    def for_question(self) -> "Ladder":
        """The same models with an empty account."""
        return Ladder(self._models, self._clock)

    async def warm(self, prompts: Sequence[Prompt]) -> None:
        """Have every model that gains by it read the fixed part of each prompt, one after the other."""
        for model in self._models:
            for prompt in prompts:
                await model.warm(prompt)

    def spent(self) -> Spent:
        """Everything used through this ladder, failed attempts included, and the model that last delivered."""
        return self._account.spent

    async def ask(
        self, prompt: Prompt, shape: type[T], max_tokens: int, *, trusted: Collection[Level] = ALL
    ) -> T | None:
        """A value of ``shape`` from the best trusted model that gives one, or None. Never raises on nonsense.

        Only models that see are given pictures.
        """
        for model in self._fit(prompt, trusted):
            try:
                reply = await self._asked_twice(model, prompt, shape, max_tokens)
            except (ModelUnavailable, ModelNonsense) as failed:
                _log.warning("model_passed_over", model=model.name, shape=shape.__name__, reason=_reason(failed))
                continue
            self._account.credit(model)
            return reply.value
        return None

    async def stream(
        self, prompt: Prompt, max_tokens: int, *, trusted: Collection[Level] = ALL
    ) -> AsyncGenerator[str, None]:
        """Text from the best trusted model that says anything; nothing at all when none does.

        Raises Interrupted when a model breaks off after its first piece. Closing the generator stops the model.
        """
        for model in self._fit(prompt, trusted):
            begun = False
            try:
                async with aclosing(self._metered(model, prompt, max_tokens)) as texts:
                    async for text in texts:
                        begun = True
                        yield text
            except ModelUnavailable as failed:
                _log.warning("model_passed_over", model=model.name, begun=begun, reason=_reason(failed))
                if begun:
                    raise Interrupted(str(failed)) from failed
            if begun:
                return

    def _fit(self, prompt: Prompt, trusted: Collection[Level]) -> Iterator[LanguageModel]:
        return (model for model in self._models if model.level in trusted and (model.sees or not prompt.pictures))

    async def _asked_twice(self, model: LanguageModel, prompt: Prompt, shape: type[T], max_tokens: int) -> Reply[T]:
        try:
            return await self._asked(model, prompt, shape, max_tokens)
        except ModelNonsense as nonsense:
            return await self._asked(model, _repair(prompt, nonsense), shape, max_tokens)

    async def _asked(self, model: LanguageModel, prompt: Prompt, shape: type[T], max_tokens: int) -> Reply[T]:
        try:
            reply = await model.ask(prompt, shape, max_tokens)
        except ModelNonsense as nonsense:
            if nonsense.usage is not None:
                self._account.charge(model, nonsense.usage)
            raise
        self._account.charge(model, reply.usage)
        return reply

    async def _metered(self, model: LanguageModel, prompt: Prompt, max_tokens: int) -> AsyncGenerator[str, None]:
        started, written, usage = self._clock(), "", None
        try:
            async with aclosing(model.stream(prompt, max_tokens)) as pieces:
                async for piece in pieces:
                    usage = piece.usage or usage
                    if piece.text:
                        self._account.credit(model)
                        written += piece.text
                        yield piece.text
        finally:
            # A stream that was cut off or closed has been paid for up to there.
            if usage is None and written:
                usage = _counted(model, prompt, written, self._clock() - started)
            if usage is not None:
                self._account.charge(model, usage)


def _counted(model: LanguageModel, prompt: Prompt, written: str, seconds: float) -> Usage:
    return Usage(prompt.tokens(model.count_tokens), model.count_tokens(written), seconds, estimated=True)


def _repair(prompt: Prompt, nonsense: ModelNonsense) -> Prompt:
    """The prompt once more; the refused reply and the reason are untrusted, and stand with the material."""
    refused = str(nonsense)[:MOST_REFUSED_CHARACTERS]
    material = f"{prompt.material}\n\nRefused reply:\n{refused}\n\nReason:\n{_reason(nonsense)}"
    return replace(prompt, instruction=f"{prompt.instruction}\n\n{_REPAIR}", material=material)


def _reason(failed: ModelUnavailable | ModelNonsense) -> str:
    """Why it failed; for nonsense what is wrong with it, without the text itself."""
    if isinstance(failed, ModelUnavailable):
        return str(failed)
    cause = failed.__cause__
    if not isinstance(cause, ValidationError):
        return "It is not in the form that was asked for."
    mistakes = cause.errors(include_url=False, include_input=False, include_context=False)
    lines = (f"{'.'.join(map(str, mistake['loc'])) or 'reply'}: {mistake['msg']}" for mistake in mistakes)
    return "\n".join(lines)[:MOST_REASON_CHARACTERS]
