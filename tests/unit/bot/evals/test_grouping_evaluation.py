"""The evaluation of grouping: its index, its made storms, what it reads and reports."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evals.cases import BadCases
from bot.evals.grouping import adjusted_rand, evaluate, figures, report
from bot.evals.storms import CLIMATES, Climate, graph, make, storm, told

LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12)


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # seeded on purpose


def test_the_index_is_that_of_scikit_learn() -> None:
    assert adjusted_rand([0, 0, 1, 1, 2, 2], [0, 0, 1, 2, 2, 2]) == pytest.approx(0.4444, abs=1e-4)


@given(LABELS)
def test_the_index_is_one_for_equal_groupings_and_symmetric(pairs: list[tuple[int, int]]) -> None:
    one, other = zip(*pairs, strict=True)

    assert adjusted_rand(one, [f"x{label}" for label in one]) == 1
    assert adjusted_rand(one, other) == pytest.approx(adjusted_rand(other, one))


def test_equal_seeds_make_equal_storms(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        make(tmp_path / name, CLIMATES["plain"], 3, seed=7)

    assert (tmp_path / "a" / "storms.jsonl.gz").read_bytes() == (tmp_path / "b" / "storms.jsonl.gz").read_bytes()


def test_a_made_graph_has_the_calls_asked_for_and_no_cycle() -> None:
    calls = graph(20, 2.0, chance(1))

    assert len(calls) == 40
    assert all(caller < callee for caller, callee in calls)


def test_a_topology_may_leave_out_and_make_up() -> None:
    calls = graph(20, 2.0, chance(1))

    assert told(calls, Climate(missing=1, wrong=0.5), chance(1)) != []
    assert told(calls, Climate(missing=0), chance(1)) == [list(call) for call in calls]


def test_a_storm_is_in_order_of_time_and_names_its_incidents() -> None:
    made = storm("s", "x", graph(12, 2.0, chance(1)), Climate(incidents=(3, 3), noise=0), chance(2))
    alerts = made["alerts"]

    assert isinstance(alerts, list)
    assert alerts == sorted(alerts, key=lambda alert: alert["t"])
    assert {alert["truth_incident"] for alert in alerts} == {"s-0", "s-1", "s-2"}


def test_made_storms_are_grouped_better_than_by_windows(tmp_path: Path) -> None:
    make(tmp_path, CLIMATES["plain"], 24, seed=3)
    found = json.loads(report(evaluate(tmp_path)).splitlines()[-1])

    assert found["ari"] > 0.7
    assert found["ari"] > found["ari_windows"] + 0.1


def test_an_alert_of_no_incident_is_its_own(tmp_path: Path) -> None:
    alerts = [{"t": at, "type": "Service", "name": name, "truth_incident": None} for at, name in ((0, "a"), (9, "b"))]
    (tmp_path / "storms.jsonl").write_text(json.dumps({"storm": 1, "system": "s", "alerts": alerts}))
    (tmp_path / "topology.json").write_text('{"s": [["c", "a"], ["c", "b"]]}')

    assert figures(evaluate(tmp_path))["ari"] == 1


@pytest.mark.parametrize("name", ["storms.jsonl", "topology.json"])
def test_what_cannot_be_read_is_said(name: str, tmp_path: Path) -> None:
    make(tmp_path, CLIMATES["single"], 1, seed=1)
    (tmp_path / name).write_text("[1]")

    with pytest.raises(BadCases, match=name):
        evaluate(tmp_path)
