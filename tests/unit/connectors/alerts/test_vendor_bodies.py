"""What each system means by its fields, beyond what holds for all of them."""

import datetime as dt
from typing import Any

import pytest

from connectors.alerts.port import Alert, Notice
from tests.contracts.alert_vendors import NOW, VENDORS, received

BY_NAME = {vendor.name: vendor for vendor in VENDORS}


async def alerts(name: str, body: object, **more: Any) -> tuple[Alert, ...]:
    one = BY_NAME[name]
    return (await received(one, one.call(body), {**one.table, **more})).alerts


async def notice(name: str, body: object) -> Notice:
    one = BY_NAME[name]
    found = await received(one, one.call(body))
    assert found.alerts == ()
    return found.notices[0]


def fires(name: str) -> Any:
    return BY_NAME[name].fires


async def test_alertmanager_says_everything() -> None:
    (found,) = await alerts("alertmanager", fires("alertmanager"))

    assert (found.name, found.service, found.environment) == ("HighErrorRate", "checkout", "production")
    assert (found.severity, found.original_severity) == ("critical", "critical")
    assert found.started_at == dt.datetime(2026, 11, 20, 11, 0, 0, 123456, tzinfo=dt.UTC)
    assert (found.summary, found.runbook) == ("5 % of requests fail", "https://wiki.example.com/errors")
    assert found.link == found.generator == "http://prometheus.example.com/graph?g0.expr=up"


async def test_prometheus_sends_lists_and_an_alert_is_over_when_its_end_has_passed() -> None:
    one = {"labels": {"alertname": "Up"}, "startsAt": "2026-11-20T11:00:00Z", "endsAt": "2026-11-20T12:04:00Z"}
    over = {**one, "endsAt": "2026-11-20T11:59:00Z"}

    found = await alerts("alertmanager", [one, over])
    assert [alert.status for alert in found] == ["firing", "resolved"]
    assert found[0].fingerprint == found[1].fingerprint


async def test_a_storm_in_one_body_is_read_whole_and_what_was_left_out_is_told() -> None:
    body = fires("alertmanager")
    storm = [{**body["alerts"][0], "fingerprint": f"{n:x}"} for n in range(1000)]
    one = BY_NAME["alertmanager"]

    found = await received(one, one.call({**body, "alerts": storm, "truncatedAlerts": 7}))
    assert [alert.fingerprint for alert in found.alerts] == [f"{n:x}" for n in range(1000)]
    assert [notice.text for notice in found.notices] == [
        "alertmanager left out 7 alerts of a group; raise max_alerts there"
    ]


async def test_the_team_s_own_label_names_the_service() -> None:
    body = {"labels": {"alertname": "Up", "squad_app": "cart", "service": "node-exporter"}}

    (found,) = await alerts("alertmanager", body, service_labels=["squad_app"], severity="info")
    assert (found.service, found.severity) == ("cart", "info")


async def test_grafana_tries_its_contact_point() -> None:
    labels, notes = {"alertname": "TestAlert", "instance": "Grafana"}, {"summary": "Notification test"}
    body = {"status": "firing", "alerts": [{"status": "firing", "labels": labels, "annotations": notes}]}

    assert (await notice("grafana", body)).kind == "test"


async def test_grafana_shows_its_panel_and_the_values() -> None:
    body = fires("grafana")
    more = {"panelURL": "https://grafana.example.com/d/1?viewPanel=2", "values": {"A": 0.12, "B": None}}
    (found,) = await alerts("grafana", {**body, "alerts": [{**body["alerts"][0], **more}]})

    assert (found.link, found.value) == ("https://grafana.example.com/d/1?viewPanel=2", "A=0.12")


async def test_datadog_s_own_payload_has_its_scope_in_the_title() -> None:
    def sent(change: str, host: str) -> dict[str, object]:
        org = {"id": "1", "name": "Acme"}
        title = f"[P2] [{change} on {{host:{host},service:cart}}] Memory"
        return {"id": "77", "title": title, "date": "1795172400000", "org": org, "body": "x", "event_type": "alert"}

    (found,) = await alerts("datadog", sent("Triggered", "web-1"))
    (over,) = await alerts("datadog", sent("Recovered", "web-1"))
    (other,) = await alerts("datadog", sent("Triggered", "web-2"))
    assert (found.name, found.service, found.labels["host"]) == ("Memory", "cart", "web-1")
    assert (over.status, over.fingerprint) == ("resolved", found.fingerprint)
    assert other.fingerprint != found.fingerprint


@pytest.mark.parametrize(
    ("change", "priority", "severity"),
    [("Triggered", "$ALERT_PRIORITY", "error"), ("Warn", "P1", "warning"), ("No Data", "", "warning"),
     ("Re-Triggered", 1, "critical")],
)  # fmt: skip
async def test_how_bad_datadog_says_it_is(change: str, priority: object, severity: str) -> None:
    body = {**fires("datadog"), "transition": change, "priority": priority, "alert_type": ""}

    (found,) = await alerts("datadog", {**body, "title": f"[{change}] CPU"})
    assert (found.severity, found.status) == (severity, "firing")


