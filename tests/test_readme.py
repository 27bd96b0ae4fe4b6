"""What README and docs show is true: commands run, settings are accepted, links lead somewhere."""

import json
import os
import pwd
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from bot.__main__ import _parser
from bot.settings import Settings, read_settings
from connectors.configuration import Roots
from connectors.load import load
from connectors.tools.port import Change
from ingest.__main__ import _keeping_parser
from ingest.__main__ import _parser as _ingest_parser
from knowledge.glossary import read_glossary
from knowledge.setting_names import stranger, vendors
from knowledge.taxonomy import read_taxonomy

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEPLOYING = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
SOURCES = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
INCIDENTS = (ROOT / "docs" / "incidents.md").read_text(encoding="utf-8")
TOOLS = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")
EXECUTORS = (ROOT / "docs" / "remedies-executors.md").read_text(encoding="utf-8")
SLACK = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
FEISHU = (ROOT / "deploy" / "feishu-app.md").read_text(encoding="utf-8")
PAGES = {
    "README.md": README,
    "deploy/README.md": DEPLOYING,
    "deploy/feishu-app.md": FEISHU,
    "docs/incidents.md": INCIDENTS,
    "docs/remedies-executors.md": EXECUTORS,
    "docs/remedies.md": (ROOT / "docs" / "remedies.md").read_text(encoding="utf-8"),
    "docs/slack.md": SLACK,
    "docs/sources.md": SOURCES,
    "docs/tools.md": TOOLS,
}
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
    shown = dict.fromkeys([*commands(README), *commands(SOURCES)])
    return [command for command in shown if kind(command) == wanted]


def files_shown() -> dict[str, str]:
    """Files that a page shows, by the name in their first line; other blocks are settings."""
    named = (re.match(r"# (\S+\.toml)\n", block) for block in blocks(README + SOURCES, "toml"))
    return {found[1]: found.string for found in named if found}


def settings_shown() -> list[str]:
    shown = files_shown().values()
    return [block for block in blocks("".join(PAGES.values()), "toml") if block not in shown]


