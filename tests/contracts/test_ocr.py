"""The ocr seam: what every reader promises, and what holds for the one that keeps models in a worker."""

import asyncio
import hashlib
import io
import os
import re
import signal
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image, ImageDraw, ImageFont

from connectors.configuration import Roots
from connectors.load import load
from connectors.ocr.port import CannotReadImage, Ocr, OcrUnavailable, Reading

MODELS = Path(os.environ.get("NIGHTSHIFT_MODELS", "~/.cache/nightshift/models")).expanduser()  # noqa: TID251
ROOTS = Roots(home=Path("unused"), models=MODELS)
PADDLE = pytest.param("paddle", marks=pytest.mark.model)
FONTS = Path("/usr/share/fonts")

ENGLISH = "Checkout is slow since noon"
CHINESE = "支付服务延迟过高，请检查数据库连接池"
MIXED = "告警名称：PaymentsHighLatency 当前值 2.71 秒"
TERMINAL = """$ kubectl get pods -n shop
NAME                     READY  STATUS
cart-7d9f8b6c54-2xk9p    0/1    Running
orders-5c7b9d8f6-8w2vt   1/1    Pending"""
TINY = "2026-11-18 ERROR connection refused by payments.internal"

pytestmark = pytest.mark.asyncio(loop_scope="module")


def font(size: int) -> ImageFont.FreeTypeFont:
    found = sorted(FONTS.rglob("NotoSansCJK-Regular.ttc")) or pytest.skip("needs the Debian package fonts-noto-cjk")
    # The fifth face of the collection is the one of equal widths, as in a terminal.
    return ImageFont.truetype(str(found[0]), size, index=5)


def drawn(text: str, size: int = 20, ink: str = "black", ground: str = "white") -> Image.Image:
    letters = font(size)
    lines = text.splitlines()
    width = max(int(letters.getlength(line)) for line in lines) + 4 * size
    image = Image.new("RGB", (width, int(1.4 * size * len(lines)) + 3 * size), ground)
    for row, line in enumerate(lines):
        ImageDraw.Draw(image).text((2 * size, size + 1.4 * size * row), line, fill=ink, font=letters)
    return image


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(text: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(drawn(text).transpose(Image.Transpose.ROTATE_90), "JPEG", quality=92, exif=exif)


def animated(text: str, frames: int) -> bytes:
    first = drawn(text).convert("P")
    others = (Image.new("P", first.size, shade % 250) for shade in range(frames - 1))
    return saved(first, "GIF", save_all=True, append_images=others, optimize=False)


def png_that_claims(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = saved(Image.new("RGB", (8, 8)))[33:]
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + body


PICTURES = {
    "english": (lambda: saved(drawn(ENGLISH)), ENGLISH),
    "chinese": (lambda: saved(drawn(CHINESE)), CHINESE),
    "mixed": (lambda: saved(drawn(MIXED), "WEBP", quality=90), MIXED),
    "dark-terminal": (lambda: saved(drawn(TERMINAL, 16, "#c8c8c8", "#14161a")), TERMINAL),
    "turned-by-exif": (lambda: turned(ENGLISH), ENGLISH),
    "tiny-and-grey": (lambda: saved(drawn(TINY, 11, "#8a8a8a", "#f6f6f6")), TINY),
    "ink-on-nothing": (lambda: saved(drawn(ENGLISH).convert("RGBA")), ENGLISH),
    "ten-thousand-frames": (lambda: animated("disk full", 10_000), "disk full"),
    "polyglot": (lambda: saved(drawn(ENGLISH)) + b"PK\x03\x04<script>alert(1)</script>", ENGLISH),
}
HOSTILE = {
    "zero-byte": (lambda: b"", "empty"),
    "bomb": (lambda: png_that_claims(60_000, 60_000), "pixels"),
    "sixty-megapixels": (lambda: png_that_claims(10_000, 6_000), "pixels"),
    "cut-off-jpeg": (lambda: saved(drawn(ENGLISH), "JPEG")[:3_000], "broken"),
    "lies-about-its-size": (lambda: png_that_claims(6_000, 6_000), "broken"),
    "html": (lambda: b"<!doctype html><script>alert(1)</script>", "format"),
    "heic": (lambda: b"\0\0\0\x18ftypheic" + bytes(100), "heic"),
    "svg": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "svg"),
}


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return {name: make() for name, (make, _) in PICTURES.items()}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["memory", PADDLE])
async def ocr(request: pytest.FixtureRequest, pictures: dict[str, bytes]) -> AsyncIterator[Ocr]:
    table: dict[str, object] = {}
    if request.param == "memory":
        table = {"texts": {hashlib.sha256(pictures[name]).hexdigest(): text for name, (_, text) in PICTURES.items()}}
    elif not (MODELS / "PP-OCRv6_small_rec").is_dir():
        pytest.skip(f"no models in {MODELS}: run `python -m bot models pull`")
    async with load("ocr", request.param, table, ROOTS) as opened:
        yield opened


