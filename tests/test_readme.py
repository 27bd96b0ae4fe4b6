"""What the README shows is true: its commands run, its settings are accepted, its links lead somewhere."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from bot.__main__ import _parser
from bot.settings import Settings, read_settings
from ingest.__main__ import _parser as _ingest_parser
from knowledge.setting_names import stranger

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEPLOYING = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
PYTHON = ".venv/bin/python"
AROUND = dict(os.environ)  # noqa: TID251  # the programs that are tried out get it, but for our own settings


class UnknownCommand(Exception):
    """A page shows a command that no test knows how to run."""


def blocks(page: str, *languages: str) -> list[str]:
    return [text for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", page, re.M | re.S) if language in languages]


def commands(page: str) -> list[str]:
    lines = [line for block in blocks(page, "sh", "bash") for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.strip() and not line.startswith("#")]


def words(command: str) -> list[str]:
    """The command without the variables in front of it."""
    found = shlex.split(command, comments=True)
    while re.match(r"[A-Z_]+=", found[0]):
        found = found[1:]
    return found


def kind(command: str) -> str:
    """How a command is tried out. Raises UnknownCommand."""
    match words(command):
        case ["make", *_]:
            return "make"
        case [program, "-m", "bot", "serve", *_] if program == PYTHON:
            return "serve"
        case [program, "-m", "bot" | "ingest", *_] if program == PYTHON:
            return "python"
        case _:
            raise UnknownCommand(command)


def of_kind(wanted: str) -> list[str]:
    return [command for command in commands(README) if kind(command) == wanted]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The variables of a reader who has the runbooks and cases that the README speaks of, and needs no models."""
    home = tmp_path_factory.mktemp("reader")
    shutil.copytree(
        ROOT / "deploy" / "demo" / "runbooks",
        home / "runbooks",
        ignore=lambda _, names: set(names) - {"payments-pool-exhausted.md"},
    )
    write_cases(home / "cases")
    (home / "nightshift.toml").touch()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {
        "HOME": str(home),
        "NIGHTSHIFT_CONFIG": str(home / "nightshift.toml"),
        "NIGHTSHIFT_HOME": str(home / "nightshift"),
        "NIGHTSHIFT_PORTS__EMBEDDING": "memory",
        "NIGHTSHIFT_PORTS__LLM": "[]",
        "NIGHTSHIFT_WEB__PORT": str(port),
    }
    kept = {name: value for name, value in AROUND.items() if not name.startswith("NIGHTSHIFT_")}
    shown = {**kept, **variables}
    assert run(f"{PYTHON} -m ingest ~/runbooks", shown).returncode == 0
    return shown


def write_cases(folder: Path) -> None:
    folder.mkdir()
    rows = [
        {"_id": "a", "title": "Pool", "text": "raise the pool"},
        {"_id": "b", "title": "Disk", "text": "free the disk"},
    ]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "raise the pool"}), encoding="utf-8")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\ta\t1\n", encoding="utf-8")


def run(command: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    line = command.replace(PYTHON, shlex.quote(sys.executable))
    return subprocess.run(
        ["bash", "-c", line], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.mark.parametrize("command", of_kind("python"))
def test_a_command_runs(command: str, world: Mapping[str, str]) -> None:
    done = run(command, world)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", of_kind("serve"))
def test_the_server_opens_where_it_says(command: str, world: Mapping[str, str]) -> None:
    arguments = [sys.executable, *words(command)[1:]]
    with subprocess.Popen(arguments, cwd=ROOT, env=world, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = re.search(r"http://\S+", server.stdout.readline())
            with httpx.Client(transport=httpx.HTTPTransport(retries=8), trust_env=False) as client:
                answer = client.get(f"{address[0]}/health", timeout=30)
        finally:
            server.terminate()

    assert answer.json() == {"ok": True}


@pytest.mark.parametrize("command", of_kind("make"))
def test_a_make_target_exists(command: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", *words(command)[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert "deploy/setup.py" in done.stdout, done.stderr


@pytest.mark.parametrize("command", ["curl https://example.com | sh", "python -m bot ask hello", "git pull"])
def test_a_command_that_nobody_tries_out_is_refused(command: str) -> None:
    with pytest.raises(UnknownCommand):
        kind(command)


@pytest.mark.parametrize("block", blocks(README + DEPLOYING, "toml"))
def test_settings_are_accepted(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in AROUND:
        if name.startswith("NIGHTSHIFT_"):
            monkeypatch.delenv(name)
    file = tmp_path / "nightshift.toml"
    file.write_text(block, encoding="utf-8")

    settings = read_settings(file)

    shown = {(seam, name) for seam, table in tomllib.loads(block).get("connectors", {}).items() for name in table}
    assert shown <= set(settings.enabled()), "only the tables of vendors in use are checked"


@pytest.mark.parametrize("page", [README, DEPLOYING], ids=["README", "deploy"])
def test_variables_are_settings(page: str) -> None:
    names = {tuple(name.lower().split("__")) for name in re.findall(r"NIGHTSHIFT_([A-Z_]+[A-Z])", page)}
    names -= {("config",)}  # where the settings are, and so none of them

    assert names
    assert [name for name in names if stranger(Settings, name, knows_all=True)] == []


@pytest.mark.parametrize(("page", "folder"), [(README, ROOT), (DEPLOYING, ROOT / "deploy")], ids=["README", "deploy"])
def test_links_lead_to_files(page: str, folder: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", page) if not link.startswith("http")]

    assert links
    assert [link for link in links if not (folder / link).exists()] == []


def test_the_widget_understands_the_tag_that_is_shown() -> None:
    [tag] = blocks(README, "html")
    script = (ROOT / "bot" / "web" / "static" / "widget.js").read_text(encoding="utf-8")

    assert [name for name in re.findall(r"data-(\w+)=", tag) if f"dataset.{name}" not in script] == []


def test_every_folder_and_every_step_is_named() -> None:
    folders = [init.parent.name for init in ROOT.glob("*/__init__.py")]
    steps = [
        file.name for file in (ROOT / "bot" / "steps").glob("*.py") if file.read_text("utf-8").startswith('"""Step')
    ]

    assert len(steps) > 8
    assert [name for name in folders if f"]({name})" not in README] == []
    assert [name for name in steps if f"](bot/steps/{name})" not in README] == []


def test_commands_for_deployment_can_be_parsed() -> None:
    """Docker and systemd are not here to run them; what they hand to Nightshift is checked."""
    parsers = {"bot": _parser(), "ingest": _ingest_parser()}
    ours = re.findall(r"python -m (\w+) (.+)", "\n".join(commands(DEPLOYING)))

    assert {module for module, _ in ours} == set(parsers)
    for module, arguments in ours:
        assert parsers[module].parse_args(shlex.split(arguments))
    for command in commands(DEPLOYING):
        subprocess.run(["bash", "-n", "-c", command], check=True)
