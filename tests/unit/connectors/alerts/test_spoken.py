"""Alert messages in chat are told from what people write, and read."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.alerts.port import Alert
from connectors.alerts.spoken import Settings, Spoken, connect

AT = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)

GRAFANA = """
**[FIRING:2, RESOLVED:1] Checkout (production)**
**Firing**

Value: B=22, C=1
Labels:
 - alertname = HighErrorRate
 - service = checkout
 - severity = critical
Annotations:
 - summary = 5 % of requests fail
Source: https://grafana.example.com/alerting/1/edit
Labels:
 - alertname = HighLatency
 - service = cart
Annotations:
 - summary = slow

**Resolved**

Value: B=0
Labels:
 - alertname = DiskFull
 - instance = web-1
"""
CASES: list[tuple[str, dict[str, Any]]] = [
    (
        "*[FIRING:2] HighErrorRate checkout (critical production)*",
        {"name": "HighErrorRate", "status": "firing", "severity": "critical", "annotations": {"alerts": "2"}},
    ),
    ("[RESOLVED] HighErrorRate checkout (critical production)", {"name": "HighErrorRate", "status": "resolved"}),
    (
        "<https://alertmanager.example.com|[FIRING:1] InstanceDown web-1>\n*Summary:* away\n*Severity:* `warning`",
        {"name": "InstanceDown", "severity": "warning", "summary": "away"},
    ),
    (
        "[P2] [Triggered on {host:web-1,service:cart}] Memory is high",
        {"name": "Memory is high", "service": "cart", "severity": "error", "status": "firing"},
    ),
    ("[Recovered on {host:web-1}] Memory is high", {"name": "Memory is high", "status": "resolved"}),
    (
        "Problem: High CPU utilization\nProblem started at 10:25:00 on 2026.11.20\nHost: web-1\nSeverity: High",
        {"name": "High CPU utilization", "severity": "error", "labels": {"host": "web-1"}},
    ),
    (
        "Resolved in 5m 3s: High CPU utilization\nHost: web-1\nSeverity: High",
        {"name": "High CPU utilization", "status": "resolved"},
    ),
    (
        'ALARM: "CheckoutErrors" in US East (N. Virginia)',
        {"name": "CheckoutErrors", "status": "firing", "labels": {"region": "US East (N. Virginia)"}},
    ),
    ("[Shop] [🔴 Down] timeout of 48000ms exceeded", {"name": "Shop", "status": "firing"}),
    ("[Shop] [✅ Up] 200 - OK", {"name": "Shop", "status": "resolved", "summary": "200 - OK"}),
    (
        "【告警】支付服务错误率过高\n告警级别：严重\n服务：payments\n环境：生产\n触发时间：今天\n当前值：12%",
        {
            "name": "支付服务错误率过高",
            "service": "payments",
            "environment": "生产",
            "severity": "critical",
            "value": "12%",
        },
    ),
    (
        "【恢复】支付服务错误率过高\n告警级别：严重\n服务：payments\n恢复时间：2026-11-20 11:40:00",
        {
            "name": "支付服务错误率过高",
            "status": "resolved",
            "ended_at": dt.datetime(2026, 11, 20, 11, 40, tzinfo=dt.UTC),
        },
    ),
    (
        "**【告警】订单积压**\n**告警级别：**<font color='red'>严重</font>\n**服务**：orders\n<at id=all></at>",
        {"name": "订单积压", "severity": "critical", "service": "orders"},
    ),
    (
        ":fire: [FIRING:1] Up node (critical)\n>Alert: Up\n• *Severity:* critical\n• *Service:* node",
        {"name": "Up", "severity": "critical", "service": "node"},
    ),
    (
        "级别状态: S1 Triggered\n规则名称: 磁盘满\n触发时间: 2026-11-20 11:30:00\n触发时值: 98",
        {"name": "磁盘满", "status": "firing", "started_at": dt.datetime(2026, 11, 20, 11, 30, tzinfo=dt.UTC)},
    ),
    (
        "监控告警\n告警名称：接口超时\n告警级别：警告\n详情链接：[查看](https://n9e.example.com/1)",
        {"name": "接口超时", "severity": "warning", "link": "https://n9e.example.com/1"},
    ),
]


def said(text: str) -> list[Alert]:
    return list(Spoken().alerts_in(text, AT))


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text.strip()[:40] for text, _ in CASES])
def test_an_alert_message_is_read(text: str, expected: dict[str, Any]) -> None:
    (alert,) = said(text)

    assert {name: getattr(alert, name) for name in expected} == expected


def test_each_alert_of_a_group_is_read() -> None:
    found = said(GRAFANA)

    assert [(one.name, one.status) for one in found] == [
        ("HighErrorRate", "firing"),
        ("HighLatency", "firing"),
        ("DiskFull", "resolved"),
    ]
    assert (found[0].service, found[0].severity, found[0].value) == ("checkout", "critical", "B=22, C=1")
    assert found[0].link == "https://grafana.example.com/alerting/1/edit"


@pytest.mark.parametrize(
    ("fires", "over"),
    [
        ("[FIRING:1] HighErrorRate checkout (critical)", "[RESOLVED] HighErrorRate checkout (critical)"),
        ("[Triggered on {host:a}] CPU", "[Recovered on {host:a}] CPU"),
        ("Problem: CPU\nHost: a\nSeverity: High", "Resolved: CPU\nHost: a\nSeverity: High"),
        ("【告警】错误率\n服务：cart\n级别：严重", "【恢复】错误率\n服务：cart\n级别：严重"),
    ],
)
def test_its_end_has_the_same_fingerprint(fires: str, over: str) -> None:
    (begins,), (ends,) = said(fires), said(over)

    assert (begins.fingerprint, begins.status, ends.status) == (ends.fingerprint, "firing", "resolved")
    assert ends.ended_at is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "checkout is slow since noon, is anything firing?",
        "Problem: checkout is slow and I do not know why",
        "Resolved: it was the cache",
        "Problem: we have too many\nRule: do not deploy on Fridays",
        "status: still looking\nservice: checkout",
        "name: Ann\ntime: noon",
        "这个告警怎么处理",
        "告警：怎么静默？",
        "[checkout] deploy v42 is out",
        "ok: done",
        "Alert: please do not deploy today",
    ],
)
def test_what_people_write_is_no_alert(text: str) -> None:
    assert said(text) == []


def test_a_zone_can_be_set() -> None:
    (alert,) = Spoken(dt.timezone(dt.timedelta(hours=8))).alerts_in(
        "【告警】错误率\n级别：严重\n触发时间：2026-11-20 11:30:00", AT
    )

    assert alert.started_at.hour == 3


async def test_it_is_opened_like_every_part() -> None:
    async with connect(Settings(timezone="Asia/Shanghai")) as listener:
        assert listener.alerts_in("[FIRING:1] Up", AT)[0].source == "spoken"


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from([line for text, _ in CASES for line in text.split("\n")])).map("\n".join)
)
def test_anything_is_read_or_left_alone(text: str) -> None:
    for alert in said(text):
        assert Alert.model_validate_json(alert.model_dump_json()) == alert


def test_a_long_message_is_read_to_a_limit() -> None:
    assert len(said("\n".join(f"Alert: A{n}\nSeverity: high" for n in range(5000)))) == 50
    assert said("[" * 20_000) == said("*" * 20_000) == said("a_" * 10_000) == []
