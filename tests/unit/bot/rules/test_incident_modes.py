"""Where incidents are posted, and in which language, by what holds in each channel and in all others."""

import pytest

from bot.incident import Incident
from bot.rules.incident_modes import IncidentRules, language_of, places_of
from tests.unit.bot.watchtower import NOON

INCIDENT = Incident(id="i1", title="t", opened_at=NOON, began=NOON)
POSTED = {"slack": ("C1", "C2")}


@pytest.mark.parametrize(
    ("modes", "places"),
    [
        pytest.param({}, ["C1", "C2"], id="nothing-is-set"),
        pytest.param({"C1": "shadow"}, ["C2"], id="one-channel"),
        pytest.param({"*": "off"}, [], id="all"),
        pytest.param({"*": "off", "C1": "live"}, ["C1"], id="all-others"),
    ],
)
def test_a_channel_can_have_a_mode_of_its_own(modes: dict[str, str], places: list[str]) -> None:
    rules = IncidentRules(channels=POSTED, modes=modes)  # type: ignore[arg-type]  # the cases name only known ones

    assert [place for _, place in places_of(INCIDENT, rules)] == places


@pytest.mark.parametrize(
    ("languages", "language"),
    [
        pytest.param({}, "en", id="nothing-is-set"),
        pytest.param({"C2": "zh"}, "zh", id="a-channel"),
        pytest.param({"*": "zh"}, "zh", id="all"),
        pytest.param({"*": "zh", "C1": "en"}, "en", id="all-others"),
    ],
)
def test_an_incident_speaks_the_language_of_its_channel(languages: dict[str, str], language: str) -> None:
    rules = IncidentRules(channels=POSTED, languages=languages)  # type: ignore[arg-type]  # as above

    assert language_of(INCIDENT, rules) == language
