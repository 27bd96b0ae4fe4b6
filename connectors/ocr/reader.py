"""The worker's side: finds the lines of text on upright pixels, reads each, and looks twice where it is in doubt."""

import logging
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
from paddleocr import TextDetection, TextRecognition  # type: ignore[import-untyped]  # it ships no types

from connectors.ocr.decoding import LOOK_ALIKE, Character, resolve, weigh
from connectors.ocr.layout import as_text, in_reading_order
from connectors.ocr.port import Reading, TextLine

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Pixels: TypeAlias = NDArray[np.uint8]
    Corners: TypeAlias = NDArray[np.float32]

# What is larger is a photograph of a screen, whose letters are large too.
_MOST_PIXELS = 16_000_000

# Finding lines needs some 250 bytes for each pixel that is looked at in one go.
_MOST_AT_ONCE = 1_200_000
# PaddleOCR makes larger ones smaller.
_LONGEST_SIDE = 4_000
_LEAST_STRIP = 320

# Around a line, in the network's own measure (arXiv 1911.08947, unclip ratio). More than its authors' 1.5: cut closely,
# small and capital letters look the same.
_MARGIN = 1.8

_LINE_HEIGHT = 48
_NARROWEST = 16
_LONGEST = 3_200

# Lines this low, in pixels, are looked at again where a character is in doubt or has a smaller share than this.
_SMALL = 20
_SURE = 0.9
_LARGER = 1.5
_MOST_AGAIN = 150

# Where the shades of a strip lie closer together, of 256, the network finds no lines, though it could read them.
_PALE = 64
_PLAIN = 8

_NOISE = 0.5
_NOISE_LENGTH = 2
_BLANK = 0


@dataclass(frozen=True)
class _Line:
    corners: "Corners"
    characters: Sequence[Character]

    @property
    def score(self) -> float:
        return float(np.mean([one.share for one in self.characters])) if self.characters else 0.0

    @property
    def small_and_doubtful(self) -> bool:
        height = min(
            np.linalg.norm(self.corners[0] - self.corners[3]), np.linalg.norm(self.corners[1] - self.corners[0])
        )
        return bool(height < _SMALL) and any(one.share < _SURE or len(one.candidates) > 1 for one in self.characters)


class Reader:
    """Two networks: one that finds lines, and one that reads a line, a copy of it for each thread."""

    def __init__(self, detection: Path, recognition: Path, threads: int) -> None:
        """Load the models from their folders."""
        logging.getLogger("paddlex").setLevel(logging.ERROR)
        # Networks this small gain little from a second thread, and much from a second piece at the same time.
        options = {"limit_side_len": 32, "limit_type": "min", "unclip_ratio": _MARGIN}
        self._finders = [TextDetection(**_model(detection), **options) for _ in range(threads)]
        self._readers = [TextRecognition(**_model(recognition)) for _ in range(threads)]
        for reader in self._readers:
            predictor = reader.paddlex_predictor
            predictor.post_op = _Decoder(predictor.post_op.character)
        self._threads = ThreadPoolExecutor(threads)

    def read(self, image: "Image") -> Reading:
        """Everything on the picture."""
        started = time.process_time()
        pixels = np.asarray(image)[:, :, ::-1]
        scale = min(1.0, (_MOST_PIXELS / (image.width * image.height)) ** 0.5)
        if scale < 1:
            pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        lines = self._look_again(pixels, self._read_lines(pixels, self._find(pixels)))
        rows = in_reading_order([one for line in lines for one in _text_line(line, scale)])
        return Reading(
            lines=tuple(line for row in rows for line in row),
            text=as_text(rows),
            width=image.width,
            height=image.height,
            cpu_seconds=round(time.process_time() - started, 3),
        )

    def _find(self, pixels: "Pixels") -> list["Corners"]:
        strips = list(_strips(pixels, len(self._finders)))
        shares = [strips[at :: len(self._finders)] for at in range(len(self._finders))]

        def find(finder: TextDetection, share: Sequence[tuple[int, int]]) -> list["Corners"]:
            found = []
            for top, bottom in share:
                [result] = finder.predict(_full_contrast(pixels[top:bottom]))
                found += [
                    np.asarray(corners, np.float32) + np.array([0, top], np.float32) for corners in result["dt_polys"]
                ]
            return found

        return [corners for found in self._threads.map(find, self._finders, shares) for corners in found]

    def _read_lines(self, pixels: "Pixels", places: Sequence["Corners"]) -> list[_Line]:
        """The lines in the order of their places."""
        crops = [_cut(pixels, corners) for corners in places]
        # Every thread gets as many pixels as the others: long and short lines are dealt out in turn.
        order = sorted(range(len(crops)), key=lambda i: -crops[i].shape[1])
        shares = [order[at :: len(self._readers)] for at in range(len(self._readers))]

        def read(reader: TextRecognition, share: Sequence[int]) -> list[tuple[int, _Line]]:
            # One by one: a batch is padded to its longest line, which costs more than batching saves.
            results = reader.predict([crops[i] for i in share], batch_size=1) if share else []
            return [(i, _Line(places[i], result["rec_text"])) for i, result in zip(share, results, strict=True)]

        found = dict(line for lines in self._threads.map(read, self._readers, shares) for line in lines)
        return [found[i] for i in range(len(places))]

    def _look_again(self, pixels: "Pixels", lines: Sequence[_Line]) -> list[_Line]:
        """Small lines in doubt are read once more from an enlarged picture, and what both readings saw is weighed."""
        places = [line.corners * np.float32(_LARGER) for line in lines if line.small_and_doubtful]
        if not 0 < len(places) <= _MOST_AGAIN:
            return list(lines)
        larger = cv2.resize(pixels, None, fx=_LARGER, fy=_LARGER, interpolation=cv2.INTER_CUBIC)
        again = iter(self._read_lines(larger.astype(np.uint8, copy=False), places))
        return [
            _Line(line.corners, weigh(line.characters, next(again).characters)) if line.small_and_doubtful else line
            for line in lines
        ]


