"""What a Slack workspace says of its people that the fake has no case for: who left, Slackbot, a Grid, large groups."""

import httpx
import pytest

from connectors.directory.calls import Network
from connectors.directory.port import DirectoryUnavailable, Person
from connectors.directory.slack import Settings, opened

ANSWERS: dict[str, dict[str, object]] = {
    "auth.test": {"ok": True, "team_id": "T1"},
    "users.list": {
        "ok": True,
        "members": [
            {"id": "U1", "team_id": "T1", "name": "ann", "locale": "zh-TW", "profile": {"real_name": "Ann"}},
            {"id": "U2", "team_id": "T1", "deleted": True},
            {"id": "U3", "team_id": "T1", "is_bot": True},
            {"id": "USLACKBOT", "team_id": "T1"},
            {"id": "U4", "team_id": "T2", "is_stranger": True},
            {"id": "W5", "team_id": "T2", "locale": None, "enterprise_user": {"teams": ["T1", "T2"]}},
            {"id": "W6", "team_id": "T2", "enterprise_user": {"teams": ["T2"]}},
        ],
        "response_metadata": {"next_cursor": ""},
    },
    "usergroups.list": {
        "ok": True,
        "usergroups": [
            {"id": "S1", "handle": "sre", "date_delete": 0, "user_count": 1, "users": ["U1"]},
            {"id": "S2", "handle": "old", "date_delete": 1_700_000_000, "users": ["U1"]},
            {"id": "S3", "handle": "everybody", "date_delete": 0, "user_count": 2},
        ],
    },
    "usergroups.users.list": {"ok": True, "users": ["U1", "W5"]},
}


async def people(answers: dict[str, dict[str, object]], **settings: object) -> dict[str, Person]:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answers[request.url.path.rpartition("/")[2]])

    async def at_once(_: float) -> None:
        return None

    network = Network(httpx.MockTransport(answer), lambda: 0.0, at_once)
    async with opened(Settings.model_validate({"bot_token": "xoxb-1", **settings}), network) as directory:
        return {one.id: one for one in await directory.people()}


async def test_only_people_of_this_workspace_who_work_here_are_in_it() -> None:
    found = await people(ANSWERS)

    assert sorted(found) == ["slack:U1", "slack:W5"]
    assert (found["slack:U1"].name, found["slack:U1"].language, found["slack:W5"].language) == ("Ann", "zh", "en")


async def test_disabled_groups_do_not_count_and_large_ones_are_asked_for_by_themselves() -> None:
    found = await people(ANSWERS)

    assert found["slack:U1"].groups == ("sre", "everybody")
    assert found["slack:W5"].groups == ("everybody",)


async def test_a_group_can_be_named_by_its_id_whatever_its_handle_becomes() -> None:
    found = await people(ANSWERS, groups={"S1": "production-write", "old": "nobody"})

    assert found["slack:U1"].groups == ("production-write",)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param({"ok": True}, "damaged answer: team_id", id="no-team"),
        pytest.param({}, "answers 200", id="nothing"),
        pytest.param({"ok": False, "error": "ratelimited"}, "limits us", id="always-limited"),
    ],
)
async def test_nonsense_is_an_outage_and_no_empty_directory(answer: dict[str, object], said: str) -> None:
    with pytest.raises(DirectoryUnavailable, match=said):
        await people({**ANSWERS, "auth.test": answer})


@pytest.mark.parametrize("url", ["http://slack.com/api/", "ftp://slack.com/", "slack.com"])
def test_a_token_goes_over_https_alone(url: str) -> None:
    with pytest.raises(ValueError, match="write https"):
        Settings.model_validate({"bot_token": "xoxb-1", "base_url": url})
