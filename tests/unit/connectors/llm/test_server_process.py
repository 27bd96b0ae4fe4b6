"""The process of the local model, with a stand-in for the model's server."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from connectors.llm.port import ModelUnavailable
from connectors.llm.process import ServerProcess

ODD_SERVER = Path(__file__).with_name("odd_server.py")
PARENT = """
import asyncio, sys
from pathlib import Path
from connectors.llm.process import ServerProcess
async def main():
    server = ServerProcess({"does": "serve", "note": sys.argv[3]}, Path(sys.argv[2]), 30, program=Path(sys.argv[1]))
    await server.running()
    print(server.process_id, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""

Start = Callable[[str], ServerProcess]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        def started(does: str, seconds: float = 30) -> ServerProcess:
            wanted = {"does": does, "note": str(tmp_path / "note.json")}
            server = ServerProcess(wanted, tmp_path / "home" / "server.log", seconds, program=ODD_SERVER)
            stack.push_async_callback(server.stop)
            return server

        yield started


async def test_it_starts_once_and_says_where_it_is(start: Start, tmp_path: Path) -> None:
    server = start("serve")

    first, second = await asyncio.gather(server.running(), server.running())

    assert first == second
    assert first.address == f"http://127.0.0.1:{server.process_id}"
    assert json.loads((tmp_path / "note.json").read_text())["key"] == first.key


async def test_it_gets_no_secrets_and_does_not_spin(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTSHIFT_CONNECTORS__LLM__ENDPOINT__API_KEY", "secret")
    await start("serve").running()

    environment = json.loads((tmp_path / "note.json").read_text())["environment"]

    assert environment["OMP_WAIT_POLICY"] == "passive"
    assert not [name for name in environment if name.startswith("NIGHTSHIFT")]


async def test_a_dead_server_is_started_again_with_another_key(start: Start) -> None:
    server = start("serve")
    first = await server.running()
    assert server.process_id
    os.kill(server.process_id, signal.SIGKILL)
    while (second := await server.running()) == first:  # noqa: ASYNC110 - only the loop hears of a child's end
        await asyncio.sleep(0)

    assert (first.key != second.key, first.address != second.address) == (True, True)


@pytest.mark.parametrize(
    ("does", "last_words"),
    [
        pytest.param("crash", "RuntimeError: failed to load model", id="crash"),
        pytest.param("babble", "it said nothing", id="babble"),
    ],
)
async def test_a_start_that_fails_quotes_the_log_and_is_tried_again_next_time(
    start: Start, does: str, last_words: str
) -> None:
    server = start(does)
    for _ in range(2):
        with pytest.raises(ModelUnavailable, match=rf"{last_words}.*server\.log"):
            await server.running()

    assert server.process_id is None


async def test_a_start_goes_on_when_the_call_that_began_it_gives_up(start: Start) -> None:
    server = start("serve")
    impatient = asyncio.create_task(server.running())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)

    assert (await server.running()).address == f"http://127.0.0.1:{server.process_id}"


async def test_stopping_ends_the_process_also_in_the_middle_of_a_start(start: Start) -> None:
    server = start("hang")
    waiting = asyncio.create_task(server.running())
    while server.process_id is None:  # noqa: ASYNC110 - a start in progress tells nobody
        await asyncio.sleep(0)
    process_id = server.process_id

    await server.stop()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


def test_the_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    arguments = [str(ODD_SERVER), str(tmp_path / "log"), str(tmp_path / "note.json")]
    with subprocess.Popen([sys.executable, "-c", PARENT, *arguments], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        server = int(parent.stdout.readline())
        parent.kill()

    # Whoever adopts it reaps it; until then a zombie is as dead as can be.
    while (stat := Path(f"/proc/{server}/stat")).exists() and " Z " not in stat.read_text():
        pass
