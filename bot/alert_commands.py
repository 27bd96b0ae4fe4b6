"""`python -m bot silence` and `alerts`: through the running server or, without one, in the state itself."""

import asyncio
import getpass
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import uuid4

import httpx

from bot.address import is_ours, own_url
from bot.rules.silences import BadSilence, lifted, new_silence, read_matchers
from bot.settings import Settings
from bot.web.alerts import shown as shown_call
from bot.web.silences import shown
from connectors.alerts.port import one_line
from connectors.load import load
from connectors.state.port import State, StateUnavailable

Shown = Mapping[str, object]
_SECONDS, _LONGEST_BODY = 30.0, 1000


class NotDone(Exception):
    """The command could not be carried out; the message is one line that says why."""


class Office(Protocol):
    """Where silences are kept."""

    async def silences(self) -> Sequence[Shown]:
        """Those that have not ended."""

    async def add(self, matchers: str, lasts: str, because: str) -> Shown:
        """A new one. Raises NotDone."""

    async def lift(self, silence_id: str) -> None:
        """End one. Raises NotDone."""

    async def refused(self, limit: int) -> Sequence[Shown]:
        """Calls of monitoring systems that were not taken, the latest first."""


@dataclass
class ServerOffice:
    """Asks the running server."""

    client: httpx.AsyncClient

    async def silences(self) -> Sequence[Shown]:
        found: Sequence[Shown] = (await self._asked("GET", "/api/silences")).json()
        return found

    async def add(self, matchers: str, lasts: str, because: str) -> Shown:
        body = {"matchers": matchers, "for": lasts, "because": because}
        added: Shown = (await self._asked("POST", "/api/silences", json=body)).json()
        return added

    async def lift(self, silence_id: str) -> None:
        await self._asked("DELETE", f"/api/silences/{silence_id}")

    async def refused(self, limit: int) -> Sequence[Shown]:
        found: Sequence[Shown] = (await self._asked("GET", "/api/alerts/refused", params={"limit": limit})).json()
        return found

    async def _asked(self, method: str, path: str, **more: object) -> httpx.Response:
        try:
            reply = await self.client.request(method, path, **more)  # type: ignore[arg-type]  # json and params as given
        except httpx.HTTPError as broken:
            raise NotDone(f"{self.client.base_url} did not answer: {type(broken).__name__}.") from None
        if reply.is_error:
            raise NotDone(str(reply.json().get("detail", reply.status_code)))
        return reply


@dataclass
class StateOffice:
    """Looks into the state, which no server is using."""

    state: State
    now: datetime

    async def silences(self) -> Sequence[Shown]:
        return [shown(one) for one in await self.state.silences(self.now)]

    async def add(self, matchers: str, lasts: str, because: str) -> Shown:
        try:
            found = read_matchers(matchers)
            silence = new_silence(uuid4().hex[:8], found, lasts, self.now, getpass.getuser(), because)
        except BadSilence as wrong:
            raise NotDone(str(wrong)) from None
        await self.state.silence(silence)
        return shown(silence)

    async def lift(self, silence_id: str) -> None:
        known = {one.id: one for one in await self.state.silences(self.now)}
        if silence_id not in known:
            raise NotDone("There is no such silence, or it has ended.")
        await self.state.silence(lifted(known[silence_id], self.now))

    async def refused(self, limit: int) -> Sequence[Shown]:
        return [shown_call(one) for one in await self.state.refused(limit)]


def add_silence(settings: Settings, now: datetime, matchers: str, lasts: str, because: str) -> int:
    """Silence alerts. The exit code: 0, or 1 after one line that says what is wrong."""

    async def work(office: Office) -> None:
        added = await office.add(matchers, lasts, because)
        print(f"{added['id']}: {_matchers(added)} until {added['ends_at']}")  # noqa: T201  # the terminal is this module's job

    return _run(settings, now, work)


def list_silences(settings: Settings, now: datetime, *, as_json: bool) -> int:
    """Show the silences that have not ended, the first to end first."""

    async def work(office: Office) -> None:
        found = await office.silences()
        _print(found, [_line(one) for one in found], as_json=as_json)

    return _run(settings, now, work)


def lift_silence(settings: Settings, now: datetime, silence_id: str) -> int:
    """End a silence."""
    return _run(settings, now, lambda office: office.lift(silence_id))


def list_refused(settings: Settings, now: datetime, *, limit: int, as_json: bool) -> int:
    """Show the calls of monitoring systems that were not taken, the latest first."""

    async def work(office: Office) -> None:
        found = await office.refused(limit)
        told = [f"{one['received_at']}  {one['receiver']}  {one['status']}  {one['message']}" for one in found]
        bodies = [one_line(str(one["body"]), _LONGEST_BODY) for one in found]
        _print(found, [part for pair in zip(told, bodies, strict=True) for part in pair], as_json=as_json)

    return _run(settings, now, work)


def _run(settings: Settings, now: datetime, work: Callable[[Office], Awaitable[None]]) -> int:
    try:
        asyncio.run(_within(settings, now, work))
    except (NotDone, StateUnavailable) as failed:
        print(" ".join(str(failed).split()), file=sys.stderr)  # noqa: T201
        return 1
    return 0


async def _within(settings: Settings, now: datetime, work: Callable[[Office], Awaitable[None]]) -> None:
    async with _office(settings, now) as office:
        await work(office)


@asynccontextmanager
async def _office(settings: Settings, now: datetime) -> AsyncIterator[Office]:
    web = settings.web
    if await asyncio.to_thread(is_ours, web):
        token = {"Authorization": f"Bearer {web.token.get_secret_value()}"} if web.token else {}
        async with httpx.AsyncClient(base_url=own_url(web), timeout=_SECONDS, headers=token, trust_env=False) as client:
            yield ServerOffice(client)
        return
    name = settings.ports.state
    async with load("state", name, settings.table("state", name), settings.roots) as state:
        yield StateOffice(state, now)


def _matchers(silence: Shown) -> str:
    matchers = silence["matchers"]
    return " ".join(f"{name}={value}" for name, value in matchers.items()) if isinstance(matchers, dict) else ""


def _line(silence: Shown) -> str:
    times = f"{silence['begins_at']} to {silence['ends_at']}"
    return f"{silence['id']}: {_matchers(silence)}  {times}  by {silence['author']}: {silence['reason']}"


def _print(found: Sequence[Shown], told: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))  # noqa: T201
        return
    # What callers wrote may hold signs that a terminal obeys.
    print("\n".join(one_line(one, _LONGEST_BODY) for one in told) or "None.")  # noqa: T201
