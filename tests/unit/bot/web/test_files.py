"""Files of an answer over the web API: for those who may see the answer, as what they are."""

import hashlib
from collections.abc import Callable

import httpx
import pytest

from connectors.chat.card_port import Card, Chart, Table
from connectors.state.port import KeptFile
from tests.unit.bot.web.front_end import NOON, Site

ROWS, PICTURE, OTHERS = b"\xef\xbb\xbfn\r\n1\r\n", b"\x89PNG\r\n", b"of another answer"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
async def answered(site: Site, guest: httpx.AsyncClient, question: dict[str, str], card: Callable[..., Card]) -> str:
    """Where the files of an answer are, which shows a table and a chart."""
    question_id = str((await guest.post("/api/messages", json=question)).json()["question_id"])
    stored = await site.state.question(question_id)
    assert stored
    for kind, content in (("text/csv", ROWS), ("image/png", PICTURE), ("text/csv", OTHERS)):
        await site.state.keep(KeptFile(stored.author, digest(content), kind, content, NOON), for_good=True)
    table = Table(title='数据库: "orders"\r\nX: y', columns=("n",), rows=(("1",),), total=1, file=digest(ROWS))
    chart = Chart(title="p95 <b>", file=digest(PICTURE), says="Line chart.")
    shown = card(question_id).model_copy(update={"tables": (table,), "charts": (chart,)})
    await site.state.settle(question_id, shown.model_dump_json())
    return f"/api/questions/{question_id}/files"


async def test_rows_are_a_file_of_their_title(guest: httpx.AsyncClient, answered: str) -> None:
    file = await guest.get(f"{answered}/{digest(ROWS)}")

    assert (file.content, file.headers["content-type"]) == (ROWS, "text/csv; charset=utf-8")
    assert file.headers["content-disposition"] == (
        "attachment; filename=\"orders-X-y.csv\"; filename*=UTF-8''%E6%95%B0%E6%8D%AE%E5%BA%93-orders-X-y.csv"
    )


async def test_no_file_is_opened_as_a_page(guest: httpx.AsyncClient, answered: str) -> None:
    file = await guest.get(f"{answered}/{digest(PICTURE)}")

    assert (file.content, file.headers["content-type"]) == (PICTURE, "image/png")
    assert file.headers["content-disposition"] == "attachment; filename=\"p95-b.png\"; filename*=UTF-8''p95-b.png"
    assert file.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert file.headers["x-content-type-options"] == "nosniff"
    again = await guest.get(f"{answered}/{digest(PICTURE)}", headers={"if-none-match": file.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_card_names_its_figures(guest: httpx.AsyncClient, answered: str) -> None:
    thread_id = (await guest.get("/api/threads")).json()["threads"][0]["id"]
    shown = (await guest.get(f"/api/threads/{thread_id}")).json()["questions"][0]["card"]

    assert [shown["tables"][0]["file"], shown["charts"][0]["says"]] == [digest(ROWS), "Line chart."]


async def test_a_file_is_for_those_who_may_see_the_answer(site: Site, guest: httpx.AsyncClient, answered: str) -> None:
    stranger = await site.browser()

    assert (await stranger.get(f"{answered}/{digest(ROWS)}")).status_code == 404
    assert (await guest.get(f"{answered}/{digest(OTHERS)}")).status_code == 404
    assert (await guest.get(f"{answered}/{'0' * 64}")).status_code == 404


async def test_an_answer_in_the_making_has_no_files(guest: httpx.AsyncClient, question: dict[str, str]) -> None:
    question_id = (await guest.post("/api/messages", json=question)).json()["question_id"]

    assert (await guest.get(f"/api/questions/{question_id}/files/{digest(ROWS)}")).status_code == 404
