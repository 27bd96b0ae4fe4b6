"""How knowledge gets in: fetch → clean → split → label → add, in that order."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from connectors.sources.port import Document, Entry, Source, Unreadable
from ingest.classify import Classifier
from ingest.clean import clean
from ingest.label import label
from ingest.manifest import Manifest, Plan, Record
from ingest.provenance import Closed, Terms, labelled, readers_of
from ingest.reading import ahead, in_time
from ingest.split import split
from knowledge.library import Library, StoredDocument
from knowledge.service_graph import ServiceGraph
from knowledge.taxonomy import Taxonomy, read_taxonomy

Progress: TypeAlias = Callable[[int, int], None]
"""Called with documents done and documents to do."""

_AHEAD = 32


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
    terms: Terms = field(default_factory=Terms)
    document_seconds: float = 900
    taxonomy: Taxonomy = field(default_factory=read_taxonomy)
    classifier: Classifier | None = None


@dataclass(frozen=True)
class Summary:
    """What a run did to one source. ``skipped`` counts files that are no documents, ``removed`` invisible content.

    ``missing`` are the sources that a new index still lacks; until there are none, searches go to the old one.
    ``labelled`` counts what the model did that names topics, if there is one.
    """

    source: str
    added: int = 0
    changed: int = 0
    deleted: int = 0
    unchanged: int = 0
    chunks: int = 0
    unreadable: tuple[Unreadable, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    labelled: Mapping[str, int] = field(default_factory=dict)


async def ingest(source: Source, run: Run, progress: Progress) -> Summary:
    """Bring the library up to date with a source.

    Safe to stop at any moment and to repeat: what is done is not done again. An unreadable new version of a document
    leaves the old one in place. What fewer people may read from now on is taken out first and then added again, so
    that nobody reads it meanwhile. Raises NothingToRead and the ports' errors.
    """
    digests, plan = await _compared(source, run)
    # No document has this digest: the next run tries again.
    unsettled = run.terms.mark(run.graph, run.taxonomy)
    tally = _Tally([Unreadable(record.id, record.reason) for record in plan.unreadable])
    todo = [*plan.added, *plan.changed]
    await _withdraw(source.name, [id for id, former in plan.former.items() if run.terms.closes(former)], run)
    async with aclosing(_batches(source, todo, run)) as batches:
        async for batch in batches:
            run.manifest.begin(source.name, [one.id for one in batch])
            await run.library.add([one.stored for one in batch if one.stored], run.now)
            run.manifest.record(
                source.name, [one.record(unsettled if one.passing else digests[one.id]) for one in batch]
            )
            tally.count(batch)
            progress(tally.done, len(todo))
    await remove(source.name, plan.gone, run)
    missing = await _finish(source.name, run)
    failed = {one.id for one in tally.unreadable}
    return Summary(
        source=source.name,
        added=len(set(plan.added) - failed),
        changed=len(set(plan.changed) - failed),
        deleted=len(plan.gone),
        unchanged=plan.unchanged - len(plan.unreadable),
        chunks=tally.chunks,
        unreadable=tuple(tally.unreadable),
        skipped=dict(source.skipped),
        removed=dict(tally.removed),
        missing=missing,
        labelled=run.classifier.taken() if run.classifier else {},
    )


async def survey(source: Source, run: Run) -> Plan:
    """What there is to do. Raises NothingToRead instead of a plan that would empty the library."""
    return (await _compared(source, run))[1]


async def remove(source: str, ids: Sequence[str], run: Run) -> None:
    """Take documents of a source out of the library."""
    await _withdraw(source, ids, run)
    run.manifest.forget(source, ids)


async def _withdraw(source: str, ids: Sequence[str], run: Run) -> None:
    for start in range(0, len(ids), 256):
        some = ids[start : start + 256]
        run.manifest.begin(source, some)
        await run.library.remove([f"{source}/{id}" for id in some])


def prepare(document: Document, source: str, run: Run) -> tuple[StoredDocument, Mapping[str, int]]:
    """A document as the library keeps it, and how much invisible content was taken out of it. Raises Closed."""
    readers = readers_of(document)
    known = labelled(document, source, run.terms)
    cleaned = clean(document.text)
    title = " ".join(clean(document.title).text.split())[:300]
    id = f"{source}/{document.id}"
    chunks = split(id, title, cleaned.text)
    labels = label(known, cleaned, source, run.graph, run.taxonomy)
    stored = StoredDocument(id, title, document.link, labels, chunks, readers=readers, source_readers=run.terms.readers)
    return stored, cleaned.removed


async def _compared(source: Source, run: Run) -> tuple[Mapping[str, str], Plan]:
    if run.manifest.chunks() > await run.library.written():
        run.manifest.forget_all()
    listed = await source.entries()
    mark = run.terms.mark(run.graph, run.taxonomy)
    entries = [Entry(one.id, one.digest + mark, one.size_bytes) for one in listed]
    served = await run.library.served()
    # While a new index is built, searches go on in the old one: what is gone or closed must leave that one, too.
    plan = run.manifest.plan(source.name, entries, served if served != run.library.collection else "")
    if not run.manifest.knows(source.name):
        # A manifest that was lost knows nothing of what went away since.
        gone = {id.removeprefix(f"{source.name}/") for id in await run.library.held(source.name)}
        plan = replace(plan, gone=tuple(sorted(gone.union(plan.gone) - {entry.id for entry in entries})))
    if not entries and not (plan.gone and run.may_empty):
        passed = sum(source.skipped.values())
        loss = f" {len(plan.gone)} documents read earlier were kept; --may-empty deletes them." if plan.gone else ""
        raise NothingToRead(
            f"{source.name}: no documents found ({passed} other files passed over). "
            f"Name a folder or file with Markdown, HTML, PDF, reStructuredText or plain text.{loss}"
        )
    return {entry.id: entry.digest for entry in entries}, plan


async def _finish(source: str, run: Run) -> tuple[str, ...]:
    run.manifest.finish(source)
    missing = run.manifest.missing_from(run.library.collection, await run.library.served())
    # Also when nothing changed: the library is known to be up to date as of now.
    await run.library.finish(run.now, complete=not missing)
    return missing


@dataclass(frozen=True)
class _Prepared:
    id: str
    stored: StoredDocument | None = None
    reason: str = ""
    removed: Mapping[str, int] = field(default_factory=dict)
    passing: bool = False

    @property
    def chunks(self) -> int:
        return len(self.stored.chunks) if self.stored else 0

    def record(self, digest: str) -> Record:
        return Record(self.id, digest, self.chunks, self.reason)


@dataclass
class _Tally:
    """What a run has done so far."""

    unreadable: list[Unreadable]
    chunks: int = 0
    done: int = 0
    removed: Counter[str] = field(default_factory=Counter)

    def count(self, batch: Sequence[_Prepared]) -> None:
        self.unreadable += [Unreadable(one.id, one.reason) for one in batch if one.reason]
        self.done += len(batch)
        for one in batch:
            self.chunks += one.chunks
            self.removed.update(one.removed)


async def _batches(source: Source, ids: Sequence[str], run: Run) -> AsyncGenerator[list[_Prepared], None]:
    batch: list[_Prepared] = []
    async with aclosing(ahead(_all_prepared(source, ids, run), _AHEAD)) as documents:
        async for document in documents:
            batch.append(document)
            if sum(one.chunks for one in batch) >= run.batch:
                yield batch
                batch = []
    if batch:
        yield batch


async def _all_prepared(source: Source, ids: Sequence[str], run: Run) -> AsyncGenerator[_Prepared, None]:
    async with aclosing(in_time(source, ids, run.document_seconds)) as documents:
        async for document in documents:
            prepared = await asyncio.to_thread(_prepared, document, source.name, run)
            if prepared.stored and run.classifier:
                prepared = replace(prepared, stored=await run.classifier.completed(prepared.stored))
            yield prepared


def _prepared(document: Document | Unreadable, source: str, run: Run) -> _Prepared:
    if isinstance(document, Unreadable):
        return _Prepared(document.id, reason=document.reason, passing=document.passing)
    try:
        stored, cut = prepare(document, source, run)
    except Closed as closed:
        # Stored without chunks, a document takes its former text along.
        nothing = StoredDocument(f"{source}/{document.id}", "", "", {}, ())
        return _Prepared(document.id, nothing, str(closed))
    return _Prepared(document.id, stored, "" if stored.chunks else "no text in it", cut)
