"""A postmortem's draft out of an incident's record, in Markdown; what the record does not tell is left to people."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.incident import Diagnosis, Finding, Incident
from bot.rules.postmortem_words import Words, postmortem_words
from bot.rules.short_names import clean
from bot.rules.verbatim import without_marks
from bot.rules.verdict_rules import rule_told
from bot.vocabulary import Evidence, Language
from connectors.alerts.port import Alert, web_link
from connectors.state.incident_port import Judgement, Moment
from knowledge.postmortem import TO_FILL_IN, read_postmortem

_LONGEST_LINE, _LONGEST_TITLE, _LONGEST_TEXT = 500, 160, 4_000
_MOST_MOMENTS = 200
# What Markdown would take for its own inside a line; a name such as pool_size stays as it is.
_MARKUP = re.compile(r"[\\`*\[\]<>~|]|(?<!\w)_|_(?!\w)")
_LINE_START = re.compile(r"^(#|[-+=])")


@dataclass(frozen=True)
class _Record:
    """All that a draft is written from."""

    incident: Incident
    diagnosis: Diagnosis | None
    moments: Sequence[Moment]
    alerts: Sequence[Alert]
    judgements: Sequence[Judgement]
    language: Language

    @property
    def words(self) -> Words:
        """What the draft says by itself."""
        return postmortem_words(self.language)

    @property
    def unknown(self) -> str:
        """What stands in the place of what nobody has told yet."""
        return TO_FILL_IN[self.language]

    @property
    def word(self) -> Judgement | None:
        """What a person said last of the cause."""
        return max(self.judgements, key=lambda one: one.given_at, default=None)

    @property
    def refuted(self) -> bool:
        """Whether a person's last word is that the diagnosis was wrong."""
        return self.word is not None and not self.word.right


def postmortem(
    incident: Incident,
    diagnosis: Diagnosis | None,
    moments: Sequence[Moment],
    alerts: Sequence[Alert],
    judgements: Sequence[Judgement],
    language: Language,
) -> str:
    """A draft that ``read_postmortem`` reads back.

    Only what was recorded is in it. The last word of a person on the cause wins over the diagnosis, and is marked as
    one; a cause that is refuted or inconclusive is left open. Nothing that an alert, a page or a person wrote can
    become a heading, a link or markup of the draft.
    """
    record = _Record(incident, diagnosis, moments, alerts, judgements, language)
    return "\n".join(_lines(record)).strip() + "\n"


def _lines(record: _Record) -> Iterator[str]:
    words, incident = record.words, record.incident
    yield from (f"# {words.title.format(_inline(incident.title, _LONGEST_TITLE))}", "")
    yield from (words.draft.format(_inline(incident.id)), "")
    yield from _facts(record)
    impact = without_marks(record.diagnosis.impact) if record.diagnosis else ""
    yield from _section(words.summary, [_summary(record)])
    yield from _section(words.impact, [_paragraph(impact) or record.unknown])
    yield from _section(words.timeline, [f"- {_moment(at)} {said}" for at, said in _timeline(record)])
    yield from _section(words.cause, [_cause(record)])
    yield from _section(words.helped, [record.unknown])
    yield from _section(words.detection, [_detection(record)])
    yield from _section(words.lessons, [record.unknown])
    yield from _section(words.actions, [record.unknown])
    yield from _appendix(record)


def _section(heading: str, lines: Sequence[str], level: str = "##") -> Iterator[str]:
    if lines:
        yield from (f"{level} {heading}", "", *lines, "")


def _facts(record: _Record) -> Iterator[str]:
    words, incident = record.words, record.incident
    resolved = _moment(incident.resolved_at) if incident.resolved_at else words.still_open
    yield from (words.fields, "|---|---|")
    yield f"| {words.services} | {_cell(', '.join(incident.services)) or record.unknown} |"
    yield f"| {words.severity} | {incident.severity} |"
    yield f"| {words.started} | {_moment(incident.began)} |"
    yield from (f"| {words.resolved} | {resolved} |", "")


def _summary(record: _Record) -> str:
    found = record.diagnosis
    if found is None:
        return _paragraph(record.incident.title)
    # A summary names the cause: once a person has said that it is another one, it would tell what is wrong.
    said = [found.headline] if record.refuted else [found.headline, found.summary]
    return "\n\n".join(_paragraph(without_marks(one)) for one in said if one) or record.unknown


def _cause(record: _Record) -> str:
    words, word, ours = record.words, record.word, _own_cause(record)
    if word and (word.cause or not word.right):
        if not word.cause.strip():
            return record.unknown
        return words.between.join((_paragraph(word.cause), words.judged.format(*_by(word))))
    if not ours or not record.diagnosis:
        return record.unknown
    outcome = words.outcomes[record.diagnosis.verdict.outcome]
    note = words.agreed.format(*_by(word)) if word else words.ours.format(outcome)
    return words.between.join((_paragraph(ours), note))


