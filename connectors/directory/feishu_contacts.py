"""The contact book of Feishu and Lark as far as an app may see it: pages, batches, and a token that stays valid."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import Field, JsonValue

from connectors.directory.calls import Calls, Json, Part
from connectors.directory.port import DirectoryUnavailable

T = TypeVar("T", bound=Part)

_CONTACT = "/open-apis/contact/v3"
_MOST_PAGES = 400
_AT_ONCE = 5
_BATCH = 50
# A token is renewed this long before its end.
_EARLY_SECONDS = 300
_BUSY = frozenset({99991400, 230020})
_EXPIRED = frozenset({99991661, 99991663, 99991664, 99991665, 99991668})
_NO_SCOPE = frozenset({99991672, 99991679})
_OPEN_IDS: Mapping[str, str] = {"user_id_type": "open_id", "department_id_type": "open_department_id"}


class Status(Part):
    """Whether somebody still works here."""

    is_frozen: bool = False
    is_resigned: bool = False
    is_exited: bool = False

    @property
    def works_here(self) -> bool:
        """Not suspended, and not gone."""
        return not (self.is_frozen or self.is_resigned or self.is_exited)


class User(Part):
    """Somebody; ``user_id`` only with a scope for it."""

    open_id: str
    user_id: str = ""
    name: str = ""
    status: Status = Status()


class _Deleted(Part):
    is_deleted: bool = False


class Department(Part):
    """A department; ``parent_department_id`` is of the same kind as ``open_department_id``, 0 at the top."""

    open_department_id: str
    department_id: str = ""
    parent_department_id: str = "0"
    name: str = ""
    status: _Deleted = _Deleted()


class Group(Part):
    """A user group, with the people and the departments in it."""

    id: str
    name: str = ""
    users: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()


class Range(Part):
    """What an app may see: departments with all below them, and single people."""

    department_ids: tuple[str, ...] = ()
    user_ids: tuple[str, ...] = ()


class _Page(Part):
    has_more: bool = False
    page_token: str = ""


class _RangePage(_Page, Range):
    pass


class _Departments(_Page):
    items: tuple[Department, ...] = ()


class _OneDepartment(Part):
    department: Department


class _Users(_Page):
    items: tuple[User, ...] = ()


class _Groups(_Page):
    grouplist: tuple[Group, ...] = ()


class _Member(Part):
    member_id: str


class _Members(_Page):
    memberlist: tuple[_Member, ...] = ()


class _Envelope(Part):
    code: int
    msg: str = ""
    data: JsonValue = None
    tenant_access_token: str = ""
    expire: int = Field(default=0, ge=0)


class _NoScope(DirectoryUnavailable):
    pass


@dataclass
class Contacts:
    """Reads as the app. Everything raises DirectoryUnavailable."""

    calls: Calls
    app_id: str
    secret: str
    _token: str = field(default="", init=False, repr=False)
    _until: float = field(default=0.0, init=False)
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE), init=False)

    async def range(self) -> Range:
        """What the app may see; where that is everybody, the departments at the top and who is in none."""
        pages = [one async for one in self._pages("/scopes", {**_OPEN_IDS, "page_size": "100"}, _RangePage)]
        return Range(
            department_ids=tuple(id for page in pages for id in page.department_ids),
            user_ids=tuple(id for page in pages for id in page.user_ids),
        )

    async def departments(self, tops: Sequence[str]) -> dict[str, Department]:
        """These departments and all below them, by open_department_id; those that were dissolved are left out."""
        found: dict[str, Department] = {}
        for top in tops:
            path = f"/departments/{top}"
            one = self.calls.read(await self._get(path, _OPEN_IDS), _OneDepartment).department
            query = {**_OPEN_IDS, "fetch_child": "true", "page_size": "50"}
            below = [page.items async for page in self._pages(f"{path}/children", query, _Departments)]
            for department in (one, *(each for items in below for each in items)):
                if not department.status.is_deleted:
                    found[department.open_department_id] = department
        if found and not any(one.name for one in found.values()):
            raise DirectoryUnavailable(
                f"Feishu names no department: add contact:department.base:readonly at {self._console}/auth, publish."
            )
        return found

    async def members(self, departments: Sequence[str]) -> list[tuple[User, ...]]:
        """Who is in each of the departments itself, in their order; some are asked for at the same time."""
        return list(await asyncio.gather(*(self._members(one) for one in departments)))

    async def _members(self, department: str) -> tuple[User, ...]:
        query = {**_OPEN_IDS, "department_id": department, "page_size": "50"}
        async with self._slots:
            pages = [page.items async for page in self._pages("/users/find_by_department", query, _Users)]
        return tuple(user for items in pages for user in items)

    async def users(self, ids: Sequence[str]) -> list[User]:
        """People by their open_id; who is not there any more is left out."""
        found: list[User] = []
        for at in range(0, len(ids), _BATCH):
            query = {**_OPEN_IDS, "user_ids": list(ids[at : at + _BATCH])}
            found += self.calls.read(await self._get("/users/batch", query), _Users).items
        return found

    async def groups(self) -> list[Group]:
        """User groups, those that follow a rule as well, with who is in them; none without the scope for it."""
        listed: list[Group] = []
        try:
            for kind in ("1", "2"):
                pages = self._pages("/group/simplelist", {"type": kind, "page_size": "100"}, _Groups)
                listed += [group async for page in pages for group in page.grouplist]
        except _NoScope:
            return []
        found = []
        for group in listed:
            users, departments = [await self._in_group(group.id, kind) for kind in ("user", "department")]
            found.append(group.model_copy(update={"users": users, "departments": departments}))
        return found

    async def _in_group(self, group: str, kind: str) -> frozenset[str]:
        # An open_id is asked for either way: that of a department is its open_department_id.
        query = {"member_type": kind, "member_id_type": "open_id", "page_size": "100"}
        pages = self._pages(f"/group/{group}/member/simplelist", query, _Members)
        return frozenset([one.member_id async for page in pages for one in page.memberlist])

    async def _pages(self, path: str, query: Mapping[str, str], shape: type[T]) -> AsyncIterator[T]:
        token = ""
        for _ in range(_MOST_PAGES):
            body = await self._get(path, {**query, **({"page_token": token} if token else {})})
            turn = self.calls.read(body, _Page)
            yield self.calls.read(body, shape)
            token = turn.page_token if turn.has_more else ""
            if not token:
                return
        raise DirectoryUnavailable(f"Feishu lists more than {_MOST_PAGES} pages under {path}.")

    async def _get(self, path: str, query: Mapping[str, str | Sequence[str]]) -> JsonValue:
        envelope = await self._answered(path, query)
        if envelope.code in _EXPIRED:
            self._until = 0.0
            envelope = await self._answered(path, query)
        if envelope.code:
            raise self._refusal(path, envelope)
        return envelope.data

    async def _answered(self, path: str, query: Mapping[str, str | Sequence[str]]) -> _Envelope:
        headers = {"Authorization": f"Bearer {await self._signed()}"}
        http = self.calls.http
        body = await self.calls.json(lambda: http.build_request("GET", _CONTACT + path, params=query, headers=headers))
        return self.calls.read(body, _Envelope)

    async def _signed(self) -> str:
        async with self._renewing:
            now = self.calls.network.clock()
            if not self._token or now >= self._until:
                app = {"app_id": self.app_id, "app_secret": self.secret}
                path = "/open-apis/auth/v3/tenant_access_token/internal"
                body = await self.calls.json(lambda: self.calls.http.build_request("POST", path, json=app))
                given = self.calls.read(body, _Envelope)
                if given.code or not given.tenant_access_token:
                    raise DirectoryUnavailable(
                        f"Feishu gives no token ({given.code} {given.msg[:200]}): check app_id and app_secret under "
                        f"Credentials & Basic Info at {self._console}."
                    )
                self._token, self._until = given.tenant_access_token, now + max(given.expire - _EARLY_SECONDS, 1)
            return self._token

    def _refusal(self, path: str, envelope: _Envelope) -> DirectoryUnavailable:
        said = f"Feishu refuses contact/v3{path} ({envelope.code} {' '.join(envelope.msg.split())[:300]})"
        if envelope.code in _NO_SCOPE:
            return _NoScope(f"{said}: add the scope at {self._console}/auth, then publish a version.")
        return DirectoryUnavailable(f"{said}: check the range of contact data at {self._console}/auth.")

    @property
    def _console(self) -> str:
        return f"{str(self.calls.http.base_url).rstrip('/')}/app/{self.app_id}"


def limited(body: Json) -> bool:
    """Whether an answer says that we ask too often."""
    return body.get("code") in _BUSY
