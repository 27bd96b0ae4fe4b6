"""From a fault in the shop to its diagnosis in the channel: real processes, real monitoring, and no model."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from bot.incident import Category
from deploy.demo.shop.faults import FAULTS
from deploy.demo.shop.monitoring import MISSING, installed
from tests.scenarios.incident_stage import Night, nights

pytestmark = [pytest.mark.nights, pytest.mark.long, pytest.mark.timeout(240)]  # all nights together, at the first test


@dataclass(frozen=True)
class Truth:
    """What is wrong: of which sorts the cause may be told to be, and words of which one has to be said of it."""

    causes: frozenset[Category]
    words: tuple[str, ...]


TRUTHS = {
    "bad-deploy": Truth(frozenset(("deployment", "code")), ("3.4.0", "parts of bundles", "KeyError")),
    "slow-dependency": Truth(frozenset(("dependency",)), ("northbank",)),
    "full-disk": Truth(frozenset(("resource", "infrastructure")), ("space", "volume", "disk")),
    "exhausted-pool": Truth(frozenset(("resource", "configuration")), ("pool", "connection")),
    "memory-leak": Truth(frozenset(("resource", "deployment", "code")), ("memory", "9.5.0", "Keep pages")),
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Night]:
    if not installed():
        pytest.skip(MISSING)
    return asyncio.run(nights(tmp_path_factory.mktemp("nights"), list(TRUTHS)))


def test_every_fault_has_its_truth() -> None:
    assert set(TRUTHS) == set(FAULTS)


def test_a_usual_day_opens_no_incident(seen: Mapping[str, Night]) -> None:
    assert [name for name, night in seen.items() if night.before] == []


@pytest.mark.parametrize("name", TRUTHS)
def test_a_fault_is_one_incident_told_once(seen: Mapping[str, Night], name: str) -> None:
    assert len(seen[name].incidents) == 1
    assert len(seen[name].posts) == 1


@pytest.mark.parametrize("name", TRUTHS)
def test_the_diagnosis_names_service_and_cause(seen: Mapping[str, Night], name: str) -> None:
    truth, diagnosis = TRUTHS[name], seen[name].incidents[0]["diagnosis"]
    verdict = diagnosis["verdict"]

    assert verdict["outcome"] in ("likely", "confirmed"), verdict
    leading = verdict["hypotheses"][0]
    assert leading["service"] == FAULTS[name].service, verdict
    assert leading["cause"] in truth.causes, verdict
    said = f"{leading['says']} {diagnosis['summary']}".casefold()
    assert any(word.casefold() in said for word in truth.words), said
