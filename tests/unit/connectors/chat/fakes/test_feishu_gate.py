"""Before the API: tokens, permissions, rates and failures to order; and what lies behind: people, files, reactions."""

import pytest

from connectors.chat.fakes.feishu_platform import Dropped
from connectors.chat.fakes.feishu_terms import Limits
from tests.unit.connectors.chat.fakes.feishu_app import PNG, App


@pytest.fixture
def app() -> App:
    return App()


def test_a_token_is_the_same_until_its_last_half_hour(app: App) -> None:
    console = app.feishu.console
    body = {"app_id": console.app_id, "app_secret": console.app_secret}
    first = app.call("POST", "/auth/v3/tenant_access_token/internal", body)
    app.feishu.clock.move(5000)
    same = app.call("POST", "/auth/v3/tenant_access_token/internal", body)
    app.feishu.clock.move(1000)
    new = app.call("POST", "/auth/v3/tenant_access_token/internal", body)

    assert first["tenant_access_token"] == same["tenant_access_token"] != new["tenant_access_token"]
    assert (same["expire"], new["expire"]) == (2200, 7200)


def test_both_tokens_are_good_until_they_expire(app: App) -> None:
    app.feishu.clock.move(6000)
    app.feishu.platform.token()
    assert app.call("GET", "/bot/v3/info")

    app.feishu.clock.move(1201)
    assert app.refusal("GET", "/bot/v3/info").code == 99991663


@pytest.mark.parametrize(("token", "code"), [("", 99991661), ("x-1", 99991671), ("t-1", 99991663)])
def test_a_token_that_is_none(app: App, token: str, code: int) -> None:
    app.token = token

    assert app.refusal("GET", "/bot/v3/info").code == code


@pytest.mark.parametrize(("app_id", "secret", "code"), [("cli_x", "", 10003), ("cli_a1b2c3d4e5f60718", "wrong", 10014)])
def test_the_wrong_app(app: App, app_id: str, secret: str, code: int) -> None:
    body = {"app_id": app_id, "app_secret": secret}

    assert app.refusal("POST", "/auth/v3/tenant_access_token/internal", body).code == code


def test_a_permission_that_is_missing_is_named(app: App) -> None:
    app.feishu.console.scopes.discard("cardkit:card:write")

    refused = app.refusal("POST", "/cardkit/v1/cards", {})
    assert (refused.code, "cardkit:card:write" in refused.msg) == (99991672, True)


def test_fifty_calls_a_second_of_one_method(app: App) -> None:
    for _ in range(50):
        app.call("GET", "/bot/v3/info")
    refused = app.refusal("GET", "/bot/v3/info")

    assert (refused.code, refused.status, refused.headers["x-ogw-ratelimit-reset"]) == (99991400, 429, "1")
    assert app.call("GET", "/application/v6/scopes")


def test_a_thousand_a_minute_come_with_the_time_to_wait() -> None:
    app = App(Limits(per_api_second=1000))
    for _ in range(1000):
        app.call("GET", "/bot/v3/info")
    app.feishu.clock.move(10)

    assert app.refusal("GET", "/bot/v3/info").headers["x-ogw-ratelimit-reset"] == "50"


def test_failures_to_order(app: App) -> None:
    app.feishu.fail(1, 230035, path="bot")
    app.feishu.rate_limit(1, reset=7)
    app.feishu.drop(1)

    assert app.refusal("GET", "/bot/v3/info").code == 230035
    assert app.refusal("GET", "/bot/v3/info").headers["x-ogw-ratelimit-reset"] == "7"
    with pytest.raises(Dropped):
        app.call("GET", "/bot/v3/info")
    assert app.call("GET", "/bot/v3/info")


def test_people_departments_and_groups(app: App) -> None:
    feishu = app.feishu
    feishu.department("ops", name="Operations")
    feishu.department("sre", parent="ops")
    ann = feishu.person("Ann", departments=("sre",), email="ann@example.com")
    group = feishu.group_of("oncall", members=(ann,))
    own = app.call("GET", f"/contact/v3/users/{ann.open_id}")["user"]
    above = app.call("GET", "/contact/v3/departments/parent", query={"department_id": own["department_ids"][0]})

    assert (own["name"], own["email"]) == ("Ann", "ann@example.com")
    assert [one["name"] for one in above["items"]] == ["Operations"]
    query = {"member_id": ann.user_id, "member_id_type": "user_id"}
    assert app.call("GET", "/contact/v3/group/member_belong", query=query)["group_list"] == [group.group_id]
    members = app.call("GET", f"/contact/v3/group/{group.group_id}/member/simplelist")["memberlist"]
    assert [one["member_id"] for one in members] == [ann.open_id]


