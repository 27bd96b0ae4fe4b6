"""Who may read what trackers and wikis hold: what is reserved there never comes in without its readers."""

import pytest

from connectors.sources.port import Document, Unreadable
from tests.contracts.test_sources_apis import CONFLUENCE, GITHUB, GITLAB, HIDDEN, JIRA_CLOUD, NOBODY, Api, one, read


async def test_a_page_is_for_the_groups_that_it_is_reserved_for() -> None:
    assert (await one(CONFLUENCE, "102")).readers == ("dba", "sre")
    assert (await one(CONFLUENCE, "101")).readers == ()


async def test_groups_of_the_settings_narrow_a_page_further() -> None:
    assert (await one(CONFLUENCE, "102", readers=["sre", "dev"])).readers == ("sre",)


async def test_pages_for_people_by_name_and_what_lies_below_them_stay_out() -> None:
    async with CONFLUENCE.connected(CONFLUENCE.replay()) as source:
        ids = [entry.id for entry in await source.entries()]

    assert {"103", "104", "106"}.isdisjoint(ids)
    assert source.skipped == {NOBODY: 3, HIDDEN: 1}


async def test_a_page_and_its_parent_for_different_groups_is_for_those_in_both() -> None:
    replay = CONFLUENCE.replay()
    page = replay.recorded[1].answer["results"][1]
    page["restrictions"]["read"]["restrictions"]["group"]["results"] = [{"name": "web"}, {"name": "sre"}]

    async with CONFLUENCE.connected(replay) as source:
        entries = {entry.id: entry.digest for entry in await source.entries()}

    assert entries["105"].endswith("+sre")


async def test_a_page_that_was_reserved_after_the_list_is_not_read() -> None:
    (page,) = await read(CONFLUENCE, CONFLUENCE.replay(), "103")

    assert isinstance(page, Unreadable)


async def test_a_page_without_its_restrictions_in_the_answer_is_not_taken_for_an_open_one() -> None:
    replay = CONFLUENCE.replay()
    found = next(row.answer for row in replay.recorded if "id%3D101" in row.ask)
    del found["results"][0]["restrictions"]

    (page,) = await read(CONFLUENCE, replay, "101")

    assert isinstance(page, Unreadable)
    assert "restrictions" in page.reason


async def test_people_whom_the_account_may_not_see_reserve_a_page_all_the_same() -> None:
    replay = CONFLUENCE.replay()
    page = replay.recorded[0].answer["results"][0]
    page["restrictions"]["read"]["restrictions"]["user"] = {"results": [], "size": 2}

    async with CONFLUENCE.connected(replay) as source:
        assert "101" not in [entry.id for entry in await source.entries()]


async def test_a_security_level_that_is_mapped_gives_its_readers() -> None:
    table = {"security_readers": {"Security team": ["security"]}}
    async with JIRA_CLOUD.connected(JIRA_CLOUD.replay(), **table) as source:
        entries = {entry.id: entry.digest for entry in await source.entries()}

    assert entries["OPS-3"].endswith("+security")
    assert "OPS-4" not in entries


async def test_a_ticket_for_roles_stays_out() -> None:
    async with JIRA_CLOUD.connected(JIRA_CLOUD.replay()) as source:
        assert "OPS-4" not in [entry.id for entry in await source.entries()]


async def test_confidential_issues_come_in_with_readers_alone() -> None:
    assert isinstance((await read(GITLAB, GITLAB.replay(), "acme/orders#4"))[0], Unreadable)
    assert (await one(GITLAB, "acme/orders#4", confidential_readers=["security"])).readers == ("security",)


@pytest.mark.parametrize(
    ("api", "secret"),
    [
        pytest.param(JIRA_CLOUD, "Names of customers", id="comment-for-a-role"),
        pytest.param(GITLAB, "Customer 4711", id="internal-note"),
        pytest.param(GITLAB, "changed the description", id="system-note"),
    ],
)
async def test_comments_for_some_stay_out(api: Api, secret: str) -> None:
    document = await one(api, api.english)

    assert "Bob Example" in document.text
    assert secret not in document.text


@pytest.mark.parametrize("id", ["acme/other#1", "acme/checkout#../../user", "acme/checkout", "#1"])
async def test_only_issues_of_the_repositories_in_the_settings_are_asked_for(id: str) -> None:
    replay = GITHUB.replay()

    (issue,) = await read(GITHUB, replay, id)

    assert isinstance(issue, Unreadable)
    assert replay.asked == []


async def test_an_issue_that_moved_to_another_repository_is_not_read() -> None:
    replay = GITHUB.replay()
    whole = next(row.answer for row in replay.recorded if row.ask.endswith("/issues/9"))
    replay.change("/issues/9", {**whole, "repository_url": "https://api.github.com/repos/acme/private"})

    (issue,) = await read(GITHUB, replay, "acme/checkout#9")

    assert not isinstance(issue, Document)
    assert issue.reason == "moved to acme/private"
