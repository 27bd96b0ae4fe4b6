"""What the settings mean to the journeys."""

from bot.configured import incident_rules_of
from bot.rules.incident_modes import IncidentRules
from bot.settings import read_settings


def test_who_sets_nothing_has_the_limits_that_everything_is_measured_with() -> None:
    assert incident_rules_of(read_settings()) == IncidentRules()
