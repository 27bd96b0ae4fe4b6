"""Step of a diagnosis: code settles the verdict, by the rules that docs/verdicts.md shows as a table."""

from collections.abc import Sequence

from bot.incident import Finding, Hypothesis, Outcome, Trouble, Verdict
from bot.rules.causation import CLEAR, EXPLAINS, is_well, kinds

_CONFIRMED, _LIKELY, _HEALTHY = 0.8, 0.45, 0.6
_CLEAR_MARGIN, _LEAST_MARGIN = 0.15, 0.05
_DECIDING = 0.6
_SURE_IT_IS_OVER = 2


def settle(
    trouble: Trouble, hypotheses: Sequence[Hypothesis], findings: Sequence[Finding], gaps: Sequence[str] = ()
) -> Verdict:
    """The outcome and the name of the rule that decided it; the order of findings and hypotheses changes nothing.

    ``gaps`` are what could not be looked at: with one nothing is confirmed.
    """
    ranked = tuple(sorted(hypotheses, key=lambda one: (_broken(one), -one.score, one.id)))
    outcome, rule = _settled(trouble, ranked, findings, gaps)
    return Verdict(outcome=outcome, hypotheses=ranked, rule=rule)


def _settled(
    trouble: Trouble, ranked: Sequence[Hypothesis], findings: Sequence[Finding], gaps: Sequence[str]
) -> tuple[Outcome, str]:
    if not ranked:
        return "inconclusive", "nothing was found"
    leading = ranked[0]
    if leading.cause == "healthy":
        return _health(trouble, leading, findings)
    doubt = _doubt(leading, ranked[1:])
    if doubt:
        return "inconclusive", doubt
    reserve = _reserve(leading, ranked[1:], findings, gaps)
    return ("likely", reserve) if reserve else ("confirmed", "independent evidence that survived")


def _health(trouble: Trouble, leading: Hypothesis, findings: Sequence[Finding]) -> tuple[Outcome, str]:
    """Healthy needs something positive that says so, and nothing abnormal that is seen now."""
    if _broken(leading):
        return "inconclusive", "the alert's condition still holds"
    known = {one.id: one for one in findings}
    positive = [known[id] for id in leading.supports if id in known and is_well(known[id])]
    clear = {one.cites[0] if one.cites else one.id for one in positive if one.weight >= CLEAR}
    if not clear:
        return "inconclusive", "nothing positive says that all is well"
    if leading.score < _HEALTHY:
        seen = bool(leading.contradicts)
        return "inconclusive", "something abnormal is still seen" if seen else "too little says that all is well"
    grave = trouble.severity in ("critical", "error") and any(one.status == "firing" for one in trouble.alerts)
    if grave and len(clear) < _SURE_IT_IS_OVER and not any(attack.outcome == "survived" for attack in leading.attacks):
        return "inconclusive", "one sign of health against a grave alert"
    return "healthy", "all is well, and something positive says so"


def _doubt(leading: Hypothesis, others: Sequence[Hypothesis]) -> str:
    """Why nothing can be said of the cause; empty: it is likely at least."""
    if leading.cause == "unknown":
        return "no finding names a cause"
    if _broken(leading):
        return "every likely cause was refuted"
    if leading.score < _LIKELY:
        return "the evidence is too weak"
    rival = _rival(leading, others)
    if rival and leading.score - rival.score < _LEAST_MARGIN:
        return "two causes are as likely"
    return ""


def _reserve(
    leading: Hypothesis, others: Sequence[Hypothesis], findings: Sequence[Finding], gaps: Sequence[str]
) -> str:
    """Why a likely cause is not confirmed; empty: it is."""
    known = {one.id: one for one in findings}
    supports = [known[id] for id in leading.supports if id in known]
    deciding = [one for one in supports if one.cause == leading.cause and one.weight >= _DECIDING]
    rival = _rival(leading, others)
    reserves = (
        ("one kind of evidence", len(kinds(supports)) <= 1),
        ("no single finding decides", not deciding),
        ("the evidence is not strong enough", leading.score < _CONFIRMED),
        ("something speaks against it", any(known[id].weight >= CLEAR for id in leading.contradicts if id in known)),
        ("an attack could not be checked", any(one.outcome == "unchecked" for one in leading.attacks)),
        ("it was not attacked", not leading.attacks),
        ("another cause is close", rival is not None and leading.score - rival.score < _CLEAR_MARGIN),
        ("something could not be looked at", bool(gaps)),
    )
    return next((why for why, holds in reserves if holds), "")


def _rival(leading: Hypothesis, others: Sequence[Hypothesis]) -> Hypothesis | None:
    """The next that is a cause of its own: neither refuted, nor what the leading one shows as at the same service."""
    return next(
        (
            one
            for one in others
            if not _broken(one)
            and one.cause not in ("healthy", "unknown")
            and not (one.service == leading.service and one.cause in EXPLAINS[leading.cause])
        ),
        None,
    )


def _broken(hypothesis: Hypothesis) -> bool:
    return any(attack.outcome == "broken" for attack in hypothesis.attacks)
