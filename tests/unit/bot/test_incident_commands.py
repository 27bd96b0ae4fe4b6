"""`python -m bot incidents` shows the same whether a server runs or not, and nothing out of closed pages."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from bot.__main__ import main
from bot.assistant import Assistant
from bot.incident_commands import NoRecord, OwnRecord, Record, Request, ServerRecord, print_from
from bot.settings import Web
from bot.web.router import build_router
from connectors.configuration import Roots
from connectors.load import load
from knowledge.chunk import Chunk, StoredDocument
from tests.incident_record import DIAGNOSIS, PAGE, QUOTE, SLOW, keep, minutes
from tests.unit.bot.web.front_end import Shelf

HOSTILE = "\x1b[2J[bold]down[/bold]"
OPEN_PAGE = StoredDocument(PAGE, "Pool", "", {}, (Chunk("p2", PAGE, 0, "", QUOTE),))


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NIGHTSHIFT_WEB__PORT", "9")


@pytest.fixture(params=["server", "state"])
async def record(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Record]:
    shelf = Shelf()
    async with load("state", "memory", {}, Roots(tmp_path, tmp_path)) as state:
        over = SLOW.model_copy(update={"id": "over", "status": "resolved", "title": HOSTILE, "opened_at": minutes(30)})
        await keep(state, [SLOW, over])
        if request.param == "state":
            yield OwnRecord(state, shelf)
            return
        app = FastAPI()
        app.include_router(build_router(Assistant(state, shelf), Web(), lambda: minutes(60)))
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
            yield ServerRecord(client)


async def test_the_list_has_open_incidents_first(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    await print_from(record, Request())

    said = capsys.readouterr().out
    assert said.index(SLOW.title) < said.index("[bold]down[/bold]")
    assert "critical resolved" in said
    assert "\x1b[2J" not in said


async def test_the_list_of_a_status_as_json(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    await print_from(record, Request(status="resolved", as_json=True))

    assert [one["id"] for one in json.loads(capsys.readouterr().out)["incidents"]] == ["over"]


async def test_one_incident_tells_its_story(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    await print_from(record, Request("show", SLOW.id))

    said = capsys.readouterr().out
    for part in (DIAGNOSIS.headline, "Verdict: likely.", "[x] Does the database answer late?", "Loki did not answer"):
        assert part in said
    assert "slack C0INCIDENTS: arrived card" in said
    assert "feishu oc_5ad11d72b830411d72b836c20: has not arrived yet" in said


async def test_one_incident_as_json_has_all_of_it(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    await print_from(record, Request("show", SLOW.id, as_json=True))

    assert json.loads(capsys.readouterr().out)["diagnosis"]["verdict"]["outcome"] == "likely"


async def test_chinese_words_around_it(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    await print_from(record, Request("show", SLOW.id, language="zh"))

    assert "结论: 很可能. " in capsys.readouterr().out


@pytest.mark.parametrize("action", ["show", "postmortem"])
async def test_nothing_comes_out_of_a_page_that_is_closed(
    record: Record, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    await print_from(record, Request(action, SLOW.id))

    assert QUOTE not in capsys.readouterr().out


async def test_an_open_page_is_quoted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with load("state", "memory", {}, Roots(tmp_path, tmp_path)) as state:
        await keep(state)
        await print_from(OwnRecord(state, Shelf({PAGE: OPEN_PAGE})), Request("show", SLOW.id))

    assert QUOTE in capsys.readouterr().out


async def test_a_postmortem_is_markdown_and_nothing_else(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    await print_from(record, Request("postmortem", SLOW.id))

    assert capsys.readouterr().out.startswith("# Postmortem: ")


@pytest.mark.parametrize("action", ["show", "postmortem"])
async def test_an_unknown_incident_is_one_line(record: Record, action: str) -> None:
    with pytest.raises(NoRecord, match="There is no such incident"):
        await print_from(record, Request(action, "none"))


def test_an_incident_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incidents", "show"]) == 1
    assert "incidents list" in capsys.readouterr().err


def test_without_a_server_the_state_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NIGHTSHIFT_PORTS__STATE", "memory")

    assert main(["incidents"]) == 0

    assert capsys.readouterr().out == "No incidents.\n"


async def test_a_word_on_the_cause_is_kept(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    await print_from(record, Request("wrong", SLOW.id, was="a full disk", at=minutes(50)))
    found = await record.story(SLOW.id, "en")

    assert capsys.readouterr().out.startswith("Kept.")
    assert [one.cause for one in found.judgements if not one.right] == ["a full disk"]


async def test_a_word_on_an_unknown_incident_is_refused(record: Record) -> None:
    with pytest.raises(NoRecord, match="no such incident"):
        await print_from(record, Request("right", "nobody"))
