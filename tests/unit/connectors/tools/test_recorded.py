"""Recordings: which one answers a call, how they are kept, and other projects' ones."""

import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from connectors.configuration import Roots
from connectors.load import load
from connectors.tools.matching import answer, tools_of
from connectors.tools.port import BadArguments, Recording, Result, Series, Table, Tool, ToolUnavailable

DATA = Path(__file__).parents[5] / "shared" / "data"
SCENARIOS = sorted((DATA / "opensre-synthetic").glob("*/*"))
FIXTURES = DATA / "holmesgpt-fixtures" / "cases.tar.xz"


def recording(text: str, **arguments: JsonValue) -> Recording:
    return Recording("logs", arguments, Result(text, "q"))


MANY = (
    recording("any pod", namespace="shop", pod="*"),
    recording("this pod", namespace="shop", pod="a-1"),
    recording("since", namespace="shop", pod="a-1", since="1h"),
    recording("anything", **{"*": "*"}),
)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param({"namespace": "shop", "pod": "a-1"}, "this pod", id="exact-before-pattern"),
        pytest.param({"namespace": "shop", "pod": "b-2"}, "any pod", id="any-value"),
        pytest.param({"namespace": "shop"}, "any pod", id="any-value-or-none"),
        pytest.param({"namespace": "shop", "pod": "a-1", "since": None}, "this pod", id="null-is-left-out"),
        pytest.param({"namespace": "shop", "pod": "a-1", "since": "1h"}, "since", id="all-of-them"),
        pytest.param({"namespace": "shop", "pod": "a-1", "tail": 5}, "anything", id="further-arguments"),
        pytest.param({}, "anything", id="none"),
    ],
)
def test_the_most_definite_recording_answers(arguments: dict[str, JsonValue], text: str) -> None:
    assert answer(MANY, "logs", arguments).text == text


def test_what_was_not_recorded_is_refused_with_what_was() -> None:
    with pytest.raises(BadArguments, match=r'Nothing was recorded for logs\(pod="b"\).*"namespace": "shop"'):
        answer(MANY[:1], "logs", {"pod": "b"})


def test_a_tool_looks_as_its_recordings_show() -> None:
    (tool,) = tools_of([recording("x", namespace="shop", tail=5), recording("y", namespace="shop")], [])

    assert tool.kind == "logs"
    assert tool.arguments["required"] == ["namespace"]
    assert tool.arguments["properties"] == {"namespace": {"type": "string"}, "tail": {"type": "integer"}}
    assert tool.arguments["additionalProperties"] is False


def opened(home: Path, **table: Any) -> Any:
    return load("tools", "recorded", {"folder": "run", **table}, Roots(home, home))


async def test_what_is_saved_is_answered_by_whoever_opens_it(tmp_path: Path) -> None:
    tool = Tool("logs", "Logs", "Lines.", {"type": "object"}, "logs")
    result = Result("x", "q", "l", Table(("a",), ((1,), (None,))), (Series("s", ((0.5, 1.0),)),), truncated=True)
    async with opened(tmp_path) as recorder:
        await recorder.save(tool, {"pod": "a"}, Result("old", "q"))
        await recorder.save(tool, {"pod": "a"}, result)

    async with opened(tmp_path) as again:
        assert list(await again.list()) == [tool]
        assert await again.call("logs", {"pod": "a"}) == result
    assert len(list((tmp_path / "run").iterdir())) == 2


async def test_recordings_may_be_written_by_hand(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    text = "tool: pods\narguments: {namespace: '*'}\nresult: {text: No pods., query: kubectl get pods}\n"
    (tmp_path / "run" / "pods.yaml").write_text(text, "utf-8")

    async with opened(tmp_path) as tools:
        assert (await tools.call("pods", {"namespace": "x"})).text == "No pods."


@pytest.mark.parametrize("text", ["{", '{"tool": "x"}', "- 1", ": : :"])
async def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "bad.yaml").write_text(text, "utf-8")

    with pytest.raises(ToolUnavailable, match=r"bad\.yaml is no recording"):
        async with opened(tmp_path):
            pass


HOLMES = (
    '{"toolset_name": "kubernetes/logs", "tool_name": "fetch_pod_logs", "match_params": {"pod_name": "*"}}\n'
    '{"status": "error", "invocation": "kubectl logs a-1", "error": "x"}\nstdout:\nError from server\n'
)


async def test_a_case_of_holmesgpt(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "logs.txt").write_text(HOLMES, "utf-8")

    async with opened(tmp_path, format="holmesgpt") as tools:
        found = await tools.call("fetch_pod_logs", {"pod_name": "a-1", "limit": 100})
        assert (found.text, found.query, found.failed) == ("Error from server", "kubectl logs a-1", True)
        with pytest.raises(ToolUnavailable, match="another format"):
            await tools.save(Tool("x", "x", "x", {}), {}, found)


@pytest.fixture
def incident(tmp_path: Path) -> Path:
    metric = {"metric_name": "CPU", "timestamps": ["2026-03-02T09:00:00Z", "2026-03-02T09:01:00Z"], "values": [1, 2]}
    files: dict[str, str] = {
        "000-healthy/scenario.yml": "scenario_id: 000-healthy\n",
        "000-healthy/eks_pods.json": json.dumps({"pods": []}),
        "000-healthy/eks_events.json": json.dumps({"warning_events": []}),
        "000-healthy/aws_cloudwatch_metrics_CPU.json": json.dumps(metric),
        "000-healthy/aws_cloudwatch_metrics_envelope.json": "{}",
        "001-bad/scenario.yml": "base: 000-healthy\n",
        "001-bad/eks_pods.json": json.dumps({"pods": ["a-1"]}),
        "001-bad/eks_pod_logs.json": json.dumps({"logs": "one\ntwo\n"}),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path / "001-bad"


async def test_a_scenario_of_opensre_inherits_what_it_lacks(incident: Path) -> None:
    async with opened(incident, folder=incident, format="opensre") as tools:
        assert '"a-1"' in (await tools.call("list_eks_pods", {"namespace": "x"})).text
        assert "warning_events" in (await tools.call("get_eks_events", {})).text
        assert (await tools.call("get_eks_pod_logs", {"pod": "a-1"})).text == "one\ntwo"
        assert "last 2 at 09:01" in (await tools.call("query_grafana_metrics", {"metric_name": "CPU"})).text


@pytest.mark.skipif(not SCENARIOS, reason="the shared data is not here")
async def test_every_scenario_of_opensre_loads(tmp_path: Path) -> None:
    for folder in SCENARIOS:
        async with opened(tmp_path, folder=folder, format="opensre") as tools:
            assert len(await tools.list()) >= 4, folder


@pytest.mark.skipif(not FIXTURES.exists(), reason="the shared data is not here")
async def test_every_case_of_holmesgpt_loads(tmp_path: Path) -> None:
    with tarfile.open(FIXTURES) as packed:
        packed.extractall(tmp_path, filter="data")
    calls = 0
    for folder in {Path(root) for root, _, files in os.walk(tmp_path) if any(one.endswith(".txt") for one in files)}:
        async with opened(tmp_path, folder=folder, format="holmesgpt") as tools:
            calls += len(await tools.list())

    assert calls > 100
