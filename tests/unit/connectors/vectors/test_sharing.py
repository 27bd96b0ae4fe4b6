"""Who owns a folder, and how the owner is reached."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.vectors.sharing import BrokenOff, Claim, Counter, NobodyThere, ask
from connectors.vectors.wire import LENGTH


@pytest.fixture
def claim(tmp_path: Path) -> Iterator[Claim]:
    one = Claim(tmp_path)
    assert one.take()
    yield one
    one.release()


@pytest.fixture
def counter(claim: Claim) -> Iterator[Counter]:
    one = claim.listen(lambda body: body[::-1])
    yield one
    one.close()


def test_one_owner_at_a_time(claim: Claim, tmp_path: Path) -> None:
    other = Claim(tmp_path)

    assert not other.take()
    other.release()


def test_a_folder_given_up_can_be_taken(tmp_path: Path) -> None:
    first, second = Claim(tmp_path), Claim(tmp_path)
    assert first.take()
    first.release()

    assert second.take()
    second.release()


def test_the_owner_is_known_by_process_and_address(claim: Claim, counter: Counter, tmp_path: Path) -> None:
    assert claim.owner() == (os.getpid(), str(tmp_path / "owner.sock"))


@pytest.mark.parametrize("noted", ["", "{", "[]", '{"process": "x"}'])
def test_an_unreadable_note_names_nobody(noted: str, claim: Claim, tmp_path: Path) -> None:
    (tmp_path / "owner.lock").write_text(noted)

    assert claim.owner() == (0, "")


def test_a_socket_left_by_a_killed_owner_is_in_nobodys_way(claim: Claim, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "owner.sock"))

    claim.listen(bytes).close()


async def test_a_large_request_gets_its_reply(counter: Counter, claim: Claim) -> None:
    body = b"ab" * 3_000_000

    assert await ask(claim.owner()[1], body) == body[::-1]


async def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(NobodyThere):
        await ask(str(tmp_path / "owner.sock"), b"hello")


@pytest.mark.parametrize(
    "sent", [b"", b"\0", LENGTH.pack(0), LENGTH.pack(2**32 - 1), LENGTH.pack(9) + b"short"], ids=len
)
async def test_a_bad_frame_disturbs_nobody(sent: bytes, counter: Counter, claim: Claim) -> None:
    address = claim.owner()[1]
    with socket.socket(socket.AF_UNIX) as visitor:
        visitor.connect(address)
        visitor.sendall(sent)
        visitor.shutdown(socket.SHUT_WR)
        assert visitor.recv(1) == b""

    assert await ask(address, b"abc") == b"cba"


async def test_an_owner_that_breaks_off_is_told_apart_from_none(tmp_path: Path) -> None:
    def fail(_: bytes) -> bytes:
        raise ConnectionResetError

    claim = Claim(tmp_path)
    assert claim.take()
    counter = claim.listen(fail)

    with pytest.raises(BrokenOff):
        await ask(claim.owner()[1], b"hello")
    counter.close()
    claim.release()
