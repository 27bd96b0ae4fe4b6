"""The client of every source behind an API: it waits when it is told to, gives up in plain words, keeps its secret."""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx
from pydantic import BaseModel, Field, JsonValue, TypeAdapter, ValidationError
from pydantic_core import from_json

from connectors.sources.port import SourceUnavailable

T = TypeVar("T")

_ATTEMPTS = 5
_REDIRECTS = 5
_REMAINING = ("x-ratelimit-remaining", "ratelimit-remaining")
_RESETS = (
    "retry-after",
    "x-ratelimit-reset",
    "ratelimit-reset",
    "x-ogw-ratelimit-reset",
    "x-ratelimit-interval-seconds",
)
_EPOCH = 1_000_000_000  # above it a number of seconds is a date, below it a duration


class Limits(BaseModel):
    """What every source behind an API lets its owner choose."""

    name: str = ""
    """What the source is called in the library; the connector's own name when empty."""

    readers: tuple[str, ...] = ()
    """Groups that may read what this source brings; everybody when empty. Name all that can see it at its origin."""

    since_days: int = Field(default=0, ge=0)
    """Only what was changed in so many days; 0 for everything. What grows older leaves the library again."""

    max_pages: int = Field(default=200, gt=0)
    """How many pages of a list are asked for, mostly 100 entries each; what lies beyond is counted as passed over."""

    timeout_seconds: float = Field(default=30, gt=0)
    """How long one answer may take."""

    longest_wait_seconds: float = Field(default=300, ge=0)
    """How long one call may wait because the API limits the rate of calls; the run ends when it asks for more."""

    max_bytes: int = Field(default=20_000_000, gt=0)
    """Answers above this size are not read, in bytes."""


class NoAnswer(SourceUnavailable):
    """What was asked for is gone, forbidden, too large or damaged; the rest of the source may be there."""


class Failing(SourceUnavailable):
    """The API failed at every attempt: it is broken, or it breaks at what was asked for."""


@dataclass(frozen=True)
class Network:
    """What a client needs of the world: a way out (None: the real one), seconds since 1970, and waiting."""

    transport: httpx.AsyncBaseTransport | None = None
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


REAL = Network()