async def test_datadog_tries_a_monitor() -> None:
    assert (await notice("datadog", {"title": "[TEST] [Triggered] High CPU"})).kind == "test"


@pytest.mark.parametrize("kind", ["escalated", "reopened", "priority_updated", "unacknowledged"])
async def test_pagerduty_s_incident_goes_on(kind: str) -> None:
    body = {"event": {**fires("pagerduty")["event"], "event_type": f"incident.{kind}"}}

    assert (await alerts("pagerduty", body))[0].status == "firing"


async def test_what_else_pagerduty_tells_is_no_alert() -> None:
    event = fires("pagerduty")["event"]

    told = await notice("pagerduty", {"event": {**event, "event_type": "incident.annotated"}})
    assert (told.kind, told.text) == ("update", "PagerDuty: incident.annotated A little bump in the road")
    ping = {"event_type": "pagey.ping", "data": {"message": "Hello", "type": "ping"}}
    assert (await notice("pagerduty", {"event": ping})).kind == "test"


async def test_opsgenie_names_what_is_in_trouble_in_its_entity() -> None:
    (found,) = await alerts("opsgenie", fires("opsgenie"))

    assert (found.service, found.environment, found.severity) == ("checkout", "production", "error")
    assert found.started_at == dt.datetime(2026, 11, 20, 11, tzinfo=dt.UTC)
    assert found.link == "https://app.opsgenie.com/alert/detail/70413a06-38d6-4c85-92b8-5ebc900d42e2/details"


@pytest.mark.parametrize("action", ["Acknowledge", "AddNote", "AssignOwnership"])
async def test_what_is_done_to_an_alert_in_opsgenie_is_no_alert(action: str) -> None:
    assert (await notice("opsgenie", {**fires("opsgenie"), "action": action})).kind == "update"


async def test_zabbix_writes_times_of_its_own_place() -> None:
    (found,) = await alerts("zabbix", fires("zabbix"), timezone="Europe/Riga")

    assert found.started_at == dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    assert (found.service, found.severity, found.value) == ("checkout", "error", "97 %")


async def test_an_update_in_zabbix_is_no_alert() -> None:
    assert (await notice("zabbix", {**fires("zabbix"), "event_update_status": "1"})).kind == "update"
    assert (await notice("zabbix", {**fires("zabbix"), "event_source": "2"})).kind == "other"


async def test_zabbix_without_tags_is_in_trouble_at_its_host() -> None:
    (found,) = await alerts("zabbix", {**fires("zabbix"), "tags": "{EVENT.TAGSJSON}", "trigger_id": "*UNKNOWN*"})

    assert (found.service, found.fingerprint) == ("web-1", "815")


async def test_an_issue_and_its_event_are_the_same_trouble_in_sentry() -> None:
    event = {
        "issue_id": "1170820242",
        "title": "ReferenceError: heck is not defined",
        "level": "fatal",
        "url": "https://sentry.io/api/0/projects/acme/checkout/events/e4874d664c3540c1/",
        "web_url": "https://acme.sentry.io/issues/1170820242/events/e4874d664c3540c1/",
        "tags": [["environment", "production"], ["level", "fatal"]],
        "datetime": "2026-11-20T11:15:00.677000Z",
    }
    body = {"action": "triggered", "data": {"event": event, "triggered_rule": "Any error"}}

    (found,) = await alerts("sentry", body)
    (issue,) = await alerts("sentry", fires("sentry"))
    assert found.fingerprint == issue.fingerprint
    assert (found.service, found.environment, found.severity) == ("checkout", "production", "critical")
    assert (found.generator, found.started_at.minute) == ("Any error", 15)


async def test_a_metric_alert_of_sentry() -> None:
    rule = {"id": "7", "name": "Too many errors", "environment": None, "aggregate": "count()", "query": "level:error"}
    metric = {"id": "80", "alert_rule": rule, "projects": ["checkout"], "date_started": "2026-11-20T11:00:00.000000Z"}
    said = {"description_title": "Resolved: Too many errors", "description_text": "1000 events in the last 10 minutes"}
    body = {"action": "critical", "data": {"metric_alert": {**metric, "date_closed": None}, **said}}
    closed = {**metric, "id": "81", "date_closed": "2026-11-20T11:40:00.000000Z"}

    (found,) = await alerts("sentry", body)
    (over,) = await alerts("sentry", {"action": "resolved", "data": {"metric_alert": closed, **said}})
    assert (found.name, found.service, found.severity) == ("Too many errors", "checkout", "critical")
    assert (over.status, over.fingerprint) == ("resolved", found.fingerprint)
    assert over.ended_at == dt.datetime(2026, 11, 20, 11, 40, tzinfo=dt.UTC)


async def test_an_installation_of_sentry_is_no_alert() -> None:
    told = await notice("sentry", {"action": "created", "data": {"installation": {"uuid": "1"}}})

    assert told.kind == "update"


async def test_a_script_says_as_little_as_it_likes() -> None:
    (found,) = await alerts("memory", {"alerts": [{"name": "Backup failed", "source": "alertmanager"}]})

    assert (found.source, found.status, found.severity) == ("memory", "firing", "warning")
    assert found.started_at == NOW