@pytest.mark.parametrize("name", PICTURES)
async def test_the_text_on_a_picture_is_read(ocr: Ocr, pictures: dict[str, bytes], name: str) -> None:
    reading = await ocr.read(pictures[name])

    assert squeezed(reading.text) == squeezed(PICTURES[name][1])


async def test_rows_and_columns_stay(ocr: Ocr, pictures: dict[str, bytes]) -> None:
    rows = (await ocr.read(pictures["dark-terminal"])).text.splitlines()

    assert [row.split() for row in rows] == [row.split() for row in TERMINAL.splitlines()]
    assert len({row.rindex(cell) for row, cell in zip(rows[1:], ["STATUS", "Running", "Pending"], strict=True)}) <= 2


async def test_lines_come_in_reading_order_and_lie_on_the_picture(ocr: Ocr, pictures: dict[str, bytes]) -> None:
    reading = await ocr.read(pictures["dark-terminal"])

    assert [line.top for line in reading.lines if line.left < 60] == sorted(
        line.top for line in reading.lines if line.left < 60
    )
    assert all(line.left < line.right and line.top < line.bottom for line in reading.lines)
    assert all(0 <= line.score <= 1 for line in reading.lines)


@pytest.mark.parametrize("colour", ["white", "black", "#808080"])
async def test_a_picture_without_text_is_empty(ocr: Ocr, colour: str) -> None:
    assert (await ocr.read(saved(Image.new("RGB", (300, 200), colour)))).text == ""


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (16, 16)])
async def test_a_picture_of_any_shape_is_read(ocr: Ocr, size: tuple[int, int]) -> None:
    assert isinstance(await ocr.read(saved(Image.new("RGB", size))), Reading)


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_file_is_refused_and_the_next_picture_is_read(
    ocr: Ocr, pictures: dict[str, bytes], name: str
) -> None:
    with pytest.raises(CannotReadImage) as refused:
        await ocr.read(HOSTILE[name][0]())

    assert refused.value.kind == HOSTILE[name][1]
    assert len(str(refused.value)) > 20
    assert (await ocr.read(pictures["english"])).text


async def test_a_redrawn_picture_is_upright_and_has_no_metadata(ocr: Ocr, pictures: dict[str, bytes]) -> None:
    before = Image.open(io.BytesIO(pictures["turned-by-exif"]))
    after = Image.open(io.BytesIO(await ocr.redraw(pictures["turned-by-exif"])))

    assert after.size == before.size[::-1]
    assert not after.getexif()


async def test_a_redrawn_picture_is_small_enough_to_be_handed_on(ocr: Ocr) -> None:
    large = saved(Image.effect_noise((2_000, 1_000), 200).convert("RGB"), "JPEG")

    drawn = await ocr.redraw(large)

    assert max(Image.open(io.BytesIO(drawn)).size) <= 1_600
    assert len(drawn) <= 1_500_000


