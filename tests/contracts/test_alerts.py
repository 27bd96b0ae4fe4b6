"""What holds for every receiver of alerts, the twin included; a real Alertmanager sends to one of them."""

import asyncio
import datetime as dt
import json
import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.alerts.port import Alert, Call, Received, Refused
from connectors.configuration import BadSettings
from connectors.load import load, vendor
from tests.contracts.alert_vendors import HERE, NOW, ROOTS, SECRET, VENDORS, Vendor, received
from tests.contracts.prometheus_servers import alertmanager

ALL = pytest.mark.parametrize("one", VENDORS, ids=[vendor.name for vendor in VENDORS])


async def refused(one: Vendor, call: Call, table: dict[str, Any] | None = None) -> Refused:
    with pytest.raises(Refused) as found:
        await received(one, call, table)
    assert found.value.message.endswith(".")
    assert SECRET not in found.value.message
    return found.value


@ALL
async def test_an_alert_is_read(one: Vendor) -> None:
    found = await received(one, one.call(one.fires))

    (alert,) = found.alerts
    assert (alert.status, alert.ended_at) == ("firing", None)
    assert alert.service in ("checkout", "API Service", "web-1")
    assert alert.source.partition("/")[0] == one.name
    assert alert.started_at.utcoffset() == dt.timedelta(0)
    assert json.loads(found.reply.body) == {"alerts": 1, "notices": 0}


@ALL
async def test_its_end_has_the_same_fingerprint(one: Vendor) -> None:
    (fires,) = (await received(one, one.call(one.fires))).alerts
    (over,) = (await received(one, one.call(one.over))).alerts

    assert (over.status, over.fingerprint, over.name) == ("resolved", fires.fingerprint, fires.name)
    assert over.ended_at is not None
    assert over.started_at <= over.ended_at <= NOW


@ALL
async def test_the_same_body_says_the_same(one: Vendor) -> None:
    assert await received(one, one.call(one.fires)) == await received(one, one.call(one.fires))


@ALL
@pytest.mark.parametrize("given", ["", "Bearer wrong-secret", "Basic cGFnZXI6d3Jvbmc=", "Basic %%%"])
async def test_a_stranger_is_refused_and_nothing_is_kept(one: Vendor, given: str) -> None:
    stranger = one.call(one.fires, headers={"authorization": given})

    refusal = await refused(one, stranger)
    assert (refusal.status, refusal.keep) == (401, False)


@ALL
async def test_a_signature_or_secret_that_is_nearly_right_is_refused(one: Vendor) -> None:
    nearly = {name: value[:-1] + ("0" if value[-1] != "0" else "1") for name, value in one.known(b"{}").items()}

    assert (await refused(one, one.call(one.fires, headers=nearly))).status == 401


@ALL
async def test_a_network_can_be_all_that_is_asked_for(one: Vendor) -> None:
    table = one.with_access(**HERE)

    assert (await received(one, one.call(one.fires, headers={}), table)).alerts
    assert (await received(one, one.call(one.fires, headers={}, client="::ffff:127.0.0.1"), table)).alerts
    assert (await refused(one, one.call(one.fires, client="10.0.0.7"), table)).status == 403
    assert (await refused(one, one.call(one.fires, client="testclient"), table)).status == 403


@ALL
async def test_somebody_has_to_be_known(one: Vendor) -> None:
    with pytest.raises(BadSettings, match="say who may call"):
        await received(one, one.call(one.fires), one.with_access())
    with pytest.raises(BadSettings, match="at least 8 characters"):
        await received(one, one.call(one.fires), one.with_access(token="short"))


@ALL
async def test_a_body_that_is_too_large_is_refused_before_it_is_read(one: Vendor) -> None:
    table = one.with_access(**HERE, max_bytes=100)

    async with load("alerts", one.name, table, ROOTS) as receiver:
        assert receiver.max_bytes == 100
    refusal = await refused(one, one.call(b"{" * 101, headers={}), table)
    assert (refusal.status, refusal.keep) == (413, False)


@ALL
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "not JSON"),
        (b"<alert/>", "not JSON"),
        (b"\xff\xfe{}", "UTF-8"),
        (b"  ", "empty"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested deeper"),
        (b'{"n": %s}' % (b"9" * 50), "digits"),
        (b'{"n": 1e999}', "too large"),
        (b'{"n": NaN}', "NaN"),
        (b'"text"', "not"),
        (b"[]", "not"),
        (b"{}", "not"),
        (b'{"alerts": [], "event": {}, "data": {}}', "not"),
        (b'{"alerts": [7], "event": 7, "data": 7, "alert": 7, "title": [], "name": {}, "AlarmName": []}', "not"),
    ],
)
async def test_what_cannot_be_read_is_refused_in_a_sentence(one: Vendor, body: bytes, why: str) -> None:
    refusal = await refused(one, one.call(body))

    assert refusal.status == 422
    assert why in refusal.message
    assert refusal.keep is bool(body.strip())


@ALL
@pytest.mark.parametrize(
    "headers", [{"content-type": "application/x-www-form-urlencoded"}, {"content-encoding": "gzip"}], ids=str
)
async def test_another_format_is_refused(one: Vendor, headers: Mapping[str, str]) -> None:
    call = one.call(one.fires)

    refusal = await refused(one, one.call(one.fires, headers={**call.headers, **headers}))
    assert (refusal.status, refusal.keep) == (415, True)


