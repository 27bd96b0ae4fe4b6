"""The command: what it prints, what it returns, and what it refuses."""

import json
from pathlib import Path

import pytest

from ingest.__main__ import main


@pytest.fixture(autouse=True)
def twins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "PORTS__EMBEDDING": "memory",
        "PORTS__VECTORS": "memory",
        "HOME": str(tmp_path / "home"),
    }.items():
        monkeypatch.setenv(f"NIGHTSHIFT_{name}", value)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("# Disk full\n\nDelete segments.")
    (folder / "b.png").write_bytes(b"\x89PNG")
    return folder


def test_it_reads_and_sums_up_in_one_line(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(docs)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert "  passed over 1: not a document" in lines
    assert lines[-1].startswith("docs: 1 new, 0 changed, 0 deleted, 0 unchanged, 0 unreadable, 1 skipped, 1 chunks, ")
    assert lines[-1].endswith("pages per second")


def test_json_is_one_object_per_source(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(docs), "--json", "--name", "handbook"]) == 0

    summary = json.loads(capsys.readouterr().out)
    assert (summary["source"], summary["new"], summary["skipped"]) == ("handbook", 1, {"not a document": 1})


def test_a_dry_run_does_nothing(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert main([str(docs), "--dry-run"]) == 0
        assert capsys.readouterr().out == "  new a.md\ndocs: 1 new, 0 changed, 0 deleted, 0 unchanged\n"
    assert not Path("home").exists()


@pytest.mark.parametrize("missing", ["nowhere", "empty"])
def test_nothing_to_read_is_an_error_with_advice(
    missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()

    assert main([str(tmp_path / missing)]) == 1
    assert missing in capsys.readouterr().err


def test_only_unreadable_documents_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF broken")

    assert main([str(tmp_path / "a.pdf")]) == 1
    assert "cannot read a.pdf: damaged PDF" in capsys.readouterr().out


def test_two_folders_of_one_name_are_kept_apart(docs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "more/docs"
    other.mkdir(parents=True)
    (other / "c.md").write_text("# C")

    assert main([str(docs), str(other)]) == 1
    assert "--name" in capsys.readouterr().err


@pytest.mark.parametrize(
    "call",
    ["docs docs --name x", "", "--all docs", "--all --name x", "--all --readers sre", "--forget docs docs"],
)
def test_a_wrong_call_is_refused(call: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(call.split())


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index outlives a run."""
    monkeypatch.setenv("NIGHTSHIFT_PORTS__VECTORS", "edge")


def configure(docs: Path, more: str = "") -> None:
    Path("nightshift.toml").write_text(f'[ingest.sources.handbook]\nvendor = "folder"\npath = "{docs}"\n{more}')


def counts(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, int, int, int]]:
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [(one["source"], one["new"], one["changed"], one["deleted"]) for one in found]


def test_a_source_of_the_settings_is_read_by_its_name(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(docs)

    assert main(["handbook", "--json"]) == 0
    assert counts(capsys) == [("handbook", 1, 0, 0)]


def test_a_name_that_is_nearly_right_gets_the_right_one(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(docs)

    assert main(["handbok"]) == 1
    assert capsys.readouterr().err == "handbok is no path and no source; did you mean 'handbook'?\n"


@pytest.mark.usefixtures("kept")
def test_everything_is_what_is_configured_and_what_was_read_before(
    docs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(docs)
    notes = tmp_path / "notes.md"
    notes.write_text("# Notes")
    main([str(notes), "--name", "notes"])
    capsys.readouterr()

    assert main(["--all", "--json"]) == 0
    assert counts(capsys) == [("handbook", 1, 0, 0), ("notes", 0, 0, 0)]


def test_one_failing_source_does_not_stop_the_others(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(Path("/nowhere"), f'[ingest.sources.notes]\nvendor = "folder"\npath = "{docs}"\n')

    assert main(["--all", "--json"]) == 1
    out, err = capsys.readouterr()
    assert [json.loads(line).get("new", "error") for line in out.splitlines()] == ["error", 1]
    assert err == ("handbook: /nowhere does not exist; check the path.\n1 of 2 sources were not read: handbook\n")


def test_everything_of_nothing_says_what_to_do_and_a_slip_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    main(["runbokks"])
    capsys.readouterr()

    assert main(["--all"]) == 1
    assert capsys.readouterr().err.startswith("There is nothing to read: name a PATH, or add [ingest.sources.<name>]")


@pytest.mark.usefixtures("kept")
def test_another_embedding_is_served_when_it_has_read_everything(
    docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.md").write_text("# Notes")
    main([str(docs), "--readers", "sre"])
    main([str(tmp_path / "notes.md"), "--name", "notes"])
    monkeypatch.setenv("NIGHTSHIFT_CONNECTORS__EMBEDDING__MEMORY__DIMENSION", "64")
    capsys.readouterr()

    assert main([str(docs), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["missing"] == ["notes"]
    assert main(["--all", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["new"] for line in out.splitlines()] == [0, 1]
    assert "missing" not in err


@pytest.mark.usefixtures("kept")
def test_readers_are_remembered_until_others_are_named(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = []
    for said in (["--readers", "sre,dba"], [], ["--readers", "sre"], ["--readers", "everyone"], []):
        assert main([str(docs), "--json", *said]) == 0
        changed.append(counts(capsys)[0][1:3])

    assert changed == [(1, 0), (0, 0), (0, 1), (0, 1), (0, 0)]


@pytest.mark.usefixtures("kept")
def test_everything_keeps_the_readers_of_a_path(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(docs), "--readers", "sre"])
    capsys.readouterr()

    assert main(["--all", "--json"]) == 0
    assert counts(capsys) == [("docs", 0, 0, 0)]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("first", "second", "advice"),
    [
        pytest.param("docs --readers sre", "docs --name other", "--readers sre, or --readers everyone", id="copy"),
        pytest.param("docs --readers sre", ".", "Say who may read", id="folder-around-it"),
        pytest.param("docs", "docs/a.md --readers sre", "Everybody may read", id="part-of-an-open-one"),
    ],
)
@pytest.mark.usefixtures("docs")
def test_the_same_pages_are_not_opened_by_another_name(
    first: str, second: str, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(first.split()) == 0
    capsys.readouterr()

    assert main(second.split()) == 1
    assert advice in capsys.readouterr().err


@pytest.mark.parametrize("groups", ["", "sre,", " "])
def test_a_nameless_group_opens_nothing(groups: str, docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(docs), "--readers", groups]) == 1
    assert "a group has no name" in capsys.readouterr().err


def test_the_settings_say_who_may_read_their_sources(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(docs, 'readers = ["sre"]\n')

    assert main(["handbook", "--readers", "everyone"]) == 1
    assert "set there" in capsys.readouterr().err
    assert main([str(docs), "--name", "handbook"]) == 1
    assert "`python -m ingest handbook`" in capsys.readouterr().err


@pytest.mark.usefixtures("kept")
def test_a_configured_source_does_not_take_a_paths_name(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(docs), "--name", "handbook"])
    configure(docs.parent)

    assert main(["handbook"]) == 1
    assert "--forget handbook" in capsys.readouterr().err


@pytest.mark.usefixtures("kept")
def test_what_cannot_be_read_any_more_says_how_to_be_rid_of_it(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = docs / "a.md"
    main([str(other), "--name", "gone"])
    configure(other, '[ingest.sources.api]\nvendor = "memory"\ndocuments = [{ id = "1", text = "x" }]\n')
    main(["handbook", "api"])
    other.unlink()
    configure(docs)
    capsys.readouterr()

    assert main(["--all"]) == 1
    said = capsys.readouterr().err
    assert f"{other} is gone; what was read there stays. `python -m ingest --forget gone` deletes it." in said
    assert "api is no longer in the settings; its documents stay. `python -m ingest --forget api`" in said


@pytest.mark.usefixtures("kept")
def test_a_forgotten_source_leaves_nothing(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(docs)])

    assert main(["--forget", "docs"]) == 0
    assert main(["--forget", "docs"]) == 1
    assert capsys.readouterr().err == "docs: 1 documents deleted.\ndocs: no such source. There are: none.\n"


def test_a_dry_run_lists_ten_names_and_no_control_characters(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(11):
        (docs / f"\x1b[2J{number:02}.md").write_text("x")

    assert main([str(docs), "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[10], len(lines)) == ("  new \ufffd[2J00.md", "  … and 2 more", 12)


@pytest.mark.usefixtures("kept")
def test_a_dry_run_notes_nothing(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(docs)])
    manifest = Path("home/ingest.sqlite").read_bytes()
    (docs / "a.md").unlink()
    (docs / "c.md").write_text("# C")
    capsys.readouterr()

    assert main([str(docs), "--dry-run", "--readers", "sre", "--json"]) == 0
    assert counts(capsys) == [("docs", 1, 0, 1)]
    assert Path("home/ingest.sqlite").read_bytes() == manifest


@pytest.mark.usefixtures("kept")
def test_a_lost_manifest_opens_nothing_and_leaves_nothing_behind(
    docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (docs / "b.md").write_text("# Alerts\n\nSilence them.")
    assert main([str(docs), "--readers", "sre"]) == 0
    for file in Path("home").glob("ingest.sqlite*"):
        file.unlink()
    (docs / "b.md").unlink()
    capsys.readouterr()

    assert main([str(docs)]) == 1
    assert "docs is in the library for sre only" in capsys.readouterr().err
    assert main([str(docs), "--readers", "sre", "--json"]) == 0
    assert counts(capsys) == [("docs", 1, 0, 1)]


@pytest.mark.usefixtures("kept")
def test_a_source_of_the_settings_does_not_open_what_a_path_was_limited_to(
    docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(docs), "--readers", "sre"]) == 0
    configure(docs)
    capsys.readouterr()

    assert main(["handbook"]) == 1
    assert "docs has the same pages and is not for everybody" in capsys.readouterr().err
    configure(docs, 'readers = ["everyone"]')
    assert main(["handbook"]) == 0
