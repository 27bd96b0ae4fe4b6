"""Feishu or Lark documents (docx): of wiki spaces, of folders, or named one by one.

https://open.feishu.cn/document/server-docs/docs/wiki-v2/space-node/list, …/docs/drive-v1/folder/list,
…/docs/drive-v1/file/batch_query and …/docs/docs/docx-v1/document/list; at most 100 listings a minute.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import Field, JsonValue, model_validator

from connectors.sources import feishu_api
from connectors.sources.access import web_link
from connectors.sources.feishu_api import FeishuApi, Forbidden, Gone, Part
from connectors.sources.feishu_tree import Leaf, Node, Tree
from connectors.sources.formats.conversation import moment
from connectors.sources.formats.docx_blocks import read
from connectors.sources.formats.files import digest
from connectors.sources.listing import each, stamp
from connectors.sources.polite import REAL, Network
from connectors.sources.port import Document, Entry, Source, Unreadable

_TOKEN = re.compile(r"[A-Za-z0-9_-]{5,100}", re.ASCII)
_ADDRESS = re.compile(r"https?://[^/\s]+/(?P<kind>wiki|docx)/(?P<token>[A-Za-z0-9_-]{5,100})(?:[?#]\S*)?", re.ASCII)
_SITES = {"feishu": "https://feishu.cn", "lark": "https://larksuite.com"}
_BATCH = 200
_MOST_BLOCK_PAGES = 100


class Settings(feishu_api.Settings):
    """The table [connectors.sources.feishu_docs]. The app needs one scope of each: wiki, drive and docx, read-only."""

    name: str = "feishu_docs"
    """What the source is called in the library."""

    spaces: tuple[str, ...] = ()
    """Ids of wiki spaces, as in the address of a space's settings; all their pages are read (wiki:wiki:readonly)."""

    folders: tuple[str, ...] = ()
    """Tokens of folders, as in their address; everything below them is read (drive:drive:readonly)."""

    documents: tuple[str, ...] = ()
    """Addresses of single documents or wiki pages, or tokens of documents (docx:document:readonly for all three)."""

    link: str = ""
    """Where your people open documents, as in https://acme.feishu.cn; Feishu's own address when empty."""

    max_pages: int = Field(default=2000, gt=0)
    """How many pages of listings one space or folder may take, each with 50 or 200 entries."""

    @model_validator(mode="after")
    def _names_something(self) -> "Settings":
        if not (self.spaces or self.folders or self.documents):
            raise ValueError("name what to read: spaces, folders or documents")
        wrong = [one for one in (*self.spaces, *self.folders) if not _TOKEN.fullmatch(one)]
        wrong += [one for one in self.documents if not (_ADDRESS.fullmatch(one) or _TOKEN.fullmatch(one))]
        if wrong:
            raise ValueError(f"{wrong[0][:80]!r} is neither a token nor the address of a document")
        return self


class _NodeFound(Part):
    node: Node


class _Meta(Part):
    doc_token: str
    title: str = ""
    latest_modify_time: str = ""
    url: str = ""


class _Failed(Part):
    token: str
    code: int = 0


class _Metas(Part):
    metas: list[_Meta] = Field(default=[])
    failed_list: list[_Failed] = Field(default=[])


class _Blocks(Part):
    items: list[dict[str, JsonValue]] = Field(default=[])
    has_more: bool = False
    page_token: str = ""


@dataclass(frozen=True)
class _Listed:
    """A document as a listing states it. ``path`` are the titles above it, ``reason`` why it cannot be read."""

    edited: str
    title: str
    link: str
    path: tuple[str, ...] = ()
    reason: str = ""


