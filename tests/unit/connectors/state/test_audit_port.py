"""The audit's chain: what an entry's hash is made of, and where a chain is broken."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from connectors.state.audit_port import broken, chained, first_broken, sealed
from connectors.state.memory_remedies import MemoryRemedies
from connectors.state.remedy_port import Entry, Sealed

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ENTRIES = [Entry(NOON + timedelta(seconds=number), "ann", f"e{number}", "p1") for number in range(5)]
CHAIN = chained(None, ENTRIES)


def changed(number: int, /, **fields: object) -> list[Sealed]:
    """The chain with one entry changed."""
    return [replace(one, **fields) if one.number == number else one for one in CHAIN]  # type: ignore[arg-type]  # any


def test_a_hash_is_over_the_hash_before_it_and_the_canonical_form() -> None:
    first = sealed(None, Entry(NOON, "ann", "批准", "p1", '{"a": 1}'))
    form = (
        '{"actor":"ann","at":"2026-03-01T12:00:00.000000+00:00","detail":"{\\"a\\": 1}",'
        '"event":"批准","number":1,"subject":"p1"}'
    )
    second = sealed(first, Entry(NOON, "bob", "done", "p1"))
    behind = form.replace("ann", "bob").replace("批准", "done").replace('{\\"a\\": 1}', "{}").replace(":1,", ":2,")

    assert (first.hash, first.previous) == (hashlib.sha256(form.encode()).hexdigest(), "")
    assert second.hash == hashlib.sha256((first.hash + behind).encode()).hexdigest()
    assert (second.number, second.previous) == (2, first.hash)


def test_the_same_moment_in_another_time_zone_is_the_same_entry() -> None:
    shanghai = NOON.astimezone(timezone(timedelta(hours=8)))

    assert sealed(None, replace(ENTRIES[0], at=shanghai)) == CHAIN[0]


def test_an_entry_is_sealed_as_a_database_keeps_it() -> None:
    assert sealed(None, Entry(NOON, "a\0nn", "said\ud83d", "p1")) == sealed(None, Entry(NOON, "ann", "said?", "p1"))


def test_a_chain_that_nobody_touched_fits_as_a_whole_and_from_its_middle() -> None:
    assert [broken(CHAIN), broken(CHAIN[2:], CHAIN[1]), broken([])] == [None] * 3


@pytest.mark.parametrize(
    ("chain", "number"),
    [
        pytest.param(changed(3, actor="eve"), 3, id="actor"),
        pytest.param(changed(3, at=NOON), 3, id="time"),
        pytest.param(changed(3, event="rejected"), 3, id="event"),
        pytest.param(changed(3, subject="p2"), 3, id="subject"),
        pytest.param(changed(3, detail="{ }"), 3, id="detail"),
        pytest.param(changed(3, previous=""), 3, id="previous"),
        pytest.param(changed(3, hash="0" * 64), 3, id="hash"),
        pytest.param(changed(3, number=7), 3, id="number"),
        pytest.param([*CHAIN[:2], *CHAIN[3:]], 3, id="left-out"),
        pytest.param(CHAIN[1:], 1, id="without-its-beginning"),
        pytest.param([*CHAIN[:2], CHAIN[3], CHAIN[2], CHAIN[4]], 3, id="other-order"),
        pytest.param([*CHAIN[:2], sealed(CHAIN[1], ENTRIES[0]), *CHAIN[3:]], 4, id="sealed-anew"),
    ],
)
async def test_the_first_number_that_does_not_fit_is_found(chain: Sequence[Sealed], number: int) -> None:
    assert broken(chain) == number
    assert await first_broken(MemoryRemedies(chain=list(chain))) == number


class Cut(MemoryRemedies):
    """Keeps its head apart, as a database does."""

    async def head(self) -> Sealed | None:
        return CHAIN[-1]


@pytest.mark.parametrize(("left", "number"), [(5, None), (4, 5), (2, 3), (0, 1)])
async def test_a_chain_whose_end_was_cut_off_is_broken_there(left: int, number: int | None) -> None:
    assert await first_broken(Cut(chain=list(CHAIN[:left]))) == number


async def test_a_chain_that_was_sealed_anew_is_broken_at_its_head() -> None:
    forged = chained(None, [replace(ENTRIES[0], actor="eve"), *ENTRIES[1:]])

    assert (broken(forged), await first_broken(Cut(chain=list(forged)))) == (None, 5)


async def test_a_long_chain_is_looked_at_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.state.audit_port.PAGE", 2)

    assert await first_broken(MemoryRemedies(chain=list(CHAIN))) is None
    assert await first_broken(MemoryRemedies(chain=changed(3, actor="eve"))) == 3
