"""The audit's chain: each entry is sealed with the hash of the one before it, so that a change shows.

A chain alone does not show that all of it was written anew, nor that its end was cut off together with what is kept
of its head: whoever wants to know that compares the head with hashes that were shown elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC

from connectors.state.remedy_port import Entry, Remedies, Sealed
from connectors.state.storable import storable_row

PAGE = 1000


def sealed(previous: Sealed | None, entry: Entry) -> Sealed:
    """The entry as the next one behind ``previous``, or as the first of all, its texts as every database keeps them.

    Its hash is the SHA-256, in hexadecimal, over the hash before it and the entry's canonical form: JSON in UTF-8
    with its keys in order and no blanks, the number in it, the time in UTC as ISO 8601 with microseconds.
    """
    number, before = (previous.number + 1, previous.hash) if previous else (1, "")
    kept = storable_row(Entry(entry.at.astimezone(UTC), entry.actor, entry.event, entry.subject, entry.detail))
    form = {**vars(kept), "at": kept.at.isoformat(timespec="microseconds"), "number": number}
    written = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256((before + written).encode()).hexdigest()
    return Sealed(**vars(kept), number=number, previous=before, hash=digest)


def chained(previous: Sealed | None, entries: Iterable[Entry]) -> tuple[Sealed, ...]:
    """The entries, sealed one behind the other."""
    chain = list[Sealed]()
    for entry in entries:
        previous = sealed(previous, entry)
        chain.append(previous)
    return tuple(chain)


def broken(entries: Iterable[Sealed], previous: Sealed | None = None) -> int | None:
    """The first number that is missing, or whose entry is not what was sealed; None: they all fit.

    The entries are those behind ``previous``, or the chain from its beginning.
    """
    for entry in entries:
        expected = sealed(previous, entry)
        if entry != expected:
            return expected.number
        previous = entry
    return None


async def first_broken(kept: Remedies) -> int | None:
    """The first number of the whole kept chain that does not fit, also when its end is missing; None: it is sound."""
    # Asked first: what is added meanwhile lies behind it.
    head = await kept.head()
    last: Sealed | None = None
    while page := await kept.audited(after=last.number if last else 0, limit=PAGE):
        wrong = broken(page, last)
        if wrong is None and head is not None and page[0].number <= head.number <= page[-1].number:
            wrong = None if page[head.number - page[0].number] == head else head.number
        if wrong is not None:
            return wrong
        last = page[-1]
    reached = last.number if last else 0
    return reached + 1 if head is not None and head.number > reached else None
