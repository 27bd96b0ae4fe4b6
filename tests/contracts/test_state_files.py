"""What every state promises of the files that messages refer to."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.state.port import UNSENT_BYTES, UNSENT_KEPT, KeptFile, MissingAttachment, Received, State, TooMuchUnsent
from tests.contracts.states import NOON, received


def file(content: bytes = b"\x89PNG\0", author: str = "ann", days: float = 0) -> KeptFile:
    digest = hashlib.sha256(content).hexdigest()
    return KeptFile(author, digest, "image/png", content, NOON + timedelta(days=days))


def with_files(event_id: str, *files: KeptFile, days: float = 0) -> Received:
    digests = tuple(one.digest for one in files)
    return replace(received(event_id), attachments=digests, received_at=NOON + timedelta(days=days))


async def test_a_file_is_kept_byte_for_byte_for_its_author_alone(state: State) -> None:
    kept = file(bytes(range(256)) * 1000)

    await state.keep(kept)

    assert await state.attachment("ann", kept.digest) == kept
    assert await state.attachment("bob", kept.digest) is None
    assert await state.attachment("ann", "0" * 64) is None


async def test_the_same_file_is_kept_once_for_each_author(state: State) -> None:
    await asyncio.gather(*(state.keep(file(author=author)) for author in ("ann", "ann", "bob", "ann")))

    assert await state.attachment("bob", file().digest) == file(author="bob")
    assert await state.attachment("ann", file().digest) == file()


async def test_a_message_needs_the_files_that_it_refers_to(state: State) -> None:
    await state.keep(file(author="bob"))
    with pytest.raises(MissingAttachment):
        await state.accept(with_files("e1", file()))
    await state.keep(file())

    question_id, fresh = await state.accept(with_files("e1", file(), file()))

    assert fresh
    assert [one.id for one in await state.thread("t1")] == [question_id]


async def test_a_file_that_no_message_refers_to_is_forgotten_after_a_day(state: State) -> None:
    sent, waiting, late = file(b"sent"), file(b"waiting"), file(b"late", days=0.5)
    for one in (sent, waiting, late):
        await state.keep(one)
    await state.accept(with_files("e1", sent))

    await state.accept(with_files("e2", days=UNSENT_KEPT.days + 0.1))

    assert await state.attachment("ann", sent.digest) == sent
    assert await state.attachment("ann", waiting.digest) is None
    assert await state.attachment("ann", late.digest) == late


async def test_a_file_of_an_answer_waits_for_no_message(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    for vendor in ("memory", "rows"):
        monkeypatch.setattr(f"connectors.state.{vendor}.UNSENT_BYTES", 10)
    large, sent, again = file(b"more than ten bytes"), file(b"sent"), file(b"sent", days=1)
    await state.keep(large, for_good=True)
    await state.keep(sent)

    await state.keep(again, for_good=True)
    await state.keep(replace(again, kept_at=NOON + timedelta(days=2)))
    await state.keep(file(b"another", days=5))

    assert await state.attachment("ann", large.digest) == large
    assert await state.attachment("ann", sent.digest)


async def test_a_file_that_comes_again_waits_longer(state: State) -> None:
    await state.keep(file())
    await state.keep(file(days=0.9))
    await state.keep(file(b"another", days=1.5))

    assert await state.accept(with_files("e1", file(), days=1.5))


async def test_the_same_delivery_is_the_same_question_whatever_became_of_its_files(state: State) -> None:
    await state.keep(file())
    first, _ = await state.accept(with_files("e1", file()))

    assert await state.accept(with_files("e1", file(b"never sent"))) == (first, False)


async def test_an_author_can_have_so_many_bytes_waiting(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    assert UNSENT_BYTES >= 5 * 20 * 1024 * 1024
    for vendor in ("memory", "rows"):
        monkeypatch.setattr(f"connectors.state.{vendor}.UNSENT_BYTES", 10)
    await state.keep(file(b"12345678"))
    await state.keep(file(b"12345678"))
    await state.keep(file(b"12345678", author="bob"))

    with pytest.raises(TooMuchUnsent):
        await state.keep(file(b"9abc"))
    await state.accept(with_files("e1", file(b"12345678")))
    await state.keep(file(b"9abc"))
