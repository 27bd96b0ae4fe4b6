"""`python -m bot knowledge` prints the tree or the gaps, of what everybody may read unless groups are named."""

import json
from datetime import UTC, datetime

import pytest

from bot.__main__ import main
from bot.knowledge_commands import Request, print_gaps, print_tree
from knowledge.catalogue import Gaps, Order
from knowledge.chunk import Outline
from knowledge.gaps import Gap, Place
from knowledge.service_graph import Service, ServiceGraph

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ORDER = Order(ServiceGraph([Service(name="payments"), Service(name="kafka")]))
DOCUMENTS = [
    Outline("a.md", "[bold]Pool[/bold] is full", "", {"service": "payments", "component": "database"}, 10),
    Outline("b.md", "How we write", "", {}, 10),
]
STALE = Gap("stale", "Pool", (Place("a.md", "Pool"),), {"date": "2020-01-01", "days": "9", "owner": ""})
NO_RUNBOOK = Gap("no_runbook", "kafka", (), {"tier": "1", "team": "ops", "incidents": "0"})


@pytest.fixture(autouse=True)
def _wide_and_without_real_parts(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NIGHTSHIFT_PORTS__EMBEDDING", "memory")
    monkeypatch.setenv("NIGHTSHIFT_PORTS__VECTORS", "memory")


def test_the_tree_shows_titles_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(DOCUMENTS, ORDER, Request())

    said = capsys.readouterr().out
    assert "2 documents" in said
    assert "payments (1)\n│   └── Database (1)\n│       └── [bold]Pool[/bold] is full  a.md" in said
    assert "kafka (0)" in said
    assert "General (1)\n    └── How we write  b.md" in said


def test_the_tree_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(DOCUMENTS, ORDER, Request(language="zh"))

    assert "数据库 (1)" in capsys.readouterr().out


def test_the_tree_as_json_is_nothing_but_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(DOCUMENTS[:1], ORDER, Request(service="payments", as_json=True))

    said = json.loads(capsys.readouterr().out)
    assert [(one["key"], one["count"]) for one in said["shelves"]] == [("payments", 1)]
    assert said["documents"][0]["id"] == "a.md"


def test_gaps_come_with_what_to_do_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    print_gaps(Gaps((NO_RUNBOOK, STALE), complete=True), ORDER, Request(gaps=True))

    said = capsys.readouterr().out
    assert (
        said.index("Services without a runbook (1)") < said.index("kafka, tier 1, ops") < said.index("Stale pages (1)")
    )
    assert "correct it, or confirm it with a new date." in said
    assert "└── a.md" in said


def test_no_gaps_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_gaps(Gaps((), complete=True), ORDER, Request(gaps=True))

    assert capsys.readouterr().out == "No gaps were found.\n"


def test_the_command_opens_the_library_of_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["knowledge", "--gaps", "--json", "--groups", "a, b"]) == 0

    gaps = json.loads(capsys.readouterr().out)
    assert {gap["kind"] for gap in gaps} == {"no_runbook"}
    assert gaps[0]["details"]["tier"] == "1"


def test_one_service_has_only_its_own_gaps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["knowledge", "--gaps", "--json", "--service", "kafka"]) == 0

    assert [gap["subject"] for gap in json.loads(capsys.readouterr().out)] == ["kafka"]


def test_services_that_cannot_be_read_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NIGHTSHIFT_SERVICES_FILE", "no-such-file.yaml")

    assert main(["knowledge"]) == 1
    assert capsys.readouterr().err == "no-such-file.yaml cannot be read (No such file or directory); check the path.\n"
