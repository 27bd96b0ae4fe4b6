"""What to do next: lines of the runbook that fits, word for word, and what ended a past incident of the same sort."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.incident import Diagnosis, NextStep
from bot.rules.extracts import Block, forbids, sections
from bot.rules.plain import gives_orders
from bot.rules.surroundings import LISTED, ROW
from bot.rules.terms import content_terms
from bot.vocabulary import Evidence
from knowledge.language import language_of

MOST_STEPS, MOST_CANDIDATES, LONGEST_STEP = 4, 16, 300
SHARED, NAMED, ALERTED, OWN_LANGUAGE = 1.5, 1.0, 1.0, 0.5
FITS = 0.8
"""A page that names neither service nor alert has to share this much of the trouble's words."""
_MENDS = re.compile(
    r"\bfix|mitigat|what to do|roll ?back|\brestart|\brecover|\bresolve|\bremed|\bsteps?\b|\brenew|\bdrain"
    r"|处理|缓解|恢复|回滚|操作|步骤|修复|止血",
    re.IGNORECASE,
)
_LOOKS = re.compile(
    r"\bcheck|\bfirst\b|diagnos|\blook|investigat|\bis it\b|排查|检查|先看|先查|诊断|定位|还是", re.IGNORECASE
)
_COMES_LAST = re.compile(
    r"\bverif|\bconfirm|\bafterwards\b|\bescalat|contact|确认|验证|升级|事后|联系|还原", re.IGNORECASE
)
_FIX = re.compile(r"^\s*-\s*((?:Fix: |处理：).+)$", re.MULTILINE)
_SHELL = re.compile(r"(?:```+|~~~+)\s*(?:sh|bash|shell|console|zsh|promql|logql)?", re.IGNORECASE)
_GOES_ON = re.compile(r"<<|(?:\bdo|\bthen|\belse|[{(|]|&&)\s*$|^\s*(?:done|fi|\}|\))\b|^\s{2,}\S")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")


@dataclass(frozen=True)
class Candidate:
    """A line that could be a next step, and the evidence that it stands in."""

    says: str
    cites: str

    @property
    def step(self) -> NextStep:
        """It as a next step."""
        return NextStep(says=self.says, cites=(self.cites,))


def next_steps(diagnosis: Diagnosis, recalled: Sequence[Evidence]) -> tuple[NextStep, ...]:
    """At most four steps, each word for word out of what it cites; none when nothing is wrong or no page fits.

    While the cause is open they are what the runbook says to look at, else what it says to do. What it forbids
    there is the last of them.
    """
    return chosen([one.step for one in candidates(diagnosis, recalled)])


def chosen(steps: Sequence[NextStep]) -> tuple[NextStep, ...]:
    """The first four, what is forbidden last: a warning of the same page must not be cut off."""
    allowed = [one for one in steps if not forbids(one.says)]
    warned = [one for one in steps if forbids(one.says)][:1]
    return (*allowed[: MOST_STEPS - len(warned)], *warned)


def candidates(diagnosis: Diagnosis, recalled: Sequence[Evidence]) -> tuple[Candidate, ...]:
    """The lines of the pages that fit, the best page's first, then how past incidents ended."""
    if diagnosis.verdict.outcome == "healthy":
        return ()
    scored = [(_fit(one, diagnosis), one) for one in recalled if one.kind in ("document", "incident")]
    fitting = [one for fit, one in sorted(scored, key=lambda pair: -pair[0]) if fit >= FITS]
    wanted = _LOOKS if diagnosis.verdict.outcome == "inconclusive" else _MENDS
    found = _of_best([one for one in fitting if one.kind == "document"], wanted)
    past = [Candidate(fix[1], one.id) for one in fitting if one.kind == "incident" and (fix := _FIX.search(one.text))]
    each = {one.says: one for one in (*found, *past) if not gives_orders(one.says)}
    return tuple(each.values())[:MOST_CANDIDATES]


