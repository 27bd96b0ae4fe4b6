"""What a Feishu wiki space or folder holds, down to its last page.

https://open.feishu.cn/document/server-docs/docs/wiki-v2/space-node/list and …/docs/drive-v1/folder/list
"""

from collections import Counter
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import Field

from connectors.sources.feishu_api import FeishuApi, Forbidden, Part
from connectors.sources.port import SourceUnavailable


@dataclass(frozen=True)
class Leaf:
    """A document of some kind. ``place`` is where it lies below a tenant's address, ``path`` the titles above it.

    ``edited`` is in seconds since 1970, and empty when only a shortcut is known.
    """

    token: str
    kind: str
    edited: str
    title: str
    place: str
    url: str = ""
    path: tuple[str, ...] = ()


class Node(Part):
    """A page of a wiki."""

    node_token: str
    obj_token: str
    obj_type: str
    title: str = ""
    has_child: bool = False
    obj_edit_time: str = ""
    url: str = ""

    def leaf(self, path: tuple[str, ...]) -> Leaf:
        """The page under the titles above it."""
        place = f"wiki/{quote(self.node_token)}"
        return Leaf(self.obj_token, self.obj_type, self.obj_edit_time, self.title, place, self.url, path)


class _Nodes(Part):
    items: list[Node] = Field(default=[])
    has_more: bool = False
    page_token: str = ""


class _Shortcut(Part):
    target_type: str = ""
    target_token: str = ""


class _File(Part):
    token: str
    name: str = ""
    type: str
    url: str = ""
    modified_time: str = ""
    shortcut_info: _Shortcut = _Shortcut()

    def leaf(self, path: tuple[str, ...]) -> Leaf:
        if self.type == "shortcut":
            target = self.shortcut_info
            return Leaf(target.target_token, target.target_type, "", self.name, "")
        place = f"{quote(self.type)}/{quote(self.token)}"
        return Leaf(self.token, self.type, self.modified_time, self.name, place, self.url, path)


class _Files(Part):
    files: list[_File] = Field(default=[])
    has_more: bool = False
    next_page_token: str = ""


class Tree:
    """Walks with one call for each page that has pages below it, and each folder; never along a circle.

    ``skipped`` counts the branches that the app may not open. Raises SourceUnavailable for a root that is closed, and
    after ``most_pages`` of listings: half a listing would look as if the other half had been deleted.
    """

    def __init__(self, api: FeishuApi, most_pages: int, skipped: Counter[str]) -> None:
        self._api = api
        self._most = most_pages
        self._skipped = skipped

    async def wiki(self, space: str) -> list[Leaf]:
        """Every page of a space, of whatever kind."""
        where, found, seen, left = (
            f"/open-apis/wiki/v2/spaces/{quote(space)}/nodes",
            list[Leaf](),
            set[str](),
            self._most,
        )
        waiting: list[tuple[str, tuple[str, ...]]] = [("", ())]
        while waiting:
            parent, path = waiting.pop()
            query = {"page_size": "50", **({"parent_node_token": parent} if parent else {})}
            try:
                pages, complete = await self._api.pages(where, query, _Nodes, _turn, left)
            except Forbidden as refused:
                self._closed(f"Wiki space {space}", refused, root=not parent)
                continue
            left = self._left(left - len(pages), f"Wiki space {space}", complete=complete)
            new = [node for page in pages for node in page.items if node.node_token not in seen]
            seen |= {node.node_token for node in new}
            found += [node.leaf(path) for node in new]
            waiting += [(node.node_token, (*path, node.title)) for node in new if node.has_child]
        return found

    async def folder(self, folder: str) -> list[Leaf]:
        """Every file below a folder, of whatever kind; of a shortcut, what it points to."""
        found, seen, left = list[Leaf](), {folder}, self._most
        waiting: list[tuple[str, tuple[str, ...]]] = [(folder, ())]
        while waiting:
            token, path = waiting.pop()
            query = {"folder_token": token, "page_size": "200"}
            try:
                pages, complete = await self._api.pages("/open-apis/drive/v1/files", query, _Files, _turn, left)
            except Forbidden as refused:
                self._closed(f"Folder {folder}", refused, root=token == folder)
                continue
            left = self._left(left - len(pages), f"Folder {folder}", complete=complete)
            files = [file for page in pages for file in page.files]
            found += [file.leaf(path) for file in files if file.type != "folder"]
            new = {file.token: file for file in files if file.type == "folder" and file.token not in seen}
            seen |= new.keys()
            waiting += [(file.token, (*path, file.name)) for file in new.values()]
        return found

    def _closed(self, what: str, refused: Forbidden, *, root: bool) -> None:
        if root:
            raise SourceUnavailable(f"{what}: {refused}") from None
        self._skipped["branch that the app may not open"] += 1

    def _left(self, left: int, what: str, *, complete: bool) -> int:
        if not complete:
            raise SourceUnavailable(f"{what} has more than {self._most} pages of listings; raise max_pages.")
        return left


def _turn(page: _Nodes | _Files) -> str:
    mark = page.next_page_token if isinstance(page, _Files) else page.page_token
    return mark if page.has_more else ""
