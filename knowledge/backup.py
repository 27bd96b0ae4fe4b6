"""Backup and restore of what the assistant knows: one file that any vector store can be filled from.

How the file looks is written in ``knowledge.archive``.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from connectors.vectors.port import EVERYTHING, Layout, Point, VectorStore, VectorStoreUnavailable
from knowledge import archive, point_lines
from knowledge.archive import BadBackup, Reader

__all__ = ["BadBackup", "Header", "Restored", "back_up", "discard_unfinished", "read_header", "restore"]

_VERSION: Literal[1] = 1
# Names the collection that a restore is filling, so that one that was killed is known for what it is.
_UNFINISHED = "restore-unfinished"
_RESTORED = re.compile(r"-restored-\d+$")
_VECTOR_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEY = re.compile(r"[\w.: -]{1,100}")
_MOST_DIMENSIONS = 65_536
_BATCH = 256


class _Version(BaseModel):
    format: Literal["nightshift-backup"]
    version: int


class Header(BaseModel):
    """What a backup says of itself. ``embedding`` is the identity of the model whose vectors it holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["nightshift-backup"] = "nightshift-backup"
    version: Literal[1] = _VERSION
    collection: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
    layout: Layout
    embedding: str = Field(max_length=500)
    points: int = Field(ge=0)
    made_at: AwareDatetime

    @field_validator("layout")
    @classmethod
    def _sound(cls, layout: Layout) -> Layout:
        # A store may make files of these names.
        names = (*layout.dense, *layout.sparse, *layout.parts)
        if not all(map(_VECTOR_NAME.fullmatch, names)):
            raise ValueError("a vector's name is none")
        if len(set(names)) != len(names):
            raise ValueError("two vectors have one name")
        if not all(map(_KEY.fullmatch, layout.keywords)):
            raise ValueError("a payload key is none")
        if not all(0 < dimension <= _MOST_DIMENSIONS for dimension in (*layout.dense.values(), *layout.parts.values())):
            raise ValueError("a vector's number of dimensions is none")
        return layout


@dataclass(frozen=True)
class Restored:
    """A restored collection, and the one that the alias named before; ``former`` is empty when there was none."""

    collection: str
    former: str
    header: Header
    extra: Mapping[str, bytes]


async def back_up(
    store: VectorStore, collection: str, extra: Mapping[str, bytes], target: Path, embedding: str, now: datetime
) -> Header:
    """Write a collection, or the one that an alias names, and other files by name; what was written is read back first.

    It goes on while others write. Take ``extra`` before: notes on documents that are older than the documents make
    the next ingest read some again, newer ones would make it miss them. The target is replaced when all is
    well and stays as it was otherwise. Raises BadBackup and VectorStoreUnavailable.
    """
    name = (await store.aliases()).get(collection, collection)
    header, count = _described(name, await store.layout(name), embedding, now), 0
    with archive.replacing(target) as unfinished:
        with archive.written(unfinished) as writer:
            with writer.member(archive.POINTS) as write:
                async for page in store.export(name, batch=_BATCH):
                    await asyncio.to_thread(write, await asyncio.to_thread(point_lines.written, page))
                    count += len(page)
            for file, data in extra.items():
                await asyncio.to_thread(writer.add, archive.EXTRA + file, data)
            header = header.model_copy(update={"points": count})
            writer.add(archive.HEADER, header.model_dump_json(indent=2).encode())
        await asyncio.to_thread(_read_through, unfinished)
    return header


async def read_header(source: Path) -> Header:
    """What a backup holds, without restoring it. Raises BadBackup."""
    with archive.opened(source) as reader:
        return _header(reader)


