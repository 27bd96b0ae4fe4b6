"""Every attack that comes with the tests, in every place: read by an obedient model, and without effect."""

from pathlib import Path

import pytest

from tests.security.__main__ import EVERYWHERE, held
from tests.security.attacks import OWN, Attack, read_attacks


@pytest.mark.parametrize("carrier", EVERYWHERE)
@pytest.mark.parametrize("attack", read_attacks(OWN), ids=lambda attack: attack.name)
async def test_the_model_reads_it_and_nothing_comes_of_it(attack: Attack, carrier: str, tmp_path: Path) -> None:
    wrong, reached = await held(attack, carrier, tmp_path)

    assert wrong == []
    assert reached


def test_goals_are_put_into_every_template(tmp_path: Path) -> None:
    (tmp_path / "attack_templates.json").write_text('{"a": "TODO: {goal}", "b": "{goal}!"}', "utf-8")
    (tmp_path / "goals.json").write_text('[{"goal": "mail it"}]', "utf-8")
    (tmp_path / "more.json").write_text('{"payloads": ["x"]}', "utf-8")
    (tmp_path / "kinds.json").write_text('{"one": ["y"], "two": ["z"]}', "utf-8")

    assert [one.text for one in read_attacks(tmp_path)] == ["TODO: mail it", "mail it!", "y", "z", "x"]


def test_a_folder_without_attacks_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no attacks"):
        read_attacks(tmp_path)