def test_ids_and_addresses_need_permissions_of_their_own(app: App) -> None:
    ann = app.feishu.person("Ann", email="ann@example.com")
    app.feishu.console.scopes -= {"contact:user.employee_id:readonly", "contact:user.email:readonly"}

    (found,) = app.call("GET", "/contact/v3/users/batch", query={"user_ids": f"{ann.open_id},ou_nobody"})["items"]
    assert {"email", "user_id"} & found.keys() == set()


def test_people_of_another_company_are_not_shown(app: App) -> None:
    eve = app.feishu.person("Eve", tenant="elsewhere")

    assert app.refusal("GET", f"/contact/v3/users/{eve.open_id}").code == 99992351
    assert app.feishu.chat("Shared", members=(eve,)).external


def test_chats_and_who_is_in_them(app: App) -> None:
    ann = app.feishu.person("Ann")
    room, away = app.feishu.chat("Room", members=(ann,)).chat_id, app.feishu.chat("Away", bot=False).chat_id

    assert app.call("GET", f"/im/v1/chats/{room}")["name"] == "Room"
    assert [one["name"] for one in app.call("GET", f"/im/v1/chats/{room}/members")["items"]] == ["Ann"]
    assert not app.call("GET", f"/im/v1/chats/{away}/members/is_in_chat")["is_in_chat"]
    assert app.refusal("GET", f"/im/v1/chats/{away}").code == 232011


def test_the_app_sees_its_scopes_and_events(app: App) -> None:
    (version,) = app.call("GET", f"/application/v6/applications/{app.feishu.console.app_id}/app_versions")["items"]

    assert "im.message.receive_v1" in version["events"]
    assert {"scope_name": "im:message", "grant_status": 1} in app.call("GET", "/application/v6/scopes")["scopes"]
    assert app.refusal("GET", "/application/v6/applications/cli_other").code == 210506


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        pytest.param("image", b"", 234010, id="empty"),
        pytest.param("image", b"<svg>", 234011, id="no-picture"),
        pytest.param("image", PNG * 3, 234006, id="too-large"),
        pytest.param("file", b"x" * 101, 234006, id="file-too-large"),
    ],
)
def test_files_that_are_not_taken(kind: str, content: bytes, code: int) -> None:
    app = App(Limits(image_bytes=100, file_bytes=100))
    form = {"image_type": "message", "file_type": "stream", "file_name": "a.log", kind: content}

    assert app.refusal("POST", f"/im/v1/{kind}s", form=form).code == code


def test_an_uploaded_file_is_sent_and_fetched(app: App) -> None:
    form = {"file_type": "stream", "file_name": "a.log", "file": b"lines"}
    key = app.call("POST", "/im/v1/files", form=form)["file_key"]
    message = app.send(app.feishu.chat("Room").chat_id, "file", {"file_key": key})["message_id"]
    path = f"/im/v1/messages/{message}/resources/{key}"

    assert app.call("GET", path, query={"type": "file"}).content == b"lines"
    assert app.refusal("GET", path, query={"type": "image"}).code == 234003


async def test_what_people_send_can_be_fetched_but_not_from_cards_or_forwards(app: App) -> None:
    feishu = app.feishu
    ann = feishu.person("Ann")
    room = feishu.chat("Room", members=(ann,))
    said = await feishu.say_picture(ann, room, PNG)
    merged = await feishu.forward_merged(ann, room, [said])
    (key,) = said.keys
    (inner,) = [one for one in feishu.platform.messages.values() if one.upper_message_id]

    query = {"type": "image"}
    assert app.call("GET", f"/im/v1/messages/{said.message_id}/resources/{key}", query=query).content == PNG
    for one in (merged, inner):
        assert app.refusal("GET", f"/im/v1/messages/{one.message_id}/resources/{key}", query=query).code == 234043
    assert app.refusal("GET", f"/im/v1/images/{key}").code == 234008


def test_reactions_come_and_go(app: App) -> None:
    message = app.say(app.feishu.chat("Room").chat_id)
    path = f"/im/v1/messages/{message}/reactions"
    made = app.call("POST", path, {"reaction_type": {"emoji_type": "THINKING"}})

    assert [one["reaction_type"]["emoji_type"] for one in app.call("GET", path)["items"]] == ["THINKING"]
    app.call("DELETE", f"{path}/{made['reaction_id']}")
    assert app.call("GET", path)["items"] == []
    assert app.refusal("POST", path, {"reaction_type": {"emoji_type": "<b>"}}).code == 231001
