"""Pages of Confluence spaces, from Atlassian's cloud or a Data Center, with who may read them.

Both have the two calls that are used here, and neither is among those that the cloud gives up for its v2, which knows
no restrictions: https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-content/ (`search`) and
https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-content-restrictions/.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Generic, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, Field, field_validator, model_validator

from connectors.sources.access import ATLASSIAN_CREDENTIAL, Address, Names, Token, basic, bearer, web_link
from connectors.sources.formats.files import digest
from connectors.sources.formats.page import CannotRead
from connectors.sources.formats.storage import markdown
from connectors.sources.listing import by_id, each, listed, stamp
from connectors.sources.polite import REAL, Client, Limits, Network, NoAnswer, Site, open_client
from connectors.sources.port import Document, Entry, Source, Unreadable

Readers: TypeAlias = frozenset[str] | None
"""Groups; None for everybody, empty for nobody."""

_SEARCH = "/rest/api/content/search"
_RESTRICTED = "restrictions.read.restrictions.user,restrictions.read.restrictions.group"
_LISTED = f"version,ancestors,metadata.labels,{_RESTRICTED}"
_READ = f"body.storage,space,history,{_LISTED}"


class Settings(Limits):
    """The table [connectors.sources.confluence]."""

    name: str = "confluence"
    """What the source is called in the library."""

    url: Address
    """The site's address; in the cloud it ends in `/wiki`."""

    spaces: Names
    """Keys of the spaces whose pages are read. Who may enter a space is not asked for: say it in readers."""

    user: str = ""
    """The account's e-mail address, for the cloud; empty for a Data Center."""

    token: Token | None = None
    """An API token of that account, or a Data Center's personal access token; none for a site open to all."""

    @field_validator("spaces")
    @classmethod
    def _are_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"~?[\w.:-]+", key, re.ASCII) for key in keys):
            raise ValueError("must be space keys, as in the address of a page behind /spaces/ or /display/")
        return keys

    @model_validator(mode="after")
    def _user_has_a_token(self) -> "Settings":
        if self.user and not self.token:
            raise ValueError("user is given, but token is missing")
        return self


P = TypeVar("P")


class _Version(BaseModel):
    number: int
    when: str = ""
    by: dict[str, object] = {}


class _Some(BaseModel):
    results: list[dict[str, object]] = []
    size: int = 0

    def names(self) -> list[str]:
        return [str(one["name"]) for one in self.results if one.get("name")]


class _Named(BaseModel):
    """For whom something is reserved: nobody in it means everybody."""

    user: _Some
    group: _Some

    def readers(self) -> Readers:
        # People whom the account may not see are counted all the same.
        reserved = any(one.results or one.size for one in (self.user, self.group))
        return frozenset(self.group.names()) if reserved else None


class _Restriction(BaseModel):
    restrictions: _Named


class _Restrictions(BaseModel):
    read: _Restriction


class _Ancestor(BaseModel):
    id: str


class _Metadata(BaseModel):
    labels: _Some = _Some()


class _Storage(BaseModel):
    value: str


class _Body(BaseModel):
    storage: _Storage


class _Space(BaseModel):
    key: str


class _Listed(BaseModel):
    """A page in a list. Without its restrictions an answer counts as damaged, never as open to all."""

    id: str
    title: str
    version: _Version
    ancestors: list[_Ancestor]
    restrictions: _Restrictions
    metadata: _Metadata = _Metadata()

    @property
    def labels(self) -> list[str]:
        return sorted(self.metadata.labels.names())


class _Links(BaseModel):
    base: str = ""
    webui: str = ""
    next: str = ""


class _Page(_Listed):
    body: _Body
    space: _Space
    history: dict[str, object] = {}
    links: _Links = Field(default=_Links(), alias="_links")


class _List(BaseModel, Generic[P]):
    results: list[P]
    links: _Links = Field(default=_Links(), alias="_links")


