"""Files of a message: what is read of them, and what is said of those that are not."""

from dataclasses import dataclass, field

import pytest

from bot.assistant import received
from bot.steps.fetch import LONGEST_QUOTE, MOST_FILES, Fetched, fetch
from bot.vocabulary import Query
from connectors.chat.memory import MemoryChat, Settings
from connectors.chat.port import Attachment
from connectors.state.memory import MemoryState
from tests.unit.bot.stage import NOON, said


@dataclass
class Counting(MemoryChat):
    fetched: list[str] = field(default_factory=list)

    async def fetch(self, reference: str, most: int) -> bytes:
        self.fetched.append(reference)
        return await super().fetch(reference, most)


async def fetched(chat: MemoryChat, *names: str) -> Fetched:
    files = tuple(Attachment(name=name, reference=name) for name in names)
    state, query = MemoryState(), Query(question_id="q", text="?", language="en", asked_at=NOON, author="slack:U1")
    question = await state.question((await state.accept(received(said("?", attachments=files))))[0])
    assert question is not None
    return await fetch(question, query, {"slack": chat}, state)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("ERROR 连接池耗尽".encode(), id="utf-8"),
        pytest.param(b"\xef\xbb\xbf" + "ERROR 连接池耗尽".encode(), id="utf-8-of-windows"),
        pytest.param("ERROR 连接池耗尽".encode("utf-16"), id="utf-16-of-powershell"),
        pytest.param("ERROR 连接池耗尽".encode("gb18030"), id="chinese-windows"),
    ],
)
async def test_a_log_is_read_however_it_is_encoded(content: bytes) -> None:
    found = await fetched(MemoryChat(Settings(), files={"app.log": content}), "app.log")

    assert [one.text for one in found.quotes] == ["ERROR 连接池耗尽"]


async def test_a_broken_sign_spoils_no_other() -> None:
    found = await fetched(MemoryChat(Settings(), files={"app.log": "连接池".encode() + b"\xff 40"}), "app.log")

    assert found.quotes[0].text == "连接池\ufffd 40"


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03KLJ", b"PK\x03\x04\x14\x00\x00\x00"])
async def test_an_archive_by_the_name_of_a_text_is_not_read(content: bytes) -> None:
    found = await fetched(MemoryChat(Settings(), files={"app.log": content}), "app.log")

    assert (found.quotes, found.notices) == ((), ("app.log was not read: only pictures and text files are.",))


async def test_of_a_long_log_the_last_lines_are_read() -> None:
    content = b"first line\n" + b"x" * LONGEST_QUOTE + b"\nlast line\n"

    found = await fetched(MemoryChat(Settings(), files={"app.log": content}), "app.log")

    assert found.quotes[0].text == "…\nlast line\n"


async def test_of_very_many_files_the_first_are_read() -> None:
    names = [f"{n}.log" for n in range(MOST_FILES + 5)]
    chat = Counting(Settings(), files=dict.fromkeys(names, b"x"))

    found = await fetched(chat, *names)

    assert chat.fetched == names[:MOST_FILES]
    assert found.notices == (f"5 more files were not read: {MOST_FILES} of a message are.",)
