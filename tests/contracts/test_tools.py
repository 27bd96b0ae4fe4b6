"""The tools seam: every vendor lists what can be asked, answers it with its exact query, and refuses the rest."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from connectors.tools.port import BadArguments, Tools
from tests.contracts.tool_vendors import VENDORS, Vendor


@pytest.fixture(params=VENDORS, ids=lambda one: one.name)
def one(request: pytest.FixtureRequest) -> Vendor:
    found: Vendor = request.param
    return found


@pytest.fixture
async def tools(one: Vendor, tmp_path: Path) -> AsyncIterator[Tools]:
    async with one.opened(tmp_path) as opened:
        yield opened


async def test_lists_tools_that_a_model_can_be_given(tools: Tools) -> None:
    listed = await tools.list()

    assert listed
    assert len({tool.name for tool in listed}) == len(listed)
    for tool in listed:
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", tool.name), tool.name
        assert tool.title
        assert tool.description
        assert tool.read_only is True
        assert tool.arguments["type"] == "object"
        Draft202012Validator.check_schema(dict(tool.arguments))


async def test_lists_the_same_in_the_same_order(tools: Tools) -> None:
    assert await tools.list() == await tools.list()


async def test_answers_with_the_exact_query(tools: Tools, one: Vendor) -> None:
    result = await tools.call(*one.call)

    assert one.says in result.text
    assert result.query
    assert not result.failed
    for row in result.table.rows if result.table else ():
        assert len(row) == len(result.table.columns if result.table else ())


async def test_the_call_that_is_answered_follows_the_tool_s_schema(tools: Tools, one: Vendor) -> None:
    name, arguments = one.call
    schema = next(tool.arguments for tool in await tools.list() if tool.name == name)

    assert list(Draft202012Validator(dict(schema)).iter_errors(dict(arguments))) == []


@pytest.mark.parametrize("one", [one for one in VENDORS if one.nothing], ids=lambda one: one.name, indirect=True)
async def test_that_there_is_nothing_is_a_result(tools: Tools, one: Vendor) -> None:
    assert one.nothing is not None
    result = await tools.call(*one.nothing)

    assert re.search(r"\bno\b|not found|not resolve|invalid", result.text, re.IGNORECASE)


async def test_an_unknown_tool_is_refused(tools: Tools) -> None:
    with pytest.raises(BadArguments):
        await tools.call("every_rm_rf", {})


# MCP servers may overlook arguments that they do not know; for them bot.guards.arguments looks.
@pytest.mark.parametrize(
    "one", [one for one in VENDORS if not one.name.startswith("mcp")], ids=lambda one: one.name, indirect=True
)
async def test_an_unknown_argument_is_refused(tools: Tools, one: Vendor) -> None:
    name, arguments = one.call

    with pytest.raises(BadArguments, match=name):
        await tools.call(name, {**arguments, "no_such_argument": 1})