class ConfluenceSource:
    """Pages named by their id. A page changed when its version, title, labels or readers did."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._own: dict[str, Readers] = {}
        self._hidden: set[str] = set()
        self.name = settings.name
        self.skipped: Mapping[str, int] = {}

    async def entries(self) -> list[Entry]:
        """The pages that have readers, sorted by id; one call for each hundred, and for each parent out of sight."""
        found = await listed(self._page, self._settings.max_pages)
        self._own = {page.id: page.restrictions.read.restrictions.readers() for page in found.items}
        self._hidden = set()
        skipped: Counter[str] = Counter({"page beyond max_pages": 1} if not found.complete else {})
        entries = []
        for page in found.items:
            readers = await self._readers(page)
            if readers is not None and not readers:
                skipped[self._reason(page)] += 1
                continue
            mark = stamp(page.version.number, digest(f"{page.title} {page.labels}".encode()), readers=readers or ())
            entries.append(Entry(page.id, mark, 0))
        self.skipped = dict(skipped)
        return by_id(entries)

    def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        """The named pages, one call each."""
        return each(ids, self._document)

    async def _page(self, mark: str) -> tuple[list[_Listed], str]:
        keys = ",".join(f'"{key}"' for key in self._settings.spaces)
        days = self._settings.since_days
        recent = f' and lastmodified >= now("-{days}d")' if days else ""
        cql = f"type=page and space in ({keys}){recent} order by lastmodified desc"
        query = {"cql": cql, "limit": "100", "expand": _LISTED}
        answer = await (self._client.get(mark) if mark else self._client.get(_SEARCH, query))
        some = answer.of(_List[_Listed])
        # The next page's address starts below the site's, or below its host.
        return some.results, some.links.next.removeprefix(urlsplit(self._settings.url).path)

    def _reason(self, page: _Listed) -> str:
        hidden = any(parent.id in self._hidden for parent in page.ancestors)
        return "page below one whose restrictions cannot be read" if hidden else "page that is not for groups"

    async def _readers(self, page: _Listed) -> Readers:
        """Who may read the page, by its own and its parents' restrictions: a reader has to pass all of them.

        Nobody when it is reserved for people by name alone, and when two restrictions have no group in common: then
        some of both groups may read it, but who they are only the site knows.
        """
        parents = [await self._restriction(parent.id) for parent in page.ancestors]
        configured = frozenset(self._settings.readers) or None
        return _all_of([configured, page.restrictions.read.restrictions.readers(), *parents])

    async def _restriction(self, id: str) -> Readers:
        if id not in self._own:
            path = f"/rest/api/content/{quote(id, safe='')}/restriction/byOperation/read"
            try:
                answer = await self._client.get(path, {"expand": "restrictions.user,restrictions.group"})
                self._own[id] = answer.of(_Restriction).restrictions.readers()
            except NoAnswer:
                # A parent that hides its restrictions (a draft of somebody's, a private page) may have any.
                self._own[id] = frozenset()
                self._hidden.add(id)
        return self._own[id]

    async def _document(self, id: str) -> Document | Unreadable:
        if not id.isdecimal():
            raise NoAnswer("not a page's id")
        query = {"cql": f"type=page and id={id}", "limit": "1", "expand": _READ}
        found = (await self._client.get(_SEARCH, query)).of(_List[_Page])
        page = next((page for page in found.results if page.id == id), None)
        if page is None:
            raise NoAnswer("no longer there, or no longer to be seen by the account")
        if page.space.key.casefold() not in [key.casefold() for key in self._settings.spaces]:
            raise NoAnswer(f"moved to the space {page.space.key}")
        readers = await self._readers(page)
        if readers is not None and not readers:
            raise NoAnswer("by now not for groups")
        try:
            text = markdown(page.body.storage.value, self._settings.url, page.space.key)
        except CannotRead as reason:
            return Unreadable(id, str(reason))
        return Document(
            id=id,
            title=page.title,
            text=text,
            digest=digest(page.body.storage.value.encode(errors="replace")),
            link=web_link((found.links.base or self._settings.url) + page.links.webui, self._settings.url),
            media_type="text/html",
            labels=_labels(page),
            readers=tuple(sorted(readers or ())),
        )


def _all_of(restrictions: Iterable[Readers]) -> Readers:
    readers: Readers = None
    for groups in restrictions:
        readers = groups if readers is None else readers if groups is None else readers & groups
    return readers


def _labels(page: _Page) -> dict[str, str | list[str]]:
    creator = page.history.get("createdBy")
    found: dict[str, str | list[str]] = {
        "space": page.space.key,
        "version": str(page.version.number),
        "date": page.version.when[:10],
        "modified_by": _display_name(page.version.by),
        "owner": _display_name(creator),
        "tags": page.labels,
    }
    return {key: value for key, value in found.items() if value}


def _display_name(person: object) -> str:
    return str(person.get("displayName") or "") if isinstance(person, dict) else ""


@asynccontextmanager
async def connect(settings: Settings, network: Network = REAL) -> AsyncIterator[Source]:
    """Open the API; nothing is asked before entries are."""
    token = settings.token
    site = Site(
        name="Confluence",
        url=settings.url,
        limits=settings,
        headers=basic(settings.user, token) if settings.user and token else bearer(token),
        secrets=(token.get_secret_value(),) if token else (),
        advice={
            401: ATLASSIAN_CREDENTIAL,
            403: "let the account view the space (Space settings › Permissions)",
            400: "check spaces: a key that does not exist is refused",
            404: "url is wrong (in the cloud it ends in /wiki)",
        },
    )
    async with open_client(site, network) as client:
        yield ConfluenceSource(settings, client)
