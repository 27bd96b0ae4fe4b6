"""Measuring diagnoses on small made cases of every format."""

import json
from pathlib import Path

import pytest

from bot.evals.cases import BadCases
from bot.evals.diagnosis import Outcome, evaluate, report
from bot.evals.diagnosis_cases import read_cases
from connectors.configuration import Roots

REAL = Path("../shared/data/opensre-synthetic")


async def outcome(folder: Path, budget: int = 6000) -> Outcome:
    [found] = await evaluate(folder, Roots(folder, folder), budget)
    return found


def own(folder: Path, expect: str) -> Path:
    (folder / "a" / "recordings").mkdir(parents=True)
    (folder / "a" / "case.yaml").write_text(
        "question: why is pod cart-0 down?\nat: 2026-03-02T09:00:00Z\nbegan: 2026-03-02T08:40:00Z\n"
        f"services: [cart]\ntags: [memory]\nexpect: {expect}\n"
    )
    call = {"kind": "pod", "name": "cart-0"}
    kept = {"tool": "describe", "arguments": call, "result": {"text": "Reason: OOMKilled", "query": "q"}}
    (folder / "a" / "recordings" / "one.json").write_text(json.dumps(kept))
    return folder


def holmesgpt(folder: Path, check: str, output: str = "Reason: ErrImagePull") -> Path:
    (folder / "b").mkdir()
    (folder / "b" / "case.json").write_text(json.dumps({"user_prompt": "is pod cart-0 fine?", "check_all": [check]}))
    called = {"tool_name": "kubectl_describe", "match_params": {"kind": "pod", "name": "cart-0"}}
    (folder / "b" / "describe.txt").write_text(f'{json.dumps(called)}\n{{"status": "success"}}\n{output}')
    return folder


def opensre(folder: Path) -> Path:
    (folder / "eks" / "c").mkdir(parents=True)
    alert = {"title": "t", "commonLabels": {"alertname": "Quota", "service": "cart"}, "commonAnnotations": {}}
    (folder / "eks" / "c" / "alert.json").write_text(json.dumps(alert))
    (folder / "eks" / "c" / "eks_events.json").write_text(json.dumps({"message": "exceeded quota: team"}))
    (folder / "eks" / "c" / "scenario.yml").write_text("available_evidence: [eks_events]\n")
    (folder / "eks" / "c" / "answer.yml").write_text(
        "root_cause_category: resource_exhaustion\nforbidden_categories: [healthy]\n"
        "required_queries: [get_eks_events]\n"
    )
    return folder


async def test_a_case_of_ours_that_is_met(tmp_path: Path) -> None:
    found = await outcome(
        own(tmp_path, "{category: [resource], evidence: [OOMKilled], tools: [describe], service: cart}")
    )

    assert (found.evidence, found.passed, found.verdict, found.forbidden) == (True, True, True, 0)


async def test_a_case_of_ours_that_is_not(tmp_path: Path) -> None:
    found = await outcome(own(tmp_path, "{category: [network], tools: [other], forbidden: [memory]}"))

    assert (found.evidence, found.verdict, found.forbidden, found.missing) == (False, False, 1, ("other()",))


async def test_a_case_of_holmesgpt(tmp_path: Path) -> None:
    found = await outcome(holmesgpt(tmp_path, "ErrImagePull"))

    assert (found.evidence, found.passed, found.verdict) == (True, True, None)


async def test_what_the_recordings_do_not_hold_is_told_apart(tmp_path: Path) -> None:
    found = await outcome(holmesgpt(tmp_path, "the moon"))

    assert (found.evidence, found.out_of_reach) == (False, True)


async def test_what_has_no_room_in_the_context_is_not_reached(tmp_path: Path) -> None:
    long = "\n".join(f"word{n} " * 20 for n in range(400))
    found = await outcome(holmesgpt(tmp_path, "word399 ", long), budget=300)

    assert (found.evidence, found.out_of_reach) == (False, False)


async def test_a_case_of_opensre(tmp_path: Path) -> None:
    found = await outcome(opensre(tmp_path))

    assert (found.evidence, found.verdict, found.told.cause) == (True, True, "resource")


async def test_the_last_line_holds_the_figures_of_all(tmp_path: Path) -> None:
    own(tmp_path, "{evidence: [OOMKilled]}")
    holmesgpt(tmp_path, "the moon")
    told = report(await evaluate(tmp_path, Roots(tmp_path, tmp_path), 6000))
    figures = json.loads(told.splitlines()[-1])

    assert {key: figures[key] for key in ("evidence", "evidence_of_all", "n")} == {
        "evidence": 1.0,
        "evidence_of_all": 0.5,
        "n": 2,
    }
    assert "memory: {" in told


def test_a_folder_without_a_case_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadCases, match=r"no case\.yaml"):
        read_cases(tmp_path)


def test_a_damaged_case_is_told_with_its_place(tmp_path: Path) -> None:
    own(tmp_path, "{nonsense: 1}")

    with pytest.raises(BadCases, match="nonsense"):
        read_cases(tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason="the recorded incidents are not here")
def test_recorded_incidents_can_be_read() -> None:
    assert all(case.categories for case in read_cases(REAL))
