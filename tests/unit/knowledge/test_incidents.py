"""Which documents are incidents, and what is read out of their labels and text."""

from datetime import UTC, datetime, timedelta

import pytest

from knowledge.chunk import Chunk, Labels, StoredDocument
from knowledge.incidents import incident, moment, shortened, tells_what_was_seen

LABELS: Labels = {
    "kind": "incident",
    "id": "INC-2026-003",
    "service": ["payments", "checkout"],
    "symptom": ["connections exhausted"],
    "stated_symptom": ["every payment hangs"],
    "cause": "a leak",
    "fix": "rollback",
    "severity": "SEV1",
    "started": "2026-01-19T10:42:00+00:00",
    "resolved": "2026-01-19T11:31:00+00:00",
}
TEXT = "## Impact\n\nNobody could pay.\n\n## Root cause\n\nA missing commit.\n\n## Resolution\n\nRolled back."


def document(labels: Labels, *texts: str, id: str = "wiki/INC-9.md") -> StoredDocument:
    chunks = tuple(Chunk(str(n), id, n, "", text) for n, text in enumerate(texts))
    return StoredDocument(id, "Refunds leaked connections", "https://wiki.example/9", labels, chunks)


def test_labels_come_first() -> None:
    past = incident(document(LABELS, TEXT))

    assert past is not None
    assert (past.id, past.symptom, past.cause, past.fix) == (
        "INC-2026-003", "every payment hangs", "a leak", "rollback",
    )  # fmt: skip
    assert (past.services, past.severity, past.lasted) == (("payments", "checkout"), "SEV1", timedelta(minutes=49))


def test_what_labels_lack_is_read_from_the_text() -> None:
    past = incident(document({"kind": "incident"}, *TEXT.split("\n\n", 2)))

    assert past is not None
    assert (past.id, past.symptom, past.cause) == ("INC-9", "Nobody could pay.", "A missing commit.")
    assert (past.started, past.lasted, past.severity) == (None, None, "")


def test_the_documents_own_words_for_a_symptom_come_before_a_label_of_the_taxonomy() -> None:
    labels: Labels = {"kind": "incident", "symptom": ["connections exhausted"]}
    told, silent = incident(document(labels, TEXT)), incident(document(labels, "It broke."))

    assert told is not None
    assert silent is not None
    assert (told.symptom, told.symptoms) == ("Nobody could pay.", ("connections exhausted",))
    assert silent.symptom == "connections exhausted"


@pytest.mark.parametrize(
    ("labels", "is_one"),
    [
        pytest.param({"kind": "incident"}, True, id="incident"),
        pytest.param({"kind": "page"}, False, id="page"),
        pytest.param({"kind": "thread"}, False, id="conversation"),
        pytest.param({}, False, id="no-kind"),
        pytest.param({"kind": "ticket", "status": "Done"}, True, id="solved-ticket"),
        pytest.param({"kind": "ticket", "status": "closed", "resolution": "completed"}, True, id="closed-as-completed"),
        pytest.param({"kind": "ticket", "status": "已解决"}, True, id="solved-in-chinese"),
        pytest.param({"kind": "ticket", "status": "open"}, False, id="open-ticket"),
        pytest.param({"kind": "ticket", "status": "closed", "resolution": "not_planned"}, False, id="not-planned"),
        pytest.param({"kind": "ticket", "status": "Closed", "resolution": "Duplicate"}, False, id="duplicate"),
    ],
)
def test_incidents_and_solved_tickets_count(labels: Labels, is_one: bool) -> None:  # noqa: FBT001  # a table column
    assert (incident(document(labels, TEXT)) is not None) is is_one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-19T10:42:00+08:00", datetime(2026, 1, 19, 2, 42, tzinfo=UTC)),
        ("2026-01-19", datetime(2026, 1, 19, tzinfo=UTC)),
        ("on 2026/1/19 10:42 UTC", datetime(2026, 1, 19, 10, 42, tzinfo=UTC)),
        ("2026年1月19日 10:42", datetime(2026, 1, 19, 10, 42, tzinfo=UTC)),
        ("2026-13-40", None),
        ("last night", None),
    ],
)
def test_moments_are_read_in_many_forms(text: str, expected: datetime | None) -> None:
    assert moment(text) == expected


def test_an_end_before_the_start_is_no_length() -> None:
    past = incident(document({**LABELS, "resolved": "2026-01-18"}, TEXT))

    assert past is not None
    assert past.lasted is None


def test_a_long_text_ends_with_a_sentence() -> None:
    assert shortened("One sentence. " * 100).endswith("One sentence.")
    assert len(shortened("字" * 2000)) < 510


@pytest.mark.parametrize(
    ("heading", "text", "seen"),
    [
        ("INC-9 › Timeline", "| 10:42 | first pod full |", True),
        ("INC-9 › Root cause", "A missing commit.", False),
        ("", "## Summary\n\nNobody could pay for 49 minutes.\n\n## Fix\n\nRolled back.", True),
        ("", "## 根本原因\n\n没有提交事务。\n\n## 后续\n\n- 加告警", False),
    ],
)
def test_a_chunk_tells_what_was_seen(heading: str, text: str, seen: bool) -> None:  # noqa: FBT001  # a table column
    assert tells_what_was_seen(Chunk("c", "d", 0, heading, text)) is seen
