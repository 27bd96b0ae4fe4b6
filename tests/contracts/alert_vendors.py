"""Every receiver of alerts with a table of settings, a body that fires, one that is over, and a caller who is known."""

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.alerts.port import Call, Received
from connectors.configuration import Roots
from connectors.load import load

SECRET = "correct horse battery"
NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
HERE = {"trusted_networks": ["127.0.0.1/32"]}
ROOTS = Roots(Path("home"), Path("models"))
Json = dict[str, Any]
Headers = Callable[[bytes], Mapping[str, str]]


def bearer(_: bytes) -> Mapping[str, str]:
    return {"authorization": f"Bearer {SECRET}"}


def basic(_: bytes) -> Mapping[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"pager:{SECRET}".encode()).decode()}


def digest(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def grafana_signature(body: bytes) -> Mapping[str, str]:
    at = str(int(NOW.timestamp()))
    return {"x-grafana-alerting-signature": digest(at.encode() + b":" + body), "x-signed-at": at}


@dataclass(frozen=True)
class Vendor:
    """One receiver; ``known`` are the headers by which a caller is known."""

    name: str
    table: Json
    known: Headers
    fires: Json
    over: Json
    path: str = ""

    def call(self, body: object, /, **more: object) -> Call:
        """A call of a known caller."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": "application/json", **self.known(sent)}
        call = Call(body=sent, headers=headers, client="127.0.0.1", path=self.path, received_at=NOW)
        return call.model_copy(update=more)

    def with_access(self, **access: object) -> Json:
        """Its settings with other ones about who may call."""
        kept = {name: one for name, one in self.table.items() if name not in ("token", "user", "password", "headers")}
        if self.name == "generic":
            return {"systems": {"shop": {**kept["systems"]["shop"], "secret": None, **access}}}
        return {**{name: one for name, one in kept.items() if name != "secret"}, **access}


async def received(vendor: Vendor, call: Call, table: Json | None = None) -> Received:
    """What a receiver, opened with these settings, makes of a call."""
    async with load("alerts", vendor.name, vendor.table if table is None else table, ROOTS) as receiver:
        return await receiver.receive(call)


def _group(status: str, ends: str) -> Json:
    alert = {
        "status": status,
        "labels": {"alertname": "HighErrorRate", "service": "checkout", "severity": "critical", "env": "production"},
        "annotations": {"summary": "5 % of requests fail", "runbook_url": "https://wiki.example.com/errors"},
        "startsAt": "2026-11-20T11:00:00.123456789Z",
        "endsAt": ends,
        "generatorURL": "http://prometheus.example.com/graph?g0.expr=up",
        "fingerprint": "a1b2c3d4e5f6a7b8",
    }
    return {"version": "4", "status": status, "receiver": "night", "alerts": [alert], "truncatedAlerts": 0}


def _datadog(transition: str, alert_type: str) -> Json:
    return {
        "id": "7",
        "monitor_id": "1234",
        "title": f"[P1] [{transition} on {{host:web-1}}] High CPU",
        "transition": transition,
        "alert_type": alert_type,
        "priority": "P1",
        "scope": "host:web-1",
        "tags": "env:production,service:checkout",
        "date": "1795172400000",
        "link": "https://app.datadoghq.com/monitors/1234",
    }


def _pagerduty(kind: str) -> Json:
    data = {
        "id": "PGR0VU2",
        "type": "incident",
        "html_url": "https://acme.pagerduty.com/incidents/PGR0VU2",
        "number": 2,
        "incident_key": "d3640fbd41094207a1c11e58e46b1662",
        "created_at": "2026-11-20T11:00:00Z",
        "title": "A little bump in the road",
        "service": {"id": "PF9KMXH", "summary": "API Service"},
        "priority": {"summary": "P1"},
        "urgency": "high",
        "resolve_reason": None,
    }
    event = {
        "id": "5ac64822",
        "event_type": f"incident.{kind}",
        "occurred_at": "2026-11-20T11:30:00.169Z",
        "data": data,
    }
    return {"event": {**event, "agent": None, "client": None}}


def _opsgenie(action: str) -> Json:
    alert = {
        "alertId": "70413a06-38d6-4c85-92b8-5ebc900d42e2",
        "message": "Disk is full",
        "alias": "disk@web-1",
        "tinyId": "1791",
        "entity": "checkout",
        "priority": "P2",
        "tags": ["env:production", "urgent"],
        "details": {"host": "web-1"},
        "createdAt": 1795172400000,
        "updatedAt": 1795174200000000000,
    }
    return {"action": action, "alert": alert, "source": {"name": "web"}, "integrationName": "Nightshift"}


def _zabbix(value: str) -> Json:
    return {
        "event_id": "815",
        "event_value": value,
        "event_source": "0",
        "event_update_status": "0",
        "trigger_id": "21",
        "name": "High CPU utilization",
        "severity": "High",
        "nseverity": "4",
        "host": "web-1",
        "tags": '[{"tag":"service","value":"checkout"}]',
        "began": "2026.11.20 11:00:00",
        "recovered": "2026.11.20 11:30:00" if value == "0" else "{EVENT.RECOVERY.DATE} {EVENT.RECOVERY.TIME}",
        "opdata": "97 %",
        "url": "",
    }


def _alarm(state: str) -> Json:
    return {
        "AlarmName": "CheckoutErrors",
        "AlarmDescription": "Checkout fails",
        "AWSAccountId": "123456789012",
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed",
        "StateChangeTime": "2026-11-20T11:00:00.000+0000",
        "Region": "US East (N. Virginia)",
        "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:CheckoutErrors",
        "OldStateValue": "OK",
        "Trigger": {
            "MetricName": "5XXError",
            "Dimensions": [{"name": "ApiName", "value": "checkout"}],
            "Threshold": 5.0,
        },
    }


def _sentry(action: str) -> Json:
    issue = {
        "id": "1170820242",
        "shortId": "SHOP-1",
        "title": "ReferenceError: heck is not defined",
        "culprit": "checkout.js in pay",
        "level": "error",
        "project": {"id": "1", "slug": "checkout", "name": "Checkout"},
        "firstSeen": "2026-11-20T11:00:00.000000Z",
        "web_url": "https://acme.sentry.io/issues/1170820242/",
    }
    return {"action": action, "installation": {"uuid": "a8e5d37a"}, "data": {"issue": issue}}


_SHOP = {"name": "title", "status": "state", "fingerprint": "id", "service": "service", "started_at": "at"}

VENDORS = (
    Vendor(
        "memory",
        {"token": SECRET},
        bearer,
        {"alerts": [{"name": "Slow", "service": "checkout", "started_at": "2026-11-20T11:00:00Z"}]},
        {"alerts": [{"name": "Slow", "service": "checkout", "status": "resolved", "ended_at": "2026-11-20T12:00:00Z"}]},
    ),
    Vendor(
        "alertmanager",
        {"user": "pager", "password": SECRET},
        basic,
        _group("firing", "0001-01-01T00:00:00Z"),
        _group("resolved", "2026-11-20T11:30:00Z"),
    ),
    Vendor(
        "grafana",
        {"secret": SECRET, "timestamp_header": "X-Signed-At"},
        grafana_signature,
        {**_group("firing", "0001-01-01T00:00:00Z"), "state": "alerting", "title": "[FIRING:1] HighErrorRate"},
        {**_group("resolved", "2026-11-20T11:30:00Z"), "state": "ok", "title": "[RESOLVED] HighErrorRate"},
    ),
    Vendor(
        "datadog",
        {"headers": {"X-Nightshift": SECRET}},
        lambda _: {"x-nightshift": SECRET},
        _datadog("Triggered", "error"),
        _datadog("Recovered", "success"),
    ),
    Vendor(
        "pagerduty",
        {"secret": SECRET},
        lambda body: {"x-pagerduty-signature": f"v1={'0' * 64},v1={digest(body)}"},
        _pagerduty("triggered"),
        _pagerduty("resolved"),
    ),
    Vendor("opsgenie", {"token": SECRET}, bearer, _opsgenie("Create"), _opsgenie("Close")),
    Vendor("zabbix", {"token": SECRET}, bearer, _zabbix("1"), _zabbix("0")),
    Vendor("sns", {"token": SECRET}, bearer, _alarm("ALARM"), _alarm("OK")),
    Vendor(
        "sentry",
        {"secret": SECRET},
        lambda body: {"sentry-hook-signature": digest(body), "sentry-hook-resource": "issue"},
        _sentry("created"),
        _sentry("resolved"),
    ),
    Vendor(
        "generic",
        {"systems": {"shop": {"secret": SECRET, "mapping": _SHOP}}},
        lambda body: {"x-signature": f"sha256={digest(body)}"},
        {"title": "Slow", "state": "firing", "id": 7, "service": "checkout", "at": "2026-11-20T11:00:00Z"},
        {"title": "Slow", "state": "resolved", "id": 7, "service": "checkout", "at": "2026-11-20T11:00:00Z"},
        "/alerts/generic/shop",
    ),
)
