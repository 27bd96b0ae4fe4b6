"""Secrets in the texts of alerts are gone before anything is kept."""

from bot.guards.alerts import admit
from tests.unit.bot.incident_room import alert


def test_secrets_are_taken_out_of_every_text() -> None:
    told = alert(
        summary="login failed with password=hunter2hunter2",
        description="url postgres://app:s3cretpass@db/shop",
        annotations={"note": "token: ghp_0123456789abcdefghijklmnopqrstuvwxyz"},
    )

    kept = admit(told).model_dump_json()

    assert [one for one in ("hunter2", "s3cretpass", "ghp_0123") if one in kept] == []


def test_an_alert_without_secrets_stays_as_it_is() -> None:
    assert admit(alert(labels={"pod": "payments-1"})) == alert(labels={"pod": "payments-1"})