def _of_best(pages: Sequence[Evidence], wanted: re.Pattern[str]) -> list[Candidate]:
    """The wanted lines of the first page that has any: steps of two pages do not make one procedure."""
    for pattern in (wanted, _MENDS if wanted is _LOOKS else _LOOKS):
        for document in dict.fromkeys(one.document_id or one.id for one in pages):
            passages = [one for one in pages if (one.document_id or one.id) == document]
            if found := [line for page in passages for line in _steps(page, pattern)]:
                return found
    return []


def _fit(page: Evidence, diagnosis: Diagnosis) -> float:
    """How well a page fits the trouble: it names the service at fault or an alert, or speaks of the symptom."""
    trouble, leading = diagnosis.trouble, next(iter(diagnosis.verdict.hypotheses), None)
    services = {leading.service, *trouble.services[:1]} if leading else set(trouble.services)
    head, text = f"{page.title} {page.heading}".casefold(), page.text.casefold()
    named = max(((_names(head, one) + _names(text, one)) / 2 for one in services if one), default=0.0)
    alerted = any(_names(f"{head} {text}", one.name) for one in trouble.alerts)
    said = " ".join([trouble.symptom or trouble.text[:300], leading.says if leading else ""])
    wanted = content_terms(said)
    shared = len(wanted & content_terms(f"{page.title} {page.heading} {page.text}")) / max(1, len(wanted))
    return (
        SHARED * shared
        + NAMED * named
        + ALERTED * alerted
        + OWN_LANGUAGE * (language_of(page.text) == trouble.language)
    )


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![a-z0-9_-]){re.escape(name.casefold())}(?![a-z0-9_])", text) is not None


def _steps(page: Evidence, wanted: re.Pattern[str]) -> Iterator[Candidate]:
    for section in sections(page.text):
        heading = section.heading or page.heading
        if wanted.search(heading) and not _COMES_LAST.search(heading):
            yield from (Candidate(line, page.id) for line in _led_in(section.blocks))


def _led_in(inside: Sequence[Block]) -> Iterator[str]:
    """The lines of a section; one that ends with a colon stands with the command behind it."""
    lead = ""
    for block in inside:
        for line in _lines(block):
            if line.endswith((":", "：")):
                lead = line
                continue
            whole = f"{lead} {line}".strip() if block.code else line
            yield whole if len(whole) <= LONGEST_STEP else line
            lead = ""
        # A command that is not shown must not lend its opening to the next one.
        lead = "" if block.code else lead


def _lines(block: Block) -> Iterator[str]:
    """The items of a list, a paragraph, or the commands of a block of code, each as it is written, on one line."""
    if block.code:
        yield from _commands(block)
        return
    items: list[str] = []
    for line in block.text.splitlines():
        if not items or LISTED.match(line):
            items.append(line.strip())
        elif not ROW.match(line):
            joint = "" if items[-1][-1:] >= "\u2e80" and line.strip()[:1] >= "\u2e80" else " "
            items[-1] = f"{items[-1]}{joint}{line.strip()}"
    plain = (_EMPHASIS.sub(r"\2", LISTED.sub("", one)).strip() for one in items if not ROW.match(one))
    yield from (one for one in plain if _is_step(one))


def _commands(block: Block) -> Iterator[str]:
    opening, *inside = block.text.splitlines()[:-1]
    lines = re.sub(r"\\\n\s*", "", "\n".join(inside)).splitlines()
    shell = _SHELL.fullmatch(opening.strip()) is not None and not any(map(_GOES_ON.search, lines))
    # A line out of a longer statement is another statement.
    if shell or len(lines) == 1:
        yield from (one.strip() for one in lines if _is_step(one) and not one.strip().startswith("#"))


def _is_step(line: str) -> bool:
    # What is cut short is no step: half a command is another command.
    return bool(line.strip()) and len(line.strip()) <= LONGEST_STEP
