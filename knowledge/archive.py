"""The file of a backup: a ZIP archive that any tool can open, put in place whole and checked before it is believed.

Its members, all deflated:

- ``points.jsonl``: one JSON object per line, in the order of the ids. ``id`` is a UUID; ``dense`` holds, by the
  vector's name, the base64 of its 32-bit little-endian floats; ``parts``, by name, a list of such texts; ``sparse``,
  by name, pairs of index and value; ``payload`` is the point's payload.
- ``extra/NAME``: other files, byte for byte.
- ``header.json``: ``format`` and ``version``, then what the points are.
- ``SHA256SUMS``: the digest of every other member, as sha256sum(1) writes and checks it.
"""

import hashlib
import os
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

POINTS, HEADER, EXTRA = "points.jsonl", "header.json", "extra/"
LARGEST_LINE = 16 << 20
LARGEST_EXTRA = 1 << 30

_SUMS = "SHA256SUMS"
_SUM = re.compile(r"([0-9a-f]{64})  (\S+)")
_EXTRA_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)
_LARGEST_TEXT = 1 << 20
_MOST_MEMBERS = 64
_BLOCK = 1 << 20
# Base64 of floats shrinks to about half and text to a fifth. What grows by far more was made to fill a disk.
_GROWTH, _GROWTH_FROM = 100, 64 << 20
# https://docs.python.org/3.11/library/zipfile.html names the first; damaged archives raise the others as well.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    OSError,
)


