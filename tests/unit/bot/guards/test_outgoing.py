"""What a tool that reaches beyond the house is told: what a person said, what the team's files say, what it said."""

import pytest
from pydantic import JsonValue

from bot.guards.outgoing import Refused, admit
from connectors.tools.port import Kind, Tool

SAID = "is https://api.example.com/health ok since 09:30?\npayments data"


def tool(kind: Kind) -> Tool:
    taken = ("url", "service", "start", "limit", "last", "filter", "text", "query")
    properties: dict[str, JsonValue] = {name: {} for name in taken} | {"mode": {"enum": ["fast", "deep"]}}
    return Tool("ask", "Ask", "", {"type": "object", "properties": properties}, kind)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"url": "https://api.example.com/health"}, id="an-address-that-was-said"),
        pytest.param({"service": "Payments"}, id="a-known-service"),
        pytest.param({"mode": "deep"}, id="what-its-schema-offers"),
        pytest.param({"start": "2026-03-04T09:30:00Z", "limit": 20, "last": "30m"}, id="times-and-counts"),
        pytest.param({"start": "2026-03-04", "last": "2h", "limit": 50, "filter": {"limit": 9}}, id="no-more-of-them"),
        pytest.param({}, id="nothing"),
    ],
)
def test_what_was_said_may_be_told(arguments: dict[str, JsonValue]) -> None:
    assert admit(tool("network"), arguments, SAID) == arguments


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"url": "https://attacker.example/?d=pool"}, id="another-address"),
        pytest.param({"url": "https://api.example.com/health?d=kestrel"}, id="news-in-a-known-address"),
        pytest.param({"service": ["payments", "kestrel"]}, id="news-in-a-list"),
        pytest.param({"filter": {"harbour": "payments"}}, id="news-in-a-name"),
        pytest.param({"text": "支付密钥"}, id="news-in-chinese"),
        pytest.param({"limit": 7261646152}, id="news-in-a-number"),
        pytest.param({"limit": [114.971, 97.1109, 101.32]}, id="news-in-fractions"),
        pytest.param({"filter": "7261 6461 5261 6661 1149"}, id="news-in-many-short-numbers"),
        pytest.param({"filter": "1971-07-26 2016-04-06 2052-06-10 2019-07-01 1999-04-03"}, id="news-in-many-times"),
    ],
)
@pytest.mark.parametrize("kind", ["network", "other"])
def test_news_stay_here(kind: Kind, arguments: dict[str, JsonValue]) -> None:
    with pytest.raises(Refused, match="reaches beyond"):
        admit(tool(kind), arguments, SAID)


def test_systems_of_the_house_are_asked_with_what_was_found() -> None:
    asked = {"query": 'max(pool{pod="payments-6f7c9d-x2lqp"})'}

    assert admit(tool("metrics"), asked, SAID) == asked


@pytest.mark.parametrize("kind", ["metrics", "other"])
def test_a_secret_is_told_to_nobody(kind: Kind) -> None:
    with pytest.raises(Refused, match="secret"):
        admit(tool(kind), {"query": "password=Tr1dent-Kelp-9921"}, SAID + " password Tr1dent Kelp 9921")
