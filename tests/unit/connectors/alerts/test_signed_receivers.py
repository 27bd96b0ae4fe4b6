"""Signatures of Grafana, PagerDuty and Sentry, and how old a call may be."""

import datetime as dt
import json

import pytest

from connectors.alerts.port import Refused
from tests.contracts.alert_vendors import NOW, SECRET, VENDORS, Vendor, digest, received

BY_NAME = {vendor.name: vendor for vendor in VENDORS}
GRAFANA, PAGERDUTY, SENTRY = (BY_NAME[name] for name in ("grafana", "pagerduty", "sentry"))


async def is_refused(one: Vendor, **more: object) -> bool:
    try:
        await received(one, one.call(one.fires, **more))
    except Refused as refusal:
        return refusal.status == 401
    return False


@pytest.mark.parametrize(("seconds", "fresh"), [(0, True), (299, True), (-299, True), (301, False), (-301, False)])
async def test_a_call_is_taken_for_five_minutes_after_it_was_signed(seconds: int, fresh: bool) -> None:  # noqa: FBT001
    later = NOW + dt.timedelta(seconds=seconds)

    assert await is_refused(GRAFANA, received_at=later) is not fresh


async def test_the_time_is_signed_too() -> None:
    call = GRAFANA.call(GRAFANA.fires)
    moved = {**call.headers, "x-signed-at": str(int(NOW.timestamp()) + 60)}

    assert await is_refused(GRAFANA, headers=moved)
    for at in ("", "soon", "²", "9" * 400, "-1"):
        assert await is_refused(GRAFANA, headers={**call.headers, "x-signed-at": at})


async def test_without_a_time_the_body_alone_is_signed() -> None:
    body = json.dumps(GRAFANA.fires).encode()
    call = GRAFANA.call(body, headers={"x-grafana-alerting-signature": digest(body)})

    assert (await received(GRAFANA, call, {"secret": SECRET})).alerts


@pytest.mark.parametrize("one", [GRAFANA, PAGERDUTY, SENTRY], ids=["grafana", "pagerduty", "sentry"])
async def test_a_body_that_was_changed_is_refused(one: Vendor) -> None:
    call = one.call(one.fires)

    assert await is_refused(one, body=call.body.replace(b"checkout", b"payments").replace(b"bump", b"hill"))
    assert not await is_refused(one)


async def test_pagerduty_signs_with_both_secrets_while_one_is_replaced() -> None:
    body = json.dumps(PAGERDUTY.fires).encode()
    only = {"x-pagerduty-signature": f"v1={digest(body)}"}
    other = {"x-pagerduty-signature": f"v0={digest(body)}, v1={'0' * 64}"}

    assert not await is_refused(PAGERDUTY, headers=only)
    assert await is_refused(PAGERDUTY, headers=other)


async def test_everything_that_is_set_has_to_be_right() -> None:
    table = {"secret": SECRET, "token": "another secret"}
    call = PAGERDUTY.call(PAGERDUTY.fires)
    both = {**call.headers, "authorization": "Bearer another secret"}

    assert (await received(PAGERDUTY, call.model_copy(update={"headers": both}), table)).alerts
    with pytest.raises(Refused):
        await received(PAGERDUTY, call, table)
    with pytest.raises(Refused):
        await received(PAGERDUTY, call.model_copy(update={"headers": {"authorization": both["authorization"]}}), table)
