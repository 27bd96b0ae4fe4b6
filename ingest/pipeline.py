"""How knowledge gets in: fetch → clean → split → label → add, in that order."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from connectors.sources.port import Document, Entry, Source, Unreadable
from ingest.clean import clean
from ingest.label import label
from ingest.manifest import Manifest, Plan, Record
from ingest.split import split
from knowledge.library import Library, StoredDocument
from knowledge.service_graph import ServiceGraph

Progress: TypeAlias = Callable[[int, int], None]
"""Called with documents done and documents to do."""


class NothingToRead(Exception):
    """A source holds no documents; the message says what to do. Nothing was changed."""


@dataclass(frozen=True)
class Run:
    """What one run works with. ``batch`` is how many chunks are embedded and stored at once."""

    library: Library
    manifest: Manifest
    now: datetime
    graph: ServiceGraph = field(default_factory=ServiceGraph)
    batch: int = 32
    may_empty: bool = False


@dataclass(frozen=True)
class Summary:
    """What a run did to one source. ``skipped`` counts files that are no documents, ``removed`` invisible content."""

    source: str
    added: int = 0
    changed: int = 0
    deleted: int = 0
    unchanged: int = 0
    chunks: int = 0
    unreadable: tuple[Unreadable, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)


async def ingest(source: Source, run: Run, progress: Progress) -> Summary:
    """Bring the library up to date with a source.

    Safe to stop at any moment and to repeat: what is done is not done again. An unreadable new version of a document
    leaves the old one in place. Raises NothingToRead and the ports' errors.
    """
    plan = await survey(source, run)
    chunks, removed = 0, Counter[str]()
    unreadable = [Unreadable(record.id, record.reason) for record in plan.unreadable]
    todo = [*plan.added, *plan.changed]
    digests = {entry.id: entry.digest for entry in await source.entries()} if todo else {}
    done = 0
    async for batch in _batches(source, todo, run, removed):
        run.manifest.begin(source.name, [one.id for one in batch])
        await run.library.add([one.stored for one in batch if one.stored], run.now)
        run.manifest.record(source.name, [one.record(digests[one.id]) for one in batch])
        unreadable += [Unreadable(one.id, one.reason) for one in batch if one.reason]
        chunks += sum(len(one.stored.chunks) for one in batch if one.stored)
        done += len(batch)
        progress(done, len(todo))
    await _delete(source.name, plan.gone, run)
    # Also when nothing changed: the library is known to be up to date as of now.
    await run.library.finish(run.now)
    failed = {one.id for one in unreadable}
    return Summary(
        source=source.name,
        added=len(set(plan.added) - failed),
        changed=len(set(plan.changed) - failed),
        deleted=len(plan.gone),
        unchanged=plan.unchanged - len(plan.unreadable),
        chunks=chunks,
        unreadable=tuple(unreadable),
        skipped=dict(source.skipped),
        removed=dict(removed),
    )


async def survey(source: Source, run: Run) -> Plan:
    """What there is to do. Raises NothingToRead instead of a plan that would empty the library."""
    if run.manifest.chunks() > (await run.library.facts()).chunks:
        run.manifest.forget_all()
    entries: list[Entry] = await source.entries()
    plan = run.manifest.plan(source.name, entries)
    if not entries and not (plan.gone and run.may_empty):
        passed = sum(source.skipped.values())
        loss = f" {len(plan.gone)} documents read earlier were kept; --may-empty deletes them." if plan.gone else ""
        raise NothingToRead(
            f"{source.name}: no documents found ({passed} other files passed over). "
            f"Name a folder or file with Markdown, HTML, PDF, reStructuredText or plain text.{loss}"
        )
    return plan


@dataclass(frozen=True)
class _Prepared:
    id: str
    stored: StoredDocument | None = None
    reason: str = ""

    def record(self, digest: str) -> Record:
        return Record(self.id, digest, len(self.stored.chunks) if self.stored else 0, self.reason)


async def _batches(source: Source, ids: list[str], run: Run, removed: Counter[str]) -> AsyncIterator[list[_Prepared]]:
    batch: list[_Prepared] = []
    async for document in source.documents(ids):
        batch.append(_prepared(document, source.name, run.graph, removed))
        if sum(len(one.stored.chunks) for one in batch if one.stored) >= run.batch:
            yield batch
            batch = []
    if batch:
        yield batch


def _prepared(document: Document | Unreadable, source: str, graph: ServiceGraph, removed: Counter[str]) -> _Prepared:
    if isinstance(document, Unreadable):
        return _Prepared(document.id, reason=document.reason)
    stored, cut = prepare(document, source, graph)
    removed.update(cut)
    # Stored without chunks, an emptied document takes its former text along.
    return _Prepared(document.id, stored, "" if stored.chunks else "no text in it")


def prepare(document: Document, source: str, graph: ServiceGraph) -> tuple[StoredDocument, Mapping[str, int]]:
    """A document as the library keeps it, and how much invisible content was taken out of it."""
    cleaned = clean(document.text)
    title = " ".join(clean(document.title).text.split())[:300]
    id = f"{source}/{document.id}"
    chunks = split(id, title, cleaned.text)
    labels = label(document, cleaned.text, source, graph)
    return StoredDocument(id, title, document.link, labels, chunks), cleaned.removed


async def _delete(source: str, gone: tuple[str, ...], run: Run) -> None:
    for start in range(0, len(gone), 256):
        some = gone[start : start + 256]
        run.manifest.begin(source, some)
        await run.library.remove([f"{source}/{id}" for id in some])
        run.manifest.forget(source, some)
