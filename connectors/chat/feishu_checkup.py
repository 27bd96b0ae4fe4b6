"""Whether an app of Feishu or Lark is set up as it has to be, as far as the platform tells; nothing is posted."""

import asyncio
import json
from dataclasses import dataclass

import httpx
from pydantic import JsonValue

from connectors.chat.feishu_api import FeishuApi, NoScope, Refusal
from connectors.chat.feishu_content import Json, items, mapping, text
from connectors.chat.feishu_sdk import Sdk
from connectors.chat.feishu_socket import LongConnection
from connectors.chat.port import ChatUnavailable
from connectors.checkup import Fact, clock, lacking

LOST = {
    "im:message:send_as_bot": "it cannot answer",
    "im:message:readonly": "quoted and forwarded messages and cards of other bots are not read",
    "im:message.p2p_msg:readonly": "no direct message arrives",
    "im:message.group_at_msg:readonly": "no mention in a group arrives",
    "im:message.group_msg": "every question in a thread needs a mention",
    "im:resource": "no screenshots and logs are read, charts become words",
    "cardkit:card:write": "the card is replaced every 1.5 seconds instead of growing",
}
"""What each scope of the app is for, as what is lost without it."""

EVENTS = {
    "im.message.receive_v1": "no message arrives",
    "im.message.recalled_v1": "recalled questions are answered all the same",
    "im.chat.member.bot.added_v1": "it does not say hello in a new group",
}
"""What each event is for, in the same way."""

_CLICKS = {"card.action.trigger": "every button shows an error, 200340"}
# One older scope that holds several others.
_WIDE = {"im:message": ("im:message:send_as_bot", "im:message:readonly")}
_FRESH_SECONDS = 300.0
_SHOWN = 10
_INFO = "/open-apis/bot/v3/info"
_APP = "/open-apis/application/v6"
_SELF = "application:application:self_manage"
_CARD = {"schema": "2.0", "config": {"update_multi": True}, "body": {"elements": [{"tag": "markdown", "content": "-"}]}}


@dataclass(frozen=True)
class Setup:
    """What is set here; ``address`` is where the platform calls us, empty when it does not or nobody has said."""

    streaming: bool
    calls_us: bool
    address: str


