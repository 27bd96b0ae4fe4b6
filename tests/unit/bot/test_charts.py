"""Drawings as PNG files, whatever stands in them."""

import io
import math
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from bot.charts import HEIGHT, WIDTH, Charts, png, prepare, shown
from bot.rules.figures import Drawing, of_lines, of_rows
from bot.vocabulary import Line, Rows

TEN = 1_772_618_400.0


@pytest.fixture(scope="module", autouse=True)
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("charts")
    prepare(folder)
    yield folder
    prepare.cache_clear()


def line(*values: float, name: str = "api") -> Line:
    return Line(name=name, points=tuple((TEN + i * 60, value) for i, value in enumerate(values)))


def bars(*cells: tuple[str, float]) -> Drawing:
    drawing = of_rows("Orders", Rows(columns=("status", "n"), rows=cells, total=len(cells)))
    assert drawing
    return drawing


def drawn(*lines: Line, title: str = "p95") -> Image.Image:
    drawing = of_lines(title, lines)
    assert drawing
    return opened(drawing)


def opened(drawing: Drawing) -> Image.Image:
    content = png(drawing, "en")
    assert len(content) < 100_000
    return Image.open(io.BytesIO(content)).convert("RGB")


def blue(image: Image.Image, left: int = 0) -> set[int]:
    """The columns of pixels that the first colour is in."""
    pixels = image.load()
    assert pixels
    near = (0, 0x72, 0xB2)
    places = ((x, y) for x in range(left, image.width) for y in range(40, image.height - 50))
    return {x for x, y in places if all(abs(a - b) < 12 for a, b in zip(pixels[x, y], near, strict=True))}


def test_a_chart_is_small_and_stands_on_its_own_ground() -> None:
    image = drawn(line(*range(60)))

    assert image.size == (WIDTH, HEIGHT)
    assert min(image.getpixel((0, 0))) > 245  # type: ignore[type-var, arg-type]  # three numbers
    assert len(blue(image, left=60)) > 600


def test_a_gap_stays_empty() -> None:
    values = [5.0] * 30 + [math.nan] * 30 + [5.0] * 30

    columns = blue(drawn(line(*values)), left=60)

    assert not any(x in columns for x in range(340, 480))
    assert {200, 700} <= columns


def test_bars_begin_at_zero() -> None:
    image = opened(bars(("a", 100), ("b", 98)))
    columns = blue(image)

    assert max(columns) - min(columns) > 600
    assert opened(bars(*((f"s{i}", i) for i in range(20)))).height > HEIGHT


def test_what_stands_in_a_name_is_written_and_not_run() -> None:
    plain, formula = drawn(line(1, 2, name="a b")), drawn(line(1, 2, name="$a$ b"))
    broken = drawn(line(1, 2, name="$\\frac{$ _x \\\\ \x1b[31m"), line(1, name="_hidden"), title="$\\undefined{")

    assert plain.tobytes() != formula.tobytes()
    assert broken.size == plain.size


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([line(1e99, -1e99, 5, math.inf, 1e-300, 1e308)], id="huge"),
        pytest.param([line(0, 0, 0)], id="zeros"),
        pytest.param([line(1e6 + 0.1, 1e6 + 0.2)], id="close-together"),
        pytest.param([line(*range(10), name=f"{'x' * 5000}{i}") for i in range(300)], id="long-names"),
        pytest.param([Line(name="x", points=((0, 1), (7e9, 2)))], id="two-centuries"),
        pytest.param([Line(name="x", points=((TEN, 1), (TEN + 1, 2)))], id="one-second"),
        pytest.param([Line(name="x", points=tuple((TEN + i, i % 7.0) for i in range(100_000)))], id="100000-points"),
        pytest.param(
            [line(1, 2, name="支付 p95"), line(2, 1, name="مدفوعات"), line(2, 3, name="\U0010ffff")], id="signs"
        ),
    ],
)
def test_no_figures_break_it(lines: list[Line]) -> None:
    assert drawn(*lines).size == (WIDTH, HEIGHT)


def test_a_bar_may_be_anything() -> None:
    for cells in [(("a", 0), ("b", 0)), (("a", -1e99), ("$b", 1e99)), (("支付" * 99, -3), ("_", -0.5))]:
        assert opened(bars(*cells)).width == WIDTH


def test_signs_that_no_font_has_are_left_out() -> None:
    assert shown("p95 \U0010fffe ok", "#1") == "p95  ok"
    assert shown("\U0010fffe", "#1") == "#1"
    assert shown("\U0001e923 p95", "#1") == "#1"


async def test_a_chart_comes_with_its_words(prepared: Path) -> None:
    chart = await Charts(prepared).draw(lambda: of_lines("p95", [line(1, 2)]), "en")

    assert chart
    assert chart.png.startswith(b"\x89PNG")
    assert (chart.title, chart.says[:10]) == ("p95", "Line chart")
    assert await Charts(prepared).draw(lambda: None, "en") is None


async def test_what_cannot_be_drawn_in_time_is_left_out(prepared: Path) -> None:
    stuck = threading.Event()

    def plan() -> None:
        stuck.wait(10)

    assert await Charts(prepared, seconds=0.05).draw(plan, "en") is None
    stuck.set()


async def test_what_cannot_be_drawn_at_all_is_left_out(prepared: Path) -> None:
    def plan() -> None:
        raise OverflowError

    assert await Charts(prepared).draw(plan, "en") is None


def test_the_library_is_loaded_late_and_writes_into_the_folder_alone(tmp_path: Path) -> None:
    home, ours = tmp_path / "home", tmp_path / "ours"
    home.mkdir()
    program = (
        "import os, pathlib, sys, bot.charts; assert 'matplotlib' not in sys.modules; "
        "bot.charts.prepare(pathlib.Path(sys.argv[1])); assert 'MPLCONFIGDIR' not in os.environ"
    )
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}

    subprocess.run([sys.executable, "-c", program, str(ours)], env=environment, check=True, timeout=60)

    assert list(ours.glob("fontlist-*.json"))
    assert list(home.iterdir()) == []


def test_without_a_chinese_font_names_become_numbers(prepared: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as machine:
        machine.setattr("bot.charts._CHINESE", ())
        prepare(tmp_path)
        assert (shown("支付 p95", "#1"), shown("checkout", "#1")) == ("#1", "checkout")
        assert drawn(line(1, 2, name="支付 p95"), title="支付服务的延迟").size == (WIDTH, HEIGHT)
    prepare.cache_clear()
    prepare(prepared)
