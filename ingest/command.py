"""The run of `python -m ingest`: every target one after the other, none stopped by another's failure."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from connectors.configuration import BadSettings
from connectors.sources.port import Source, SourceUnavailable
from ingest import pipeline
from ingest.classify import Classifier, open_classifier
from ingest.manifest import Manifest, open_manifest
from ingest.report import Report, progress
from ingest.settings import Settings
from ingest.targets import Target, Wanted, stranded, target, words
from knowledge.library import Library
from knowledge.opening import open_library
from knowledge.service_graph import BadServices
from knowledge.taxonomy import Taxonomy, read_taxonomy

MANIFEST = "ingest.sqlite"

# What is wrong with one source; everything else is wrong with all of them.
_OWN = (BadSettings, BadServices, SourceUnavailable, pipeline.NothingToRead)


@dataclass(frozen=True)
class How:
    """How to go about it. ``dry`` changes nothing at all."""

    dry: bool = False
    may_empty: bool = False


@dataclass
class _Session:
    settings: Settings
    library: Library
    manifest: Manifest
    how: How
    report: Report
    taxonomy: Taxonomy
    classifier: Classifier | None
    failed: list[str] = field(default_factory=list)


async def read(wanted: Wanted, how: How, settings: Settings, report: Report) -> bool:
    """Read all targets; whether every one of them could be. Raises the library's and the manifest's errors."""
    async with _session(settings, how, report) as session:
        named = words(wanted, settings, session.manifest)
        for word in named:
            if not await _read(word, wanted, session):
                session.failed.append(word)
        if not named:
            report.note("There is nothing to read: name a PATH, or add [ingest.sources.<name>] to nightshift.toml.")
        for name in stranded(settings, session.manifest) if wanted.everything else ():
            report.note(f"{name} is no longer in the settings; its documents stay. `python -m ingest --forget {name}`")
        report.end(session.failed, len(named))
        await _advise(session)
        return bool(named) and not session.failed


async def forget(name: str, settings: Settings, report: Report) -> bool:
    """Delete a source's documents, and all that is known of it; whether there was such a source."""
    async with _session(settings, How(), report) as session:
        manifest = session.manifest
        ids = manifest.documents(name)
        if not ids and name not in manifest.origins():
            report.note(f"{name}: no such source. There are: {', '.join(manifest.origins()) or 'none'}.")
            return False
        await pipeline.remove(name, ids, _run(session))
        manifest.drop(name)
        report.note(f"{name}: {len(ids)} documents deleted.")
        if name in settings.ingest.sources:
            report.note(f"[ingest.sources.{name}] is still in the settings: `python -m ingest --all` reads it again.")
        await _advise(session)
        return True


@asynccontextmanager
async def _session(settings: Settings, how: How, report: Report) -> AsyncIterator[_Session]:
    file = settings.roots.home / MANIFEST
    ports = settings.ports
    if how.dry and not file.exists():
        # Where nothing was ever read, a look leaves no trace: not even an empty index.
        ports = ports.model_copy(update={"vectors": "memory"})
    async with open_library(settings.model_copy(update={"ports": ports})) as library:
        with open_manifest(file, library.collection, copy=how.dry) as manifest:
            taxonomy = read_taxonomy(settings.knowledge.taxonomy)
            async with open_classifier(settings, taxonomy) as classifier:
                yield _Session(settings, library, manifest, how, report, taxonomy, classifier)


async def _read(word: str, wanted: Wanted, session: _Session) -> bool:
    """Whether something was read, or was up to date."""
    try:
        found = target(word, wanted, session.settings, session.manifest)
        if wanted.readers is None and not found.terms.readers:
            await _refuse_to_open(found.name, session)
        run = replace(
            _run(session),
            graph=found.graph(),
            terms=found.terms,
            may_empty=session.how.may_empty,
            document_seconds=session.settings.ingest.document_seconds,
        )
        with _noted(found, session):
            async with found.connect(session.settings) as source:
                return await _one(source, run, session)
    except _OWN as problem:
        session.report.failure(word, problem)
        return False


async def _refuse_to_open(name: str, session: _Session) -> None:
    """A manifest that was lost, or is another home's, does not know for whom a source was read."""
    if name in session.settings.ingest.sources or name in session.manifest.origins():
        return
    groups = sorted({group for readers in (await session.library.held(name)).values() for group in readers})
    if groups:
        only = ",".join(groups)
        raise BadSettings(
            f"{name} is in the library for {only} only, but nothing notes how it was read. "
            f"Say who may read it: --readers {only}, or --readers everyone."
        )


@contextmanager
def _noted(found: Target, session: _Session) -> Iterator[None]:
    """Who may read it is known before any of it is stored; what brought nothing, such as a slip, is forgotten again."""
    manifest = session.manifest
    fresh = found.name not in manifest.origins()
    manifest.settle(found.name, found.origin)
    try:
        yield
    finally:
        # A dry run, which has but a copy, keeps it: two names that clash are found either way.
        if fresh and not session.how.dry and not manifest.documents(found.name):
            manifest.drop(found.name)


async def _one(source: Source, run: pipeline.Run, session: _Session) -> bool:
    if session.how.dry:
        session.report.plan(source.name, await pipeline.survey(source, run))
        return True
    started = time.monotonic()
    with progress(source.name) as done:
        summary = await pipeline.ingest(source, run, done)
    session.report.summary(summary, time.monotonic() - started)
    return bool(summary.added or summary.changed or summary.unchanged or summary.deleted)


def _run(session: _Session) -> pipeline.Run:
    now = datetime.fromtimestamp(time.time(), UTC)
    return pipeline.Run(
        session.library,
        session.manifest,
        now,
        batch=session.settings.ingest.batch,
        taxonomy=session.taxonomy,
        classifier=None if session.how.dry else session.classifier,
    )


async def _advise(session: _Session) -> None:
    manifest, report = session.manifest, session.report
    if not session.how.dry:
        report.missing(manifest.missing_from(session.library.collection, await session.library.served()))