async def restore(
    store: VectorStore,
    source: Path,
    alias: str,
    adopt: Callable[[Restored], None] = lambda _: None,
    keep: Callable[[Point], bool] = lambda _: True,
) -> Restored:
    """Fill a collection beside those that are there, and switch the alias to it when it is complete.

    Points that are not to ``keep`` are left out.
    ``adopt`` is called just before the switch, with the other files; what it raises calls the restore off. Until the
    switch searches go on in the former collection, which is kept. When anything fails, and after a crash at the next
    restore, what was filled is taken away. One restore at a time. Raises BadBackup and VectorStoreUnavailable.
    """
    with archive.opened(source) as reader:
        header = _header(reader)
        await asyncio.to_thread(reader.check)
        extra = await asyncio.to_thread(reader.extra)
        await discard_unfinished(store)
        aliases = await store.aliases()
        collection = _free(header.collection, {*aliases, *await store.collections()})
        try:
            await _fill(store, collection, header.layout, filter(keep, _points(reader, header)))
            restored = Restored(collection, aliases.get(alias, ""), header, extra)
            adopt(restored)
            await store.point_alias(alias, collection)
        finally:
            await discard_unfinished(store)
    return restored


async def discard_unfinished(store: VectorStore) -> None:
    """Take away what a restore that was killed left behind. Raises VectorStoreUnavailable."""
    aliases = await store.aliases()
    unfinished = aliases.get(_UNFINISHED)
    finished = unfinished in [named for alias, named in aliases.items() if alias != _UNFINISHED]
    if unfinished and not finished and unfinished in await store.collections():
        # Emptied while it is still marked: a crash on the way must not leave half of the points without a mark.
        # A full disk refuses it, and all the more must the collection go.
        with suppress(VectorStoreUnavailable):
            await store.delete(unfinished, EVERYTHING)
    await store.drop_alias(_UNFINISHED)
    if unfinished and not finished:
        await store.drop(unfinished)


async def _fill(store: VectorStore, collection: str, layout: Layout, points: Iterator[Point]) -> None:
    await store.ensure(collection, layout)
    await store.point_alias(_UNFINISHED, collection)
    given = 0
    while batch := await asyncio.to_thread(_taken, points):
        await store.upsert(collection, batch)
        given += len(batch)
    await store.settle(collection)
    if (stored := await store.count(collection, EVERYTHING)) != given:
        raise VectorStoreUnavailable(
            f"The vector store kept {stored} of {given} points. Nothing was changed; try again."
        )


def _taken(points: Iterator[Point]) -> list[Point]:
    return list(islice(points, _BATCH))


def _points(reader: Reader, header: Header) -> Iterator[Point]:
    """Every point, checked; at the end also their number. Raises BadBackup."""
    count, last = 0, ""
    for line in reader.lines():
        try:
            point = point_lines.read(line, header.layout)
        except ValueError as wrong:
            raise reader.damaged(f"point {count + 1} is none of this layout ({wrong})") from wrong
        if point.id <= last:
            raise reader.damaged(f"point {count + 1} is out of order")
        count, last = count + 1, point.id
        yield point
    if count != header.points:
        raise reader.damaged(f"it has {count} points and should have {header.points}")


def _header(reader: Reader) -> Header:
    text = reader.header
    try:
        version = _Version.model_validate_json(text).version
    except ValidationError as wrong:
        raise reader.damaged("it is no backup of Nightshift's") from wrong
    if version > _VERSION:
        raise BadBackup(
            f"The backup was made by a newer Nightshift (its format is {version}, and this one reads {_VERSION}). "
            "Update Nightshift and restore it again. Nothing was changed."
        )
    try:
        return Header.model_validate_json(text)
    except ValidationError as wrong:
        raise reader.damaged(f"its header says what cannot be ({wrong.errors()[0]['msg']})") from wrong


def _described(collection: str, layout: Layout, embedding: str, now: datetime) -> Header:
    try:
        return Header(collection=collection, layout=layout, embedding=embedding, points=0, made_at=now)
    except ValidationError as wrong:
        raise BadBackup(f"Collection {collection!r} cannot be backed up: {wrong.errors()[0]['msg']}.") from wrong


def _read_through(file: Path) -> None:
    try:
        with archive.opened(file) as reader:
            reader.check()
            for _ in _points(reader, _header(reader)):
                pass
    except BadBackup as wrong:
        raise BadBackup(f"No backup was made, because what was written cannot be restored. {wrong}") from wrong


def _free(collection: str, taken: set[str]) -> str:
    base = _RESTORED.sub("", collection)
    names = (base, *(f"{base}-restored-{number}" for number in range(1, len(taken) + 2)))
    return next(name for name in names if name not in taken)