def _own_cause(record: _Record) -> str:
    """What the diagnosis settled; nothing when it settled nothing, or a person has since said that it is right."""
    found = record.diagnosis
    if found is None or not found.verdict.hypotheses:
        return ""
    agreed = record.word is not None and record.word.right
    return found.verdict.hypotheses[0].says if agreed or found.verdict.outcome != "inconclusive" else ""


def _diagnosed(record: _Record) -> Iterator[str]:
    words, found = record.words, record.diagnosis
    if found:
        rule = (
            words.settled_by.format(_inline(rule_told(found.verdict.rule, record.language)))
            if found.verdict.rule
            else ""
        )
        yield f"- {words.outcomes[found.verdict.outcome]}{rule}"
        yield from (f"- {words.candidates.format(_inline(one.says))}" for one in found.verdict.hypotheses)
    for one in sorted(record.judgements, key=lambda one: one.given_at):
        was = words.said_was.format(_inline(one.cause)) if one.cause else ""
        yield f"- {(words.said_right if one.right else words.said_wrong).format(*_by(one))}{was}"
    if found and not record.judgements:
        yield f"- {words.nobody_judged}"


def _timeline(record: _Record) -> list[tuple[datetime, str]]:
    told = [(one.at, _inline(one.text)) for one in record.moments]
    heard = {one.reference for one in record.moments if one.kind == "alert"}
    for one in record.alerts:
        if one.fingerprint in heard:
            continue
        told.append((one.started_at, record.words.fired.format(_inline(one.name))))
        if one.ended_at:
            told.append((one.ended_at, record.words.over.format(_inline(one.name))))
    found = record.diagnosis.findings if record.diagnosis else ()
    told += [(one.at, _inline(one.says)) for one in found if one.at and one.kind in ("change", "break", "event")]
    return sorted(dict.fromkeys(told))[:_MOST_MOMENTS]


def _detection(record: _Record) -> str:
    words, began = record.words, record.incident.began
    first = min(record.alerts, key=lambda one: one.started_at, default=None)
    if record.incident.reported_by:
        at, said = record.incident.opened_at, words.by_person
        told = said.format(_inline(record.incident.reported_by), _moment(at))
    elif first:
        at, told = (
            first.started_at,
            words.by_alert.format(_inline(first.name), _inline(first.source), _moment(first.started_at)),
        )
    else:
        return record.unknown
    late = round((at - began).total_seconds() / 60)
    return told + (words.after.format(words.minutes.format(late)) if late > 0 else "")


def _appendix(record: _Record) -> Iterator[str]:
    found, words = record.diagnosis, record.words
    if found:
        known = {one.id: one for one in found.evidence}
        yield from _section(words.ruled_out, [f"- {_inline(one.says)}" for one in found.excluded])
        yield from _section(words.unchecked, [f"- {_inline(one)}" for one in found.gaps])
        yield from _section(words.evidence, [_finding(one, known, words) for one in found.findings])
    # Last and under a heading of its own: whoever reads the draft back takes no refuted cause for what was seen.
    judged, similar = list(_diagnosed(record)), [f"- {_inline(one)}" for one in (found.similar if found else ())]
    if judged or similar:
        yield from (f"## {words.references}", "")
        yield from _section(words.diagnosed, judged, "###")
        yield from _section(words.similar, similar, "###")


def _finding(finding: Finding, known: dict[str, Evidence], words: Words) -> str:
    quote = f" “{_inline(finding.quote)}”" if finding.quote else ""
    cited = [known[id] for id in finding.cites if id in known]
    sources = "".join(words.source.format(_source(one, words)) for one in cited)
    return f"- {_inline(finding.says)}{quote}{sources}"


def _source(evidence: Evidence, words: Words) -> str:
    title = _inline(evidence.title, _LONGEST_TITLE)
    link = web_link(evidence.link)
    return f"{title}, [{words.open_link}](<{link}>)" if link else title


def _by(word: Judgement) -> tuple[str, str]:
    return _inline(word.author), _moment(word.given_at)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _inline(text: str, most: int = _LONGEST_LINE) -> str:
    """Anybody's text on one line, without a markup of its own."""
    return _MARKUP.sub(lambda sign: f"\\{sign[0]}", clean(text, most))


def _cell(text: str) -> str:
    # A pipe ends a cell for some readers even behind a backslash.
    return _inline(text.replace("|", "/"))


def _paragraph(text: str) -> str:
    """Anybody's text as one paragraph that opens no part of the postmortem."""
    line = _LINE_START.sub(r"\\\1", _inline(text, _LONGEST_TEXT))
    # "Cause: …" at the head of a line would count as the heading of that name.
    return f"“{line}”" if read_postmortem(line).parts else line