def credentials() -> list[str]:
    """The variables that a page tells to put a credential into."""
    named = r"NIGHTSHIFT_CONNECTORS__(?:SOURCES|TOOLS|CHAT|REMEDIATION)__[A-Z_]+(?:TOKEN|SECRET|KEY)"
    return re.findall(named, "".join(PAGES.values()))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The variables of a reader who has the documents, cases and backup that are spoken of, and needs no models.

    What the pages read from somebody's wiki or chat lies in folders here, under the same names.
    """
    home = tmp_path_factory.mktemp("reader")
    demo = ROOT / "deploy" / "demo"
    (home / "runbooks" / "incidents").mkdir(parents=True)
    shutil.copy(demo / "runbooks" / "payments-pool-exhausted.md", home / "runbooks")
    shutil.copy(demo / "incidents" / "INC-2026-003.md", home / "runbooks" / "incidents")
    configured = [
        name for block in settings_shown() for name in tomllib.loads(block).get("ingest", {}).get("sources", {})
    ]
    for name in (*configured, "old-runbooks", "payments-runbooks"):
        (home / name).mkdir(exist_ok=True)
        (home / name / "page.md").write_text(f"# {name}\n\nPayments are slow on Mondays.\n", encoding="utf-8")
    tables = (f'[ingest.sources.{name}]\nvendor = "folder"\npath = "{home / name}"\n' for name in set(configured))
    (home / "nightshift.toml").write_text("".join(tables), encoding="utf-8")
    write_cases(home / "cases")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {
        "HOME": str(home),
        "NIGHTSHIFT_CONFIG": str(home / "nightshift.toml"),
        "NIGHTSHIFT_HOME": str(home / "nightshift"),
        "NIGHTSHIFT_PORTS__EMBEDDING": "memory",
        "NIGHTSHIFT_PORTS__OCR": "memory",
        "NIGHTSHIFT_PORTS__LLM": "[]",
        "NIGHTSHIFT_WEB__PORT": str(port),
    }
    kept = {name: value for name, value in AROUND.items() if not name.startswith("NIGHTSHIFT_")}
    shown = {**kept, **variables}
    assert run(f"{PYTHON} -m ingest ~/runbooks ~/old-runbooks", shown).returncode == 0
    assert run(f"{PYTHON} -m ingest backup ~/library.zip", shown).returncode == 0
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


@pytest.mark.parametrize("block", settings_shown())
def test_settings_are_accepted(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in AROUND:
        if name.startswith("NIGHTSHIFT_"):
            monkeypatch.delenv(name)
    for name in credentials():
        monkeypatch.setenv(name, "secret")
    monkeypatch.chdir(tmp_path)
    for name, text in {**files_shown(), "nightshift.toml": block}.items():
        Path(name).write_text(text, encoding="utf-8")

    settings = read_settings()

    shown = {(seam, name) for seam, table in tomllib.loads(block).get("connectors", {}).items() for name in table}
    assert shown <= set(settings.enabled()), "only the tables of vendors in use are checked"


def test_every_source_is_described_and_shown() -> None:
    shown = {
        table["vendor"]
        for block in settings_shown()
        for table in tomllib.loads(block).get("ingest", {}).get("sources", {}).values()
    }
    described = set(re.findall(r"^\| `(\w+)` \|", SOURCES, re.MULTILINE))

    assert described == set(vendors("sources")) - {"memory"}
    assert shown == described - {"folder", "git"}


def test_every_live_system_is_described_and_shown() -> None:
    shown = {
        name for block in blocks(TOOLS, "toml") for name in tomllib.loads(block).get("connectors", {}).get("tools", {})
    }
    described = set(re.findall(r"^\| `(\w+)` \|", TOOLS, re.MULTILINE))

    assert described == set(vendors("tools")) - {"memory"}
    assert shown == described


@pytest.mark.parametrize("block", blocks(EXECUTORS, "yaml"))
async def test_a_remedy_that_is_shown_can_be_carried_out(block: str, tmp_path: Path) -> None:
    entry = yaml.safe_load(block)
    name = entry["executor"]
    # The machine of the tests has neither the page's account and program nor its kubeconfig.
    (tmp_path / "shop-restart").touch(mode=0o755)
    user = pwd.getpwuid(os.geteuid()).pw_name
    here = {"command": {"path": [tmp_path], "user": user}, "kubernetes": {"url": "http://127.0.0.1:9"}}.get(name, {})
    [table] = [found[name] for text in blocks(EXECUTORS, "toml") if name in (found := executor_tables(text))]

    async with load("remediation", name, {**table, **here}, Roots(tmp_path, tmp_path)) as executor:
        for part in entry.keys() & {"run", "rehearsal"}:
            executor.check(entry[part], ["service", "replicas", "node", "pod", "build"])


def executor_tables(block: str) -> dict[str, Any]:
    return tomllib.loads(block).get("connectors", {}).get("remediation", {})


def test_every_executor_is_described_and_shown() -> None:
    shown = {name for block in blocks(EXECUTORS, "toml") for name in executor_tables(block)}
    described = set(re.findall(r"^\| `(\w+)` \|", EXECUTORS, re.MULTILINE))

    assert described == shown == set(vendors("remediation")) - {"memory"}
    assert {yaml.safe_load(block)["executor"] for block in blocks(EXECUTORS, "yaml")} == shown


@pytest.mark.parametrize("block", blocks(TOOLS, "json"))
def test_a_reported_change_is_one(block: str) -> None:
    assert Change.received(json.loads(block), datetime(2026, 3, 2, tzinfo=UTC)).more == {}


def test_the_teams_own_words_are_understood(tmp_path: Path) -> None:
    for name, text in files_shown().items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    taxonomy = read_taxonomy(tmp_path / "taxonomy.toml")

    assert "cart" in read_glossary(tmp_path / "words.toml").equivalents("the basket is empty")
    assert taxonomy.mentioned("component", "Sidekiq waits for the ledger; its certificate is fine") == (
        "queue",
        "ledger",
    )
    assert taxonomy.title("symptom", "disk full", "en") == "Out of space"


@pytest.mark.parametrize("page", PAGES)
def test_variables_are_settings(page: str) -> None:
    names = {tuple(name.lower().split("__")) for name in re.findall(r"NIGHTSHIFT_([A-Z_]+[A-Z])", PAGES[page])}
    # Where the settings are, and what a remedy's program is given: none of them.
    names -= {("config",), ("key",)}

    assert names
    assert [name for name in names if stranger(Settings, name, knows_all=True)] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page: str) -> None:
    links = [link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]) if not link.startswith("http")]
    found = [((ROOT / page).parent / file if file else ROOT / page, anchor) for file, _, anchor in links]

    assert found
    assert [str(file) for file, _ in found if not file.exists()] == []
    assert [anchor for file, anchor in found if anchor and anchor not in anchors(file)] == []


def anchors(page: Path) -> list[str]:
    """What GitHub calls the headings of a page in its addresses."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


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
    ours = re.findall(r"python -m (bot|ingest) (.+)", "\n".join(commands(DEPLOYING)))

    assert {module for module, _ in ours} == {"bot", "ingest"}
    for module, arguments in ours:
        given = shlex.split(arguments)
        keeping = given[0] in ("backup", "restore")
        parser = _parser() if module == "bot" else _keeping_parser() if keeping else _ingest_parser()
        assert parser.parse_args(given)
    for command in commands(DEPLOYING):
        subprocess.run(["bash", "-n", "-c", command], check=True)
