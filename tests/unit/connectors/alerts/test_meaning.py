"""Words of monitoring systems, and what they mean to us."""

from typing import Any

import pytest

from connectors.alerts.meaning import SERVICE, labelled, runbook, same, severity, tags


@pytest.mark.parametrize(
    ("word", "meant"),
    [("CRITICAL", "critical"), ("P1", "critical"), ("Not classified", "info"), ("sev-2", "error"),
     ("Average", "warning"), ("page", "critical"), ("严重", "critical"),
     ("警告", "warning"), ("purple", "warning"), ("", "warning")],
)  # fmt: skip
def test_how_bad_a_word_is(word: str, meant: str) -> None:
    assert severity(word) == meant


def test_the_first_word_that_is_known_decides() -> None:
    assert severity("", "purple", "info", "critical") == "info"
    assert severity("purple", otherwise="error") == "error"


@pytest.mark.parametrize(
    "given",
    [
        {"env": "prod", "n": 7},
        "env:prod, n:7",
        ["env:prod", "n:7"],
        [["env", "prod"], ["n", 7]],
        [{"tag": "env", "value": "prod"}, {"tag": "n", "value": "7"}],
        [{"key": "env", "value": {"stringValue": "prod"}}, {"key": "n", "value": {"intValue": 7}}],
    ],
)
def test_tags_in_every_form(given: Any) -> None:
    assert tags(given) == {"env": "prod", "n": "7"}


def test_a_tag_without_a_value_and_what_is_no_tag() -> None:
    assert tags(["urgent", None, 7, [], ["a", "b", "c"], {}]) == {"urgent": "true"}
    assert tags(None) == {}


def test_the_surest_label_names_the_service() -> None:
    assert labelled({"job": "node", "Service": "checkout", "app": " "}, SERVICE) == "checkout"
    assert labelled({"job": "node", "app": " "}, SERVICE) == "node"


def test_a_runbook_is_a_web_page() -> None:
    assert runbook({"runbook_url": "https://wiki.example.com/a"}) == "https://wiki.example.com/a"
    assert runbook({"runbook": "javascript:alert(1)"}) == ""


def test_a_fingerprint_is_the_system_s_own_or_made_of_what_stays() -> None:
    assert same("a1b2", "anything") == "a1b2"
    assert same("", {"b": 1, "a": 2}) == same("unknown", {"a": 2, "b": 1})
    assert same("", {"a": 1}) != same("", {"a": 2})
    assert same("x" * 500) != same("x" * 499)
    assert len(same("x" * 500)) == 32
