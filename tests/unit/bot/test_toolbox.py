"""The toolbox: which tools a route sees, and what becomes of a call."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import stamina
from pydantic import JsonValue

from bot.observations import Observation, ToolCall
from bot.toolbox import Toolbox, ToolLimits
from connectors.configuration import Roots
from connectors.load import load
from connectors.tools.port import Arguments, Result, Table, Tool, ToolUnavailable

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"query": {"type": "string"}},
    "required": ["query"],
    "additionalProperties": False,
}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class System:
    """One tool; each call takes the next of ``answers``: a result, a failure, or what it waits for."""

    tool: Tool
    answers: list[Result | Exception | asyncio.Event] = field(default_factory=list)
    calls: list[Arguments] = field(default_factory=list)

    async def list(self) -> Sequence[Tool]:
        return [self.tool]

    async def call(self, name: str, arguments: Arguments) -> Result:
        self.calls.append(arguments)
        answer = self.answers.pop(0) if self.answers else Result("ok", "up")
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            return Result("waited", "up")
        return answer


def metrics(*answers: Result | Exception | asyncio.Event) -> System:
    return System(Tool("metrics", "Metrics", "Metrics over time.", SCHEMA, "metrics"), list(answers))


def cluster(*answers: Result | Exception | asyncio.Event) -> System:
    return System(Tool("pods", "Pods", "Pods.", SCHEMA, "cluster"), list(answers))


def box(folder: Path, *systems: System, clock: Clock | None = None, **limits: float) -> Toolbox:
    owners = {one.tool.name: one for one in systems}
    return Toolbox(owners, folder, clock or Clock(), ToolLimits(**limits))  # type: ignore[arg-type]  # whole numbers are floats


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=2)
    yield
    stamina.set_testing(False)


async def ask(toolbox: Toolbox, tool: str = "metrics", **arguments: JsonValue) -> Observation:
    return await toolbox.call(ToolCall(tool=tool, arguments=arguments or {"query": "up"}), "incident", NOW)


async def test_a_route_sees_the_tools_that_it_has_a_use_for(tmp_path: Path) -> None:
    toolbox = box(tmp_path, metrics(), cluster())

    seen = {route: [tool.name for tool in await toolbox.tools(route)] for route in ("incident", "data", "chat")}  # type: ignore[arg-type]  # routes
    assert seen == {"incident": ["metrics", "pods"], "data": ["metrics"], "chat": []}


async def test_an_answer_is_quotable(tmp_path: Path) -> None:
    seen = await ask(box(tmp_path, metrics(Result("up = 1", "up [1h]", "https://prometheus/graph"))))

    assert (seen.outcome, seen.text, seen.query) == ("answered", "up = 1", "up [1h]")
    assert seen.link == "https://prometheus/graph"
    assert seen.id.startswith("tool:")
    assert Observation.model_validate_json(seen.model_dump_json()) == seen


async def test_a_tool_that_the_route_does_not_have_is_never_called(tmp_path: Path) -> None:
    system = cluster()
    toolbox = box(tmp_path, metrics(), system)

    seen = await toolbox.call(ToolCall(tool="pods", arguments={"query": "x"}), "data", NOW)

    assert (seen.outcome, system.calls) == ("refused", [])
    assert "there are metrics" in seen.text


async def test_wrong_arguments_never_reach_the_system(tmp_path: Path) -> None:
    system = metrics()

    seen = await ask(box(tmp_path, system), query=1, command="rm -rf /")

    assert (seen.outcome, system.calls) == ("refused", [])


async def test_what_may_pass_is_tried_again(tmp_path: Path) -> None:
    system = metrics(ToolUnavailable("busy", passing=True), Result("up = 1", "up"))

    assert (await ask(box(tmp_path, system))).text == "up = 1"
    assert len(system.calls) == 2


async def test_what_will_not_pass_is_told_at_once(tmp_path: Path) -> None:
    system = metrics(ToolUnavailable("check the token"))

    seen = await ask(box(tmp_path, system))
    assert (seen.outcome, seen.text, len(system.calls)) == ("unavailable", "check the token", 1)


async def test_a_slow_system_costs_its_time_only(tmp_path: Path) -> None:
    toolbox = box(tmp_path, metrics(asyncio.Event()), cluster(Result("3 pods", "get pods")), seconds=0.05)
    calls = [ToolCall(tool=name, arguments={"query": "x"}) for name in ("metrics", "pods")]

    slow, quick = await toolbox.call_all(calls, "incident", NOW)

    assert (slow.outcome, quick.text) == ("unavailable", "3 pods")
    assert "did not answer within 0.05 s" in slow.text


async def test_calls_run_at_the_same_time(tmp_path: Path) -> None:
    both = asyncio.Barrier(2)

    class Meeting(System):
        async def call(self, name: str, arguments: Arguments) -> Result:
            await both.wait()
            return Result("met", "x")

    systems = [Meeting(Tool(name, name, name, SCHEMA)) for name in ("a", "b")]
    found = await box(tmp_path, *systems, seconds=5).call_all(
        [ToolCall(tool=name, arguments={"query": "x"}) for name in ("a", "b")], "incident", NOW
    )

    assert [one.text for one in found] == ["met", "met"]


async def test_a_vendor_s_mistake_does_not_cost_the_other_answers(tmp_path: Path) -> None:
    toolbox = box(tmp_path, metrics(ZeroDivisionError("by zero")), cluster(Result("3 pods", "x")))
    calls = [ToolCall(tool=name, arguments={"query": "x"}) for name in ("metrics", "pods")]

    broken, fine = await toolbox.call_all(calls, "incident", NOW)

    assert (broken.outcome, fine.outcome) == ("unavailable", "answered")
    assert "ZeroDivisionError" in broken.text


async def test_what_keeps_failing_rests(tmp_path: Path) -> None:
    clock, system = Clock(), metrics(*[ToolUnavailable("down")] * 2)
    toolbox = box(tmp_path, system, clock=clock, failures_to_rest=2, rest_seconds=30)
    for _ in range(3):
        seen = await ask(toolbox)
    assert (len(system.calls), "rests 30 s" in seen.text) == (2, True)

    clock.now += 31
    assert (await ask(toolbox)).text == "ok"


async def test_secrets_leave_text_query_link_and_table(tmp_path: Path) -> None:
    table = Table(("name", "value"), (("DB_PASSWORD=swordfish", 1),))
    link = "https://ann:swordfish@prometheus/"
    seen = await ask(box(tmp_path, metrics(Result("password=swordfish", "token=swordfish1", link, table))))

    assert "swordfish" not in seen.model_dump_json()
    assert seen.hidden == {"password": 1}


async def test_secrets_leave_the_arguments_that_are_kept(tmp_path: Path) -> None:
    system = metrics()
    seen = await ask(box(tmp_path, system), query="find password=swordfish")

    assert "swordfish" not in seen.model_dump_json()
    assert system.calls == [{"query": "find password=swordfish"}]


async def test_secrets_leave_failures_too(tmp_path: Path) -> None:
    seen = await ask(box(tmp_path, metrics(ToolUnavailable("no login with password=swordfish"))))

    assert "swordfish" not in seen.text


async def test_a_long_text_goes_to_disk_with_a_preview(tmp_path: Path) -> None:
    lines = "\n".join(f"line {number} password=swordfish" for number in range(2000))
    toolbox = box(tmp_path, metrics(Result(lines, "x")), characters=1000)

    seen = await ask(toolbox)

    assert len(seen.text) < 1200
    assert (seen.text.startswith("line 0"), seen.text.rstrip().endswith("line 1999 password=[hidden: password]")) == (
        True,
        True,
    )
    assert seen.whole in seen.text
    assert toolbox.shelf.whole(seen.whole).count("\n") == 1999
    assert "swordfish" not in toolbox.shelf.whole(seen.whole)


async def test_files_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("x", "utf-8")

    with pytest.raises(KeyError):
        box(tmp_path / "tools", metrics()).shelf.whole("../secret.txt")


async def test_old_results_are_forgotten(tmp_path: Path) -> None:
    toolbox = box(tmp_path, metrics(Result("x" * 5000, "x")), characters=100)
    seen = await ask(toolbox)

    assert toolbox.shelf.forget(time.time() - 86_400) == 0
    assert toolbox.shelf.forget(time.time() + 86_400) == 1
    with pytest.raises(KeyError):
        toolbox.shelf.whole(seen.whole)


async def test_rows_are_capped(tmp_path: Path) -> None:
    table = Table(("n",), tuple((number,) for number in range(50)))
    seen = await ask(box(tmp_path, metrics(Result("x", "x", table=table)), rows=10))

    assert (len(seen.rows), seen.truncated) == (10, True)


async def test_cells_and_columns_are_capped_and_free_of_secrets(tmp_path: Path) -> None:
    cell = "pool exhausted " * 1000
    wide = Table(("password=Tr1dent-Kelp-9921", *map(str, range(500))), ((cell,) * 501,))
    seen = await ask(box(tmp_path, metrics(Result("ok", "up", table=wide))))

    assert "Kelp" not in seen.columns[0]
    assert len(seen.columns) == len(seen.rows[0]) == 100
    assert (seen.rows[0][0], seen.truncated) == (f"{cell[:999]}…", True)


async def test_a_system_that_is_away_costs_its_tools_only(tmp_path: Path) -> None:
    class Away(System):
        async def list(self) -> Sequence[Tool]:
            raise ToolUnavailable("cannot be reached: check url")

    toolbox = box(tmp_path, Away(Tool("gone", "Gone", "x", SCHEMA)), metrics())

    assert [tool.name for tool in await toolbox.tools("incident")] == ["metrics"]
    assert await toolbox.away() == {"gone": "cannot be reached: check url"}


async def test_a_later_system_cannot_take_a_name_over(tmp_path: Path) -> None:
    ours, theirs = metrics(Result("ours", "x")), metrics(Result("theirs", "x"))
    toolbox = Toolbox({"prometheus": ours, "mcp": theirs}, tmp_path, Clock())

    assert (await ask(toolbox)).text == "ours"


async def test_what_was_seen_can_be_replayed_without_its_secrets(tmp_path: Path) -> None:
    roots, lines = Roots(tmp_path, tmp_path), "password=swordfish\n" * 500
    async with load("tools", "recorded", {"folder": tmp_path / "run"}, roots) as recorder:
        live = Toolbox({"m": metrics(Result(lines, "x"))}, tmp_path, Clock(), ToolLimits(characters=200), recorder)
        await ask(live)
    async with load("tools", "recorded", {"folder": tmp_path / "run"}, roots) as replayed:
        again = await ask(Toolbox({"m": replayed}, tmp_path, Clock(), ToolLimits(characters=20_000)))

    assert again.text.count("password=[hidden: password]") == 500
    assert "swordfish" not in "".join(file.read_text("utf-8") for file in (tmp_path / "run").iterdir())
