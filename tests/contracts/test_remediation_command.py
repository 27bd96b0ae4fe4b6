"""Programs as remedies: real processes, with nothing of ours but what settings give them."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.configuration import BadSettings
from connectors.remediation.port import BadSpec, RemediationUnavailable, Result, Uncertain
from tests.contracts.remedy_stages import NOON, RUN_AS, action, approved, opened

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run programs as somebody else")


async def ran(folder: Path, code: str, *words: str, table: dict[str, Any] | None = None, **spec: Any) -> Result:
    """What came of a program in Python; its own words are those behind it."""
    file = folder / "program.py"
    file.write_text(code, encoding="utf-8")
    argv = [sys.executable, "-S", str(file), *words]
    async with opened("command", folder, **{"programs": [sys.executable], "user": RUN_AS, **(table or {})}) as executor:
        run = executor.fill({"argv": argv, **spec}, {})
        result: Result = await executor.execute(approved(action("command", run)), NOON)
        return result


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


async def became(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not true() and time.monotonic() < until:  # noqa: ASYNC110  # another process says nothing by itself
        await asyncio.sleep(0.02)
    return true()


SAYS_ALL = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]))"


async def test_its_words_its_environment_and_its_folder_are_its_own(tmp_path: Path) -> None:
    table = {"environment": {"TOKEN": "s3cret-token"}, "home": "/home", "path": ["/usr/bin"]}
    said = (
        await ran(tmp_path, SAYS_ALL, "a b; reboot", "$(reboot)", "", table=table, environment={"REGION": "eu"})
    ).text
    words, environment, folder = json.loads(said)
    environment.pop("LC_CTYPE", None)  # Python itself sets it

    assert words == ["a b; reboot", "$(reboot)", ""]
    assert environment == {
        "PATH": "/usr/bin", "HOME": "/home", "LANG": "C.UTF-8", "TOKEN": "…", "REGION": "eu", "NIGHTSHIFT_KEY": "k1"
    }  # fmt: skip
    assert folder == "/"


async def test_it_runs_in_the_folder_that_is_written(tmp_path: Path) -> None:
    assert str(tmp_path) in (await ran(tmp_path, SAYS_ALL, workdir=str(tmp_path))).text


@pytest.mark.parametrize("code", [1, 2, 137])
async def test_every_exit_code_but_0_is_a_failure(tmp_path: Path, code: int) -> None:
    result = await ran(tmp_path, f"import sys; print('no', file=sys.stderr); sys.exit({code})")

    assert (result.status, result.text) == ("failed", f"exit code {code}\nno")


async def test_a_silent_program_is_done_too(tmp_path: Path) -> None:
    assert (await ran(tmp_path, "pass")).text == "exit code 0"


SLEEPS = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}")
print("began", flush=True)
time.sleep(60)
"""


async def test_at_its_deadline_the_whole_group_is_killed_and_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(Uncertain, match=r"deadline; look whether its work was done. began"):
        await ran(tmp_path, SLEEPS, str(tmp_path / "pids"), timeout_seconds=1.5)

    assert all([await became(lambda pid=pid: gone(pid)) for pid in map(int, (tmp_path / "pids").read_text().split())])


async def test_who_stops_waiting_leaves_nothing_running(tmp_path: Path) -> None:
    running = asyncio.create_task(ran(tmp_path, SLEEPS, str(tmp_path / "pids")))
    assert await became(lambda: (tmp_path / "pids").exists() and " " in (tmp_path / "pids").read_text())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert all([await became(lambda pid=pid: gone(pid)) for pid in map(int, (tmp_path / "pids").read_text().split())])


async def test_a_program_that_is_killed_by_somebody_is_a_doubt(tmp_path: Path) -> None:
    running = asyncio.create_task(ran(tmp_path, SLEEPS, str(tmp_path / "pids")))
    assert await became(lambda: (tmp_path / "pids").exists() and " " in (tmp_path / "pids").read_text())
    first, child = map(int, (tmp_path / "pids").read_text().split())
    os.kill(first, signal.SIGKILL)
    os.kill(child, signal.SIGKILL)

    with pytest.raises(Uncertain, match="killed by signal 9"):
        await running


async def test_a_service_that_it_leaves_running_keeps_nobody_waiting(tmp_path: Path) -> None:
    code = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(30)"])
