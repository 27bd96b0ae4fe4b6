"""What of the embedded store are plain files: a folder for each collection, its layout, and the file of aliases."""

import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import TypeAdapter

from connectors.vectors.names import check_alias, check_unnamed
from connectors.vectors.port import Layout, VectorStoreUnavailable

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,127}")
_LAYOUT = TypeAdapter(Layout)
_LAYOUT_FILE = "layout.json"
_ALIASES = TypeAdapter(dict[str, str])
# No collection's name begins with a dot.
_ALIASES_FILE = ".aliases.json"
_UNFINISHED = ".unfinished-"


class Places:
    """The folder of one process that owns it. Whatever changes does so by one rename: a crash leaves all or nothing.

    Calls that change something are not made at the same time.
    """

    def __init__(self, folder: Path) -> None:
        """What a crash left half made is removed."""
        self._folder = folder
        self._aliases: Mapping[str, str] | None = None
        for leftover in folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def collections(self) -> tuple[str, ...]:
        """The names of all collections."""
        return tuple(sorted(file.parent.name for file in self._folder.glob(f"[!.]*/{_LAYOUT_FILE}")))

    def aliases(self) -> Mapping[str, str]:
        """Collections by alias. Raises ValidationError for a damaged file."""
        if self._aliases is None:
            file = self._folder / _ALIASES_FILE
            self._aliases = _ALIASES.validate_json(file.read_bytes()) if file.exists() else {}
        return self._aliases

    def named(self, name: str) -> str:
        """The collection that has this name, or whose alias it is; the name itself when there is neither."""
        if not _NAME.fullmatch(name):
            raise VectorStoreUnavailable(f"{name!r} cannot name a collection: use letters, digits and any of _-.")
        return self.aliases().get(name, name)

    def point_alias(self, alias: str, collection: str) -> None:
        """See the port; the collection is there."""
        self.named(alias)
        check_alias(alias, self.collections())
        self._write_aliases({**self.aliases(), alias: collection})

    def drop_alias(self, alias: str) -> None:
        """See the port."""
        if alias in self.aliases():
            self._write_aliases({name: named for name, named in self.aliases().items() if name != alias})

    def has(self, collection: str) -> bool:
        """Whether there is such a collection."""
        return (self._folder / collection / _LAYOUT_FILE).exists()

    def folder(self, collection: str) -> Path:
        """The collection's folder. Raises VectorStoreUnavailable when there is none."""
        if not self.has(collection):
            raise VectorStoreUnavailable(f"There is no collection {collection!r}; run `python -m ingest` first.")
        return self._folder / collection

    def layout(self, collection: str) -> Layout:
        """What the collection was made for. Raises VectorStoreUnavailable when there is none."""
        return _LAYOUT.validate_json((self.folder(collection) / _LAYOUT_FILE).read_bytes())

    def create(self, collection: str, layout: Layout, fill: Callable[[Path], None]) -> None:
        """Make a collection's folder with what ``fill`` puts into it."""
        self._clear(collection)
        making = self._folder / f"{_UNFINISHED}{collection}"
        shutil.rmtree(making, ignore_errors=True)
        fill(making)
        (making / _LAYOUT_FILE).write_bytes(_LAYOUT.dump_json(layout))
        making.rename(self._folder / collection)

    def drop(self, collection: str, close: Callable[[], None]) -> None:
        """See the port; ``close`` is called before the folder goes."""
        check_unnamed(collection, self.aliases())
        close()
        self._clear(collection)

    def _clear(self, collection: str) -> None:
        place = self._folder / collection
        if place.exists():
            shutil.rmtree(place.rename(place.with_name(f"{_UNFINISHED}{collection}")))

    def _write_aliases(self, aliases: Mapping[str, str]) -> None:
        # On disk before the rename, and the rename before the answer: a power cut must not leave an empty file.
        written = self._folder / f"{_ALIASES_FILE}.new"
        with written.open("wb") as file:
            file.write(_ALIASES.dump_json(dict(aliases)))
            file.flush()
            os.fsync(file.fileno())
        written.rename(self._folder / _ALIASES_FILE)
        listing = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(listing)
        finally:
            os.close(listing)
        self._aliases = aliases