async def test_what_cannot_be_read_cannot_be_redrawn(ocr: Ocr) -> None:
    with pytest.raises(CannotReadImage):
        await ocr.redraw(HOSTILE["cut-off-jpeg"][0]())


async def test_a_reader_has_a_name(ocr: Ocr) -> None:
    assert len(ocr.identity) > 5


@pytest.mark.parametrize("ocr", [PADDLE], indirect=True)
async def test_pictures_at_once_get_their_own_text(ocr: Ocr, pictures: dict[str, bytes]) -> None:
    names = ["english", "chinese", "tiny-and-grey"]

    found = await asyncio.gather(*(ocr.read(pictures[name]) for name in names))

    assert [squeezed(one.text) for one in found] == [squeezed(PICTURES[name][1]) for name in names]


@pytest.mark.parametrize("ocr", [PADDLE], indirect=True)
async def test_a_killed_worker_is_started_again(ocr: Ocr, pictures: dict[str, bytes]) -> None:
    await ocr.read(pictures["english"])
    os.kill(ocr.worker.process_id, signal.SIGKILL)  # type: ignore[attr-defined] # only this reader has a worker

    assert (await ocr.read(pictures["english"])).text == ENGLISH


@pytest.mark.parametrize("ocr", [PADDLE], indirect=True)
async def test_the_worker_stays_warm(ocr: Ocr, pictures: dict[str, bytes]) -> None:
    await ocr.read(pictures["english"])
    before = ocr.worker.process_id  # type: ignore[attr-defined] # only this reader has a worker
    with pytest.raises(CannotReadImage):
        await ocr.read(HOSTILE["cut-off-jpeg"][0]())

    await ocr.read(pictures["chinese"])

    assert ocr.worker.process_id == before  # type: ignore[attr-defined] # only this reader has a worker


@pytest.mark.model
async def test_a_late_reading_is_given_up(pictures: dict[str, bytes]) -> None:
    if not (MODELS / "PP-OCRv6_small_rec").is_dir():
        pytest.skip(f"no models in {MODELS}: run `python -m bot models pull`")
    async with load("ocr", "paddle", {"timeout_seconds": 0.01}, ROOTS) as reader:
        with pytest.raises(OcrUnavailable, match=r"timeout_seconds under \[connectors.ocr\]"):
            await reader.read(pictures["dark-terminal"])


@pytest.mark.parametrize("ocr", [PADDLE], indirect=True)
async def test_a_worker_takes_no_more_memory_than_it_may(ocr: Ocr, pictures: dict[str, bytes]) -> None:
    await ocr.read(pictures["english"])
    process = ocr.worker.process_id  # type: ignore[attr-defined] # only this reader has a worker
    limits = Path(f"/proc/{process}/limits").read_text()  # noqa: ASYNC240  # not on any disk

    assert re.search(rf"Max address space +{4_096 * 2**20} ", limits)


async def test_a_missing_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(OcrUnavailable, match="models pull"):
        async with load("ocr", "paddle", {"detection": tmp_path / "none"}, ROOTS):
            pass


async def test_a_folder_that_is_no_model_says_how_to_check_it(tmp_path: Path) -> None:
    (tmp_path / "inference.yml").write_text("Global: {}")

    with pytest.raises(OcrUnavailable, match="models verify"):
        async with load("ocr", "paddle", {"detection": tmp_path}, ROOTS):
            pass


@pytest.mark.model
async def test_a_broken_model_file_says_how_to_check_it(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    (tmp_path / "inference.yml").write_text("Global:\n  model_name: PP-OCRv6_small_det\n")
    (tmp_path / "inference.onnx").write_bytes(b"not a model")
    if not (MODELS / "PP-OCRv6_small_rec").is_dir():
        pytest.skip(f"no models in {MODELS}: run `python -m bot models pull`")
    async with load("ocr", "paddle", {"detection": tmp_path}, ROOTS) as reader:
        with pytest.raises(OcrUnavailable, match="models verify"):
            await reader.read(pictures["english"])