print(child.pid)
"""
    result = await ran(tmp_path, code)

    assert result.seconds < 10
    assert not gone(int(result.text))
    os.kill(int(result.text), signal.SIGKILL)


async def test_of_a_long_output_the_beginning_and_the_end_are_kept(tmp_path: Path) -> None:
    code = "print('first'); print('x' * 5_000_000); print('\\x1b[31mlast\\x1b[0m\\x07')"
    text = (await ran(tmp_path, code, table={"max_output_bytes": 1000})).text

    assert text.startswith("first\nxxx")
    assert text.endswith("xxx\nlast")
    assert "bytes left out" in text
    assert len(text) < 1100


@ROOT
async def test_it_runs_as_the_account_that_is_set_with_none_of_our_groups(tmp_path: Path) -> None:
    async with opened("command", tmp_path, programs=["id"], user="nobody") as executor:
        run = executor.fill({"argv": ["id"]}, {})
        text = (await executor.execute(approved(action("command", run)), NOON)).text

    assert text.startswith("uid=65534(nobody)")
    assert "root" not in text


@ROOT
async def test_nothing_runs_as_root_unless_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(RemediationUnavailable, match=r"set connectors.remediation.command.user"):
        async with opened("command", tmp_path):
            pass


async def test_an_account_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RemediationUnavailable, match="no account 'nobody-here'"):
        async with opened("command", tmp_path, user="nobody-here"):
            pass


@pytest.mark.parametrize("program", ["bash", "/bin/sh", "bin/restart"])
async def test_settings_name_neither_shells_nor_relative_paths(tmp_path: Path, program: str) -> None:
    with pytest.raises(BadSettings, match=r"is a shell|absolute path"):
        async with opened("command", tmp_path, programs=[program]):
            pass


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param({"argv": ["reboot"]}, "argv.0: 'reboot' may not be run; allowed are: true, gone", id="program"),
        pytest.param({"argv": ["/usr/bin/true"]}, "argv.0: '/usr/bin/true' may not be run", id="path"),
        pytest.param({"argv": ["gone"]}, "argv.0: 'gone' is not there", id="missing"),
        pytest.param({"argv": []}, "argv: ", id="empty"),
        pytest.param({"argv": ["true", 5]}, "argv.1: Input should be a valid string", id="number"),
        pytest.param({"argv": "true"}, "argv: Input should be a valid tuple", id="line"),
        pytest.param({"argv": ["true"], "workdir": "tmp"}, "workdir: 'tmp' is relative", id="workdir"),
        pytest.param({"argv": ["true"], "workdir": "/{service}"}, "workdir: takes no parameter", id="workdir-named"),
        pytest.param({"argv": ["true"], "timeout_seconds": 901}, "timeout_seconds: at most 900", id="timeout"),
        pytest.param({"argv": ["true"], "environment": {"LD_PRELOAD": "x"}}, "environment.LD_PRELOAD: may", id="load"),
        pytest.param({"argv": ["true"], "environment": {"path": "x"}}, "environment.path: may not", id="search"),
        pytest.param({"argv": ["true"], "environment": {"TOKEN": "x"}}, "environment.TOKEN: the settings", id="token"),
        pytest.param(
            {"argv": ["true"], "timeout": 3}, "timeout: no such key; did you mean 'timeout_seconds'?", id="unknown"
        ),
    ],
)
async def test_an_entry_says_what_is_wrong_with_it(tmp_path: Path, spec: dict[str, Any], said: str) -> None:
    table = {"programs": ["true", "gone"], "user": RUN_AS, "environment": {"TOKEN": "x"}}
    async with opened("command", tmp_path, **table) as executor:
        with pytest.raises(BadSpec) as refused:
            executor.check(spec, ["service"])

    assert str(refused.value).startswith(said)


async def test_what_settings_no_longer_allow_is_not_started(tmp_path: Path) -> None:
    async with opened("command", tmp_path, programs=["true"], user=RUN_AS) as executor:
        with pytest.raises(RemediationUnavailable, match=r"Nothing was started: argv.0: 'reboot' may not be run"):
            await executor.execute(approved(action("command", {"argv": ["reboot"]})), NOON)


@pytest.mark.parametrize("workdir", ["/not/there", "/etc/passwd"])
async def test_a_folder_that_is_none_starts_nothing(tmp_path: Path, workdir: str) -> None:
    with pytest.raises(RemediationUnavailable, match="cannot be started in"):
        await ran(tmp_path, "pass", workdir=workdir)


async def test_a_dry_run_has_no_key_and_may_say_no(tmp_path: Path) -> None:
    (tmp_path / "dry.py").write_text("import os, sys; sys.exit('NIGHTSHIFT_KEY' in os.environ or 3)")
    async with opened("command", tmp_path, programs=[sys.executable], user=RUN_AS) as executor:
        spec = {"argv": [sys.executable, str(tmp_path / "dry.py")]}
        rehearsal = await executor.rehearse(action("command", spec, spec), NOON)

    assert (rehearsal.ok, rehearsal.text) == (False, "exit code 3")