@ALL
async def test_asking_is_not_sending(one: Vendor) -> None:
    assert (await refused(one, one.call(one.fires, method="GET"))).status == 405


def _words(body: object) -> Iterator[str]:
    if isinstance(body, dict):
        for key, value in body.items():
            yield key
            yield from _words(value)
    elif isinstance(body, list):
        for value in body:
            yield from _words(value)
    elif isinstance(body, str):
        yield body


def _json(one: Vendor) -> st.SearchStrategy[Any]:
    """JSON out of the system's own words and others: what is nearly right finds more than what is all wrong."""
    words = st.sampled_from(sorted({*_words(one.fires), *_words(one.over)})) | st.text(max_size=20)
    plain = words | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    return st.recursive(plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=8))


def _changed(one: Vendor) -> st.SearchStrategy[Any]:
    """The body that fires with some of its values replaced by anything."""

    def replaced(body: object) -> st.SearchStrategy[Any]:
        if isinstance(body, dict):
            return st.fixed_dictionaries({key: replaced(value) for key, value in body.items()})
        if isinstance(body, list):
            return st.tuples(*map(replaced, body)).map(list)
        return st.just(body) | _json(one)

    return replaced(one.fires)


@ALL
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_arbitrary_json_is_read_or_refused_and_what_is_read_is_bounded(one: Vendor, data: st.DataObject) -> None:
    body = data.draw(_json(one) | _changed(one))
    found: Received | Refused
    try:
        found = asyncio.run(received(one, one.call(body)))
    except Refused as refusal:
        found = refusal
    assert isinstance(found, Received) or found.status == 422
    for alert in found.alerts if isinstance(found, Received) else ():
        sent = alert.model_dump_json()
        assert len(sent) < 500_000
        assert Alert.model_validate_json(sent) == alert


_TEXT = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=40)
_TIMES = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001  # bounds
_ALERTS = st.builds(
    Alert,
    source=st.just("memory"),
    fingerprint=_TEXT.filter(lambda text: text.lower() not in ("unknown", "null", "none")),
    status=st.just("resolved"),
    name=_TEXT,
    service=_TEXT,
    severity=st.sampled_from(["critical", "error", "warning", "info"]),
    started_at=_TIMES,
    ended_at=_TIMES,
    summary=_TEXT,
    description=st.text(max_size=200),
    labels=st.dictionaries(_TEXT, st.text(max_size=30), max_size=5),
    link=st.sampled_from(["", "https://wiki.example.com/a?b=c"]),
)


@settings(max_examples=30, deadline=None)
@given(alerts=st.lists(_ALERTS, min_size=1, max_size=3))
def test_alerts_in_our_own_form_come_back_as_they_were(alerts: list[Alert]) -> None:
    one = VENDORS[0]
    body = {"alerts": [alert.model_dump(mode="json") for alert in alerts]}

    assert asyncio.run(received(one, one.call(body))).alerts == tuple(alerts)


def test_every_receiver_is_tried() -> None:
    folder = Path(__file__).parents[2] / "connectors" / "alerts"
    vendors = {file.stem for file in folder.glob("*.py") if "async def connect" in file.read_text("utf-8")}

    assert {one.name for one in VENDORS} == vendors - {"spoken"}
    assert all(vendor("alerts", name).Settings.__doc__ for name in vendors)


@contextmanager
def _listening() -> Iterator[tuple[int, "queue.Queue[Call]"]]:
    """A server that keeps the calls it gets."""
    calls: queue.Queue[Call] = queue.Queue()

    class Keeper(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            now = dt.datetime.now(dt.UTC)  # noqa: TID251  # Alertmanager's clock is the real one
            calls.put(Call(headers=headers, body=body, client=self.client_address[0], received_at=now))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keeper)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port, calls
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


ROUTES = """
route: {receiver: night, group_wait: 0s, group_interval: 1s, group_by: [alertname]}
receivers:
  - name: night
    webhook_configs:
      - url: http://127.0.0.1:%d/alerts/alertmanager
        http_config: {basic_auth: {username: pager, password: %s}}
"""


async def test_a_real_alertmanager_is_understood(tmp_path: Path) -> None:
    one = next(vendor for vendor in VENDORS if vendor.name == "alertmanager")
    labels = {"alertname": "CheckoutDown", "service": "checkout", "severity": "critical"}
    started = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)  # noqa: TID251  # Alertmanager's clock is the real one
    sent = {"labels": labels, "annotations": {"summary": "it does not answer"}, "startsAt": started.isoformat()}
    try:
        with _listening() as (port, calls), alertmanager(tmp_path, ROUTES % (port, SECRET)) as url:
            async with httpx.AsyncClient(base_url=url) as http:
                (await http.post("/api/v2/alerts", json=[sent])).raise_for_status()
                (fires,) = (await received(one, await asyncio.to_thread(calls.get, timeout=30))).alerts
                ended = started + dt.timedelta(minutes=1)
                (await http.post("/api/v2/alerts", json=[{**sent, "endsAt": ended.isoformat()}])).raise_for_status()
                (over,) = (await received(one, await asyncio.to_thread(calls.get, timeout=30))).alerts
    except FileNotFoundError as missing:
        pytest.skip(str(missing))

    assert (fires.name, fires.service, fires.severity) == ("CheckoutDown", "checkout", "critical")
    assert (fires.started_at, fires.summary, fires.ended_at) == (started, "it does not answer", None)
    assert (over.status, over.ended_at, over.fingerprint) == ("resolved", ended, fires.fingerprint)
