"""The evaluation of reading: what counts as found, and what its report says."""

import hashlib
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from bot.evals.cases import BadCases
from bot.evals.ocr import Outcome, evaluate, figures, read_cases, report
from connectors.configuration import Roots
from connectors.load import load
from connectors.ocr.port import Ocr


def png(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (8, 8), shade).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "a.png").write_bytes(png(1))
    (tmp_path / "img" / "b.png").write_bytes(b"not a picture")
    labels = [
        {"image": "a.png", "lang": "zh", "dark": True, "key_strings": ["disk full", "支付服务", "OOMKilled"]},
        {"image": "b.png", "lang": "en", "dark": False, "key_strings": ["timeout"]},
    ]
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    return tmp_path


async def outcomes(folder: Path, text: str) -> list[str]:
    texts = {hashlib.sha256(png(1)).hexdigest(): text}
    async with load("ocr", "memory", {"texts": texts}, Roots(folder, folder)) as ocr:
        reader: Ocr = ocr
        return report(await evaluate(read_cases(folder), reader)).splitlines()


async def test_key_strings_are_found_whatever_the_blanks_between(folder: Path) -> None:
    lines = await outcomes(folder, "diskfull\n支 付 服务\n00MKilled")

    assert lines[0] == 'a.png: missing ["OOMKilled"]'
    assert json.loads(lines[-1]) | {"seconds_p50": 0} == {
        "recall": 0.5, "seconds_p50": 0, "cpu_seconds_p50": 0, "images": 2, "n": 4,
    }  # fmt: skip


async def test_a_refused_picture_is_told_with_the_reason(folder: Path) -> None:
    lines = await outcomes(folder, "")

    assert lines[1].startswith("b.png: It is not a picture")


async def test_languages_and_themes_have_their_own_figures(folder: Path) -> None:
    lines = await outcomes(folder, "disk full 支付服务 OOMKilled")

    found = {line.partition(": ")[0]: json.loads(line.partition(": ")[2]) for line in lines[-5:-1]}
    assert {name: one["recall"] for name, one in found.items()} == {"dark": 1.0, "en": 0.0, "light": 0.0, "zh": 1.0}


def test_of_a_whole_text_longer_words_are_sought(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(json.dumps({"01": "ERROR at checkout-api, pod x"}))
    (tmp_path / "01.png").write_bytes(png(1))

    [case] = read_cases(tmp_path)

    assert case.keys == ("checkout-api,",)


@pytest.mark.parametrize("content", ["[]", "{}", '[{"image": "gone.png", "key_strings": ["x"]}]', "nothing"])
def test_a_folder_that_is_no_set_of_cases_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "labels.json").write_text(content)

    with pytest.raises(BadCases, match=str(tmp_path)):
        read_cases(tmp_path)


def test_the_middle_time_is_that_of_single_pictures(folder: Path) -> None:
    [case, _] = read_cases(folder)
    found = figures([Outcome(case, (), seconds, 2 * seconds) for seconds in (0.5, 9.0, 1.0)])

    assert (found["seconds_p50"], found["cpu_seconds_p50"]) == (1.0, 2.0)
