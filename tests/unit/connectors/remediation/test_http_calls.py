"""Parameters are put into a call to another system without moving it, whatever they hold."""

import json
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.remediation.http_calls import Call, answered, fill_call
from connectors.remediation.port import BadSpec
from connectors.remediation.specs import shaped
from tests.unit.connectors.remediation.hostile import HOSTILE

SPEC: dict[str, Any] = {
    "target": "jobs",
    "path": "/api/jobs/{service}/run-{service}",
    "query": {"only": "{service}"},
    "headers": {"X-Asked-For": "{number}"},
    "json": {"service": "{service}", "says": "restart {service}", "many": ["{number}"], "count": "{number}"},
    "poll": {"path": "/api/runs/{answer.id}/{service}", "value": "status", "done": ["ok"]},
    "link": "/#/runs/{answer.id}?of={service}",
}


def holds(value: str) -> bool:
    """Whether nothing but the value's own places differs from a harmless one's."""
    try:
        filled = fill_call(SPEC, {"service": value, "number": 3})
    except BadSpec:
        return True
    call = shaped(Call, filled)
    url = httpx.URL("https://jobs.example.com:8443" + call.address)
    polled = answered(call.poll.path if call.poll else "", {"id": 12}, "poll.path")
    return (
        (url.scheme, url.host, url.port, url.fragment) == ("https", "jobs.example.com", 8443, "")
        and url.raw_path.decode().partition("?")[0].count("/") == 4
        and url.path == f"/api/jobs/{value}/run-{value}"
        and parse_qs(url.query.decode()) == {"only": [value]}
        and filled["json"] == {"service": value, "says": f"restart {value}", "many": [3], "count": 3}
        and polled.count("/") == 4
        and polled.startswith("/api/runs/12/")
    )


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_stays_in_its_place_or_is_refused(value: str) -> None:
    assert holds(value)


@settings(max_examples=300)
@given(st.text(max_size=40))
def test_any_value_stays_in_its_place_or_is_refused(value: str) -> None:
    assert holds(value)


@pytest.mark.parametrize("value", ["a b", "?admin=1", "#x", "支付", '"}, "admin": true', "@evil.example", "-rf", "{x}"])
def test_what_is_no_path_of_its_own_is_taken(value: str) -> None:
    assert fill_call(SPEC, {"service": value, "number": 3})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"path": "run"}, "path: write what follows the target's url", id="relative"),
        pytest.param({"path": "//evil.example"}, "path: write what follows", id="another-host"),
        pytest.param({"path": "/a?x={service}"}, "path: '/a?x=' holds what an address does not", id="query-in-path"),
        pytest.param({"path": "/a/../b"}, "path: /a/../b would lead elsewhere", id="up"),
        pytest.param({"path": "/{answer.id}"}, "path: {answer.id} is no parameter", id="answer-too-early"),
        pytest.param({"target": "{service}"}, "target: takes no parameter", id="target"),
        pytest.param({"headers": {"Authorization": "x"}}, "headers.Authorization: may not be set", id="credentials"),
        pytest.param({"headers": {"X": "支付"}}, "headers.X: a header takes plain ASCII", id="header"),
        pytest.param({"form": {"a": "b"}}, "this part: write one of json, form and body", id="two-bodies"),
        pytest.param({"json": None, "body": "<a>{service}</a>"}, "body: takes no parameters", id="spliced"),
        pytest.param({"json": {"{service}": 1}}, "json: takes no parameter", id="key"),
        pytest.param({"method": "BREW"}, "method: Input should be", id="method"),
        pytest.param({"pol": {}}, "pol: no such key; did you mean 'poll'?", id="unknown"),
        pytest.param(
            {"expect": {"state": 1}}, "expect.state: no such key; did you mean 'status'?", id="unknown-inside"
        ),
        pytest.param({"poll": {"path": "/x", "done": [1]}}, "poll.value: is missing", id="missing"),
        pytest.param({"poll": {"path": "x", "value": "a", "done": [1]}}, "poll.path: write a path", id="poll"),
    ],
)
def test_an_entry_says_what_is_wrong_with_it(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSpec) as refused:
        fill_call({**SPEC, **changed}, {"service": "checkout", "number": 3})

    assert str(refused.value).startswith(said)


def test_an_answer_moves_nothing_either() -> None:
    for value in ("../admin", "a/b", "", None, {"x": 1}, "a\nb"):
        with pytest.raises(BadSpec):
            answered("/runs/{answer.id}", {"id": value}, "poll.path")


def test_a_filled_call_is_json() -> None:
    filled = fill_call(SPEC, {"service": "checkout", "number": 3})

    assert json.loads(json.dumps(filled)) == filled
