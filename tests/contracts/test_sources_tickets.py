"""What a ticket and a page say once they are Markdown, and with which calls they were asked for."""

import pytest

from connectors.sources.port import SourceUnavailable
from knowledge.language import language_of
from tests.contracts.recordings import Exchange, Replay, refused
from tests.contracts.test_sources_apis import CONFLUENCE, GITHUB, GITLAB, JIRA_CLOUD, JIRA_DATA_CENTER, NOW, Api, one


async def test_a_resolved_ticket_says_its_cause_and_its_fix() -> None:
    ticket = await one(JIRA_CLOUD, "OPS-1")

    assert ticket.kind == "ticket"
    assert ticket.text == (
        "Status: `Done`, Resolution: `Fixed`\n\n"
        "## Symptom\n\np95 of `POST /pay` is above 30 s.\n\n```bash\nkubectl -n pay get pods\n```\n\n"
        "> Warning:\n> \n> Do not restart the ledger.\n\n"
        "## Cause\n\nThe pool of connections was exhausted.\n\n## Fix\n\nRaise max_connections to 200.\n\n"
        "## Comments\n\n### Bob Example, 2026-02-28\n\nRolled back."
    )
    assert ticket.link == "https://acme.atlassian.net/browse/OPS-1"
    assert ticket.labels == {
        "type": "Incident",
        "status": "Done",
        "resolution": "Fixed",
        "priority": "High",
        "owner": "Bob Example",
        "reporter": "Ann Example",
        "date": "2026-02-28",
        "component": ["gateway"],
        "tags": ["payments"],
    }


async def test_a_data_center_s_wiki_markup_comes_as_it_renders_it() -> None:
    ticket = await one(JIRA_DATA_CENTER, "OPS-1")

    assert "## Symptom\n\np95 of `POST /pay` is above 30 s.\n\n```bash\nkubectl -n pay get pods\n```" in ticket.text
    assert "## Cause\n\nThe pool was exhausted.\n\n## Fix\n\nRaise max_connections\n\n" in ticket.text
    assert "### Bob Example, 2026-02-28\n\nRolled back." in ticket.text


async def test_without_the_names_of_the_fields_no_ticket_is_read_by_halves() -> None:
    replay = JIRA_CLOUD.replay()
    replay.change("/field", {"errorMessages": ["no"]}, 403)

    async with JIRA_CLOUD.connected(replay) as source:
        with pytest.raises(SourceUnavailable, match="list of fields"):
            await anext(source.documents(["OPS-1", "OPS-2"]))


async def test_links_of_a_scoped_token_lead_to_the_site() -> None:
    replay = JIRA_CLOUD.replay()
    async with JIRA_CLOUD.connected(replay, site="https://ops.example") as source:
        (ticket,) = [found async for found in source.documents(["OPS-2"])]

    assert getattr(ticket, "link", "") == "https://ops.example/browse/OPS-2"


async def test_an_issue_says_its_state_and_its_comments() -> None:
    issue = await one(GITHUB, "acme/checkout#7")

    assert issue.kind == "ticket"
    assert issue.text.startswith("Status: `closed`, Resolution: `completed`\n\n## Symptom")
    assert issue.text.endswith(
        "### ann-example, 2026-02-28\n\nThe pool was too small. Raised `max_connections` to 200."
    )
    assert issue.labels["tags"] == ["incident", "checkout"]
    assert issue.link == "https://github.com/acme/checkout/issues/7"


async def test_a_gitlab_incident_says_that_it_is_one() -> None:
    issue = await one(GITLAB, "acme/orders#3")

    assert (issue.labels["type"], issue.labels["severity"], issue.labels["status"]) == ("incident", "high", "closed")
    assert "### Bob Example, 2026-02-28\n\nThe broker lost a disk; partitions moved." in issue.text


async def test_a_chinese_ticket_stays_a_chinese_text() -> None:
    ticket = await one(JIRA_CLOUD, "OPS-2")

    assert ticket.text == "Status: `In Progress`\n\n容器被 OOMKilled。"
    assert language_of(ticket.text) == "zh"


async def test_a_page_keeps_code_boxes_links_and_tables() -> None:
    page = await one(CONFLUENCE, "101")

    assert page.kind == "page"
    assert "[log rotation](https://acme.atlassian.net/wiki/display/OPS/Log+rotation)" in page.text
    assert "```bash\ndu -sh /var/lib/orders/* | sort -h > /tmp/sizes\n```" in page.text
    assert "> Warning:\n> \n> Never delete the newest segment." in page.text
    assert "| part | limit |\n| --- | --- |\n| data | 80 % |" in page.text
    assert page.link == "https://acme.atlassian.net/wiki/spaces/OPS/pages/101/Disk+full+on+orders"
    assert page.labels == {
        "space": "OPS",
        "version": "7",
        "date": "2026-02-28",
        "modified_by": "Bob Example",
        "owner": "Ann Example",
        "tags": ["orders", "runbook"],
    }


@pytest.mark.parametrize(
    ("api", "key", "value"),
    [
        (GITHUB, "since", "2026-01-31T09:00:00Z"),
        (GITLAB, "updated_after", "2026-01-31T09:00:00Z"),
        (JIRA_CLOUD, "jql", "(project = OPS) AND updated >= -30d ORDER BY updated DESC"),
        (
            CONFLUENCE,
            "cql",
            'type=page and space in ("OPS") and lastmodified >= now("-30d") order by lastmodified desc',
        ),
    ],
    ids=["github", "gitlab", "jira", "confluence"],
)
async def test_only_recent_changes_are_asked_for_when_the_settings_say_so(api: Api, key: str, value: str) -> None:
    replay = Replay(now=NOW)

    async with api.connected(replay, since_days=30) as source:
        with pytest.raises(AssertionError, match="not recorded"):
            await source.entries()

    assert replay.asked[0].url.params[key] == value


async def test_credentials_go_out_as_each_api_wants_them() -> None:
    sent = {}
    for api in (GITHUB, GITLAB, JIRA_CLOUD, JIRA_DATA_CENTER):
        replay = api.replay()
        async with api.connected(replay) as source:
            await source.entries()
        sent[api.recording] = replay.asked[0].headers

    assert sent["github/issues"]["authorization"] == "Bearer s3cret-token"
    assert sent["github/issues"]["x-github-api-version"] == "2022-11-28"
    assert sent["gitlab/issues"]["private-token"] == "s3cret-token"
    assert sent["jira/cloud"]["authorization"] == "Basic Ym90QGFjbWUuZXhhbXBsZTpzM2NyZXQtdG9rZW4="
    assert sent["jira/data_center"]["authorization"] == "Bearer s3cret-token"


async def test_a_renamed_repository_is_said_and_not_read_under_its_old_name() -> None:
    replay = GITHUB.replay()
    first = replay.recorded[0].answer
    moved = [{**one, "repository_url": "https://api.github.com/repos/acme/till"} for one in first]
    replay.trouble("/repos/acme/checkout/issues?", Exchange("", moved))

    async with GITHUB.connected(replay, max_pages=1) as source:
        with pytest.raises(SourceUnavailable, match="now called acme/till"):
            await source.entries()


async def test_github_s_second_limit_is_waited_for_though_no_header_tells_it() -> None:
    replay = GITHUB.replay()
    replay.trouble(
        "", refused(403, {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."})
    )

    async with GITHUB.connected(replay) as source:
        assert len(await source.entries()) == 2
    assert replay.slept == [0.5]
