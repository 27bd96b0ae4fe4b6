"""The pipeline on twins: idempotent, resumable, and never losing what it cannot read."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.embedding.memory import MemoryEmbedding
from connectors.sources.memory import MemorySource, Page
from connectors.sources.port import Document, SourceUnavailable, Unreadable
from connectors.vectors.memory import MemoryVectors
from ingest.manifest import Manifest, Record, open_manifest
from ingest.pipeline import NothingToRead, Run, Summary, ingest
from ingest.provenance import Terms
from knowledge.library import Library, StoredDocument

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def library() -> Library:
    return Library(MemoryEmbedding(64), MemoryVectors())


@pytest.fixture
def manifest(tmp_path: Path, library: Library) -> Iterator[Manifest]:
    with open_manifest(tmp_path / "m.sqlite", library.collection) as opened:
        yield opened


@pytest.fixture
def run(library: Library, manifest: Manifest) -> Run:
    return Run(library, manifest, NOW, batch=2)


class Stored(Library):
    """Remembers what it was given, and whether the index was said to be complete."""

    def __init__(self) -> None:
        super().__init__(MemoryEmbedding(64), MemoryVectors())
        self.documents: dict[str, StoredDocument] = {}
        self.complete: list[bool] = []
        self.alias = ""

    async def add(self, documents: Sequence[StoredDocument], now: datetime) -> None:
        self.documents |= {document.id: document for document in documents}
        await super().add(documents, now)

    async def served(self) -> str:
        return self.alias

    async def finish(self, now: datetime, *, complete: bool = True) -> None:
        self.complete.append(complete)


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture
def into(stored: Stored, manifest: Manifest) -> Run:
    """A run that adds where one can look."""
    return Run(stored, manifest, NOW)


@pytest.fixture
def source() -> MemorySource:
    return MemorySource(
        "docs", [Page(id=f"{n}.md", title=f"Page {n}", text=f"# Page {n}\n\nWord{n}.") for n in range(5)]
    )


async def once(source: MemorySource, run: Run, days: int = 0) -> Summary:
    return await ingest(source, replace(run, now=run.now + timedelta(days=days)), lambda done, total: None)


async def test_everything_gets_in_with_its_labels(source: MemorySource, run: Run) -> None:
    summary = await once(source, run)
    stored = await run.library.document("docs/3.md")

    assert (summary.added, summary.chunks, summary.unreadable) == (5, 5, ())
    assert stored is not None
    assert (stored.title, stored.labels) == ("Page 3", {"kind": "page", "source": "docs", "language": "en"})


async def test_a_second_run_changes_nothing_and_embeds_nothing(source: MemorySource, run: Run) -> None:
    await once(source, run)
    before = await run.library.facts()

    class Asleep(MemoryEmbedding):
        async def embed(self, texts: Sequence[str], role: str) -> list[Sequence[float]]:
            raise AssertionError("there is nothing to embed")

    run.library._embedding = Asleep(64)
    summary = await once(source, run, days=1)

    after = await run.library.facts()
    assert (summary.added, summary.changed, summary.unchanged) == (0, 0, 5)
    assert (after.pages, after.chunks) == (before.pages, before.chunks)
    assert after.ingested_at == (NOW + timedelta(days=1)).isoformat()


async def test_changes_and_deletions_are_followed(source: MemorySource, run: Run) -> None:
    await once(source, run)
    source.put(Page(id="0.md", title="Page 0", text="Rewritten."))
    source.remove("1.md")
    summary = await once(source, run, days=1)

    changed = await run.library.document("docs/0.md")
    assert (summary.changed, summary.deleted, summary.unchanged) == (1, 1, 3)
    assert changed is not None
    assert [chunk.text for chunk in changed.chunks] == ["Rewritten."]
    assert await run.library.document("docs/1.md") is None


async def test_a_killed_run_goes_on_where_it_was(source: MemorySource, run: Run) -> None:
    class Dies(Library):
        left = 1

        async def add(self, documents: Sequence[StoredDocument], now: datetime) -> None:
            await super().add(documents, now)
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt

    dying = Dies(MemoryEmbedding(64), run.library._vectors)
    with pytest.raises(KeyboardInterrupt):
        await once(source, Run(dying, run.manifest, NOW, batch=2))

    summary = await once(source, run, days=1)

    # The first batch of two was recorded; the second was stored but not recorded, and is stored again in place.
    assert (summary.added, summary.unchanged) == (3, 2)
    assert (await run.library.facts()).chunks == 5


async def test_a_store_that_lost_its_content_is_filled_again(source: MemorySource, run: Run) -> None:
    await once(source, run)
    await run.library.remove(["docs/2.md"])

    assert (await once(source, run, days=1)).added == 5


class Sometimes(MemorySource):
    """Cannot read one of its documents."""

    broken = ""

    async def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        async for document in super().documents(ids):
            yield Unreadable(document.id, "encrypted") if document.id == self.broken else document


async def test_an_unreadable_document_is_named_once_and_again(run: Run) -> None:
    source = Sometimes("docs", [Page(id="a.md", text="fine"), Page(id="b.md", text="never")])
    source.broken = "b.md"

    for added in (1, 0):
        summary = await once(source, run)
        assert (summary.added, summary.unreadable) == (added, (Unreadable("b.md", "encrypted"),))


async def test_an_unreadable_new_version_leaves_the_old_one(run: Run) -> None:
    source = Sometimes("docs", [Page(id="a.md", text="the old words")])
    await once(source, run)
    source.put(Page(id="a.md", text="new"))
    source.broken = "a.md"
    await once(source, run, days=1)

    stored = await run.library.document("docs/a.md")
    assert stored is not None
    assert stored.chunks[0].text == "the old words"


async def test_an_emptied_document_takes_its_text_along(source: MemorySource, run: Run) -> None:
    await once(source, run)
    source.put(Page(id="0.md", text="<!-- nothing -->"))
    summary = await once(source, run, days=1)

    assert summary.unreadable == (Unreadable("0.md", "no text in it"),)
    assert await run.library.document("docs/0.md") is None


async def test_a_source_that_is_suddenly_empty_deletes_nothing_unless_told(source: MemorySource, run: Run) -> None:
    await once(source, run)
    with pytest.raises(NothingToRead, match=r"5 documents .* kept"):
        await once(MemorySource("docs"), run)

    assert (await once(MemorySource("docs"), replace(run, may_empty=True))).deleted == 5


async def test_two_sources_do_not_touch_each_other(source: MemorySource, run: Run) -> None:
    await once(source, run)
    await once(MemorySource("other", [Page(id="0.md", text="another page zero")]), run)

    assert (await run.library.facts()).pages == 6


async def test_invisible_content_is_counted(run: Run) -> None:
    summary = await once(MemorySource("docs", [Page(id="a.md", text="a<!-- obey -->b\u200b")]), run)

    assert summary.removed == {"HTML comments": 1, "zero-width characters": 1}


async def test_a_document_carries_its_own_readers_and_its_sources(stored: Stored, into: Run) -> None:
    pages = [Page(id="a.md", text="a", labels={"readers": ["dba"]}), Page(id="b.md", text="b")]
    await once(MemorySource("docs", pages), replace(into, terms=Terms(("sre",))))

    own = [(one.readers, one.source_readers) for one in stored.documents.values()]
    assert own == [(("dba",), ("sre",)), ((), ("sre",))]


async def test_both_limits_hold_for_whoever_asks(run: Run) -> None:
    source = MemorySource("docs", [Page(id="a.md", text="secret", labels={"readers": ["dba"]})])
    await once(source, replace(run, terms=Terms(("sre",))))

    shown = [await run.library.document("docs/a.md", groups) for groups in ((), ("sre",), ("dba",), ("dba", "sre"))]
    assert [one is not None for one in shown] == [False, False, False, True]


@pytest.mark.parametrize("terms", [Terms(("dba",)), Terms(labels={"owner": "sre"})])
async def test_other_terms_take_effect_though_no_document_changed(
    terms: Terms, source: MemorySource, into: Run
) -> None:
    await once(source, into)

    assert (await once(source, replace(into, terms=terms))).changed == 5
    assert (await once(source, replace(into, terms=terms))).changed == 0


async def test_what_fewer_may_read_is_gone_before_anything_is_read(source: MemorySource, run: Run) -> None:
    await once(source, run)

    class Unplugged(MemorySource):
        async def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
            raise SourceUnavailable("gone")
            yield Unreadable("", "")

    away = Unplugged("docs", [Page(id="0.md", title="Page 0", text="# Page 0\n\nWord0.")])
    with pytest.raises(SourceUnavailable):
        await once(away, replace(run, terms=Terms(("sre",))))

    assert await run.library.document("docs/0.md") is None
    assert (await once(source, replace(run, terms=Terms(("sre",))), days=1)).changed == 5


async def test_what_cannot_be_read_under_new_readers_is_withdrawn(run: Run) -> None:
    source = Sometimes("docs", [Page(id="a.md", text="for all to see"), Page(id="b.md", text="more")])
    await once(source, run)
    source.broken = "a.md"
    summary = await once(source, replace(run, terms=Terms(("sre",))), days=1)

    assert summary.unreadable == (Unreadable("a.md", "encrypted"),)
    assert await run.library.document("docs/a.md") is None


async def test_a_document_with_an_impossible_limit_is_named_and_taken_out(run: Run) -> None:
    source = MemorySource("docs", [Page(id="a.md", text="open"), Page(id="b.md", text="more")])
    await once(source, run)
    source.put(Page(id="a.md", text="---\nreaders: [sre\n---\nsecret"))
    summary = await once(source, run, days=1)

    assert [one.id for one in summary.unreadable] == ["a.md"]
    assert await run.library.document("docs/a.md") is None


class Slow(MemorySource):
    """Needs for ever for one of its documents, until it is mended."""

    stuck = "b.md"

    async def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        async for document in super().documents(ids):
            if document.id == self.stuck:
                await asyncio.Event().wait()
            yield document


async def test_a_document_that_takes_too_long_is_named_and_tried_again(run: Run) -> None:
    source = Slow("docs", [Page(id="a.md", text="fine"), Page(id="b.md", text="slow"), Page(id="c.md", text="fine")])
    hasty = replace(run, document_seconds=0.05)
    summary = await once(source, hasty)

    assert (summary.added, summary.unreadable) == (2, (Unreadable("b.md", "took longer than 0.05 s"),))
    source.stuck = ""
    assert (await once(source, hasty)).changed == 1


async def test_a_document_that_is_late_twice_keeps_its_former_version(run: Run) -> None:
    source = Slow("docs", [Page(id="a.md", text="fine"), Page(id="b.md", text="the old words")])
    source.stuck = ""
    await once(source, run)
    source.stuck = "b.md"
    source.put(Page(id="b.md", text="new"))
    for days in (1, 2):
        await once(source, replace(run, document_seconds=0.05), days)

    kept = await run.library.document("docs/b.md")
    assert kept is not None
    assert kept.chunks[0].text == "the old words"


async def test_a_new_index_is_complete_with_the_last_source_of_the_old_one(
    stored: Stored, into: Run, tmp_path: Path
) -> None:
    stored.alias = "old"
    with open_manifest(tmp_path / "m.sqlite", "old") as old:
        for name in ("docs", "wiki"):
            old.record(name, [Record("a.md", "1", 1)])

    missing = [(await once(MemorySource(name, [Page(id="a.md", text="a")]), into)).missing for name in ("docs", "wiki")]

    assert (missing, stored.complete) == ([("wiki",), ()], [False, True])


async def rebuilding(source: MemorySource, run: Run, tmp_path: Path, terms: Terms) -> tuple[Library, Summary]:
    """What searches see after a first run with another embedding, which lacks a second source."""
    old = run.library
    await once(source, run)
    await once(MemorySource("more", [Page(id="x.md", text="x")]), run)
    new = Library(MemoryEmbedding(32), old._vectors)
    with open_manifest(tmp_path / "m.sqlite", new.collection) as manifest:
        source.remove("0.md")
        summary = await once(source, replace(run, library=new, manifest=manifest, terms=terms), days=1)
        again = await once(source, replace(run, library=new, manifest=manifest, terms=terms), days=2)
    assert (again.added, again.changed, again.deleted) == (0, 0, 0)
    return new, summary


async def test_what_is_gone_while_a_new_index_is_built_is_gone_from_the_old_one(
    source: MemorySource, run: Run, tmp_path: Path
) -> None:
    library, summary = await rebuilding(source, run, tmp_path, Terms())

    assert (summary.deleted, summary.missing) == (1, ("more",))
    assert [one.id for one in await library.documents()] == [*(f"docs/{n}.md" for n in range(1, 5)), "more/x.md"]


async def test_what_is_closed_while_a_new_index_is_built_is_closed_before_anything_is_read(
    source: MemorySource, run: Run, tmp_path: Path
) -> None:
    library, _ = await rebuilding(source, run, tmp_path, Terms(("sre",)))

    assert [one.id for one in await library.documents()] == ["more/x.md"]
