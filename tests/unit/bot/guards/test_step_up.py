"""Second factors: codes of RFC 6238, each good once, for one proposal and a short time."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from bot.guards.enrolments import FileEnrolments, MemoryEnrolments
from bot.guards.step_up import AlreadyEnrolled, Enrolment, Enrolments, StepUp

# "12345678901234567890", the secret of the vectors in RFC 6238, appendix B.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.fixture(params=["memory", "files"])
def enrolments(request: pytest.FixtureRequest, tmp_path: Path) -> Enrolments:
    return MemoryEnrolments() if request.param == "memory" else FileEnrolments(tmp_path / "second")


@pytest.fixture
def step_up(enrolments: Enrolments) -> StepUp:
    enrolments.change("lei", lambda _: Enrolment("lei", SECRET))
    return StepUp(enrolments)


def code(at: datetime) -> str:
    return pyotp.TOTP(SECRET).at(at)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_of_the_rfc_are_right(step_up: StepUp, seconds: int, expected: str) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    assert step_up.show("lei", expected[-6:], "p1", at) == "passed"


def test_a_code_counts_for_one_proposal_and_a_few_minutes(step_up: StepUp) -> None:
    assert step_up.show("lei", code(NOW), "p1", NOW) == "passed"

    assert step_up.holds("lei", "p1", NOW + timedelta(minutes=5) - timedelta(microseconds=1))
    assert not step_up.holds("lei", "p1", NOW + timedelta(minutes=5))
    assert not step_up.holds("lei", "p2", NOW)
    assert not step_up.holds("mei", "p1", NOW)


def test_a_code_is_good_once_and_so_are_older_ones(step_up: StepUp) -> None:
    step_up.show("lei", code(NOW), "p1", NOW)

    assert step_up.show("lei", code(NOW), "p2", NOW) == "used"
    assert step_up.show("lei", code(NOW - timedelta(seconds=30)), "p2", NOW) == "used"
    assert step_up.show("lei", code(NOW + timedelta(seconds=30)), "p2", NOW) == "passed"


@pytest.mark.parametrize("shown", ["", "12345", "1234567", "abcdef", "１２３４５６", "000000"])
def test_anything_else_is_wrong(step_up: StepUp, shown: str) -> None:
    assert step_up.show("lei", shown, "p1", NOW) == "wrong"
    assert not step_up.holds("lei", "p1", NOW)


def test_blanks_between_the_digits_are_no_mistake(step_up: StepUp) -> None:
    right = code(NOW)

    assert step_up.show("lei", f" {right[:3]} {right[3:]}\n", "p1", NOW) == "passed"


def test_clocks_may_differ_by_half_a_minute(step_up: StepUp) -> None:
    assert step_up.show("lei", code(NOW - timedelta(seconds=60)), "p1", NOW) == "wrong"
    assert step_up.show("lei", code(NOW - timedelta(seconds=30)), "p1", NOW) == "passed"


def test_after_five_tries_not_even_the_right_code_is_looked_at(step_up: StepUp) -> None:
    assert [step_up.show("lei", "000000", "p1", NOW) for _ in range(5)] == ["wrong"] * 5

    soon, later = NOW + timedelta(minutes=5) - timedelta(seconds=1), NOW + timedelta(minutes=5)
    assert step_up.show("lei", code(soon), "p1", soon) == "too many"
    assert step_up.show("lei", code(later), "p1", later) == "passed"


def test_nobody_else_is_held_up_by_somebodys_tries(step_up: StepUp, enrolments: Enrolments) -> None:
    enrolments.change("mei", lambda _: Enrolment("mei", SECRET))
    for _ in range(6):
        step_up.show("lei", "000000", "p1", NOW)

    assert step_up.show("mei", code(NOW), "p1", NOW) == "passed"


def test_who_has_no_second_factor_passes_with_none(step_up: StepUp) -> None:
    assert step_up.show("ann", code(NOW), "p1", NOW) == "not enrolled"
    assert not step_up.holds("ann", "p1", NOW)


def test_enrolment_is_anew_until_a_code_was_right_and_then_no_more(step_up: StepUp) -> None:
    step_up.enrol("梅")
    address = urlsplit(step_up.enrol("梅"))
    secret = parse_qs(address.query)["secret"][0]

    assert address.scheme == "otpauth"
    assert step_up.show("梅", pyotp.TOTP(secret).at(NOW), "p1", NOW) == "passed"
    with pytest.raises(AlreadyEnrolled):
        step_up.enrol("梅")
    step_up.remove("梅")
    assert step_up.enrol("梅")


def test_enrolling_anew_gives_no_new_tries(step_up: StepUp) -> None:
    for _ in range(5):
        step_up.show("lei", "000000", "p1", NOW)
    secret = parse_qs(urlsplit(step_up.enrol("lei")).query)["secret"][0]

    assert step_up.show("lei", pyotp.TOTP(secret).at(NOW), "p1", NOW) == "too many"


def test_a_secret_never_shows_and_its_file_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    kept = FileEnrolments(tmp_path)
    kept.change("../lei", lambda _: Enrolment("../lei", SECRET))

    assert SECRET not in repr(kept.find("../lei"))
    [file] = tmp_path.glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_of_all_who_show_one_code_at_once_one_passes(step_up: StepUp, tmp_path: Path) -> None:
    kept = FileEnrolments(tmp_path / "race")
    kept.change("lei", lambda _: Enrolment("lei", SECRET))
    with ThreadPoolExecutor(5) as pool:
        shown = list(pool.map(lambda _: StepUp(kept).show("lei", code(NOW), "p1", NOW), range(5)))

    assert sorted(shown) == ["passed", "used", "used", "used", "used"]
