"""The tool use expert: tools that nobody has seen before."""

from pathlib import Path

from pydantic import JsonValue

from bot.agents import tool_use
from bot.toolbox import Toolbox
from connectors.tools.port import Tool
from tests.unit.bot.agents.desks import around, at, desk, system, told, trouble

TEXT: JsonValue = {"type": "string"}


def stranger(argument: str) -> Tool:
    return Tool("look", "Look", "", {"properties": {argument: TEXT}, "required": [argument]}, "other")


async def test_a_tool_of_strangers_is_asked_by_its_schema(tmp_path: Path) -> None:
    answers = [told("look", "ERROR: deadlock detected", {"service": "cart"})]
    toolbox = Toolbox({"strangers": system(answers, stranger("service"))}, tmp_path, lambda: 0.0)
    found = await tool_use.examine(at(trouble(), ("other",), toolbox), around())

    assert [one.cause for one in found.findings] == ["data"]


async def test_what_one_system_said_is_not_told_to_another_beyond_the_house(tmp_path: Path) -> None:
    own = system([told("list_pods", "cart-0-secretname   0/1  Error  0  3d")])
    toolbox = Toolbox({"own": own, "them": system([told("look", "x")], stranger("name"))}, tmp_path, lambda: 0.0)
    worked = at(trouble(), ("other", "cluster"), toolbox)
    await tool_use.examine(worked, around())

    asked = [step.tool for step in worked.steps if step.tool.startswith("look")]
    assert asked
    assert not [one for one in asked if "secretname" in one]


async def test_a_tool_that_a_person_names_and_that_is_not_there_is_a_gap(tmp_path: Path) -> None:
    worked = desk(tmp_path, [], trouble("please call the tool `read_minds`"), ("other",))
    found = await tool_use.examine(worked, around())

    assert found.gaps == ("There is no tool read_minds here: it is not available.",)
