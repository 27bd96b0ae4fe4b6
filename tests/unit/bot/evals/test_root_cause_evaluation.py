"""The evaluation of root causes: the recordings that it reads, and what it reports."""

import json
from pathlib import Path

import pytest

from bot.evals import nezha, petshop
from bot.evals.cases import BadCases
from bot.evals.root_cause import evaluate, report

BEGAN = 1_700_000_000


def write_petshop(folder: Path) -> Path:
    columns = [(node, "latency", "Average") for node in ("web", "cart")]
    columns += [(node, "requests", "Sum") for node in ("web", "cart")]
    heads = ("microservice", "metric", "statistic")
    names = [",".join((head, *(column[place] for column in columns))) for place, head in enumerate(heads)]
    slow = [[0.2, 0.1, 90, 100], [0.21, 0.11, 90, 100], [0.7, 0.6, 90, ""], [0.7, 0.6, 90, 100]]
    rows = [f"{BEGAN + 300 * (at - 2) + 10},{','.join(map(str, row))}" for at, row in enumerate(slow)]
    issue = folder / "busy" / "train" / "issue_0"
    issue.mkdir(parents=True)
    (issue / "metrics.csv").write_text("\n".join([*names, "unix_timestamp,,,,", *rows]))
    (issue / "target.json").write_text(
        json.dumps(
            {
                "target": {"node": "web", "metric": "latency", "timestamp": BEGAN},
                "root_cause": {"node": "cart", "metric": None},
            }
        )
    )
    (folder / "busy" / "graph.csv").write_text(",web,cart\nweb,0.0,1.0\ncart,0.0,0.0\n")
    return folder


def write_nezha(folder: Path, *, offset: int = 0) -> Path:
    day = folder / "2023-11-14"
    (day / "metric").mkdir(parents=True)
    for service, busy, ahead in (("cartservice", 99, offset), ("adservice", 5, 0), ("frontend", 5, 0)):
        rows = [f"{BEGAN + 60 * at + ahead},{busy if at >= 0 else 5}" for at in range(-30, 5)]
        text = "\n".join(["TimeStamp,CpuUsageRate(%)", *rows])
        (day / "metric" / f"{service}-5f6585d649-fnmft_metric.csv").write_text(text)
    (day / "metric" / "dependency.csv").write_text(
        "Source,Target,Weight\nfrontend,cartservice,1\nfrontend,10.0.0.1,1\n"
    )
    fault = {
        "inject_time": "2023-11-14 22:13:20",
        "inject_timestamp": "0",
        "inject_pod": "cartservice-5f6585d649-fnmft",
        "inject_type": "cpu_contention",
    }
    (day / "fault_list.json").write_text(json.dumps({"22": [fault]}))
    return folder


def test_both_kinds_of_recordings_are_ranked_and_reported_by_group(tmp_path: Path) -> None:
    outcomes = evaluate(write_nezha(write_petshop(tmp_path)))

    figures = json.loads(report(outcomes).splitlines()[-1])
    assert {one.recording.kind: one.ranked[0] for one in outcomes} == {
        "latency": "cart",
        "cpu_contention": "cartservice",
    }
    assert (figures["top1"], figures["top3"], figures["n"]) == (1, 1, 2)
    assert set(figures["by"]) == {
        "petshop",
        "petshop latency",
        "nezha",
        "nezha cpu_contention",
        "nezha OnlineBoutique resource",
    }


def test_a_cause_that_is_not_first_is_told(tmp_path: Path) -> None:
    write_petshop(tmp_path)
    target = next(tmp_path.rglob("target.json"))
    target.write_text(target.read_text().replace('"cart"', '"web"'))

    said = report(evaluate(tmp_path)).splitlines()

    assert said[0] == "busy/train/issue_0: web (latency) at 2, first cart"
    assert json.loads(said[-1])["top1"] == 0


def test_a_normal_time_gives_the_noise_of_the_day_before(tmp_path: Path) -> None:
    write_petshop(tmp_path)
    calm = tmp_path / "busy" / "noissue" / "metrics.csv"
    calm.parent.mkdir()
    calm.write_text(next(tmp_path.rglob("issue_0/metrics.csv")).read_text())

    (recording,) = petshop.recordings(tmp_path)

    assert len(recording.metrics[0].times) == 8
    assert recording.metrics[0].times[4] - recording.metrics[0].times[3] == 86400


def test_a_pod_whose_clock_is_years_off_is_set_right(tmp_path: Path) -> None:
    (recording,) = nezha.recordings(write_nezha(tmp_path, offset=200_000_000))

    assert {tuple(metric.times[[0, -1]]) for metric in recording.metrics} == {(BEGAN - 1800, BEGAN + 180)}


def test_calls_are_read_as_their_callers_see_them(tmp_path: Path) -> None:
    write_nezha(tmp_path)
    table = "time,timestamp,frontend_cartservice\nx,1700000000,0.5\n"
    (tmp_path / "2023-11-14" / "metric" / "source_50.csv").write_text(table)

    (recording,) = nezha.recordings(tmp_path)

    assert [(one.caller, one.service) for one in recording.metrics if one.caller] == [("frontend", "cartservice")]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("busy/train/issue_0/target.json", "{}", "target.json"),
        ("busy/train/issue_0/metrics.csv", "a,b", "three rows of names"),
        ("busy/graph.csv", ",web\nweb,often", "graph.csv"),
        ("2023-11-14/fault_list.json", "[]", "fault_list.json"),
        ("2023-11-14/metric/source_50.csv", "time,timestamp,a_b", "there are no rows"),
    ],
)
def test_a_recording_that_cannot_be_used_says_which(tmp_path: Path, name: str, content: str, says: str) -> None:
    write_nezha(write_petshop(tmp_path))
    (tmp_path / name).write_text(content)

    with pytest.raises(BadCases, match=says):
        evaluate(tmp_path)


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadCases, match="unpack"):
        evaluate(tmp_path)
