"""A Git checkout as a source: the files of its current commit, each linked to that commit."""

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from pydantic import BaseModel, Field

from connectors.configuration import HomePath
from connectors.sources.formats.files import format_of, hidden, read_document
from connectors.sources.port import Document, Entry, Source, SourceUnavailable, Unreadable

# A checkout is untrusted: its configuration must not make git start other programs.
_HARMLESS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager", "--no-optional-locks")


class Settings(BaseModel):
    """Which checkout."""

    path: HomePath
    """The checkout, or a folder in it."""

    name: str = ""
    """What the source is called in the library; the folder's name when empty."""

    link: str = ""
    """Address of a file, with ``{commit}`` and ``{path}`` in it; worked out from the remote ``origin`` when empty."""

    max_bytes: int = Field(default=20_000_000, gt=0)
    """Files above this size are not read, in bytes."""

    timeout_seconds: float = Field(default=60, gt=0)
    """How long one git command may take."""


@dataclass(frozen=True)
class _Blob:
    id: str
    object: str
    size_bytes: int


class GitSource:
    """Reads tracked files as they were committed; changes that are not committed are not seen."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = settings.path.expanduser().resolve()
        self.name = settings.name or self._path.name
        self.skipped: Mapping[str, int] = {}

    async def entries(self) -> list[Entry]:
        """Tracked documents; the digest is the id git gave the content."""
        return [Entry(blob.id, f"git:{blob.object}", blob.size_bytes) for blob in await self._blobs()]

    async def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        """The named files of the current commit."""
        blobs = {blob.id: blob for blob in await self._blobs()}
        template = await self._template()
        for id in ids:
            blob = blobs.get(id)
            if blob is None:
                yield Unreadable(id, "no longer in the commit")
            elif blob.size_bytes > self._settings.max_bytes:
                yield Unreadable(id, f"larger than {self._settings.max_bytes / 1e6:g} MB")
            else:
                raw = await self._git("cat-file", "blob", blob.object)
                yield read_document(id, raw, template.replace("{path}", quote(id)))

    async def _blobs(self) -> list[_Blob]:
        listing = (await self._git("ls-tree", "-r", "-z", "-l", "HEAD")).split(b"\0")
        skipped: Counter[str] = Counter()
        blobs = [blob for line in listing if line and (blob := _blob(line, skipped))]
        self.skipped = dict(skipped)
        return sorted(blobs, key=lambda blob: blob.id)

    async def _template(self) -> str:
        commit = (await self._git("rev-parse", "HEAD")).decode().strip()
        prefix = quote((await self._git("rev-parse", "--show-prefix")).decode(errors="replace").strip())
        if self._settings.link:
            return self._settings.link.replace("{commit}", commit).replace("{path}", prefix + "{path}")
        remotes = (await self._git("remote")).decode(errors="replace").split()
        origin = (await self._git("remote", "get-url", "origin")).decode().strip() if "origin" in remotes else ""
        site = web_address(origin)
        return f"{site}/blob/{commit}/{prefix}{{path}}" if site else f"{prefix}{{path}}@{commit[:12]}"

    async def _git(self, *arguments: str) -> bytes:
        git = shutil.which("git")
        if git is None:
            raise SourceUnavailable("The git command is missing; install git, or ingest the folder without its .git.")
        process = await asyncio.create_subprocess_exec(
            git,
            *_HARMLESS,
            "-C",
            str(self._path),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), self._settings.timeout_seconds)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise SourceUnavailable(
                f"git {arguments[0]} took too long in {self._path}; raise timeout_seconds."
            ) from None
        if process.returncode:
            reason = err.decode(errors="replace").strip().splitlines()
            raise SourceUnavailable(f"git cannot read {self._path}: {reason[0] if reason else 'unknown reason'}")
        return out


def web_address(remote: str) -> str:
    """The web address of a remote, without credentials; empty when it has none (a path, an unknown scheme)."""
    scp = re.fullmatch(r"(?:[\w.-]+@)?([\w.-]+\.[\w.-]+):(?!/)(.+?)(?:\.git)?/?", remote)
    url = re.fullmatch(r"(?:https?|ssh|git)://(?:[^@/]*@)?([\w.-]+)(?::\d+)?/(.+?)(?:\.git)?/?", remote)
    found = url or scp
    return f"https://{found[1]}/{found[2]}" if found else ""


def _blob(line: bytes, skipped: Counter[str]) -> _Blob | None:
    head, _, name = line.partition(b"\t")
    mode, kind, object_id, size = head.decode().split()
    try:
        path = PurePosixPath(name.decode())
    except UnicodeDecodeError:
        skipped["file name is not UTF-8"] += 1
        return None
    if kind != "blob" or mode == "120000":
        skipped["link or submodule"] += 1
        return None
    if hidden(path) or not format_of(path):
        skipped["not a document"] += 1
        return None
    return _Blob(str(path), object_id, int(size))


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Source]:
    """Open the checkout; git is first asked when entries are."""
    yield GitSource(settings)
