"""Calls of a platform's API that only read: bounded attempts, waits as long as the platform says, JSON back."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError, model_validator

from connectors.directory.port import DirectoryUnavailable

Json = Mapping[str, JsonValue]
T = TypeVar("T", bound=BaseModel)

_ATTEMPTS = 4
_TIMEOUT_SECONDS = 15.0
_LONGEST_WAIT = 60.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Network:
    """What a platform needs of the world: a way out (None: the real one), seconds from anywhere, and waiting."""

    transport: httpx.AsyncBaseTransport | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


REAL = Network()


class Part(BaseModel):
    """A piece of an answer: what is null is not there, and what is not asked for is not looked at."""

    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: object) -> object:
        return {key: one for key, one in value.items() if one is not None} if isinstance(value, dict) else value


@dataclass
class Calls:
    """One platform. ``busy`` tells from an answer that it wants us to wait."""

    name: str
    http: httpx.AsyncClient
    network: Network
    busy: Callable[[Json], bool]

    async def json(self, request: Callable[[], httpx.Request]) -> Json:
        """The object that comes back, whatever it says. Raises DirectoryUnavailable when none does."""
        trouble = ""
        for attempt in range(_ATTEMPTS):
            pause = 0.5 * 2**attempt
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    answer = await self.http.send(request())
            except (httpx.RequestError, TimeoutError) as broken:
                trouble = f"does not answer ({type(broken).__name__})"
            else:
                body = _object(answer.content)
                wait = answer.status_code in (429, 503) or self.busy(body)
                if body and not wait and answer.status_code < 500:
                    return body
                trouble = "limits us" if wait else f"answers {answer.status_code}"
                pause = _told(answer, pause)
            if attempt + 1 < _ATTEMPTS:
                await self.network.sleep(min(pause, _LONGEST_WAIT))
        raise DirectoryUnavailable(f"{self.name} {trouble}: check the network and {self.http.base_url}.")

    def read(self, body: JsonValue | Json, shape: type[T]) -> T:
        """A piece of an answer, checked. Raises DirectoryUnavailable."""
        try:
            return shape.model_validate(body)
        except ValidationError as mistakes:
            first = mistakes.errors(include_input=False, include_url=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"][:6])
            raise DirectoryUnavailable(f"{self.name} sent a damaged answer: {place}: {first['msg'][:200]}") from None


@asynccontextmanager
async def open_calls(
    name: str, url: str, network: Network, busy: Callable[[Json], bool], headers: Mapping[str, str] | None = None
) -> AsyncIterator[Calls]:
    """A platform with connections of its own, closed at the end. No redirect is followed, so credentials stay here."""
    async with httpx.AsyncClient(
        base_url=url,
        transport=network.transport,
        timeout=_TIMEOUT_SECONDS,
        headers={"User-Agent": "nightshift", **(headers or {})},
    ) as http:
        yield Calls(name, http, network, busy)


def trusted(url: str) -> str:
    """The address of a platform as it is; a ValueError unless it is https, or a fake on this machine."""
    parts = urlsplit(url)
    if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        raise ValueError("write https://…; http is for this machine alone")
    return url


def _told(answer: httpx.Response, otherwise: float) -> float:
    for name in ("retry-after", "x-ogw-ratelimit-reset"):
        told = answer.headers.get(name, "")
        if told.isdecimal() and len(told) < 6:
            return float(told)
    return otherwise


def _object(raw: bytes) -> Json:
    try:
        return TypeAdapter(dict[str, JsonValue]).validate_json(raw)
    except ValidationError:
        return {}
