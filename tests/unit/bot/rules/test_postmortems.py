"""A postmortem's draft: what is known of each part, and what is left to people."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.incident import Diagnosis, Excluded, Finding, Hypothesis, Incident, Outcome, Trouble, Verdict
from bot.rules.postmortems import postmortem
from bot.vocabulary import Evidence, Language
from bot.web.rendering import to_html
from connectors.alerts.port import Alert
from connectors.state.incident_port import Judgement, Moment
from knowledge.postmortem import read_postmortem

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
INCIDENT = Incident(
    id="inc-7",
    title="checkout is slow",
    opened_at=NOON,
    began=NOON,
    services=("checkout", "payments"),
    severity="error",
)
ALERT = Alert(
    source="alertmanager",
    fingerprint="f1",
    status="resolved",
    name="CheckoutSlow",
    severity="error",
    started_at=NOON + timedelta(minutes=4),
    ended_at=NOON + timedelta(minutes=30),
)
POOL = Hypothesis(id="h1", cause="resource", service="payments", says="The pool of payments is exhausted.")
HEADINGS = {
    "en": ["Summary", "Impact", "Timeline (UTC)", "Root cause", "What helped", "Detection", "Lessons learned"],
    "zh": ["概述", "影响范围", "时间线（UTC）", "根本原因", "怎么修好的", "如何发现", "经验教训"],
}


def found(outcome: Outcome = "likely", **more: object) -> Diagnosis:
    """What was found out, with the pool as the leading cause."""
    trouble = Trouble(id="inc-7", text="slow", language="en", at=NOON, began=NOON)
    verdict = Verdict(outcome=outcome, hypotheses=(POOL,), rule="two kinds of evidence")
    usual = Diagnosis(trouble=trouble, verdict=verdict, headline="checkout is slow", summary="Payments' pool is full.")
    return usual.model_copy(update=more)


def said(*, right: bool, cause: str = "", minute: int = 40) -> Judgement:
    """What ann said of the cause."""
    return Judgement("inc-7", "ann", right, cause, NOON + timedelta(minutes=minute))


def draft(
    diagnosis: Diagnosis | None, *words: Judgement, language: Language = "en", moments: tuple[Moment, ...] = ()
) -> str:
    """The draft of the incident."""
    return postmortem(INCIDENT, diagnosis, moments, (ALERT,), words, language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_draft_is_read_back_as_it_was_written(language: Language) -> None:
    over = INCIDENT.model_copy(update={"resolved_at": NOON + timedelta(hours=1)})
    text = postmortem(over, found(impact="Orders fail."), (), (ALERT,), (said(right=False, cause="A leak."),), language)

    parts = read_postmortem(text).parts

    assert parts["cause"].startswith("A leak.")
    assert (parts["summary"], parts["impact"]) == ("checkout is slow", "Orders fail.")
    assert (parts["service"], parts["severity"]) == ("checkout, payments", "error")
    assert (parts["started"], parts["resolved"]) == ("2026-11-20 12:00", "2026-11-20 13:00")
    assert "fix" not in parts


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_headings_are_there_in_their_order(language: Language) -> None:
    lines = draft(found(), language=language).splitlines()

    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]

    assert headings[:7] == HEADINGS[language]


@pytest.mark.parametrize(
    ("diagnosis", "words", "cause"),
    [
        pytest.param(None, (), None, id="nothing-diagnosed"),
        pytest.param(found("inconclusive"), (), None, id="inconclusive-is-left-open"),
        pytest.param(found("likely"), (), "exhausted. (Likely by the diagnosis; nobody has judged it.)", id="ours"),
        pytest.param(found("confirmed"), (), "exhausted. (Confirmed by the", id="ours-confirmed"),
        pytest.param(found(), (said(right=True),), "right by the word of ann at 2026-11-20 12:40", id="agreed"),
        pytest.param(found("inconclusive"), (said(right=True),), "exhausted.", id="a-person-settles-it"),
        pytest.param(found(), (said(right=False),), None, id="refuted-without-another-cause"),
        pytest.param(found(), (said(right=False, cause="A leak."),), "A leak. (The word of ann", id="a-person-wins"),
        pytest.param(None, (said(right=False, cause="A leak."),), "A leak. (The word", id="a-person-alone"),
        pytest.param(
            found(),
            (said(right=False, cause="A leak.", minute=50), said(right=True, minute=41)),
            "A leak.",
            id="the-last-word-counts",
        ),
    ],
)
def test_the_cause_by_the_record(diagnosis: Diagnosis | None, words: tuple[Judgement, ...], cause: str | None) -> None:
    told = read_postmortem(draft(diagnosis, *words)).parts.get("cause")

    assert told == cause if cause is None else cause in (told or "")


def test_a_refuted_cause_is_neither_in_the_summary_nor_among_what_was_seen() -> None:
    text = draft(found(), said(right=False, cause="A leak."))

    read = read_postmortem(text)

    assert "pool" not in read.parts["summary"] + read.parts["cause"] + read.observed
    assert "Considered: The pool of payments is exhausted." in text


def test_the_timeline_puts_moments_alerts_and_dated_findings_in_order() -> None:
    change = Finding(
        id="f1", by="fault", kind="change", says="payments 5.9 went out.", cites=(), at=NOON - timedelta(minutes=2)
    )
    verdict = Moment("inc-7", NOON + timedelta(minutes=6), "verdict", "Likely: the pool")

    text = draft(found(findings=(change,)), moments=(verdict,))

    order = [
        "11:58 payments 5.9 went out.",
        "12:04 CheckoutSlow fired",
        "12:06 Likely: the pool",
        "12:30 CheckoutSlow was",
    ]
    assert sorted(order, key=text.index) == order


def test_detection_says_who_noticed_and_how_late() -> None:
    by_ann = INCIDENT.model_copy(update={"reported_by": "ann", "opened_at": NOON + timedelta(minutes=9)})

    assert "The alert CheckoutSlow of alertmanager at 2026-11-20 12:04, 4 min after it began" in draft(None)
    assert "Reported by ann at 2026-11-20 12:09, 9 min after" in postmortem(by_ann, None, (), (), (), "en")
    assert read_postmortem(postmortem(INCIDENT, None, (), (), (), "en")).parts.keys() >= {"summary", "started"}


def test_evidence_is_quoted_and_linked_to_web_pages_only() -> None:
    finding = Finding(id="f1", by="fault", kind="log", says="It waits.", cites=("t1", "t2"), quote="pool timeout")
    evidence = (
        Evidence(id="t1", kind="tool", title="Logs", text="pool timeout", link="https://logs.example.com/q?a=(1)"),
        Evidence(id="t2", kind="tool", title="Bad", text="", link="javascript:alert(1)"),
    )

    text = draft(found(findings=(finding,), evidence=evidence, excluded=(Excluded(says="No deploy."),)))

    assert "- It waits. “pool timeout” (source: Logs, [open](<https://logs.example.com/q?a=(1)>)) (source: Bad)" in text
    assert "javascript:" not in text
    assert "## What was ruled out\n\n- No deploy." in text


HOSTILE = "## Root cause\n\nFix: delete it [click](https://evil.example) <img src=x> **all** | a |"


def test_what_strangers_write_opens_no_part_and_makes_no_markup() -> None:
    alert = ALERT.model_copy(update={"name": HOSTILE})
    strange = INCIDENT.model_copy(update={"title": HOSTILE, "services": (HOSTILE,)})
    text = postmortem(strange, None, (Moment("inc-7", NOON, "said", HOSTILE),), (alert,), (), "en")

    assert not {"cause", "fix"} & read_postmortem(text).parts.keys()
    html = to_html(text)
    assert not any(mark in html for mark in ("<a ", "<strong>", "<em>", "<img", "<h2>Root cause</h2>\n<p>Fix"))


@pytest.mark.parametrize("start", ["Cause: it was me", "原因：是我", "- Fix: none", "# Fix", "| cause | me |"])
def test_a_sentence_that_looks_like_a_part_is_not_one(start: str) -> None:
    read = read_postmortem(draft(found("inconclusive", headline=start, summary="", impact=start))).parts

    assert not {"cause", "fix"} & read.keys()
