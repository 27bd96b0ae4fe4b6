"""The checkup of chat platforms: what is missing in an app's set-up is found, with the page to open."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from pydantic import SecretStr

from bot.checks.examination import Examination
from bot.doctor import findings, report
from bot.settings import Settings
from connectors.chat import feishu, slack
from connectors.chat.fakes.feishu import Console, FakeFeishu, serve
from connectors.chat.fakes.slack import FakeSlack
from connectors.chat.feishu_api import Network
from connectors.chat.feishu_checkup import EVENTS
from connectors.chat.feishu_checkup import LOST as FEISHU_SCOPES
from connectors.chat.port import Chat, WebRequest
from connectors.chat.slack_checkup import LOST as SLACK_SCOPES
from connectors.checkup import Examined, Fact
from tests.contracts.feishu_office import Desk
from tests.contracts.slack_stage import KeepingInbox

DEPLOY = Path(__file__).parents[2] / "deploy"
SLACK_APP, FEISHU_APP = "https://api.slack.com/apps/A0FAKE0001", "/app/cli_a1b2c3d4e5f60718"


def troubles(facts: tuple[Fact, ...]) -> list[Fact]:
    return [one for one in facts if one.level != "OK"]


@asynccontextmanager
async def door(chat: Chat) -> AsyncIterator[str]:
    """The address at which the chat's calls come in, as the assistant serves them."""

    async def called(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = await chat.receive(WebRequest(headers=headers, body=await request.read()))
        return web.Response(body=reply.body, status=reply.status, content_type=reply.media_type.partition(";")[0])

    app = web.Application()
    app.router.add_post(f"/chat/{chat.name}", called)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class TestSlack:
    """With the app as the manifest makes it, from which things are taken away."""

    @pytest.fixture
    async def workspace(self) -> AsyncIterator[FakeSlack]:
        async with FakeSlack().running() as workspace:
            workspace.app.scopes = set(SLACK_SCOPES) | {"channels:read", "groups:read"}
            workspace.channel("ops", [])
            yield workspace

    async def facts(self, workspace: FakeSlack, hours: float = 0.0, **settings: str) -> tuple[Fact, ...]:
        table = {"bot_token": workspace.bot_token, "app_token": workspace.app_token, **settings}
        found = slack.Settings.model_validate({**table, "base_url": workspace.api_url})
        times = slack.Times(wall=lambda: slack.time.time() + hours * 3600)
        async with slack.opened(found, times) as chat:
            assert isinstance(chat, Examined)
            return await chat.checkup()

    async def test_an_app_by_the_manifest_is_well(self, workspace: FakeSlack) -> None:
        facts = await self.facts(workspace)

        assert troubles(facts) == []
        assert [one.text for one in facts] == [
            "nightshift in Acme, https://acme.slack.com/",
            "the clock agrees with Slack's",
            "scopes: all 13",
            "Socket Mode gives us a socket",
            "an app cannot ask which events are sent to it, nor whether its buttons are switched on",
            "in #ops",
        ]
        assert (list(workspace.posted), workspace.sockets) == ([], 0)

    async def test_missing_scopes_say_what_is_lost_and_where_to_add_them(self, workspace: FakeSlack) -> None:
        workspace.app.scopes -= {"files:read"}
        [fact] = troubles(await self.facts(workspace))
        workspace.app.scopes -= {"chat:write"}
        [worse] = troubles(await self.facts(workspace))

        assert (fact.level, fact.text) == ("WARN", "scopes missing: files:read (screenshots and logs are not read)")
        assert fact.mend.startswith(f"Add what you want under Bot Token Scopes at {SLACK_APP}/oauth")
        assert (worse.level, "chat:write (it cannot answer)" in worse.text) == ("FAIL", True)

    async def test_a_wrong_token_is_all_there_is_to_say(self, workspace: FakeSlack) -> None:
        [fact] = await self.facts(workspace, bot_token="xoxb-other")

        assert (fact.level, fact.text) == ("FAIL", "Slack refuses (invalid_auth)")

    async def test_nothing_comes_in_without_an_app_token_or_a_secret(self, workspace: FakeSlack) -> None:
        [fact] = troubles(await self.facts(workspace, app_token=""))

        assert (fact.level, fact.text) == (
            "FAIL",
            "nothing can come in: neither app_token nor signing_secret is set",
        )
        assert f"{SLACK_APP}/general" in fact.mend

    async def test_an_app_token_without_its_scope_gives_no_socket(self, workspace: FakeSlack) -> None:
        workspace.app.app_scopes.clear()
        [fact] = troubles(await self.facts(workspace))

        assert (fact.level, fact.text) == ("FAIL", "Socket Mode: Slack refuses (missing_scope)")
        assert f"{SLACK_APP}/socket-mode" in fact.mend

    async def test_a_clock_that_is_off_fails_where_calls_are_signed(self, workspace: FakeSlack) -> None:
        [fact] = troubles(await self.facts(workspace, hours=1))
        [worse] = troubles(await self.facts(workspace, hours=1, signing_secret=workspace.signing_secret))

        assert (fact.level, worse.level) == ("WARN", "FAIL")
        assert re.fullmatch(r"the clock is \+3(599|600|601) s off Slack's", fact.text)
        assert worse.text.endswith("every signed call is refused")

    async def test_its_own_address_is_called_as_slack_does(self, workspace: FakeSlack) -> None:
        secret, settings = workspace.signing_secret, {"bot_token": SecretStr(workspace.bot_token)}
        served = slack.Settings(signing_secret=SecretStr(secret), base_url=workspace.api_url, **settings)
        async with slack.opened(served, slack.Times()) as chat, door(chat) as address:
            await chat.listen(KeepingInbox())
            good = await self.facts(workspace, signing_secret=secret, public_url=address)
            [bad] = troubles(await self.facts(workspace, signing_secret="other", public_url=address))

        assert Fact("OK", f"{address}/chat/slack answers as Slack wants it") in good
        assert (bad.level, bad.text) == ("FAIL", f"{address}/chat/slack: answers 401")
        assert f"{SLACK_APP}/event-subscriptions" in bad.mend

    async def test_a_bot_in_no_channel_has_to_be_invited_as_far_as_it_may_know(self) -> None:
        async with FakeSlack().running() as workspace:
            found = await self.facts(workspace)
            workspace.app.scopes -= {"groups:read"}
            blind = await self.facts(workspace)

        assert troubles(found) == [Fact("WARN", "it is in no channel", "Write /invite @nightshift in one.")]
        assert blind[-1].text.startswith("its channels cannot be listed")

    async def test_slack_away_is_one_finding(self, workspace: FakeSlack) -> None:
        await workspace.stop()
        [fact] = await self.facts(workspace)

        assert (fact.level, "https://slack-status.com" in fact.mend) == ("FAIL", True)

    def test_the_scopes_are_those_of_the_manifest(self) -> None:
        manifest = yaml.safe_load((DEPLOY / "slack-manifest.yaml").read_text("utf-8"))

        assert list(SLACK_SCOPES) == manifest["oauth_config"]["scopes"]["bot"]


class TestFeishu:
    """With the app as the guide makes it, from which things are taken away."""

    @pytest.fixture
    async def company(self) -> AsyncIterator[FakeFeishu]:
        console = Console()
        console.scopes = {*FEISHU_SCOPES, "im:chat:readonly", "application:application:self_manage"}
        async with serve(console) as company:
            company.chat("Checkout")
            yield company

    async def facts(self, company: FakeFeishu, hours: float = 0.0, **settings: object) -> tuple[Fact, ...]:
        console = company.console
        table = {"app_id": console.app_id, "app_secret": console.app_secret, "domain": company.url, **settings}
        network = Network(clock=lambda: company.clock.now() + hours * 3600)
        async with feishu.connect(feishu.Settings.model_validate(table), network) as chat:
            assert isinstance(chat, Examined)
            return await chat.checkup()

    async def test_an_app_by_the_guide_is_well(self, company: FakeFeishu) -> None:
        facts = await self.facts(company)

        assert [(one.level, one.text.replace(company.url, "URL")) for one in facts] == [
            ("OK", "Nightshift, cli_a1b2c3d4e5f60718 at URL"),
            ("OK", "the clock agrees with Feishu's"),
            ("OK", "scopes: all 7"),
            ("OK", "events: all 3"),
            ("OK", "callbacks: all 1"),
            ("OK", "the long connection can be opened"),
            ("OK", "cards of version 2.0 are accepted"),
            ("OK", "in Checkout"),
        ]
        assert list(company.posted) == []

    async def test_missing_scopes_are_asked_for_on_one_page(self, company: FakeFeishu) -> None:
        company.console.scopes -= {"im:resource", "cardkit:card:write"}
        [fact] = troubles(await self.facts(company))

        assert fact.level == "WARN"
        assert "im:resource (no screenshots and logs are read, charts become words)" in fact.text
        assert f"{FEISHU_APP}/auth?q=im:resource,cardkit:card:write&token_type=tenant" in fact.mend

    async def test_without_messages_or_callbacks_it_is_deaf(self, company: FakeFeishu) -> None:
        company.console.events.discard("im.message.receive_v1")
        company.console.callbacks = ""
        events, callbacks = troubles(await self.facts(company))

        assert (events.level, callbacks.level) == ("FAIL", "FAIL")
        assert events.text == "events missing: im.message.receive_v1 (no message arrives)"
        assert callbacks.text == "callbacks missing: card.action.trigger (every button shows an error, 200340)"
        assert f"{FEISHU_APP}/event" in callbacks.mend

    async def test_events_one_way_and_clicks_the_other_is_a_mistake(self, company: FakeFeishu) -> None:
        company.console.callbacks = "webhook"
        [fact] = troubles(await self.facts(company))

        assert fact.text == "clicks go by webhook, but connectors.chat.feishu.events wants websocket"

    async def test_what_it_may_not_read_is_to_be_compared_by_hand(self, company: FakeFeishu) -> None:
        company.console.scopes -= {"application:application:self_manage", "im:chat:readonly"}
        facts = await self.facts(company)

        assert troubles(facts) == []
        assert next(one.mend for one in facts if "cannot be read" in one.text).startswith("Compare http")

    @pytest.mark.parametrize(
        ("settings", "said", "page"),
        [
            pytest.param({"app_secret": "other"}, "10014", "/baseinfo", id="wrong-secret"),
            pytest.param({"app_id": "cli_other"}, "10003", "/baseinfo", id="another-app"),
        ],
    )
    async def test_wrong_credentials_name_their_page(
        self, company: FakeFeishu, settings: dict[str, str], said: str, page: str
    ) -> None:
        [fact] = troubles(await self.facts(company, **settings))

        assert (fact.level, said in fact.text, page in fact.mend) == ("FAIL", True, True)

    async def test_as_many_connections_as_there_may_be_are_noticed(self, company: FakeFeishu) -> None:
        company.sockets.refusing = True
        found = [one for one in await self.facts(company) if "long connection" in one.text]

        assert [one.level for one in found] == ["FAIL"]
        assert f"{FEISHU_APP}/event" in found[0].mend

    async def test_a_webhook_is_called_and_needs_the_right_time(self, company: FakeFeishu) -> None:
        keys = {"events": "webhook", "encrypt_key": "k", "verification_token": "t"}
        company.console.callbacks = "webhook"
        base = {"app_id": company.console.app_id, "app_secret": company.console.app_secret, "domain": company.url}
        async with feishu.connect(feishu.Settings.model_validate({**base, **keys})) as chat, door(chat) as address:
            [dead] = troubles(await self.facts(company, **keys, public_url=address))
            await chat.listen(Desk())
            good = await self.facts(company, **keys, public_url=address)
        [late] = troubles(await self.facts(company, hours=-1, **keys))

        assert (dead.level, dead.text) == ("FAIL", f"{address}/chat/feishu answers 404")
        assert Fact("OK", f"{address}/chat/feishu is reached, and refuses what is not Feishu's") in good
        assert late.text.endswith("every signed call is refused")

    def test_scopes_and_events_are_those_of_the_guide(self) -> None:
        guide = (DEPLOY / "feishu-app.md").read_text("utf-8")
        [scopes] = re.findall(r"```json\n(.*?)```", guide, re.DOTALL)

        assert list(FEISHU_SCOPES) == json.loads(scopes)["scopes"]["tenant"]
        assert all(f"`{event}`" in guide for event in EVENTS)


async def test_the_doctor_prints_what_to_do_for_both_at_once(tmp_path: Path) -> None:
    async with FakeSlack().running() as workspace, serve() as company:
        workspace.app.scopes = set(SLACK_SCOPES) - {"files:read"}
        company.console.scopes = {*FEISHU_SCOPES, "application:application:self_manage"}
        company.console.callbacks = ""
        console = {"app_id": company.console.app_id, "app_secret": company.console.app_secret, "domain": company.url}
        tokens = {"bot_token": workspace.bot_token, "base_url": workspace.api_url}
        tables = {"chat": {"slack": tokens, "feishu": console}}
        settings = Settings.model_validate({"home": tmp_path, "demo": False, "connectors": tables})
        found = await findings(Examination(settings, datetime.now(UTC)), ["slack", "feishu"])  # noqa: TID251

    printed = report(found).replace(company.url, "https://open.feishu.cn") + "\n"
    assert printed == Path(__file__).with_name("doctor_chats.txt").read_text("utf-8")