class FeishuDocsSource:
    """Documents named by their token, wherever they are listed; one that is listed twice is read once."""

    def __init__(self, settings: Settings, api: FeishuApi) -> None:
        self._settings = settings
        self._api = api
        self._site = (settings.link or _SITES[settings.domain]).rstrip("/")
        self._listed: dict[str, _Listed] = {}
        self.name = settings.name
        self.skipped: Mapping[str, int] = {}

    async def entries(self) -> list[Entry]:
        """All documents, sorted by token. A document changed when its time of change or its title did.

        One call for each wiki page that has pages below it, each folder, and each 200 single documents.
        """
        self._listed, skipped = {}, Counter[str]()
        tree = Tree(self._api, self._settings.max_pages, skipped)
        found = [leaf for space in self._settings.spaces for leaf in await tree.wiki(space)]
        found += [leaf for folder in self._settings.folders for leaf in await tree.folder(folder)]
        found += [leaf for one in self._settings.documents for leaf in await self._named(one)]
        for leaf in found:
            if leaf.kind != "docx":
                skipped[f"{leaf.kind}, not a document"] += 1
            elif leaf.edited:
                link = web_link(leaf.url, f"{self._site}/{leaf.place}")
                self._listed.setdefault(leaf.token, _Listed(leaf.edited, leaf.title, link, leaf.path))
        await self._stated([leaf.token for leaf in found if leaf.kind == "docx" and not leaf.edited])
        kept = {id: one for id, one in self._listed.items() if self._recent(one)}
        if len(kept) < len(self._listed):
            skipped["unchanged since since_days"] = len(self._listed) - len(kept)
        self.skipped = dict(skipped)
        return [Entry(id, self._stamp(one), 0) for id, one in sorted(kept.items())]

    def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        """The named documents: one call for each 500 blocks."""
        return each(ids, self._document)

    async def _document(self, id: str) -> Document | Unreadable:
        listed = self._listed.get(id) or _Listed("", "", f"{self._site}/docx/{id}")
        if listed.reason or not _TOKEN.fullmatch(id):
            return Unreadable(id, listed.reason or "not the token of a document")
        path = f"/open-apis/docx/v1/documents/{quote(id)}/blocks"
        query = {"page_size": "500", "document_revision_id": "-1"}
        pages, complete = await self._api.pages(path, query, _Blocks, _turn, _MOST_BLOCK_PAGES)
        if not complete:
            return Unreadable(id, f"more than {_MOST_BLOCK_PAGES * 500} blocks")
        page = read([block for one in pages for block in one.items])
        title = page.title or listed.title or id
        edited = moment(listed.edited)
        labels: dict[str, str | list[str]] = {"path": " › ".join(listed.path)} if listed.path else {}
        return Document(
            id=id,
            title=title,
            text=page.text,
            digest=digest(f"{title}\n{page.text}".encode(errors="replace")),
            link=listed.link,
            media_type="text/markdown",
            labels={**labels, **({"date": edited.date().isoformat()} if edited else {})},
            readers=self._settings.readers,
        )

    async def _named(self, one: str) -> list[Leaf]:
        """A document of the settings; none when it may not be opened, which reading it will tell."""
        address = _ADDRESS.fullmatch(one)
        if not address or address["kind"] == "docx":
            return [Leaf(address["token"] if address else one, "docx", "", "", "")]
        query = {"token": address["token"]}
        try:
            return [(await self._api.get("/open-apis/wiki/v2/spaces/get_node", query, _NodeFound)).node.leaf(())]
        except (Forbidden, Gone) as refused:
            self._listed[address["token"]] = _Listed("refused", "", one, reason=str(refused))
            return []

    async def _stated(self, tokens: list[str]) -> None:
        """Lists documents of which no more than the token is known."""
        wanted = [token for token in dict.fromkeys(tokens) if token not in self._listed]
        for start in range(0, len(wanted), _BATCH):
            some: list[JsonValue] = [{"doc_token": one, "doc_type": "docx"} for one in wanted[start : start + _BATCH]]
            body: dict[str, JsonValue] = {"request_docs": some, "with_url": True}
            found = await self._api.post("/open-apis/drive/v1/metas/batch_query", body, _Metas)
            for one in found.metas:
                link = web_link(one.url, f"{self._site}/docx/{quote(one.doc_token)}")
                self._listed[one.doc_token] = _Listed(one.latest_modify_time, one.title, link)
            # Listed all the same: reading it tells the reason.
            for failed in found.failed_list:
                self._listed[failed.token] = _Listed(f"refused {failed.code}", "", f"{self._site}/docx/{failed.token}")

    def _stamp(self, one: _Listed) -> str:
        return stamp(one.edited, digest(one.title.encode())[:8], readers=self._settings.readers)

    def _recent(self, one: _Listed) -> bool:
        if not self._settings.since_days or not (edited := moment(one.edited)):
            return True
        return edited >= self._api.client.now - dt.timedelta(days=self._settings.since_days)


def _turn(page: _Blocks) -> str:
    return page.page_token if page.has_more else ""


@asynccontextmanager
async def connect(settings: Settings, network: Network = REAL) -> AsyncIterator[Source]:
    """Open the platform; nothing is asked before entries are."""
    async with feishu_api.open_api(settings, network) as api:
        yield FeishuDocsSource(settings, api)
