"""The directory seam: people come out of a file, of the twin, of Slack and of Feishu alike; duties out of the first."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.configuration import Roots
from connectors.directory.port import Directory, DirectoryUnavailable
from connectors.load import load
from tests.contracts.directories import MEMBERS, ROSTER, STEPS, Time, in_feishu, in_slack, with_ann_and_bo

NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)
UNTIL = datetime(2026, 1, 12, 9, tzinfo=UTC)


@pytest.fixture(params=["memory", "file", "slack", "feishu"])
async def directory(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Directory]:
    async with with_ann_and_bo(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture(params=["memory", "file"])
async def rota(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Directory]:
    (tmp_path / "oncall.yaml").write_text(ROSTER, "utf-8")
    shift = {"primary": "ann", "secondary": "bo", "until": UNTIL, "escalation": STEPS}
    tables = {"file": {"path": "oncall.yaml"}, "memory": {"members": MEMBERS, "duties": {"payments": shift}}}
    async with load("directory", request.param, tables[request.param], Roots(tmp_path, tmp_path)) as opened:
        yield opened


async def test_knows_everybody_with_groups_and_accounts(directory: Directory) -> None:
    people = {one.name: one for one in await directory.people()}

    assert sorted(people) == ["Ann", "阿波"]
    assert [people[name].groups for name in ("Ann", "阿波")] == [("payments",), ()]
    assert people["阿波"].language == "zh"
    assert all(account.startswith(("slack:U", "feishu:")) for account in people["Ann"].accounts)
    assert people["Ann"].accounts


async def test_a_team_without_a_rotation_has_nobody_on_call(directory: Directory) -> None:
    assert await directory.on_call("gardening", NOW) is None


async def test_says_who_is_on_call_until_when_and_who_is_next(rota: Directory) -> None:
    duty = await rota.on_call("payments", NOW)

    assert duty is not None
    assert (duty.primary.id, duty.secondary.id, duty.until) == ("ann", "bo", UNTIL)
    assert list(duty.escalation) == STEPS


class TestSlack:
    """What only a workspace has."""

    async def test_our_bot_and_people_of_other_workspaces_are_not_in_it(self) -> None:
        async with in_slack(Time()) as (directory, slack):
            ann = slack.person("ann", title="Ann Lee")
            slack.person("eve", external=True)

            assert [one.accounts for one in await directory.people()] == [(f"slack:{ann.id}",)]

    async def test_only_the_groups_that_are_named_count_then_by_your_names(self) -> None:
        async with in_slack(Time(), groups={"sre": "production-write"}) as (directory, slack):
            slack.group("lunch", [slack.person("ann", groups=("sre",))])

            assert [one.groups for one in await directory.people()] == [("production-write",)]

    async def test_a_crowd_comes_in_pages(self) -> None:
        async with in_slack(Time()) as (directory, slack):
            for number in range(1_200):
                slack.person(f"p{number}")

            assert len(await directory.people()) == 1_200
            assert len([one for one in slack.requests if one.method == "users.list"]) == 3

    async def test_a_missing_scope_and_a_wrong_token_say_what_to_do(self) -> None:
        async with in_slack(Time()) as (directory, slack):
            slack.app.scopes.discard("usergroups:read")
            with pytest.raises(DirectoryUnavailable, match="add the scope usergroups:read under OAuth & Permissions"):
                await directory.people()
        async with in_slack(Time(), bot_token="xoxb-other") as (directory, slack):
            with pytest.raises(DirectoryUnavailable, match=r"invalid_auth.*check bot_token"):
                await directory.people()

    async def test_it_waits_as_long_as_slack_says(self) -> None:
        time = Time()
        async with in_slack(time) as (directory, slack):
            slack.rate_limit("users.list", times=1, seconds=7)

            assert await directory.people() == ()
        assert time.waited == [7.0]

    async def test_a_plan_without_user_groups_has_people_all_the_same(self) -> None:
        async with in_slack(Time()) as (directory, slack):
            slack.person("ann", groups=("sre",))
            slack.fail("usergroups.list", "plan_upgrade_required")

            assert [one.groups for one in await directory.people()] == [()]


class TestFeishu:
    """What only a company has."""

    async def test_who_is_in_a_department_is_in_those_above_it(self) -> None:
        async with in_feishu(Time()) as (directory, feishu):
            feishu.department("eng", name="Engineering")
            feishu.department("sre", name="SRE", parent="eng")
            feishu.person("Ann", departments=("sre",))

            assert [one.groups for one in await directory.people()] == [("SRE", "Engineering")]

    async def test_departments_of_the_same_name_are_told_apart_by_their_paths(self) -> None:
        async with in_feishu(Time()) as (directory, feishu):
            for key, name, parent in (("e", "Eng", "0"), ("s", "Sales", "0"), ("e1", "Ops", "e"), ("s1", "Ops", "s")):
                feishu.department(key, name=name, parent=parent)
            feishu.person("Sly", departments=("s1",))

            assert [one.groups for one in await directory.people()] == [("Sales/Ops", "Sales")]

    async def test_user_groups_count_with_their_people_and_departments(self) -> None:
        async with in_feishu(Time()) as (directory, feishu):
            feishu.department("sre", name="SRE")
            ann, bo = feishu.person("Ann", departments=("sre",)), feishu.person("Bo")
            feishu.group_of("oncall", members=(bo,), departments=("sre",))

            groups = {one.name: one.groups for one in await directory.people()}

            assert groups == {ann.name: ("SRE", "oncall"), bo.name: ("oncall",)}

    async def test_without_the_scope_for_user_groups_departments_count_all_the_same(self) -> None:
        async with in_feishu(Time()) as (directory, feishu):
            feishu.group_of("oncall", members=(feishu.person("Ann", departments=("sre",)),))
            feishu.console.scopes.discard("contact:group:readonly")

            assert [one.groups for one in await directory.people()] == [("sre",)]

    async def test_departments_without_names_are_an_outage_and_no_lack_of_groups(self) -> None:
        async with in_feishu(Time()) as (directory, feishu):
            feishu.person("Ann", departments=("sre",))
            feishu.company.departments["sre"].name = ""

            with pytest.raises(DirectoryUnavailable, match=r"contact:department\.base:readonly"):
                await directory.people()

    async def test_who_has_left_or_works_elsewhere_is_not_in_it(self) -> None:
        async with in_feishu(Time()) as (directory, feishu):
            ann = feishu.person("Ann")
            feishu.person("Gone", departments=("sre",)).resigned = True
            feishu.person("Guest", tenant="other")

            [found] = await directory.people()

            assert found.accounts == (f"feishu:{ann.open_id}", f"feishu:user/{ann.user_id}")

    async def test_it_sees_no_more_than_its_range(self) -> None:
        async with in_feishu(Time(), groups={"SRE": "production-write"}) as (directory, feishu):
            feishu.department("sre", name="SRE")
            feishu.department("hr", name="HR")
            feishu.person("Ann", departments=("sre",))
            feishu.person("Eve", departments=("hr",))
            feishu.console.contacts = {"sre"}

            assert [(one.name, one.groups) for one in await directory.people()] == [("Ann", ("production-write",))]

    async def test_a_crowd_comes_in_pages_and_a_token_that_ended_is_renewed(self) -> None:
        time = Time()
        async with in_feishu(time) as (directory, feishu):
            for number in range(120):
                feishu.person(f"P{number}", departments=("sre",))
            await directory.people()
            feishu.expire_tokens()
            time.seconds += 600

            assert len(await directory.people()) == 120

    async def test_a_missing_scope_and_a_wrong_secret_name_the_page(self) -> None:
        async with in_feishu(Time()) as (directory, feishu):
            feishu.console.scopes.discard("contact:contact.base:readonly")
            with pytest.raises(DirectoryUnavailable, match=r"add the scope at http.*/app/cli_\w+/auth"):
                await directory.people()
        async with in_feishu(Time(), app_secret="other") as (directory, feishu):
            with pytest.raises(DirectoryUnavailable, match=r"10014.*check app_id and app_secret"):
                await directory.people()


@pytest.mark.parametrize("opening", [in_slack, in_feishu])
class TestKeeping:
    """What a platform said is kept, and forgotten in the end."""

    async def test_within_some_minutes_nobody_is_asked_again(self, opening: type) -> None:
        time = Time()
        async with opening(time) as (directory, platform):
            platform.person("Ann")
            await directory.people()
            platform.person("Bo")
            time.seconds += 299
            before = await directory.people()
            time.seconds += 2

            assert (len(before), len(await directory.people())) == (1, 2)

    async def test_what_was_known_counts_for_a_while_without_the_platform_and_then_no_more(self, opening: type) -> None:
        time = Time()
        async with opening(time, stale_minutes=60) as (directory, platform):
            platform.person("Ann")
            await directory.people()
            await platform.stop() if hasattr(platform, "stop") else platform.drop(100)
            time.seconds += 64 * 60
            assert len(await directory.people()) == 1

            time.seconds += 120
            with pytest.raises(DirectoryUnavailable, match="does not answer"):
                await directory.people()

    async def test_ten_questions_at_once_ask_once(self, opening: type) -> None:
        import asyncio

        async with opening(Time()) as (directory, platform):
            platform.person("Ann")

            found = await asyncio.gather(*(directory.people() for _ in range(10)))

            assert len({id(one) for one in found}) == 1
