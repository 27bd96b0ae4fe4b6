"""A folder of files, or one file, as a source."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, Field

from connectors.configuration import HomePath
from connectors.sources.formats.files import digest, format_of, hidden, linked, read_document
from connectors.sources.port import Document, Entry, Source, SourceUnavailable, Unreadable


class Settings(BaseModel):
    """Where the files are."""

    path: HomePath
    """The folder, or a single file."""

    name: str = ""
    """What the source is called in the library; the folder's name when empty."""

    link: str = ""
    """Address under which people open the files, for example a web server's; the relative path is put behind it."""

    max_bytes: int = Field(default=20_000_000, gt=0)
    """Files above this size are not read, in bytes."""


class FolderSource:
    """Reads documents below one folder. Links that leave the folder are never followed."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.path.expanduser().resolve()
        self._settings = settings
        self.name = settings.name or self._path.name
        self.skipped: Mapping[str, int] = {}

    async def entries(self) -> list[Entry]:
        """All documents, sorted by path."""
        return await asyncio.to_thread(self._entries)

    async def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        """The named files, read one by one; a file that went away meanwhile is Unreadable."""
        for id in ids:
            yield await asyncio.to_thread(self._document, id)

    def _entries(self) -> list[Entry]:
        if not self._path.exists():
            raise SourceUnavailable(f"{self._path} does not exist; check the path.")
        if self._path.is_dir() and not os.access(self._path, os.R_OK | os.X_OK):
            raise SourceUnavailable(f"{self._path} cannot be listed; check its permissions.")
        skipped: Counter[str] = Counter()
        entries = [entry for path in self._files(skipped) if (entry := self._entry(path, skipped))]
        self.skipped = dict(skipped)
        return sorted(entries, key=lambda entry: entry.id)

    def _files(self, skipped: Counter[str]) -> Iterator[Path]:
        if self._path.is_file():
            yield self._path
            return

        def count(failure: OSError) -> None:
            del failure
            skipped["folder that cannot be opened"] += 1

        for folder, folders, names in os.walk(self._path, onerror=count):
            folders[:] = sorted(name for name in folders if not hidden(PurePosixPath(name)))
            for name in names:
                path = Path(folder, name)
                reason = self._reason_to_skip(path)
                if reason:
                    skipped[reason] += 1
                elif not name.startswith("."):
                    yield path

    def _reason_to_skip(self, path: Path) -> str:
        try:
            path.name.encode()
        except UnicodeEncodeError:
            return "file name is not UTF-8"
        if path.is_symlink() and not path.resolve().is_relative_to(self._path):
            return "link that leaves the folder"
        if not path.is_file():
            return "not a regular file"
        return "" if format_of(PurePosixPath(path.name)) or path.name.startswith(".") else "not a document"

    def _id(self, path: Path) -> str:
        return path.name if path == self._path else path.relative_to(self._path).as_posix()

    def _entry(self, path: Path, skipped: Counter[str]) -> Entry | None:
        try:
            size = path.stat().st_size
            # The size stands in for the content of what will not be read anyway.
            mark = digest(path.read_bytes()) if size <= self._settings.max_bytes else f"size:{size}"
        except OSError:
            skipped["cannot be opened"] += 1
            return None
        return Entry(self._id(path), mark, size)

    def _document(self, id: str) -> Document | Unreadable:
        path = self._path if self._path.is_file() else self._path / id
        try:
            size = path.stat().st_size
            if size > self._settings.max_bytes:
                return Unreadable(id, f"larger than {self._settings.max_bytes / 1e6:g} MB")
            raw = path.read_bytes()
        except OSError as failure:
            return Unreadable(id, f"cannot be opened ({failure.strerror})", passing=True)
        return read_document(id, raw, linked(self._settings.link, id))


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Source]:
    """Open the folder; nothing is read before it is asked for."""
    yield FolderSource(settings)
