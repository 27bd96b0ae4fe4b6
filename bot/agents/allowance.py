"""What large models may spend on one incident: held back before each call, settled after it, shared by all experts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bot.ladder import Ladder
from bot.rules.incident_modes import IncidentRules
from bot.vocabulary import Spent
from connectors.llm.port import LanguageModel, Level, Prompt, T

LARGE: tuple[Level, ...] = ("endpoint",)
"""Only these are trusted with thinking about an incident."""

_ATTEMPTS = 2
# The refused reply and its reason, which a second attempt is shown.
_REPAIR_TOKENS = 2_000


class UsedUp(Exception):
    """The next call might not fit into what is left, or time ran out in the middle of one."""


@dataclass
class Allowance:
    """What is left for models: tokens, money in the currency of the models' price, time until a moment of ``clock``.

    No ``cost``: money is not limited. A model without a price costs none.
    """

    tokens: int
    until: float
    clock: Callable[[], float]
    cost: float | None = None

    @classmethod
    def of(cls, rules: IncidentRules, clock: Callable[[], float]) -> "Allowance":
        """All that one incident may use, from now on."""
        return cls(rules.tokens, clock() + rules.budget_seconds, clock, rules.cost)

    @property
    def seconds(self) -> float:
        """How much time is left."""
        return max(0.0, self.until - self.clock())

    async def ask(self, ladder: Ladder, prompt: Prompt, shape: type[T], max_tokens: int) -> T | None:
        """What a large model replies, None when none gives a value. ``ladder`` is asked by nobody else meanwhile.

        Raises UsedUp: nothing is asked that could go beyond what is left, a second attempt included.
        """
        model = large(ladder)
        if model is None:
            return None
        (tokens, cost), seconds = _most(model, prompt, max_tokens), self.seconds
        if tokens > self.tokens or (self.cost is not None and cost > self.cost) or not seconds:
            raise UsedUp
        before = ladder.spent()
        self._take(tokens, cost)
        try:
            async with asyncio.timeout(seconds):
                reply = await ladder.ask(prompt, shape, max_tokens, trusted=LARGE)
        except TimeoutError:
            # Nobody says what a call costs that was broken off: what was held back for it counts as spent.
            raise UsedUp from None
        after = ladder.spent()
        used = after.tokens_in + after.tokens_out - before.tokens_in - before.tokens_out
        self._take(used - tokens, after.cost - before.cost - cost)
        return reply

    def _take(self, tokens: int, cost: float) -> None:
        self.tokens -= tokens
        if self.cost is not None:
            self.cost -= cost


async def ask_once(
    ladder: Ladder, prompt: Prompt, shape: type[T], max_tokens: int, allowance: Allowance | None
) -> T | None:
    """What a large model replies; None when there is none, none gives a value, or the allowance does not reach."""
    if allowance is None:
        return await ladder.ask(prompt, shape, max_tokens, trusted=LARGE)
    try:
        return await allowance.ask(ladder, prompt, shape, max_tokens)
    except UsedUp:
        return None


def large(ladder: Ladder) -> LanguageModel | None:
    """The large model that would be asked now, None when there is none."""
    best = ladder.best
    return best if best is not None and best.level in LARGE else None


def together(*spent: Spent) -> Spent:
    """Several sums as one; it names the model of the last of them that used one."""
    last = next((one for one in reversed(spent) if one.level != "none"), Spent())
    return Spent(
        level=last.level,
        model=last.model,
        tokens_in=sum(one.tokens_in for one in spent),
        tokens_out=sum(one.tokens_out for one in spent),
        seconds=sum(one.seconds for one in spent),
        cost=sum(one.cost for one in spent),
        currency=next((one.currency for one in spent if one.currency), ""),
    )


def _most(model: LanguageModel, prompt: Prompt, max_tokens: int) -> tuple[int, float]:
    """What a call can use at most, in tokens and money, when its first reply is refused."""
    read, written = _ATTEMPTS * prompt.tokens(model.count_tokens) + _REPAIR_TOKENS, _ATTEMPTS * max_tokens
    price_in, price_out, _ = model.price or (0.0, 0.0, "")
    return read + written, (read * price_in + written * price_out) / 1_000_000
