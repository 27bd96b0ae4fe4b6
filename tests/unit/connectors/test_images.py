"""Pictures from strangers: told from the header, decoded upright, stripped of everything but pixels."""

import io
import struct
import zlib

import pytest
from PIL import Image, ImageDraw

from connectors.images import MOST_BYTES, MOST_BYTES_REDRAWN, BadImage, decode, inspect, redraw


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rest = saved(Image.new("RGB", (8, 8)))[33:]
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + rest


PLAIN = Image.new("RGB", (30, 20), "red")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_four_formats_are_told_by_their_content(kind: str) -> None:
    found = inspect(saved(PLAIN, kind))

    assert (found.media_type, found.width, found.height) == (f"image/{kind.lower()}", 30, 20)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "empty", id="zero-byte"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC", id="heic"),
        pytest.param(b"%PDF-1.7", "PDF", id="pdf"),
        pytest.param(b"\xef\xbb\xbf\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG", id="svg"),
        pytest.param(b"<?xml version='1.0'?><svg/>", "SVG", id="svg-after-a-declaration"),
        pytest.param(saved(PLAIN, "TIFF"), "TIFF", id="tiff"),
        pytest.param(saved(PLAIN, "BMP"), "BMP", id="bmp"),
        pytest.param(b"PK\x03\x04 an archive", "not a picture", id="zip"),
        pytest.param(b"x" * (MOST_BYTES + 1), "20 MB are allowed", id="large-file"),
        pytest.param(png_that_claims(10_000, 6_000), "10000 x 6000", id="sixty-megapixels"),
        pytest.param(png_that_claims(60_000, 60_000), "too many pixels", id="bomb"),
    ],
)
def test_what_is_refused_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(BadImage, match=reason):
        inspect(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_file_that_was_cut_off_is_called_broken(kind: str, kept: float) -> None:
    data = saved(Image.effect_noise((200, 200), 90).convert("RGB"), kind)

    with pytest.raises(BadImage, match="broken or cut off"):
        decode(data[: int(kept * len(data))])


def test_a_photograph_is_turned_as_its_camera_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    upright = decode(saved(PLAIN, "JPEG", exif=exif))

    assert upright.size == (20, 30)


@pytest.mark.parametrize(("ink", "ground"), [("black", (255, 255, 255)), ("white", (0, 0, 0))])
def test_ink_on_nothing_stands_out(ink: str, ground: tuple[int, int, int]) -> None:
    image = Image.new("RGBA", (30, 20), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((5, 5, 9, 9), fill=ink)

    assert decode(saved(image)).getpixel((0, 0)) == ground


def test_sixteen_bits_of_grey_keep_their_shades() -> None:
    assert decode(saved(Image.new("I;16", (8, 8), 0x9C40))).getpixel((0, 0)) == (0x9C, 0x9C, 0x9C)


def test_of_an_animation_only_the_first_frame_is_drawn() -> None:
    frames = [Image.new("RGB", (8, 8), (shade, shade, shade)) for shade in (250, 120, 10)]
    animation = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])

    assert decode(animation).getpixel((0, 0)) == (250, 250, 250)


def test_a_redrawn_picture_has_pixels_and_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    data = saved(PLAIN, "JPEG", exif=exif, comment=b"secret") + b"<script>alert(1)</script>PK\x03\x04"

    drawn = redraw(data)

    assert Image.open(io.BytesIO(drawn)).info == {}
    assert not [word for word in (b"home", b"secret", b"script", b"eXIf", b"tEXt") if word in drawn]


@pytest.mark.parametrize(
    ("width", "height", "side"),
    [pytest.param(2_000, 500, (1_600, 400), id="wide"), pytest.param(30, 3_200, (15, 1_600), id="tall")],
)
def test_a_redrawn_picture_is_scaled_down(width: int, height: int, side: tuple[int, int]) -> None:
    assert Image.open(io.BytesIO(redraw(saved(Image.new("RGB", (width, height)))))).size == side


def test_a_redrawn_picture_is_no_large_file() -> None:
    noise = Image.effect_noise((1_700, 1_700), 250).convert("RGB")

    drawn = redraw(saved(noise))

    assert len(drawn) <= MOST_BYTES_REDRAWN
    assert inspect(drawn).media_type == "image/jpeg"
