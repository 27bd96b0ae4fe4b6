"""The files for deployment say what is true: paths exist, commands parse, variables are settings."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from bot.__main__ import _parser
from bot.settings import Settings
from knowledge.setting_docs import example
from knowledge.setting_names import leaves, seams, stranger, vendors

DEPLOY = Path(__file__).parent.parent / "deploy"
ROOT = DEPLOY.parent
COMPOSE = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
SERVICE = (DEPLOY / "nightshift.service").read_text(encoding="utf-8")
EXAMPLE = (DEPLOY / "nightshift.example.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", [COMPOSE, DOCKERFILE, SERVICE, EXAMPLE], ids=["compose", "docker", "systemd", "toml"])
def test_every_variable_is_a_setting(text: str) -> None:
    names = {tuple(name.lower().split("__")) for name in re.findall(r"NIGHTSHIFT_([A-Z_]+[A-Z])", text)}

    assert names
    assert [name for name in names if stranger(Settings, name, knows_all=True)] == []


def test_the_example_is_what_the_settings_say_now() -> None:
    """When this fails: python -m bot settings --example > deploy/nightshift.example.toml."""
    assert example(Settings) == EXAMPLE


def test_the_example_names_every_connector_and_only_settings_that_exist() -> None:
    uncommented = re.sub(r"^#(?=[\[\w])", "", EXAMPLE, flags=re.MULTILINE)
    table = tomllib.loads(re.sub(r"= ….*$", '= ""', uncommented, flags=re.MULTILINE))

    assert [name for name in leaves(table) if stranger(Settings, name, knows_all=True)] == []
    for seam in seams():
        assert set(vendors(seam)) - {"memory"} == set(table["connectors"].get(seam, {}))


def test_the_image_copies_what_exists_and_starts_a_command() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    [command] = re.findall(r"^CMD \[(.+)\]", DOCKERFILE, re.MULTILINE)

    assert all((ROOT / path).exists() for line in copied for path in line.split())
    assert _parser().parse_args(shlex.split(command)).run
    assert re.search(r"^USER (?!root)", DOCKERFILE, re.MULTILINE)


def test_every_service_of_compose_runs_a_command_on_folders_that_exist() -> None:
    services = yaml.safe_load(COMPOSE)["services"]

    assert (
        DEPLOY / services["nightshift"]["build"]["context"] / services["nightshift"]["build"]["dockerfile"]
    ).exists()
    for name in ("models", "nightshift"):
        assert _parser().parse_args(services[name]["command"]).run
    assert all((ROOT / path).exists() for path in services["ingest"]["command"])
    assert services["nightshift"]["ports"] == ["127.0.0.1:8080:8080"]


def unit() -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]  # keep capitals
    parsed.read_string(SERVICE)
    return parsed


def test_the_unit_runs_commands_that_parse() -> None:
    for key in ("ExecStartPre", "ExecStart"):
        python, _, module, *arguments = shlex.split(unit()["Service"][key])
        assert (python, module) == ("/opt/nightshift/.venv/bin/python", "bot")
        assert _parser().parse_args(arguments).run


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    file = tmp_path / "nightshift.service"
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    here = SERVICE.replace("/opt/nightshift/.venv/bin/python", str(python)).replace("User=nightshift", "User=daemon")
    file.write_text(here, encoding="utf-8")

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)], capture_output=True, text=True, check=False
    )

    complaints = [line for line in done.stderr.splitlines() if "nightshift.service" in line]
    assert complaints == []


def test_the_checks_of_a_change_are_the_tests() -> None:
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & 0o111
    assert script.read_text(encoding="utf-8").rstrip().endswith("make test")
    subprocess.run(["bash", "-n", str(script)], check=True)
