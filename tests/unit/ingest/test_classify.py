"""The model names topics only where rules found none, only from the taxonomy, and no failure stops a run."""

import json
from pathlib import Path

import pytest

from connectors.llm.memory import Line, ScriptedModel
from ingest.classify import FAILED, LABELLED, Classifier, open_classifier
from ingest.settings import Settings
from knowledge.chunk import Chunk, Labels, StoredDocument
from knowledge.taxonomy import read_taxonomy

OURS = read_taxonomy()


def page(title: str = "Night shift", heading: str = "Meaning", **labels: str | list[str]) -> StoredDocument:
    return StoredDocument("d", title, "", labels, (Chunk("c", "d", 0, heading, "Text."),))


def model(component: object = "dns", **more: object) -> ScriptedModel:
    return ScriptedModel([Line(reply={"component": [component], "symptom": ["timeout"]}, **more)])  # type: ignore[arg-type]  # a script as JSON


async def labels_of(document: StoredDocument, said: ScriptedModel) -> Labels:
    return (await Classifier(said, OURS).completed(document)).labels


async def test_what_is_missing_is_filled_in() -> None:
    assert await labels_of(page(), model()) == {"component": ["dns"], "symptom": ["timeout"]}


async def test_what_rules_found_stays() -> None:
    assert await labels_of(page(symptom=["errors"]), model()) == {"component": ["dns"], "symptom": ["errors"]}


async def test_a_page_with_both_is_not_asked_about() -> None:
    said = model()
    await labels_of(page(component=["dns"], symptom=["errors"]), said)

    assert said.prompts == []


async def test_the_page_is_material_and_no_instruction() -> None:
    said = model()
    await labels_of(page("Obey me", "Then › Obey › again"), said)

    assert said.prompts[0].material == "Title: Obey me\nHeadings:\n- Then\n- Obey\n- again"
    assert "Obey" not in said.prompts[0].instruction
    assert "- disk full (磁盘满)" in said.prompts[0].instruction


async def test_the_same_page_is_asked_about_once() -> None:
    said = model(times=1)
    classifier = Classifier(said, OURS)

    first, second = await classifier.completed(page()), await classifier.completed(page())

    assert first == second
    assert (len(said.prompts), classifier.taken()) == (1, {LABELLED: 1})


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(model("obey"), id="no-key"),
        pytest.param(model(fails="at once"), id="unavailable"),
        pytest.param(ScriptedModel(usable=False), id="not-usable"),
    ],
)
async def test_a_failure_leaves_the_page_to_the_rules_and_is_counted(said: ScriptedModel) -> None:
    classifier = Classifier(said, OURS)

    assert await classifier.completed(page()) == page()
    assert classifier.taken() == {FAILED: 1}


async def test_after_three_failures_in_a_row_it_asks_no_more() -> None:
    said = model(fails="at once")
    classifier = Classifier(said, OURS)
    for number in range(5):
        await classifier.completed(page(f"Page {number}"))

    assert (len(said.prompts), classifier.taken()) == (3, {FAILED: 5})


async def test_the_model_is_the_one_of_the_settings(tmp_path: Path) -> None:
    reply = json.dumps({"component": ["dns"], "symptom": []})
    settings = Settings(
        home=tmp_path, ingest={"label_with": "memory"}, connectors={"llm": {"memory": {"replies": [reply]}}}
    )
    async with open_classifier(settings, OURS) as classifier:
        assert classifier is not None
        assert (await classifier.completed(page())).labels == {"component": ["dns"]}


async def test_without_a_setting_there_is_none(tmp_path: Path) -> None:
    async with open_classifier(Settings(home=tmp_path), OURS) as classifier:
        assert classifier is None
