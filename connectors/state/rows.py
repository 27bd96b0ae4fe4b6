"""Every statement of the state, each a function of a connection and plain values."""

from datetime import UTC, datetime

import sqlalchemy as sa

from connectors.state.columns import add
from connectors.state.port import (
    UNSENT_BYTES,
    UNSENT_KEPT,
    Feedback,
    Frame,
    KeptFile,
    MissingAttachment,
    Question,
    Rated,
    Received,
    ThreadSummary,
    TooMuchUnsent,
)
from connectors.state.tables import answer, attachment, delivery, feedback, frame, inbox, work


def question_id_of(connection: sa.Connection, received: Received) -> str | None:
    """The question that this delivery already became."""
    same = (inbox.c.channel == received.channel) & (inbox.c.event_id == received.event_id)
    return connection.execute(sa.select(inbox.c.question_id).where(same)).scalar()


def insert_question(connection: sa.Connection, question_id: str, received: Received) -> None:
    """Keep a message under the id of its question."""
    connection.execute(
        inbox.insert().values(
            channel=received.channel,
            event_id=received.event_id,
            question_id=question_id,
            thread_id=received.thread_id,
            author=received.author,
            text=received.text,
            body=received.body,
            received_at=received.received_at.astimezone(UTC),
        )
    )


def claim_attachments(connection: sa.Connection, received: Received) -> None:
    """Keep the files of a message with it, for good. Raises MissingAttachment."""
    forget_unsent(connection, received.received_at)
    wanted = set(received.attachments)
    its = (attachment.c.author == received.author) & attachment.c.digest.in_(wanted)
    if wanted and connection.execute(attachment.update().where(its).values(sent=True)).rowcount < len(wanted):
        raise MissingAttachment


def keep(connection: sa.Connection, file: KeptFile, *, for_good: bool) -> None:
    """Keep a file, until its message comes or for good. Raises TooMuchUnsent."""
    forget_unsent(connection, file.kept_at)
    same = (attachment.c.author == file.author) & (attachment.c.digest == file.digest)
    at = file.kept_at.astimezone(UTC)
    renewed = {"kept_at": at, **({"sent": True} if for_good else {})}
    if connection.execute(attachment.update().where(same).values(renewed)).rowcount:
        return
    waiting = sa.select(sa.func.sum(attachment.c.size_bytes)).where(
        attachment.c.author == file.author, attachment.c.sent.is_(False)
    )
    if not for_good and (connection.execute(waiting).scalar() or 0) + len(file.content) > UNSENT_BYTES:
        raise TooMuchUnsent
    connection.execute(
        attachment.insert().values(
            author=file.author,
            digest=file.digest,
            media_type=file.media_type,
            size_bytes=len(file.content),
            content=file.content,
            kept_at=at,
            sent=for_good,
        )
    )


def forget_unsent(connection: sa.Connection, now: datetime) -> None:
    """Drop the files that have waited too long for a message."""
    oldest = now.astimezone(UTC) - UNSENT_KEPT
    connection.execute(attachment.delete().where(attachment.c.sent.is_(False), attachment.c.kept_at < oldest))


def kept_file(connection: sa.Connection, author: str, digest: str) -> KeptFile | None:
    """A file of an author."""
    its = (attachment.c.author == author) & (attachment.c.digest == digest)
    row = connection.execute(sa.select(attachment).where(its)).first()
    return KeptFile(row.author, row.digest, row.media_type, row.content, _utc(row.kept_at)) if row else None


def question(connection: sa.Connection, question_id: str) -> Question | None:
    """One question with its card."""
    found = _questions(connection, inbox.c.question_id == question_id, 1)
    return found[0] if found else None


def asked_as(connection: sa.Connection, channel: str, event_id: str) -> Question | None:
    """The question that a delivery became."""
    found = _questions(connection, (inbox.c.channel == channel) & (inbox.c.event_id == event_id), 1)
    return found[0] if found else None


def asked_by(connection: sa.Connection, author: str, limit: int) -> tuple[Question, ...]:
    """What a person asked last, latest first."""
    return tuple(reversed(_questions(connection, inbox.c.author == author, limit)))


def thread(connection: sa.Connection, thread_id: str, limit: int) -> tuple[Question, ...]:
    """The latest questions of a thread, oldest first."""
    return tuple(_questions(connection, inbox.c.thread_id == thread_id, limit))


def _questions(connection: sa.Connection, where: sa.ColumnElement[bool], limit: int) -> list[Question]:
    rows = connection.execute(
        sa.select(inbox, answer.c.card)
        .outerjoin(answer, answer.c.question_id == inbox.c.question_id)
        .where(where)
        .order_by(inbox.c.received_at.desc())
        .limit(limit)
    )
    found = [
        Question(
            id=row.question_id,
            thread_id=row.thread_id,
            channel=row.channel,
            author=row.author,
            text=row.text,
            body=row.body,
            received_at=_utc(row.received_at),
            card=row.card,
        )
        for row in rows
    ]
    return found[::-1]


