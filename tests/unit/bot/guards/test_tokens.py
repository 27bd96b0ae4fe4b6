"""Tokens of buttons, and the key that they are made with."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.guards.keys import UnsafeKey, kept_key
from bot.guards.tokens import LONGEST, ForgedToken, opened, seal
from tests.unit.bot.guards.rulings import proposal

KEY = b"k" * 32
DIGEST = proposal().action.digest
TOKEN = seal("p1", DIGEST, KEY)


def test_a_token_says_which_proposal_and_which_action() -> None:
    assert opened(TOKEN, KEY) == ("p1", DIGEST)


def test_the_longest_token_fits_a_button() -> None:
    longest = seal("p" * 100, DIGEST, KEY)

    assert len(longest) <= LONGEST
    assert opened(longest, KEY) == ("p" * 100, DIGEST)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("p1", id="only-the-id"),
        pytest.param(TOKEN[:-1], id="truncated"),
        pytest.param(TOKEN + "x", id="lengthened"),
        pytest.param("A" + TOKEN[1:], id="damaged"),
        pytest.param(seal("p1", DIGEST, b"o" * 32), id="made-with-another-key"),
        pytest.param(
            seal("p2", DIGEST, KEY).rpartition(".")[0] + "." + TOKEN.rpartition(".")[2], id="another-proposal"
        ),
        pytest.param("é" * 20, id="not-ascii"),
        pytest.param("A" * 5000, id="endless"),
    ],
)
def test_a_token_that_was_not_made_here_is_refused(token: str) -> None:
    with pytest.raises(ForgedToken):
        opened(token, KEY)


@pytest.mark.parametrize(("id", "digest"), [("", DIGEST), ("p" * 101, DIGEST), ("p1", "rm -rf /"), ("提议", DIGEST)])
def test_nothing_but_a_proposal_is_sealed(id: str, digest: str) -> None:
    with pytest.raises(ValueError, match="a token is made for"):
        seal(id, digest, KEY)


def test_a_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "approval.key"

    first = kept_key(path)

    assert (len(first), kept_key(path)) == (32, first)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_all_who_call_at_once_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: kept_key(tmp_path / "approval.key"), range(32)))

    assert len(keys) == 1


def test_a_key_that_others_can_read_or_that_was_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "approval.key"
    path.write_bytes(b"k" * 32)
    path.chmod(0o640)
    with pytest.raises(UnsafeKey, match="chmod 600"):
        kept_key(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(UnsafeKey, match="too short"):
        kept_key(path)