class _Decoder:
    """Reads a network's answer as CTC does (Graves, 2006), and keeps what else each character may be."""

    def __init__(self, alphabet: Sequence[str]) -> None:
        self.character = alphabet
        places = {character: place for place, character in enumerate(alphabet)}
        self._others = {
            places[one]: [(other, places[other]) for other in group if other != one]
            for group in LOOK_ALIKE
            for one in group
        }

    def __call__(
        self, predicted: Sequence["NDArray[np.float32]"], **_: object
    ) -> tuple[list[list[Character]], list[float]]:
        texts = [list(self._characters(shares)) for shares in np.asarray(predicted[0])]
        return texts, [1.0] * len(texts)

    def _characters(self, shares: "NDArray[np.float32]") -> Iterator[Character]:
        best = shares.argmax(axis=-1)
        for place, run in groupby(range(len(best)), key=lambda at: int(best[at])):
            if place != _BLANK:
                steps = shares[list(run)]
                others = {one: float(steps[:, other].max()) for one, other in self._others.get(place, [])}
                yield Character(self.character[place], float(steps[:, place].max()), others)


def _model(folder: Path) -> dict[str, object]:
    """What every model of PaddleOCR is given: its folder, its name as that says, and the engine."""
    named = re.search(r"^\s*model_name:\s*(\S+)", (folder / "inference.yml").read_text("utf-8"), re.MULTILINE)
    return {
        "model_name": named[1] if named else folder.name,
        "model_dir": str(folder),
        "engine": "onnxruntime",
        "engine_config": {
            "intra_op_num_threads": 1,
            "inter_op_num_threads": 1,
            # Kept, the memory of the largest picture would never be given back.
            "enable_cpu_mem_arena": False,
            "log_severity_level": 3,
        },
    }


def _strips(pixels: "Pixels", fewest: int) -> Iterator[tuple[int, int]]:
    """Tops and bottoms of strips that are small enough, cut where nothing is written."""
    height, width = pixels.shape[:2]
    most = min(max(min(_MOST_AT_ONCE // width, height // fewest), _LEAST_STRIP), _LONGEST_SIDE)
    top = 0
    while height - top > most + _LEAST_STRIP // 4:
        # The emptiest row of the last quarter: along it, neighbouring pixels hardly differ.
        begin = top + most - most // 4
        contrast = np.abs(np.diff(pixels[begin : top + most].astype(np.int16), axis=1)).sum(axis=(1, 2))
        bottom = begin + int(contrast.argmin()) + 1
        yield top, bottom
        top = bottom
    yield top, height


def _cut(pixels: "Pixels", corners: "Corners") -> "Pixels":
    """A line, laid straight, in the height that the network reads: one interpolation in place of two."""
    above, right, below, left = (
        float(np.linalg.norm(corners[one] - corners[two])) for one, two in ((0, 1), (1, 2), (2, 3), (3, 0))
    )
    width = _LINE_HEIGHT * max(above, below) / max(left, right, 1.0)
    size = min(max(round(width), _NARROWEST), _LONGEST), _LINE_HEIGHT
    target = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], np.float32)
    turn = cv2.getPerspectiveTransform(corners, target)
    line = cv2.warpPerspective(pixels, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return line.astype(np.uint8, copy=False)


def _full_contrast(pixels: "Pixels") -> "Pixels":
    """Pale print from black to white; anything else as it is."""
    low, high = np.percentile(pixels, (0.2, 99.8))
    if not _PLAIN <= high - low < _PALE:
        return np.ascontiguousarray(pixels)
    stretched: Pixels = np.clip((pixels - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
    return stretched


def _text_line(line: _Line, scale: float) -> Iterator[TextLine]:
    text = resolve(line.characters).strip()
    # Icons and pieces of drawings are read as a sign or two that the network itself does not believe in.
    if text and (line.score >= _NOISE or len(text) > _NOISE_LENGTH):
        (left, top), (right, bottom) = line.corners.min(axis=0) / scale, line.corners.max(axis=0) / scale
        box = {"left": round(left), "top": round(top), "right": round(right), "bottom": round(bottom)}
        yield TextLine(text=text, score=round(min(line.score, 1.0), 4), **box)
