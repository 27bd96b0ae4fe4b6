"""Any llama-index reader as a source."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.configuration import BadSettings, Roots, validate
from connectors.load import load
from connectors.sources.llamahub import LlamaHubSource, Settings
from connectors.sources.port import Document, Source, SourceUnavailable, Unreadable

HERE = "tests.unit.connectors.sources.example_readers"
ROOTS = Roots(Path("home"), Path("models"))
IDS = ["runbooks/disk", "runbooks/磁盘"]


@asynccontextmanager
async def opened(reader: str, /, **table: Any) -> AsyncIterator[Source]:
    path = reader if "." in reader else f"{HERE}.{reader}"
    async with load("sources", "llamahub", {"reader": path, **table}, ROOTS) as source:
        yield source


async def read(source: Source, *ids: str) -> list[Document | Unreadable]:
    return [document async for document in source.documents(list(ids))]


@pytest.mark.parametrize("name", ["Pages", "Lazy", "Async"])
async def test_keeps_the_promises_of_the_seam_however_the_reader_loads(name: str) -> None:
    async with opened(name, readers=["sre"]) as source:
        entries = await source.entries()
        assert await source.entries() == entries
        chinese, gone = await read(source, IDS[1], "never")

    assert [entry.id for entry in entries] == IDS
    assert len({entry.digest for entry in entries}) == 2
    assert (source.name, source.skipped) == (name, {"no text in it": 1})
    assert isinstance(chinese, Document)
    assert (chinese.title, chinese.link, chinese.readers) == ("磁盘已满", "runbooks/磁盘", ("sre",))
    assert isinstance(gone, Unreadable)


async def test_reads_without_having_been_listed() -> None:
    async with opened("Pages", kind="incident") as source:
        (page,) = await read(source, IDS[0])

    assert isinstance(page, Document)
    assert (page.link, page.kind, page.media_type) == ("https://wiki.example/disk", "incident", "text/plain")
    assert page.labels == {"service": "logs", "seen": "today"}


async def test_metadata_that_the_reader_itself_leaves_out_makes_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.unit.connectors.sources.example_readers import PAGES

    async with opened("Pages") as source:
        before = await source.entries()
        monkeypatch.setitem(PAGES[0].metadata, "seen", "tomorrow")
        assert await source.entries() == before
        monkeypatch.setitem(PAGES[0].metadata, "service", "web")
        assert await source.entries() != before


async def test_a_document_without_an_id_is_named_by_its_content() -> None:
    async with opened("Parts") as source:
        first, second, again = [entry.id for entry in await source.entries()]
        assert [entry.id for entry in await source.entries()] == [first, second, again]

    assert again == f"{first}-2"


async def test_parts_that_share_an_id_are_one_document() -> None:
    async with opened("Parts", id_key="file_name") as source:
        (file,) = await read(source, "a.csv")

    assert isinstance(file, Document)
    assert (file.text, file.title) == ("one\n\ntwo\n\none", "a.csv")


async def test_a_document_that_is_too_large_is_unreadable() -> None:
    async with opened("Pages", max_bytes=10) as source:
        (page,) = await read(source, IDS[0])

    assert isinstance(page, Unreadable)


async def test_a_reader_of_llama_index_itself_works() -> None:
    path = "llama_index.core.readers.string_iterable.StringIterableReader"
    async with opened(path, load={"texts": ["Restart it."]}, name="notes") as source:
        (entry,) = await source.entries()
        (note,) = await read(source, entry.id)

    assert isinstance(note, Document)
    assert (source.name, note.text, note.title) == ("notes", "Restart it.", "Restart it.")


@pytest.mark.parametrize(
    ("reader", "told"),
    [
        pytest.param(
            "llama_index.readers.notion.NotionPageReader", "pip install llama-index-readers-notion", id="absent"
        ),
        pytest.param("llama_index.core.readers.NoSuchReader", "readers has no NoSuchReader", id="no-such-class"),
        pytest.param("acme_tools.Reader", "pip install acme-tools", id="of-somebody-else"),
        pytest.param(".CSVReader", "no .CSVReader", id="no-module"),
        pytest.param("os.system", "no llama-index reader", id="a-function"),
        pytest.param(f"{HERE}.NoReader", "no llama-index reader", id="another-class"),
    ],
)
async def test_what_is_no_reader_is_refused(reader: str, told: str) -> None:
    with pytest.raises(BadSettings, match=told):
        async with opened(reader):
            pass


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        pytest.param("Locked", {"token": "refused"}, r"ValueError: bad token \*\*\*", id="its-own-refusal"),
        pytest.param("Locked", {"tokens": "s3cret-t0ken"}, "unexpected keyword", id="unknown-argument"),
        pytest.param("Typed", {"port": "s3cret-t0ken"}, "port: Input should be a valid integer", id="wrong-type"),
    ],
)
async def test_arguments_that_are_refused_are_named_but_not_shown(
    name: str, arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(BadSettings, match=told) as refusal:
        async with opened(name, arguments=arguments):
            pass

    assert not {"refused", "s3cret-t0ken"} & set(str(refusal.value).replace("***", "").split())
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize("token", ["s3cret-t0ken", "p@ss wörd\"'\\", "x:y/z?&="])
async def test_a_failure_does_not_tell_what_was_given(token: str) -> None:
    async with opened("Locked", arguments={"token": token, "pin": 40}, load={"query": "k3y"}) as source:
        with pytest.raises(SourceUnavailable, match="Locked could not load: KeyError") as failure:
            await source.entries()

    said = str(failure.value)
    assert token not in said
    assert "k3y" not in said
    assert "401 for" in said


async def test_wrong_load_arguments_name_their_setting() -> None:
    async with opened("Pages", load={"page": 1}) as source:
        with pytest.raises(SourceUnavailable, match=r"connectors\.sources\.llamahub\.load"):
            await source.entries()


async def test_a_reader_that_hangs_is_given_up() -> None:
    from tests.unit.connectors.sources.example_readers import Hanging

    source = LlamaHubSource(Settings(reader="x.Hanging", timeout_seconds=0.05), Hanging())

    with pytest.raises(SourceUnavailable, match="timeout_seconds"):
        await source.entries()


async def test_a_reader_that_ends_the_program_does_not() -> None:
    async with opened("Leaving") as source:
        with pytest.raises(SourceUnavailable, match="SystemExit"):
            await source.entries()


def test_arguments_show_nowhere() -> None:
    settings = validate(
        Settings, {"reader": "a.B", "arguments": {"token": "s3cret"}, "load": {"q": "s3cret"}}, ROOTS, ""
    )

    assert "s3cret" not in f"{settings!r}{settings}{settings.model_dump(mode='json')}"


async def test_what_the_reader_s_own_module_misses_is_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_reader.py").write_text("import acme_driver.wire\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(BadSettings, match="`pip install acme_driver`"):
        async with opened("acme_reader.Reader"):
            pass
