"""Bodies that other projects recorded or wrote for their tests, each read as a person reads it."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.alerts.port import Call, Received
from connectors.configuration import Roots
from connectors.load import load

FOLDER = Path(__file__).parents[5] / "shared" / "data" / "im-and-alert-payloads"
NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
HERE = {"trusted_networks": ["127.0.0.1"]}
HEARD = NOW.isoformat()
"""Where a body says no time, the alert began when it was heard of."""
Expected = tuple[str, str, str, str, str, str]

# Status, name, service, environment, severity, and when it began; by the file and what is inside it.
WHOLE: dict[str, Expected] = {
    "0 grafana": ("firing", "TestAlert", "", "", "warning", "2026-05-05T13:04:57.622813+00:00"),
    "1 grafana": ("firing", "TestAlert", "", "", "warning", "2026-05-05T13:04:57.622813+00:00"),
    "2 uptimekuma": ("resolved", "monitor 1", "", "", "info", "2022-01-01T00:00:00+00:00"),
    "3 uptimekuma": ("firing", "monitor 2", "", "", "error", "2022-01-01T00:00:00+00:00"),
    "4 uptimekuma": ("resolved", "monitor 3", "", "", "info", "2022-01-01T00:00:00+00:00"),
    "5 uptimekuma": ("resolved", "monitor 1", "", "", "info", "2022-01-01T00:00:00+00:00"),
    "6 airflow": ("firing", "AirflowTaskFailure", "airflow", "", "critical", HEARD),
    "7 alertmanager": (
        "firing", "HighErrorRate", "checkout-api", "production", "critical", "2024-01-15T10:25:00+00:00",
    ),
    "8 gitlab": ("firing", "HighErrorRate", "api_service", "production", "critical", "2026-04-05T10:00:00+00:00"),
    "9 kubernetes": (
        "firing", "KubernetesJobFailed", "kubernetes_etl_pipeline", "test", "critical", "2026-02-19T00:00:00+00:00",
    ),
    "10 kubernetes_local_alert_simulation": ("firing", "PipelineErrorInLogs", "tracer-test", "", "critical", HEARD),
    "11 mongodb": ("firing", "MongoDBHighConnections", "", "production", "warning", "2024-01-15T10:25:00+00:00"),
    "12 mysql": ("firing", "MySQLSlowQuery", "", "production", "warning", "2024-01-15T10:25:00+00:00"),
    "13 mysql": ("firing", "MySQLSlowQuery", "", "development", "warning", "2026-04-14T08:00:00+00:00"),
    "14 postgresql": ("firing", "PostgreSQLSlowQuery", "", "production", "warning", "2024-01-15T10:25:00+00:00"),
    "15 rabbitmq": ("firing", "RabbitMQQueueBacklog", "orders-api", "", "critical", "2026-04-16T09:12:03+00:00"),
    "axiom": ("firing", "Triggered: New monitor", "", "", "warning", "2025-02-15T14:59:03+00:00"),
    "checkly": ("resolved", "API Check #1", "API Check #1", "", "info", "2025-01-26T11:19:40.544000+00:00"),
    "checkmk": ("resolved", "HOST server1", "server1", "", "info", "2024-10-26T23:20:39+00:00"),
    "cloudwatch high_cpu_usage": ("firing", "HighCPUUsage", "mailing-app", "", "warning", HEARD),
    "cloudwatch high_memory_usage": ("firing", "HighMemoryUsage", "api-service", "", "error", HEARD),
    "cloudwatch high_error_rate": ("firing", "APIErrorRate", "payment-api", "", "critical", HEARD),
    "coralogix": ("firing", "Keep", "", "", "error", "2024-08-14T21:28:56.254000+00:00"),
    "dash0": (
        "resolved", "New Check Rule", "my-first-observable-service", "", "info", "2025-02-03T07:17:17.474101+00:00",
    ),
    "datadog high_cpu_usage": ("firing", "High CPU Usage", "api", "production", "error", HEARD),
    "datadog low_disk_space": ("firing", "Low Disk Space", "api", "production", "critical", HEARD),
    "datadog mq_consumer_struggling": ("firing", "MQ Consumer Is Struggling", "api", "production", "critical", HEARD),
    "gcpmonitoring 5XX_errors_production": (
        "firing", "5XX Error Rate > 5%", "Production Web Cluster", "production", "critical", HEARD,
    ),
    "gcpmonitoring high_memory_usage": (
        "firing", "Memory Usage > 90%", "Production Web Server 1", "production", "warning", HEARD,
    ),
    "gcpmonitoring database_latency": (
        "firing", "Query Latency > 2s", "Production MySQL Main", "production", "warning", HEARD,
    ),
    "grafana HighMemoryConsumption": ("firing", "High Memory Usage", "", "", "warning", HEARD),
    "grafana NetworkLatencyIsHigh": ("firing", "Network Latency High", "", "", "info", HEARD),
    "graylog": ("firing", "Event - 1", "server", "", "error", "2024-10-24T10:22:04.556000+00:00"),
    "libre_nms": ("resolved", "Devices up/down", "node", "", "info", "2025-03-04T11:01:41+00:00"),
    "prometheus HighCPUUsage": ("firing", "HighCPUUsage", "calendar-producer-java-otel-api-dd", "", "critical", HEARD),
    "prometheus MQThirdFull (Message queue is over 33%)": (
        "firing", "MQThirdFull (Message queue is over 33%)", "calendar-producer-java-otel-api-dd", "", "warning", HEARD,
    ),
    "prometheus MQFull (Message queue is full)": (
        "firing", "MQFull (Message queue is full)", "calendar-producer-java-otel-api-dd", "", "critical", HEARD,
    ),
    "prometheus DiskSpaceLow": ("firing", "DiskSpaceLow", "calendar-producer-java-otel-api-dd", "", "warning", HEARD),
    "prometheus NetworkLatencyHigh": (
        "firing", "NetworkLatencyHigh", "calendar-producer-java-otel-api-dd", "", "info", HEARD,
    ),
    "sentry browser_timeout": (
        "firing", "Failed to fetch user profile", "frontend-app", "production", "error",
        "2024-03-09T13:34:45.873000+00:00",
    ),
    "sentry server_overload": (
        "firing", "Order submission failed", "frontend-app", "production", "error", "2024-03-09T13:36:25.873000+00:00",
    ),
    "sentry database_timeout": (
        "firing", "Failed to load product catalog", "frontend-app", "production", "error",
        "2024-03-09T13:38:05.873000+00:00",
    ),
    "signalfx simulate": ("firing", "logs", "", "", "critical", HEARD),
    "thousandeyes 0": ("firing", "Default Agent Offline Notification", "te", "", "info", "2025-03-24T17:28:40+00:00"),
    "thousandeyes 1": (
        "resolved", "PDF Test", "https://pdf.ezhil.dev - HTTP Server", "", "info", "2025-03-17T19:43:00+00:00",
    ),
    "wazuh": ("firing", "New dpkg (Debian Package) installed.", "", "", "info", "2025-02-03T20:41:42.853014+00:00"),
}  # fmt: skip
ENDS = {
    "2 uptimekuma": "2022-01-01T00:00:00+00:00",
    "checkly": "2025-01-26T11:19:40.544000+00:00",
    "checkmk": "2024-10-26T23:20:39+00:00",
    "dash0": "2025-02-03T07:24:17.474101+00:00",
    "libre_nms": "2025-03-04T11:01:41+00:00",
    "thousandeyes 1": "2025-03-24T17:21:00+00:00",
}
VENDORS = {"cloudwatch": "sns", "prometheus": "alertmanager", "gcpmonitoring": "gcp", "libre_nms": "librenms"}
OURS = {"alertmanager", "datadog", "grafana", "sentry", "sns"}


def bodies() -> Iterator[tuple[str, str, Any]]:
    """Every body by its name, with the receiver that it is meant for."""
    if not FOLDER.exists():
        return
    whole = json.loads((FOLDER / "alert_webhook_payloads.json").read_text("utf-8"))
    for number, one in enumerate(whole):
        system = one["src"].split("/")[3].removesuffix("_provider")
        yield f"{number} {system}", system if system == "uptimekuma" else "grafana", one["payload"]
    for file in sorted((FOLDER / "alert-webhooks").glob("*.json")):
        vendor = VENDORS.get(file.stem, file.stem)
        for name, body in inside(json.loads(file.read_text("utf-8"))):
            yield f"{file.stem} {name}".strip(), vendor, body


def inside(recorded: Any) -> Iterator[tuple[str, Any]]:
    """A file holds one body, a list of them, or patterns of bodies with the values that are put into them."""
    if "ALERT" in recorded:
        yield from ((str(number), one) for number, one in enumerate(recorded["ALERT"]))
        return
    found = recorded["ALERTS"]
    if not all(isinstance(one, dict) and "payload" in one for one in found.values()):
        yield "", found
        return
    for name, one in found.items():
        body = one["payload"]
        for path, values in one.get("parameters", {}).items():
            *way, last = path.split(".")
            place = body
            for step in way:
                place = place[step]
            place[last] = place[last] if last in ("AlarmName", "AlarmDescription", "Threshold") else values[0]
        # Prometheus's patterns are named for their rule.
        if "query" not in body and "summary" in body and "labels" in body:
            body["labels"]["alertname"] = name
        yield name, body


async def sent(vendor: str, body: Any) -> Received:
    call = Call(body=json.dumps(body).encode(), client="127.0.0.1", path=f"/alerts/generic/{vendor}", received_at=NOW)
    table = HERE if vendor in OURS else {"systems": {vendor: {"known": vendor, **HERE}}}
    seam = vendor if vendor in OURS else "generic"
    async with load("alerts", seam, table, Roots(Path("home"), Path("models"))) as receiver:
        return await receiver.receive(call)


BODIES = list(bodies())
ALERTS = [(name, vendor, body) for name, vendor, body in BODIES if name != "netbox"]


@pytest.mark.parametrize(("name", "vendor", "body"), ALERTS, ids=[name for name, *_ in ALERTS])
async def test_a_recorded_body_says_what_a_person_reads_in_it(name: str, vendor: str, body: Any) -> None:
    (alert,) = (await sent(vendor, body)).alerts

    began = alert.started_at.isoformat()
    assert WHOLE[name] == (alert.status, alert.name, alert.service, alert.environment, alert.severity, began)
    if name in ENDS:
        assert alert.ended_at is not None
        assert alert.ended_at.isoformat() == ENDS[name]


@pytest.mark.skipif(not BODIES, reason="the recorded bodies are not here")
def test_every_recorded_body_is_expected() -> None:
    assert {name for name, *_ in ALERTS} == set(WHOLE)


@pytest.mark.skipif(not BODIES, reason="the recorded bodies are not here")
async def test_a_change_of_the_inventory_is_no_alert() -> None:
    body = next(body for name, _, body in BODIES if name == "netbox")

    found = await sent("netbox", body)
    assert (found.alerts, [notice.kind for notice in found.notices]) == ((), ["other"])


@pytest.mark.skipif(not BODIES, reason="the recorded bodies are not here")
@pytest.mark.parametrize("name", ["7 alertmanager", "11 mongodb", "15 rabbitmq"])
async def test_a_group_reads_the_same_through_either_receiver(name: str) -> None:
    body = next(body for other, _, body in BODIES if other == name)

    through_alertmanager = (await sent("alertmanager", body)).alerts
    through_grafana = (await sent("grafana", body)).alerts
    assert [one.labels for one in through_alertmanager] == [one.labels for one in through_grafana]
    assert [one.started_at for one in through_alertmanager] == [one.started_at for one in through_grafana]
