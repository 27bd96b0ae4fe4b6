"""The front end under test, with a document on its shelf."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from connectors.chat.card_port import Card, Citation
from connectors.configuration import Roots
from connectors.load import load
from knowledge.library import Chunk, StoredDocument
from tests.unit.bot.web.front_end import CITATION, QUESTION, Shelf, Site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as opened:
        state = await opened.enter_async_context(load("state", "memory", {}, Roots(tmp_path, tmp_path)))
        text = "Roll back **first**, then [look](javascript:alert(1)).\n\n<script>alert(1)</script>"
        chunks = (
            Chunk("c1", "runbooks/checkout.md", 0, "", "Intro"),
            Chunk("c2", "runbooks/checkout.md", 1, "A", text),
        )
        document = StoredDocument("runbooks/checkout.md", "Checkout", "javascript:alert(1)", {"service": "c"}, chunks)
        yield Site(state, Shelf({document.id: document}), opened)


@pytest.fixture
async def guest(site: Site) -> httpx.AsyncClient:
    return await site.browser()


@pytest.fixture
def card() -> Callable[..., Card]:
    def write(question_id: str, text: str = "Roll back [1].", citation: Citation = CITATION) -> Card:
        return Card(question_id=question_id, kind="answer", language="en", text=text, citations=(citation,))

    return write


@pytest.fixture
def question() -> dict[str, str]:
    return dict(QUESTION)
