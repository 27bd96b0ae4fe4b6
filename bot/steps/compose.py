"""Step 6: what goes into the prompt, under a token budget that is counted before anything is sent."""

from collections.abc import Callable, Mapping, Sequence

from bot.rules.sentences import pieces
from bot.vocabulary import Evidence

SHORTEST_SHARE = 40


def compose(evidence: Sequence[Evidence], budget: int, count: Callable[[str], int]) -> Mapping[int, Evidence]:
    """Numbered evidence that fits into ``budget`` tokens, best first.

    What does not fit whole is cut behind a sentence or block; less than ``SHORTEST_SHARE`` tokens stay unused.
    """
    numbered: dict[int, Evidence] = {}
    for one in (e for e in evidence if e.kind != "failure"):
        left = budget - sum(count(shown(n, kept)) for n, kept in numbered.items())
        if left < SHORTEST_SHARE:
            break
        number = len(numbered) + 1
        fitting = one if count(shown(number, one)) <= left else _cut(one, number, left, count)
        if fitting is None:
            break
        numbered[number] = fitting
    return numbered


def shown(number: int, evidence: Evidence) -> str:
    """One piece of evidence as the model sees it."""
    heading = f"{evidence.title} › {evidence.heading}" if evidence.heading else evidence.title
    return f"[{number}] {heading}\n{evidence.text}\n"


def material(question: str, numbered: Mapping[int, Evidence]) -> str:
    """Evidence first, the question last: what stands near the end is best remembered by a small model."""
    blocks = "\n".join(shown(number, evidence) for number, evidence in numbered.items())
    return f"EVIDENCE\n{blocks}\nQUESTION\n{question}"


def _cut(evidence: Evidence, number: int, left: int, count: Callable[[str], int]) -> Evidence | None:
    kept = ""
    for piece in pieces(evidence.text):
        longer = f"{kept}\n{piece.prefix}{piece.text}".strip()
        if count(shown(number, evidence.model_copy(update={"text": longer}))) > left:
            break
        kept = longer
    return evidence.model_copy(update={"text": kept}) if kept else None
