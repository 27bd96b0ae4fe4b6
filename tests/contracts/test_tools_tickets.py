"""Jira and PagerDuty: tickets, people on call and incidents, against recorded answers."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from connectors.configuration import BadSettings, Roots, validate
from connectors.load import vendor
from connectors.tools.port import BadArguments, Result
from tests.contracts.recordings import Exchange, Replay, refused
from tests.contracts.tool_vendors import NOW, connected

SITE = "https://acme.atlassian.net"
CLOUD = {"url": SITE, "user": "bot@acme.example", "projects": ["OPS"]}


async def jira(name: str, /, replay: Replay | None = None, table: Any = None, **asked: JsonValue) -> Result:
    given = {**CLOUD, **(table or {})}
    async with connected("jira", replay or Replay.of("jira/tickets", NOW), Path("home"), **given) as tools:
        return await tools.call(name, asked)


async def pagerduty(name: str, /, replay: Replay | None = None, table: Any = None, **asked: JsonValue) -> Result:
    recorded = replay or Replay.of("pagerduty/incidents", NOW)
    async with connected("pagerduty", recorded, Path("home"), **(table or {})) as tools:
        return await tools.call(name, asked)


async def test_tickets_by_words_with_the_query_that_found_them() -> None:
    found = await jira("jira_search", words="checkout timeout")

    assert found.text.splitlines()[2] == (
        "OPS-3 Incident, Done (Fixed), Medium, Bob: Checkout timeouts on Mondays (created 2026-02-20 08:00,"
        " updated 2026-02-21 08:00)"
    )
    assert found.query == 'project in ("OPS") AND text ~ "checkout timeout" ORDER BY updated DESC'
    assert found.link.startswith(f"{SITE}/issues/?jql=project%20in%20%28%22OPS%22%29")
    assert found.truncated


async def test_a_ticket_that_is_reserved_for_some_is_counted_and_not_told() -> None:
    found = await jira("jira_search", words="checkout timeout")
    everything = await jira("jira_search", table={"restricted": True}, words="checkout timeout")

    assert "Leaked key" not in str(found)
    assert found.text.splitlines()[-1] == "1 more that Jira reserves for some people."
    assert (await jira("jira_ticket", key="OPS-9")).text == "No ticket OPS-9 that may be read."
    assert "Leaked key" in everything.text


@pytest.mark.parametrize(
    "words",
    [
        pytest.param('checkout" OR project = SEC OR text ~ "timeout', id="quote"),
        pytest.param('checkout\\" timeout', id="backslash"),
        pytest.param("checkout) ORDER BY created -- timeout", id="brackets"),
        pytest.param("checkout* timeout~ +x -y [1 TO 2]", id="wildcards"),
    ],
)
async def test_words_never_become_query_language(words: str) -> None:
    replay = Replay(now=NOW)
    with pytest.raises(AssertionError, match="not recorded"):
        await jira("jira_search", replay, words=words)

    jql = replay.asked[0].url.params["jql"]
    assert jql.startswith('project in ("OPS") AND text ~ "checkout')
    assert jql.endswith('" ORDER BY updated DESC')
    assert (jql.count('"'), "\\" in jql) == (4, False)


async def test_words_without_a_word_are_refused() -> None:
    with pytest.raises(BadArguments, match="at least one word"):
        await jira("jira_search", words='"*~ ()')


async def test_a_search_is_narrowed_by_state_and_days() -> None:
    found = await jira("jira_search", words="nothing", state="open", days=30)

    assert found.text == "No tickets with nothing."


async def test_incidents_of_the_last_week() -> None:
    found = await jira("jira_incidents")

    assert found.text.splitlines()[0] == "1 incidents created from 2026-02-23 09:00 to 2026-03-02 09:00 UTC:"
    assert found.table is not None
    assert found.table.rows[0][-1] == f"{SITE}/browse/OPS-7"


async def test_a_window_is_asked_for_in_minutes_and_checked_to_the_second() -> None:
    window: dict[str, JsonValue] = {"start": "2026-03-02T07:30:30Z", "end": "2026-03-02T08:30:00Z"}
    found = await jira("jira_incidents", service="pay OR die!", **window)

    assert found.text.splitlines()[0].startswith("1 incidents created from 2026-03-02 07:30:30")
    assert found.text.splitlines()[1].startswith("OPS-7")


async def test_a_ticket_in_full_without_comments_for_some() -> None:
    found = await jira("jira_ticket", key="OPS-7")

    assert "Since v42, POST /pay answers 503.\n@Ann\n- pool of 5\n- queue grows\nupstream connect error" in found.text
    assert "p99 | 9 s" in found.text
    assert found.text.endswith("1 comments, the last 1:\n2026-03-02 08:20 Ann: Rolled back to v41.")
    assert "ACME Bank" not in found.text


async def test_only_tickets_of_the_projects_in_the_settings_are_read() -> None:
    replay = Replay.of("jira/tickets", NOW)
    with pytest.raises(BadArguments, match="Only tickets of OPS"):
        await jira("jira_ticket", replay, key="SEC-1")

    assert replay.asked == []
    assert (await jira("jira_ticket", key="OPS-8")).text == "No ticket OPS-8 that may be read."


@pytest.mark.parametrize("key", ["OPS-7/../../myself", "ops-7", "OPS-0", "OPS-7?expand=names"])
async def test_a_key_is_no_path(key: str) -> None:
    with pytest.raises(BadArguments, match="pattern"):
        await jira("jira_ticket", key=key)


async def test_a_data_center_has_its_own_paths_and_plain_texts() -> None:
    fields = {"summary": "Slow", "created": "2026-03-02T08:00:00.000+0000", "updated": "2026-03-02T08:00:00.000+0000"}
    listed = "summary,status,issuetype,priority,assignee,created,updated,resolution,security,issuerestriction"
    jql = "project+in+(%22OPS%22)+AND+text+~+%22slow%22+ORDER+BY+updated+DESC"
    issues = {"startAt": 0, "maxResults": 30, "total": 31, "issues": [{"key": "OPS-1", "fields": fields}]}
    read = f"{listed},description,reporter,labels,components,comment"
    one = {"key": "OPS-1", "fields": {**fields, "description": "h2. Symptom\r\nslow"}}
    replay = Replay(
        Exchange(f"GET /rest/api/2/search?jql={jql}&fields={listed}&maxResults=30", issues),
        Exchange(f"GET /rest/api/2/issue/OPS-1?fields={read}", one),
        now=NOW,
    )
    table = {"edition": "data_center", "user": ""}

    assert (await jira("jira_search", replay, table, words="slow")).truncated
    assert "h2. Symptom\nslow" in (await jira("jira_ticket", replay, table, key="OPS-1")).text
    assert replay.asked[0].headers["authorization"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        pytest.param({**CLOUD, "token": "t", "user": ""}, "user is missing", id="token-alone"),
        pytest.param(CLOUD, "token is missing", id="user-alone"),
        pytest.param({"url": SITE, "projects": ['OPS") OR (1=1']}, "such as OPS", id="no-key"),
        pytest.param({"url": SITE, "projects": []}, "projects", id="no-project"),
    ],
)
def test_settings_that_cannot_work_are_refused(table: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        validate(vendor("tools", "jira").Settings, table, Roots(Path(), Path()), "jira")


async def test_who_is_on_call_by_level_each_once() -> None:
    found = await pagerduty("pagerduty_oncall", service="checkout")

    assert found.text.splitlines() == [
        "2 people on call for checkout at 2026-03-02 09:00 UTC:",
        "Payments, level 1: Ann Example by schedule Payments primary, until 2026-03-06 09:00",
        "Payments, level 2: Bob Example, always",
    ]


async def test_who_is_on_call_by_team() -> None:
    found = await pagerduty("pagerduty_oncall", team="platform")

    assert found.text.splitlines()[1:] == [
        "Platform, level 1: Bob Example by schedule Platform week, until 2026-03-06 09:00"
    ]
    assert (await pagerduty("pagerduty_oncall", team="nobody")).text.startswith("No people on call")


@pytest.mark.parametrize("name", ["pagerduty_oncall", "pagerduty_incidents"])
async def test_a_service_that_pagerduty_does_not_know_is_never_all_services(name: str) -> None:
    replay = Replay.of("pagerduty/incidents", NOW)
    found = await pagerduty(name, replay, service="nothing")

    assert found.text == "No service of PagerDuty has 'nothing' in its name."
    assert len(replay.asked) == 1


async def test_incidents_of_a_service_and_urgency() -> None:
    found = await pagerduty("pagerduty_incidents", service="checkout", urgency="high")

    assert found.text.splitlines()[1] == (
        "2026-03-02 08:20 #1235 (PINC002) acknowledged, high P1, checkout: Checkout 5xx above 5%,"
        " assigned to Ann Example"
    )
    assert found.table is not None
    assert found.table.rows[0][-1] == "https://acme.pagerduty.com/incidents/PINC002"


async def test_open_incidents_are_read_to_the_last_page() -> None:
    found = await pagerduty("pagerduty_incidents", open=True)
    cut = await pagerduty("pagerduty_incidents", table={"max_pages": 1}, open=True)

    assert "Certificate ends soon" in found.text
    assert not found.truncated
    assert cut.truncated
    assert cut.text.endswith("… and more; narrow it.")


async def test_what_happened_in_an_incident_in_the_order_of_time() -> None:
    found = await pagerduty("pagerduty_log", incident="PINC002")

    assert found.text.splitlines()[0].startswith("3 entries of 2026-03-02 08:20 #1235 (PINC002)")
    assert found.text.splitlines()[1:] == [
        "2026-03-02 08:20 Triggered through the API: Checkout 5xx above 5%",
        "2026-03-02 08:24 Acknowledged by Ann Example",
        "2026-03-02 08:35 Note added by Ann Example: Rolled back v42? Not yet.",
    ]
    assert (await pagerduty("pagerduty_log", incident="PGONE")).text == "No incident PGONE."


async def test_pagerduty_speaks_version_two() -> None:
    replay = Replay.of("pagerduty/incidents", NOW)
    await pagerduty("pagerduty_oncall", replay)

    assert replay.asked[0].headers["accept"] == "application/vnd.pagerduty+json;version=2"


@pytest.mark.parametrize(
    ("ask", "answer", "said"),
    [
        pytest.param(
            pagerduty,
            {"error": {"message": "Invalid Input Provided", "code": 2001, "errors": ["Since is too early."]}},
            "Invalid Input Provided; Since is too early.",
            id="pagerduty",
        ),
        pytest.param(
            jira,
            {"errorMessages": ["The value 'OPS' does not exist for the field 'project'."], "errors": {}},
            "The value 'OPS' does not exist",
            id="jira",
        ),
    ],
)
async def test_what_the_system_says_is_wrong_is_told(ask: Any, answer: Any, said: str) -> None:
    replay = Replay(now=NOW)
    replay.trouble("", refused(400, answer))

    with pytest.raises(BadArguments, match=re.escape(said)):
        await (ask("jira_search", replay, words="x") if ask is jira else ask("pagerduty_incidents", replay))