@dataclass(frozen=True)
class Answer:
    """One answer as it came. ``next`` is where its Link header says that the list goes on (RFC 8288), else empty."""

    status: int
    headers: httpx.Headers
    raw: bytes
    next: str = ""

    def of(self, shape: type[T]) -> T:
        """The body, checked against a model or a type. Raises NoAnswer when it is no such thing."""
        try:
            return TypeAdapter(shape).validate_json(self.raw)
        except ValidationError as mistakes:
            if self.raw.lstrip()[:1] == b"<":
                raise SourceUnavailable(
                    "A web page came back instead of data: check url, and that token is the API's (not a password)."
                ) from None
            first = mistakes.errors(include_input=False, include_url=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"][:6])
            raise NoAnswer(f"damaged answer: {place or 'body'}: {first['msg'][:200]}") from None


@dataclass(frozen=True)
class Site:
    """One API: where it is, what is sent along with each call, and what to mend when it refuses with a status.

    ``secrets`` never show in a message. ``busy`` means "too many calls" without saying 429, ``understood`` a refusal
    (4xx) whose body the source reads.
    """

    name: str
    url: str
    limits: Limits
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    advice: Mapping[int, str] = field(default_factory=dict)
    busy: Callable[[Answer], bool] = lambda answer: False
    understood: Callable[[Answer], bool] = lambda answer: False


class Client:
    """Asks one API, one call at a time. Every call must be one that only reads: it may be sent more than once."""

    # stamina retries llm calls; here the waits come from headers, add up to a ceiling, and tests bring their own clock.

    def __init__(self, site: Site, network: Network, http: httpx.AsyncClient) -> None:
        self.site = site
        self._network = network
        self._http = http
        self._free_at = 0.0

    @property
    def now(self) -> dt.datetime:
        """The time by the network's clock, in UTC."""
        return dt.datetime.fromtimestamp(self._network.clock(), dt.UTC)

    async def get(self, path: str, query: Mapping[str, str] | None = None, **headers: str) -> Answer:
        """What lies at a path below the site's address, or at a whole address on the same host.

        Raises NoAnswer, Failing, or SourceUnavailable when no other call would go better.
        """
        return await self._asked(self._http.build_request("GET", self._url(path), params=query, headers=headers))

    async def post(self, path: str, body: Mapping[str, JsonValue], **headers: str) -> Answer:
        """The same for a question that is sent as JSON."""
        return await self._asked(self._http.build_request("POST", self._url(path), json=body, headers=headers))

    def _url(self, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return self.site.url.rstrip("/") + "/" + path.lstrip("/")
        if _origin(path) != _origin(self.site.url):
            raise NoAnswer(f"{self.site.name} names an address on another host; it is not asked.")
        return path

    async def _asked(self, request: httpx.Request) -> Answer:
        left = await self._wait(self._free_at - self._network.clock(), self.site.limits.longest_wait_seconds)
        failure: SourceUnavailable = Failing("")
        for attempt in range(_ATTEMPTS):
            pause: float | None = None
            try:
                answer = await self._sent(request)
            except (httpx.RequestError, TimeoutError) as broken:
                words = self._hushed(f"({type(broken).__name__}: {broken})")
                failure = Failing(
                    f"{self.site.name} does not answer {words}; check url and network, or run again later."
                )
            else:
                pause = _pause(answer, self._network.clock())
                limited = self._limited(answer)
                if answer.status < 500 and not limited:
                    # Who has used up the quota is told with the last good answer, before being refused.
                    self._free_at = self._network.clock() + (pause or 0) if _used_up(answer) else 0
                    return self._accepted(answer)
                failure = self._refusal(answer, SourceUnavailable if limited else Failing, "run again later")
            if attempt < _ATTEMPTS - 1:
                left = await self._wait(0.5 * 2**attempt if pause is None else pause, left)
        raise failure

    def _limited(self, answer: Answer) -> bool:
        forbidden_for_now = answer.status == 403 and (_used_up(answer) or "retry-after" in answer.headers)
        return answer.status in (408, 425, 429) or forbidden_for_now or self.site.busy(answer)

    async def _wait(self, seconds: float, left: float) -> float:
        """Wait, and tell how much waiting is left. Raises SourceUnavailable with the time to come back."""
        if seconds > left:
            back = (self.now + dt.timedelta(seconds=min(seconds, 366 * 86400))).strftime("%Y-%m-%d %H:%M UTC")
            raise SourceUnavailable(
                f"{self.site.name} takes no more calls until {back}. Run again then (what was read is kept), "
                "or raise longest_wait_seconds."
            )
        if seconds > 0:
            await self._network.sleep(seconds)
        return left - max(seconds, 0)

    async def _sent(self, request: httpx.Request) -> Answer:
        for _ in range(_REDIRECTS):
            async with asyncio.timeout(self.site.limits.timeout_seconds):
                answer = await self._received(request)
            if not (answer.status in (301, 302, 303, 307, 308) and "location" in answer.headers):
                return answer
            target = _joined(request.url, answer.headers["location"])
            if _origin(target) != _origin(self.site.url) or request.method != "GET":
                raise SourceUnavailable(
                    f"{self.site.name} sends calls on to {'://'.join(_origin(target)[:2])}; the credential stays here. "
                    "Set url to the API's own address; a login page also means that token is missing or wrong."
                )
            request = self._http.build_request("GET", target, headers=request.headers)
        raise Failing(f"{self.site.name} sends calls round in circles; check url.")

    async def _received(self, request: httpx.Request) -> Answer:
        most = self.site.limits.max_bytes
        response = await self._http.send(request, stream=True)
        try:
            raw = bytearray()
            async for part in response.aiter_bytes():
                raw += part
                if len(raw) > most:
                    raise NoAnswer(f"larger than {most / 1e6:g} MB")
        finally:
            await response.aclose()
        return Answer(response.status_code, response.headers, bytes(raw), response.links.get("next", {}).get("url", ""))

    def _accepted(self, answer: Answer) -> Answer:
        if answer.status < 400 or self.site.understood(answer):
            return answer
        advice = self.site.advice.get(answer.status) or ("check token" if answer.status == 401 else "")
        raise self._refusal(answer, SourceUnavailable if answer.status == 401 else NoAnswer, advice)

    def _refusal(self, answer: Answer, kind: type[SourceUnavailable], advice: str) -> SourceUnavailable:
        words = self._hushed(" ".join(part for part in (f"answers {answer.status}", _said(answer)) if part))
        return kind(f"{self.site.name} {words}" + (f": {advice}." if advice else "."))

    def _hushed(self, text: str) -> str:
        """The text without the credential, in case that the API repeats what it was sent."""
        for secret in self.site.secrets:
            text = text.replace(secret, "…") if secret else text
        return text


@asynccontextmanager
async def open_client(site: Site, network: Network = REAL) -> AsyncIterator[Client]:
    """A client with connections of its own, closed at the end."""
    headers, timeout = {"User-Agent": "nightshift", **site.headers}, site.limits.timeout_seconds
    async with httpx.AsyncClient(transport=network.transport, timeout=timeout, headers=headers) as http:
        yield Client(site, network, http)


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as damaged:
        raise NoAnswer(f"not an address: {url[:100]!r}") from damaged
    return parts.scheme, parts.host, parts.port


def _joined(url: httpx.URL, target: str) -> str:
    try:
        return str(url.join(target))
    except httpx.InvalidURL:
        return target


def _used_up(answer: Answer) -> bool:
    return any(answer.headers.get(name, "").strip() == "0" for name in _REMAINING)


def _pause(answer: Answer, now: float) -> float | None:
    """Seconds until the next call may go out; None when no header says so that can be understood."""
    for name in _RESETS:
        until = _moment(answer.headers.get(name, "").strip(), now)
        if until is not None:
            return max(0.0, until - now)
    return None


def _moment(text: str, now: float) -> float | None:
    """Seconds (RFC 9110 section 10.2.3), seconds since 1970 (GitHub, GitLab), an HTTP date, or ISO 8601 (Jira)."""
    if text.replace(".", "", 1).isdecimal() and len(text) < 18:
        number = float(text)
        return number if number > _EPOCH else now + number
    for parse in (parsedate_to_datetime, dt.datetime.fromisoformat):
        try:
            moment = parse(text)
        except ValueError:
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    return None


def _said(answer: Answer) -> str:
    """The API's own words on what is wrong, at most 200 characters of them."""
    try:
        body: JsonValue = from_json(answer.raw[:10_000], allow_partial=True)
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    words = (body.get(key) for key in ("message", "errorMessages", "msg", "error_description", "error"))
    said = next((word for word in words if word), "")
    text = " ".join(map(str, said)) if isinstance(said, list) else said if isinstance(said, str) else ""
    return f"({' '.join(text.split())[:200]})" if text else ""