def threads(connection: sa.Connection, author: str | None, limit: int) -> tuple[ThreadSummary, ...]:
    """Threads, latest first, each with its first question as title."""
    last = sa.func.max(inbox.c.received_at).label("last")
    grouped = sa.select(inbox.c.thread_id, last, sa.func.count().label("questions")).group_by(inbox.c.thread_id)
    if author is not None:
        grouped = grouped.where(inbox.c.author == author)
    found = connection.execute(grouped.order_by(last.desc()).limit(limit)).all()
    first = sa.select(inbox.c.text).order_by(inbox.c.received_at).limit(1)
    return tuple(
        ThreadSummary(
            id=row.thread_id,
            title=str(connection.execute(first.where(inbox.c.thread_id == row.thread_id)).scalar_one())[:120],
            questions=row.questions,
            updated_at=_utc(row.last),
        )
        for row in found
    )


def begun(connection: sa.Connection, row_id: str) -> int:
    """How often work on a row was begun that did not come to its end."""
    return connection.execute(sa.select(work.c.begun).where(work.c.id == row_id)).scalar() or 0


def count_begun(connection: sa.Connection, row_id: str, by: int) -> int:
    """Change that count; what it is now."""
    add(connection, work, {"id": row_id, "begun": 0})
    connection.execute(work.update().where(work.c.id == row_id).values(begun=work.c.begun + by))
    return begun(connection, row_id)


def append_frame(connection: sa.Connection, question_id: str, kind: str, data: str) -> None:
    """Add a frame with the next number; nothing is added behind the card."""
    last = connection.execute(
        sa.select(frame.c.sequence, frame.c.kind)
        .where(frame.c.question_id == question_id)
        .order_by(frame.c.sequence.desc())
        .limit(1)
    ).first()
    if last is None or last.kind != "card":
        sequence = 1 if last is None else last.sequence + 1
        connection.execute(frame.insert().values(question_id=question_id, sequence=sequence, kind=kind, data=data))


def frames(connection: sa.Connection, question_id: str, after: int) -> tuple[list[Frame], bool]:
    """Frames behind a number, in order, and whether no more will come."""
    # Asked first: whatever comes between the two statements is seen by the second.
    complete = settled(connection, question_id)
    rows = connection.execute(
        sa.select(frame.c.sequence, frame.c.kind, frame.c.data)
        .where(frame.c.question_id == question_id, frame.c.sequence > after)
        .order_by(frame.c.sequence)
    )
    return [Frame(row.sequence, row.kind, row.data) for row in rows], complete


def settled(connection: sa.Connection, question_id: str) -> bool:
    """Whether the question has its answer."""
    return bool(connection.execute(sa.select(answer.c.question_id).where(answer.c.question_id == question_id)).first())


def settle(connection: sa.Connection, question_id: str, card: str) -> bool:
    """Store the answer with its last frame, once."""
    if settled(connection, question_id):
        return False
    connection.execute(answer.insert().values(question_id=question_id, card=card))
    append_frame(connection, question_id, "card", card)
    return True


def record_delivery(connection: sa.Connection, question_id: str, channel: str, rung: str, message_id: str) -> bool:
    """Keep a receipt, once per channel."""
    same = (delivery.c.question_id == question_id) & (delivery.c.channel == channel)
    if connection.execute(sa.select(delivery.c.rung).where(same)).first():
        return False
    connection.execute(
        delivery.insert().values(question_id=question_id, channel=channel, rung=rung, message_id=message_id)
    )
    return True


def undelivered(connection: sa.Connection) -> tuple[str, ...]:
    """Questions without a receipt, oldest first."""
    rows = connection.execute(
        sa.select(inbox.c.question_id)
        .outerjoin(delivery, delivery.c.question_id == inbox.c.question_id)
        .where(delivery.c.question_id.is_(None))
        .order_by(inbox.c.received_at)
    )
    return tuple(row.question_id for row in rows)


def record_feedback(connection: sa.Connection, given: Feedback) -> bool:
    """Keep a person's latest verdict on a question that exists."""
    if not connection.execute(sa.select(inbox.c.text).where(inbox.c.question_id == given.question_id)).first():
        return False
    same = (feedback.c.question_id == given.question_id) & (feedback.c.author == given.author)
    connection.execute(feedback.delete().where(same))
    connection.execute(
        feedback.insert().values(
            question_id=given.question_id,
            author=given.author,
            vote=given.vote,
            reason=given.reason,
            given_at=given.given_at.astimezone(UTC),
        )
    )
    return True


def rated(connection: sa.Connection, limit: int) -> tuple[Rated, ...]:
    """The latest verdicts with the answers they are about."""
    rows = connection.execute(
        sa.select(answer.c.card, feedback.c.vote)
        .join(answer, answer.c.question_id == feedback.c.question_id)
        .order_by(feedback.c.given_at.desc(), feedback.c.question_id, feedback.c.author)
        .limit(limit)
    )
    return tuple(Rated(row.card, row.vote) for row in rows)


def forget_old_frames(connection: sa.Connection) -> None:
    """Drop the progress of answers that are settled; the answers themselves stay."""
    settled = sa.select(answer.c.question_id)
    connection.execute(frame.delete().where(frame.c.kind != "card", frame.c.question_id.in_(settled)))


def _utc(moment: datetime | str) -> datetime:
    # SQLite hands an aggregate back as text, and keeps no time zones; everything stored is UTC.
    value = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return value if value.tzinfo else value.replace(tzinfo=UTC)
