"""The scripted model: what its script can make it do."""

from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from connectors.configuration import BadSettings, Roots
from connectors.llm.memory import Line, ScriptedModel
from connectors.llm.port import LanguageModel, ModelNonsense, ModelUnavailable, Prompt
from connectors.load import load


class Rewriting(BaseModel):
    query: str


def about(material: str) -> Prompt:
    return Prompt("Rewrite.", material)


async def spoken(model: LanguageModel, material: str = "disk", most: int = 60) -> str:
    return "".join([piece.text async for piece in model.stream(about(material), max_tokens=most)])


async def test_the_first_line_that_fits_is_said() -> None:
    model = ScriptedModel([Line(match="disk", reply="a"), Line(match="^Rewrite", reply="b"), Line(reply="c")])

    assert [await spoken(model), await spoken(model, "node")] == ["a", "b"]
    assert [prompt.material for prompt in model.prompts] == ["disk", "node"]


async def test_a_line_is_used_up() -> None:
    model = ScriptedModel([Line(reply="once", times=1), Line(reply="then")])

    assert [await spoken(model) for _ in range(3)] == ["once", "then", "then"]


async def test_an_object_is_said_as_json() -> None:
    model = ScriptedModel([Line(reply={"query": "磁盘"})])

    assert (await model.ask(about("disk"), Rewriting, max_tokens=60)).value.query == "磁盘"


async def test_a_function_of_the_prompt_is_a_script_too() -> None:
    model = ScriptedModel(lambda prompt: prompt.material.upper())

    assert await spoken(model) == "DISK"


async def test_text_comes_in_words_and_loses_nothing() -> None:
    model = ScriptedModel([Line(reply="Free  some disk,\nthen retry.\n")])

    pieces = [piece async for piece in model.stream(about("x"), max_tokens=60)]

    assert [piece.text for piece in pieces] == ["Free", "  some", " disk,", "\nthen", " retry.\n", ""]


async def test_no_more_is_said_than_the_limit_allows() -> None:
    model = ScriptedModel([Line(reply='{"query": "one two three four five"}')])

    assert await spoken(model, most=5) == '{"query": "one '
    with pytest.raises(ModelNonsense):
        await model.ask(about("x"), Rewriting, max_tokens=5)


async def test_what_nothing_fits_finds_no_model() -> None:
    with pytest.raises(ModelUnavailable, match="nothing to say to 'disk'"):
        await spoken(ScriptedModel([Line(match="node", reply="a")]))


@pytest.mark.parametrize(("fails", "heard"), [("at once", []), ("midway", ["a", " b"])])
async def test_it_fails_where_its_line_says(fails: Literal["at once", "midway"], heard: list[str]) -> None:
    pieces = ScriptedModel([Line(reply="a b c d", fails=fails)]).stream(about("x"), max_tokens=60)

    assert [(await anext(pieces)).text for _ in heard] == heard
    with pytest.raises(ModelUnavailable):
        await anext(pieces)


async def test_a_failing_line_gives_no_value() -> None:
    with pytest.raises(ModelUnavailable):
        await ScriptedModel([Line(fails="midway")]).ask(about("x"), Rewriting, max_tokens=60)


async def test_it_is_slow_by_the_clock_it_is_given() -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    await spoken(ScriptedModel([Line(reply="a b c d", seconds=8)], pause=pause))

    assert waits == [2.0] * 4


async def opened(table: dict[str, Any], home: Path) -> list[str]:
    async with load("llm", "memory", table, Roots(home=home, models=home)) as model:
        return [await spoken(model, material) for material in ("disk", "node", "node")]


async def test_settings_give_replies_in_order_behind_a_file(tmp_path: Path) -> None:
    (tmp_path / "script.jsonl").write_text('{"match": "disk", "reply": "from the file"}\n\n')

    said = await opened({"script": "script.jsonl", "replies": ["first", "second"]}, tmp_path)

    assert said == ["from the file", "first", "second"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param('{"match": "("}', "line 2.*no regular expression", id="expression"),
        pytest.param('{"mach": "x"}', "line 2.*mach", id="unknown-key"),
        pytest.param("reply", "line 2.*Invalid JSON", id="not-json"),
    ],
)
async def test_a_wrong_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "script.jsonl").write_text(f"{{}}\n{line}\n")

    with pytest.raises(BadSettings, match=f"(?s){message}"):
        await opened({"script": "script.jsonl"}, tmp_path)


async def test_a_missing_script_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="No such file"):
        await opened({"script": "script.jsonl"}, tmp_path)
