"""What the Feishu sources share: the open platform, an access token that stays valid, refusals in plain words.

https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, model_validator

from connectors.sources.access import Token
from connectors.sources.listing import listed
from connectors.sources.polite import Answer, Client, Limits, Network, NoAnswer, Site, open_client
from connectors.sources.port import SourceUnavailable

T = TypeVar("T")

_OPEN_PLATFORM = {"feishu": "https://open.feishu.cn", "lark": "https://open.larksuite.com"}
_BUSY = (99991400, 230020)
_EXPIRED = (99991661, 99991663, 99991664, 99991665, 99991668)
_WRONG_APP = (10003, 10012, 10014, 99991543, 99991662)
_NO_SCOPE = (99991672, 99991679)
_SHARE = "share the document or its folder with the app (… › More › Add document app)"
_FORBIDDEN: Mapping[int, str] = {
    131006: "make the app a member of the wiki space (a group that its bot is in can be one), or share the page",
    1061004: _SHARE,
    1770032: _SHARE,
    970003: _SHARE,
    230002: "add the app's bot to the group (group settings › Bots)",
    230006: "switch on the app's bot under Add features",
    230027: "give the app the scope im:message.group_msg under Permissions & Scopes, then publish a new version",
    230073: "the bot joined after this thread began, and the group hides its history from new members",
    232033: "the group has people from outside: allow the app to be shared with them",
}
_GONE = (131005, 1061003, 1061007, 970005, 1770002, 1770003, 230110, 232006)
# A token is renewed this long before its end.
_EARLY_SECONDS = 300


class Settings(Limits):
    """What every Feishu source is told about the app that reads for it."""

    domain: Literal["feishu", "lark"] = "feishu"
    """``feishu`` (feishu.cn) or ``lark`` (larksuite.com)."""

    app_id: str = Field(min_length=1)
    """The app's id, under Credentials & Basic Info in the developer console."""

    app_secret: Token
    """The app's secret, beside its id."""


class Part(BaseModel):
    """A piece of an answer: numbers may come as text or not, and what is null is not there."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: object) -> object:
        return {key: one for key, one in value.items() if one is not None} if isinstance(value, dict) else value


class Forbidden(NoAnswer):
    """The app may not read it."""


class Gone(NoAnswer):
    """It was deleted, or never was there."""


class _Envelope(Part):
    code: int
    msg: str = ""
    data: JsonValue = None
    tenant_access_token: str = ""
    expire: int = 0


class _Code(BaseModel):
    code: int


class FeishuApi:
    """Asks the open platform as the app itself (tenant_access_token); the token is renewed before and when it ends."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._token = ""
        self._until = 0.0
        self.client = client

    async def get(self, path: str, query: Mapping[str, str], shape: type[T]) -> T:
        """The ``data`` of an answer. Raises Forbidden, NoAnswer, or SourceUnavailable when no call would go better."""
        return await self._data(lambda sign: self._client.get(path, query, **sign), shape)

    async def post(self, path: str, body: Mapping[str, JsonValue], shape: type[T]) -> T:
        """The same for a question that is sent as JSON."""
        return await self._data(lambda sign: self._client.post(path, body, **sign), shape)

    async def pages(
        self, path: str, query: Mapping[str, str], shape: type[T], turn: Callable[[T], str], most: int
    ) -> tuple[list[T], bool]:
        """One page after another, and whether that were all; ``turn`` tells the mark of the next, empty at the end."""

        async def page(mark: str) -> tuple[list[T], str]:
            found = await self.get(path, {**query, **({"page_token": mark} if mark else {})}, shape)
            return [found], turn(found)

        found = await listed(page, most)
        return found.items, found.complete

    async def _data(self, ask: Callable[[Mapping[str, str]], Awaitable[Answer]], shape: type[T]) -> T:
        envelope = (await ask(await self._sign())).of(_Envelope)
        if envelope.code in _EXPIRED:
            self._until = 0.0
            envelope = (await ask(await self._sign())).of(_Envelope)
        if envelope.code != 0:
            raise self._refusal(envelope)
        try:
            return TypeAdapter(shape).validate_python(envelope.data)
        except ValidationError as mistakes:
            first = mistakes.errors(include_input=False, include_url=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"][:6])
            raise NoAnswer(f"damaged answer: data.{place}: {first['msg'][:200]}") from None

    async def _sign(self) -> Mapping[str, str]:
        """A token lasts two hours; see …/authentication-management/access-token/tenant_access_token_internal."""
        now = self._client.now.timestamp()
        if now >= self._until:
            app = {"app_id": self._settings.app_id, "app_secret": self._settings.app_secret.get_secret_value()}
            answer = await self._client.post("/open-apis/auth/v3/tenant_access_token/internal", app)
            given = answer.of(_Envelope)
            if given.code != 0 or not given.tenant_access_token:
                raise SourceUnavailable(
                    f"{self._said(given)}: check app_id and app_secret (Credentials & Basic Info at {self._console}), "
                    "and that the app is enabled."
                )
            self._token = given.tenant_access_token
            self._until = now + max(given.expire - _EARLY_SECONDS, 0)
        return {"Authorization": f"Bearer {self._token}"}

    def _refusal(self, envelope: _Envelope) -> SourceUnavailable:
        said, code = self._said(envelope), envelope.code
        if code in _NO_SCOPE:
            return SourceUnavailable(
                f"{said}: add the scope under Permissions & Scopes at {self._console}, then publish a new version."
            )
        if code in (*_EXPIRED, *_WRONG_APP):
            return SourceUnavailable(f"{said}: check app_id and app_secret, and that the app is enabled.")
        if code in _FORBIDDEN:
            return Forbidden(f"{said}: {_FORBIDDEN[code]}.")
        return Gone(f"{said}: it is no longer there.") if code in _GONE else NoAnswer(f"{said}.")

    def _said(self, envelope: _Envelope) -> str:
        words = " ".join(envelope.msg.split())[:300]
        for secret in (self._settings.app_secret.get_secret_value(), self._token):
            words = words.replace(secret, "…") if secret else words
        return f"{self._client.site.name} refuses ({envelope.code} {words})".replace(" )", ")")

    @property
    def _console(self) -> str:
        return f"{self._client.site.url}/app/{self._settings.app_id}"


@asynccontextmanager
async def open_api(settings: Settings, network: Network) -> AsyncIterator[FeishuApi]:
    """The open platform of the settings' domain; a token is fetched with the first call."""
    site = Site(
        name=settings.domain.capitalize(),
        url=_OPEN_PLATFORM[settings.domain],
        limits=settings,
        secrets=(settings.app_secret.get_secret_value(),),
        busy=lambda answer: answer.status >= 400 and _code(answer) in _BUSY,
        understood=lambda answer: _code(answer) is not None,
    )
    async with open_client(site, network) as client:
        yield FeishuApi(settings, client)


def _code(answer: Answer) -> int | None:
    try:
        return _Code.model_validate_json(answer.raw).code
    except ValidationError:
        return None