class BadBackup(Exception):
    """A backup cannot be written, or read; the message says why and what to do. Nothing was changed."""


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A file beside the target, for its owner's eyes only, that takes the target's place at the end.

    When something fails it goes away and the target stays as it was. Raises BadBackup.
    """
    if target.is_dir():
        raise BadBackup(f"{target} is a folder: name a file to write the backup to.")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".unfinished", dir=target.parent)
    except OSError as refused:
        raise _unwritable(target, refused) from refused
    unfinished = Path(name)
    try:
        yield unfinished
        os.fsync(handle)
        unfinished.rename(target)
        _sync_folder(target.parent)
    except OSError as refused:
        raise _unwritable(target, refused) from refused
    finally:
        os.close(handle)
        unfinished.unlink(missing_ok=True)


class Writer:
    """Writes the members one after the other."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._sums: dict[str, str] = {}

    @contextmanager
    def member(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """A function that adds to this member. Raises BadBackup for a name that could not be read again."""
        if not _known(name):
            raise BadBackup(f"{name!r} cannot be kept in a backup: use letters, digits and any of _-. in its name.")
        digest = hashlib.sha256()
        with self._archive.open(name, "w", force_zip64=True) as file:

            def write(data: bytes) -> None:
                digest.update(data)
                file.write(data)

            yield write
        self._sums[name] = digest.hexdigest()

    def add(self, name: str, data: bytes) -> None:
        """A whole member."""
        with self.member(name) as write:
            for start in range(0, len(data), _BLOCK):
                write(data[start : start + _BLOCK])

    def finish(self) -> None:
        """The digests of all that was written."""
        self._archive.writestr(_SUMS, "".join(f"{digest}  {name}\n" for name, digest in self._sums.items()))


@contextmanager
def written(file: Path) -> Iterator[Writer]:
    """The file as a new archive, complete when no exception passes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        writer = Writer(archive)
        yield writer
        writer.finish()


class Reader:
    """Reads the members of an archive that is not to be trusted. What is wrong with it raises BadBackup."""

    def __init__(self, archive: zipfile.ZipFile, source: Path) -> None:
        self._archive = archive
        self._source = source
        self._members = {info.filename: info for info in archive.infolist()}

    @property
    def header(self) -> bytes:
        """What stands in the header; nothing was compared with its digest yet."""
        if HEADER not in self._members:
            raise BadBackup(f"{self._source} is no backup of Nightshift's: it has no {HEADER}.")
        return self._read(HEADER, _LARGEST_TEXT)

    def check(self) -> None:
        """Compare every member with its digest, and the names and sizes with what a backup has."""
        self._check_shape()
        with self._told():
            text = self._read(_SUMS, _LARGEST_TEXT).decode("ascii")
        found = [_SUM.fullmatch(line) for line in text.splitlines()]
        sums = {one[2]: one[1] for one in found if one}
        if sums.keys() != self._members.keys() - {_SUMS}:
            raise self.damaged(f"{_SUMS} does not name its members")
        for name, digest in sums.items():
            if self._digest(name) != digest:
                raise self.damaged(f"{name} is not what was written")

    def lines(self) -> Iterator[bytes]:
        """The points' lines, without their ends."""
        rest = b""
        with self._told(), self._archive.open(POINTS) as member:
            while block := member.read(_BLOCK):
                *whole, rest = (rest + block).split(b"\n")
                yield from whole
                if len(rest) > LARGEST_LINE:
                    raise self.damaged("a point is larger than any that is written")
        if rest:
            raise self.damaged("it ends in the middle of a point")

    def extra(self) -> dict[str, bytes]:
        """The other files by name."""
        names = [name for name in self._members if name.startswith(EXTRA)]
        return {name.removeprefix(EXTRA): self._read(name, LARGEST_EXTRA) for name in names}

    def _check_shape(self) -> None:
        infos = self._archive.infolist()
        if len(infos) != len(self._members) or len(infos) > _MOST_MEMBERS:
            raise self.damaged("it has too many members, or two of one name")
        if {POINTS, HEADER, _SUMS} - self._members.keys() or not all(map(_known, self._members.keys() - {_SUMS})):
            raise self.damaged("its members are not those of a backup")
        if any(info.flag_bits & 1 or info.compress_type not in (0, zipfile.ZIP_DEFLATED) for info in infos):
            raise self.damaged("it is encrypted, or packed in another way than Nightshift's")
        packed = sum(info.compress_size for info in infos)
        if packed > self._source.stat().st_size or any(map(_bloated, infos)):
            raise self.damaged("its members would grow out of all proportion")

    def _read(self, name: str, limit: int) -> bytes:
        info = self._members.get(name)
        if info is None or info.file_size > limit:
            raise self.damaged(f"{name} is missing or too large")
        with self._told():
            return self._archive.read(info)

    def _digest(self, name: str) -> str:
        digest = hashlib.sha256()
        with self._told(), self._archive.open(name) as member:
            while block := member.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def damaged(self, reason: str) -> BadBackup:
        """What to raise when a member turns out to be wrong."""
        return BadBackup(f"{self._source} cannot be restored: {reason}. Use another copy. Nothing was changed.")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as damage:
            raise self.damaged(f"it is damaged ({damage})") from damage


@contextmanager
def opened(source: Path) -> Iterator[Reader]:
    """The archive, nothing of it checked yet. Raises BadBackup for what is none."""
    try:
        archive = zipfile.ZipFile(source)
    except FileNotFoundError as missing:
        raise BadBackup(f"There is no file {source}.") from missing
    except _DAMAGE as damage:
        raise BadBackup(f"{source} is no backup of Nightshift's, or was cut short ({damage}).") from damage
    with archive:
        yield Reader(archive, source)


def _known(name: str) -> bool:
    extra = name.removeprefix(EXTRA)
    return name in (POINTS, HEADER) or (extra != name and bool(_EXTRA_NAME.fullmatch(extra)))


def _bloated(info: zipfile.ZipInfo) -> bool:
    return info.file_size > max(_GROWTH_FROM, _GROWTH * info.compress_size)


def _unwritable(target: Path, refused: OSError) -> BadBackup:
    return BadBackup(f"{target} cannot be written ({refused}). Name a file in a folder that can, with space for it.")


def _sync_folder(folder: Path) -> None:
    listing = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(listing)
    finally:
        os.close(listing)
