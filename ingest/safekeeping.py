"""`python -m ingest backup FILE` and `restore FILE`: the library and the manifest, as one file and back."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from connectors.load import load
from connectors.vectors.port import Point, VectorStore
from ingest.command import MANIFEST
from ingest.manifest import open_manifest
from ingest.manifest_copy import copied, take_over
from ingest.report import Report
from ingest.settings import Settings
from knowledge.backup import BadBackup, Restored, back_up, read_header, restore
from knowledge.library import ALIAS
from knowledge.opening import open_library
from knowledge.points import narrower, readers
from knowledge.source_settings import tidy_readers


async def write(file: Path, settings: Settings, report: Report) -> None:
    """Back up what searches read. Raises BadBackup, ManifestUnavailable and the library's errors."""
    manifest = settings.roots.home / MANIFEST
    async with open_library(settings) as library:
        served, embedding = await library.served(), (await library.facts()).embedding
    if not served:
        raise BadBackup("The library is empty: there is nothing to back up. Run `python -m ingest PATH` first.")
    # Older notes than documents make the next run read some again; newer ones would make it miss them.
    extra = {MANIFEST: copied(manifest)}
    async with _store(settings) as store:
        with _working(f"Writing {file}"):
            header = await back_up(store, served, extra, file, embedding, datetime.fromtimestamp(time.time(), UTC))
    size = (await asyncio.to_thread(file.stat)).st_size / 1e6
    report.note(f"{file}: {header.points} points of {header.collection}, {size:.1f} MB, read back and found whole.")


async def read(file: Path, settings: Settings, report: Report) -> None:
    """Put a backup in the place of what searches read. Raises BadBackup, ManifestUnavailable and the store's errors."""
    header = await read_header(file)
    made = header.made_at.strftime("%Y-%m-%d %H:%M %Z")
    async with _store(settings) as store:
        with _working(f"Reading {file}, made {made}"):
            restored = await _restored(store, file, settings.roots.home / MANIFEST)
    report.note(f"{file}: {restored.header.points} points are back, as they were on {made}.")
    report.note(
        "Until `python -m ingest --all` has run, pages are as they were then: also those deleted or limited since. "
        "What belongs to a source that was limited since is left out till then."
    )


async def _restored(store: VectorStore, file: Path, manifest: Path) -> Restored:
    """The restored collection under its own name, where later runs look for it.

    While that name is taken the backup is filled in beside it first, so that searches always have a whole index.
    """
    closed, left_out = _closed(manifest), set[tuple[str, str]]()

    def adopt(restored: Restored) -> None:
        copy = restored.extra.get(MANIFEST)
        if copy:
            take_over(manifest, copy, restored.header.collection, restored.collection)
            with open_manifest(manifest, restored.collection) as records:
                for name, id in left_out:
                    records.begin(name, [id])

    def keep(point: Point) -> bool:
        document, (_, limit) = str(point.payload.get("document", "")), readers(point.payload)
        shut = [name for name, now in closed.items() if document.startswith(f"{name}/") and narrower(now, limit)]
        left_out.update((name, document.removeprefix(f"{name}/")) for name in shut)
        return not shut

    first = await restore(store, file, ALIAS, adopt, keep)
    if first.collection == first.header.collection:
        return first
    await store.drop(first.header.collection)
    second = await restore(store, file, ALIAS, adopt, keep)
    await store.drop(first.collection)
    with open_manifest(manifest, first.collection) as records:
        records.forget_all()
    return second


def _closed(manifest: Path) -> dict[str, tuple[str, ...]]:
    """The sources that are not for everybody, with their readers, as they were last read here."""
    with open_manifest(manifest, "", copy=True) as records:
        return {name: limit for name, one in records.origins().items() if (limit := tidy_readers(one.readers))}


def _store(settings: Settings) -> AbstractAsyncContextManager[VectorStore]:
    vendor = settings.ports.vectors
    return load("vectors", vendor, settings.table("vectors", vendor), settings.roots)


@contextmanager
def _working(what: str) -> Iterator[None]:
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(f"{what} …"):
            yield
        return
    console.print(f"{what} …", highlight=False, soft_wrap=True)
    yield
