"""What a reasoning model sees of long results, and what that costs."""

from pathlib import Path

import pytest

from bot.agents.reading import NotRead, Reading
from bot.observations import Shelf, evidence_of
from connectors.llm.memory import Line, ScriptedModel
from connectors.llm.port import Prompt, estimate_tokens
from connectors.tools.port import Result, Tool
from tests.unit.bot.agents.reasoning_stage import NOON, SCHEMA, Stage, call, desk, finding, reports, saying, toolbox

NEEDLE = "12:01:02 ERROR checkout: connection pool orders-db exhausted (size 20)"


def long_log(kilobytes: int, needle: str = NEEDLE) -> str:
    """A log with one line that matters in its middle."""
    lines = [f"12:00:{n % 60:02} INFO request {n} served in {n % 97} ms by pod-{n % 7}" for n in range(kilobytes * 20)]
    return "\n".join([*lines[: len(lines) // 2], needle, *lines[len(lines) // 2 :]])


def reading(folder: Path, text: str) -> Reading:
    shelf = Shelf(folder, 8_000, 200)
    seen = shelf.seen(Tool("logs", "Logs", "", SCHEMA, "logs"), {}, Result(text, ""), NOON)
    evidence = evidence_of(seen)
    assert evidence is not None
    made = Reading(shelf)
    made.take(evidence, 1, seen)
    return made


def test_a_page_goes_on_where_it_is_asked_to(tmp_path: Path) -> None:
    made = reading(tmp_path, long_log(100))

    number = made.page(1, 50_000, "", 2)

    page = made.entries[number].evidence
    assert page.text in long_log(100)
    assert page.id != made.entries[1].evidence.id
    assert "characters 50000 to" in page.heading


def test_a_page_is_found_by_its_words(tmp_path: Path) -> None:
    made = reading(tmp_path, long_log(100))

    number = made.page(1, 0, "ORDERS-DB exhausted", 2)

    assert NEEDLE in made.entries[number].evidence.text


@pytest.mark.parametrize(
    ("number", "start", "find"),
    [(9, 0, ""), (1, 10**8, ""), (1, 0, "no such words")],
    ids=["unknown-result", "behind-the-end", "words-not-there"],
)
def test_what_is_not_there_is_told(tmp_path: Path, number: int, start: int, find: str) -> None:
    with pytest.raises(NotRead):
        reading(tmp_path, long_log(20)).page(number, start, find, 2)


def test_what_the_file_held_is_read_as_far_as_it_is_at_hand(tmp_path: Path) -> None:
    made = reading(tmp_path, long_log(100))
    for file in tmp_path.glob("*.txt"):
        file.unlink()

    assert made.entries[made.page(1, 0, "", 2)].evidence.text.startswith("12:00:00 INFO request 0")


async def test_the_model_pages_to_the_line_that_matters_and_cites_it(tmp_path: Path) -> None:
    box = toolbox(tmp_path, {"logs": ("logs", long_log(100))})
    turns = (call("logs"), call("read_result", id="1", find="error"), reports(finding(cites=[2]), done=True))

    report = await Stage(desk(box), saying(*turns)).run()

    [found] = report.findings
    cited = next(one for one in report.evidence if one.id == found.cites[0])
    assert found.quote in cited.text
    assert len(report.evidence) == 2


async def test_old_results_become_stubs_and_can_be_read_again(tmp_path: Path) -> None:
    world = {f"logs{n}": ("logs", long_log(100)) for n in range(10)}
    box = toolbox(tmp_path, world)  # type: ignore[arg-type]  # kinds
    batches = [{"calls": [{"tool": f"logs{n}"} for n in batch]} for batch in ((0, 1, 2), (3, 4, 5), (6, 7, 8), (9,))]
    stage = Stage(desk(box), saying(*batches, call("read_result", id=1, find="error"), {"done": True}))

    await stage.run()

    last = stage.prompts[-1].material
    assert "SEEN BEFORE" not in stage.prompts[1].material
    assert '[2] logs1 {"' in last or "EVIDENCE 2\n" in last
    assert NEEDLE in last


async def test_six_turns_over_ten_long_results_stay_cheap(tmp_path: Path) -> None:
    """Ten results of 100 KB: what the loop reads, and what it would read were all of them in every prompt."""
    world = {f"logs{n}": ("logs", long_log(100)) for n in range(10)}
    box = toolbox(tmp_path, world)  # type: ignore[arg-type]  # kinds
    numbers = iter(range(12))
    model = ScriptedModel(
        lambda _: Line(reply={"calls": [{"tool": f"logs{n}"} for n in (next(numbers), next(numbers))]})
    )

    report = await Stage(desk(box), model, tokens=10_000_000).run()

    whole = estimate_tokens(long_log(100))
    naive = sum(whole * min(2 * turn, 10) for turn in range(6)) + sum(_fixed(one) for one in model.prompts)
    assert len(model.prompts) == 6
    assert report.spent.tokens_in < 60_000
    assert report.spent.tokens_in * 15 < naive


def _fixed(prompt: Prompt) -> int:
    return estimate_tokens(prompt.instruction)
