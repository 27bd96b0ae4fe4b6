"""`python -m bot remedies`: what it shows, what it refuses, and that a dry run changes nothing."""

import json
from pathlib import Path

import pytest

from bot.__main__ import main
from tests.unit.bot.remedy_stage import RESTART, ROLLBACK, write

GIVEN = ("service=payments", "release=1.2.3", "bad=1.2.4")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings with a catalogue of two remedies."""
    folder = write(tmp_path / "remedies", first=ROLLBACK, second=RESTART)
    file = tmp_path / "nightshift.toml"
    file.write_text(f'[ports]\nremediation = ["memory"]\n[remedies]\nfolder = "{folder}"\n', encoding="utf-8")
    return file


def run(config: Path, *words: str) -> int:
    return main(["--config", str(config), "remedies", *words])


def test_it_lists_the_catalogue(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "--json") == 0

    listed = json.loads(capsys.readouterr().out)
    assert [(one["id"], one["risk"], one["executor"], one["owners"]) for one in listed] == [
        ("rollback-release", "high", "memory", ["platform"]),
        ("restart-service", "low", "memory", []),
    ]


@pytest.mark.parametrize(("language", "said"), [("en", "Executor"), ("zh", "执行器")])
def test_people_get_a_table(config: Path, capsys: pytest.CaptureFixture[str], language: str, said: str) -> None:
    assert run(config, "list", "--language", language) == 0

    told = capsys.readouterr().out
    assert said in told
    assert "restart-service" in told


def test_it_checks_the_catalogue(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "check") == 0
    assert capsys.readouterr().out == "2 remedies, no mistakes.\n"


def test_it_tells_every_mistake_and_fails(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(config.parent / "remedies", second=RESTART.replace("low", "mild"), third="id: [")

    assert run(config, "check") == 1

    told = capsys.readouterr().err.splitlines()
    assert [line.split("/")[-1].split(": ")[0] for line in told] == ["third.yaml:1", "second.yaml:9"]
    assert run(config, "check", "--json") == 1
    assert json.loads(capsys.readouterr().out) == {"mistakes": told}


def test_a_dry_run_says_what_would_be_done(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "rehearse", "rollback-release", *GIVEN) == 0

    assert capsys.readouterr().out.startswith("would plan payments 1.2.3\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nope",), "The catalogue has no remedy 'nope'."),
        (("restart-service", "service=payments"), "restart-service has no dry run."),
        (("rollback-release", *GIVEN[:2]), "bad of this remedy cannot be"),
        (("rollback-release", *GIVEN, "force=yes"), "force of this remedy cannot be"),
        (("rollback-release", "service=$(reboot)", *GIVEN[1:]), "service of this remedy cannot be"),
        (("rollback-release", "service", *GIVEN[1:]), "service of this remedy cannot be"),
    ],
)
def test_what_cannot_be_tried_is_told(
    config: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert run(config, "rehearse", *words) == 1
    assert capsys.readouterr().err.startswith(said)


def test_without_a_catalogue_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "nightshift.toml").write_text("", encoding="utf-8")

    assert run(tmp_path / "nightshift.toml") == 1
    assert "There is no catalogue" in capsys.readouterr().err
