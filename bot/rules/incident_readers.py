"""What of a diagnosis a reader may see when some of its evidence is closed to them."""

from collections.abc import Sequence, Set

from bot.incident import Attack, Diagnosis, Excluded, Finding, Hypothesis, NextStep
from bot.vocabulary import Language, Scope

WITHHELD: dict[Language, str] = {
    "en": "(This rests on a page that is not for your groups.)",
    "zh": "（此内容来自你的用户组无权查看的页面。）",
}
"""What stands in the place of what a closed page says."""

_SHORTEST_QUOTE = 12


def within(used: Scope, allowed: Scope) -> bool:
    """Whether every live system that was asked in the one scope may be asked in the other."""
    return allowed.tools is None or (used.tools is not None and set(used.tools) <= set(allowed.tools))


def narrowed(diagnosis: Diagnosis, closed: Set[str], language: Language) -> Diagnosis:
    """The diagnosis without the evidence that is ``closed``.

    Findings stay without their quotes; a finding that only tells what such a page says, and a step out of one, are
    replaced by a sentence that says so. So is whatever repeats a quote of such a page word for word.
    """
    if not closed:
        return diagnosis
    told = _Told(closed, _quotes(diagnosis, closed), WITHHELD[language])
    leading = tuple(told.hypothesis(one) for one in diagnosis.verdict.hypotheses)
    return diagnosis.model_copy(
        update={
            "verdict": diagnosis.verdict.model_copy(update={"hypotheses": leading}),
            "headline": told.text(diagnosis.headline),
            "impact": told.text(diagnosis.impact),
            "summary": told.text(diagnosis.summary),
            "findings": tuple(told.finding(one) for one in diagnosis.findings),
            "excluded": tuple(
                Excluded(says=told.text(one.says), cites=told.open(one.cites)) for one in diagnosis.excluded
            ),
            "next_steps": tuple(told.step(one) for one in diagnosis.next_steps),
            "similar": tuple(one for one in diagnosis.similar if one not in closed),
            "evidence": tuple(one for one in diagnosis.evidence if one.id not in closed),
        }
    )


def _quotes(diagnosis: Diagnosis, closed: Set[str]) -> tuple[str, ...]:
    quotes = (one.quote for one in diagnosis.findings if one.cites and one.cites[0] in closed)
    return tuple(one for one in quotes if len(one) >= _SHORTEST_QUOTE)


class _Told:
    """What is left of each part."""

    def __init__(self, closed: Set[str], quotes: Sequence[str], withheld: str) -> None:
        self._closed, self._quotes, self._withheld = closed, quotes, withheld

    def text(self, text: str) -> str:
        return self._withheld if any(quote in text for quote in self._quotes) else text

    def open(self, cites: Sequence[str]) -> tuple[str, ...]:
        return tuple(one for one in cites if one not in self._closed)

    def finding(self, one: Finding) -> Finding:
        cites = self.open(one.cites)
        if len(cites) == len(one.cites):
            return one
        says = self._withheld if one.kind == "recall" and not cites else self.text(one.says)
        # The quote is out of what is cited first.
        quote = one.quote if cites[:1] == one.cites[:1] else ""
        return one.model_copy(update={"cites": cites, "quote": quote, "says": says})

    def step(self, one: NextStep) -> NextStep:
        cites = self.open(one.cites)
        return one if len(cites) == len(one.cites) else NextStep(says=self._withheld, cites=cites)

    def hypothesis(self, one: Hypothesis) -> Hypothesis:
        attacks = tuple(
            Attack(asks=self.text(a.asks), outcome=a.outcome, says=self.text(a.says), cites=self.open(a.cites))
            for a in one.attacks
        )
        return one.model_copy(update={"says": self.text(one.says), "attacks": attacks})