@dataclass(frozen=True)
class Checkup:
    """Asks the platform what the app is allowed to."""

    api: FeishuApi
    sdk: Sdk
    setup: Setup

    async def facts(self) -> tuple[Fact, ...]:
        """In the order in which things are to be mended: without a token nothing else can be asked."""
        try:
            # Without a token it refuses, and tells the time all the same.
            date = (await self.api.http.get(_INFO)).headers.get("date", "")
        except httpx.RequestError as lost:
            said = f"{self.api.app.url} does not answer ({type(lost).__name__})"
            return (Fact("FAIL", said, "Check domain, the network, and a proxy."),)
        seen = clock(date, self.api.network.clock(), "Feishu", _FRESH_SECONDS if self.setup.calls_us else 1e9)
        bot = await self._bot()
        if bot.level == "FAIL":
            return seen, bot
        way_in = self._address() if self.setup.calls_us else self._connection()
        rest = await asyncio.gather(self._scopes(), self._application(), way_in, self._card(), self._groups())
        return bot, seen, *(fact for facts in rest for fact in facts)

    @property
    def _page(self) -> str:
        return self.api.app.console

    async def _ask(self, path: str, body: Json | None = None) -> Json:
        return await self.api.call("POST" if body else "GET", path, body, patient=False)

    async def _bot(self) -> Fact:
        try:
            bot = mapping((await self._ask(_INFO)).get("bot"))
        except Refusal as refusal:
            mend = f"Switch the bot on at {self._page}/bot, then publish a version at {self._page}/version."
            return Fact("FAIL", f"there is no bot ({refusal})", mend)
        except ChatUnavailable as refused:
            return Fact("FAIL", str(refused), f"Compare app_id and app_secret with {self._page}/baseinfo.")
        if bot.get("activate_status") not in (None, 2):
            mend = f"Have the version approved: {self._page}/version."
            return Fact("FAIL", f"{text(bot.get('app_name'))} is not in use yet, or was switched off", mend)
        return Fact("OK", f"{text(bot.get('app_name'))}, {self.api.app.app_id} at {self.api.app.url}")

    async def _scopes(self) -> tuple[Fact, ...]:
        try:
            listed = items((await self._ask(f"{_APP}/scopes")).get("scopes"))
        except (Refusal, ChatUnavailable) as refused:
            return (Fact("WARN", f"scopes cannot be listed: {refused}", f"See {self._page}/auth."),)
        granted = {text(mapping(one).get("scope_name")) for one in listed if mapping(one).get("grant_status") == 1}
        granted |= {narrow for wide, held in _WIDE.items() if wide in granted for narrow in held}
        lost = {name: why for name, why in LOST.items() if self.setup.streaming or name != "cardkit:card:write"}
        missing = ",".join(name for name in lost if name not in granted)
        mend = f"Add them at {self._page}/auth?q={missing}&token_type=tenant, then publish a version."
        return (lacking("scopes", granted, lost, {"im:message:send_as_bot"}, mend),)

    async def _application(self) -> tuple[Fact, ...]:
        """Events and callbacks of the published version."""
        page = f"{self._page}/event"
        try:
            app = mapping((await self._ask(f"{_APP}/applications/me?lang=en_us")).get("app"))
            published = text(app.get("online_version_id"))
            path = f"{_APP}/applications/me/app_versions/{published}?lang=en_us"
            version = mapping((await self._ask(path)).get("app_version")) if published else {}
        except NoScope:
            by_hand = f"Compare {page} with deploy/feishu-app.md; with the scope {_SELF} it is done here."
            return (Fact("OK", f"events and callbacks cannot be read without {_SELF}", by_hand),)
        except (Refusal, ChatUnavailable) as refused:
            return (Fact("WARN", f"events and callbacks cannot be read: {refused}", f"See {page}."),)
        if not published:
            said = "no version is published, so neither scopes nor events are in force"
            return (Fact("FAIL", said, f"Create and publish one at {self._page}/version."),)
        events = {text(mapping(one).get("event_type")) for one in items(version.get("event_infos"))}
        mend = f"Add them in the first tab of {page}, then publish a version."
        return (lacking("events", events, EVENTS, {"im.message.receive_v1"}, mend), self._clicks(app, page))

    def _clicks(self, app: Json, page: str) -> Fact:
        given: JsonValue = app.get("callback_info") or app.get("callback")
        if not isinstance(given, dict):
            said = "it cannot be seen where clicks go"
            return Fact("OK", said, f"The second tab of {page} has to have card.action.trigger.")
        subscribed = {text(one) for one in items(given.get("subscribed_callbacks"))}
        mend = f"Add it in the second tab of {page} (Callback Configuration), then publish a version."
        fact, way = lacking("callbacks", subscribed, _CLICKS, _CLICKS, mend), text(given.get("callback_type"))
        wanted = "webhook" if self.setup.calls_us else "websocket"
        if fact.level == "OK" and way and way != wanted:
            said = f"clicks go by {way}, but connectors.chat.feishu.events wants {wanted}"
            return Fact("FAIL", said, f"Choose the same in both tabs of {page}, or change events.")
        return fact

    async def _connection(self) -> tuple[Fact, ...]:
        """Only the address is asked for. Who connected there would be given events that others wait for."""
        line = LongConnection(self.api.app, self.api.network, self.api.http, self.sdk, _nobody)
        try:
            await line.address()
        except (ChatUnavailable, httpx.RequestError) as refused:
            return (Fact("FAIL", f"the long connection: {refused}", f"See the first tab of {self._page}/event."),)
        return (Fact("OK", "the long connection can be opened"),)

    async def _address(self) -> tuple[Fact, ...]:
        """Whether our own address is reached: it refuses what is not the platform's, and nobody else does so."""
        page = f"{self._page}/event"
        if not self.setup.address:
            said = "calls come over HTTP: our public address is not set here, so nobody tried it"
            return (
                Fact("OK", said, f"{page} checks it when it is saved; or set web.public_url, which is then tried."),
            )
        try:
            answer = await self.api.http.post(self.setup.address, content=b"{}")
            said = f"answers {answer.status_code}"
        except httpx.RequestError as lost:
            said = f"does not answer ({type(lost).__name__})"
        else:
            if answer.status_code == httpx.codes.FORBIDDEN:
                return (Fact("OK", f"{self.setup.address} is reached, and refuses what is not Feishu's"),)
        mend = f'`python -m bot serve` must run there with events = "webhook"; the address belongs into {page}.'
        return (Fact("FAIL", f"{self.setup.address} {said}", mend),)

    async def _card(self) -> tuple[Fact, ...]:
        """A card of version 2.0 is made, which nobody is shown; the platform forgets it."""
        if not self.setup.streaming:
            return ()
        try:
            await self._ask("/open-apis/cardkit/v1/cards", {"type": "card_json", "data": json.dumps(_CARD)})
        except NoScope:
            # Told with the scopes.
            return ()
        except (Refusal, ChatUnavailable) as refused:
            mend = "Set streaming = false; if that is a card too old for your platform, update the platform."
            return (Fact("WARN", f"cards of version 2.0 are refused: {refused}", mend),)
        return (Fact("OK", "cards of version 2.0 are accepted"),)

    async def _groups(self) -> tuple[Fact, ...]:
        try:
            found = await self._ask("/open-apis/im/v1/chats?page_size=50")
        except (Refusal, ChatUnavailable):
            return (Fact("OK", "its groups cannot be listed: that takes im:chat:read, which nothing else needs"),)
        names = [text(mapping(one).get("name")) or "?" for one in items(found.get("items"))]
        if not names:
            return (Fact("WARN", "it is in no group", "In a group: settings › Bots › Add."),)
        more = f" and more, {len(names)} at least" if found.get("has_more") or len(names) > _SHOWN else ""
        return (Fact("OK", f"in {', '.join(names[:_SHOWN])}{more}"),)


async def _nobody(event: Json) -> None:
    raise AssertionError(event)
