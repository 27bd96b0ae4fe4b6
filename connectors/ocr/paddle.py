"""Reading by PaddleOCR's networks on onnxruntime, in a worker process with a limit on its memory and its time."""

import asyncio
import base64
import contextlib
import functools
import hashlib
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from pydantic import BaseModel, Field

from connectors.configuration import ModelPath
from connectors.images import BadImage, decode, inspect, redraw
from connectors.ocr.port import CannotReadImage, OcrUnavailable, Reading
from connectors.worker import Worker, serve

_NETWORK, _DESCRIPTION = "inference.onnx", "inference.yml"
_MODEL_NAME = re.compile(rb"^\s*model_name:\s*(\S+)", re.MULTILINE)
_DONE, _REFUSED = b"+", b"-"


class Settings(BaseModel):
    """Which models, and how much of the machine they may use."""

    detection: ModelPath = Path("PP-OCRv6_small_det")
    """The folder of the model that finds lines, with inference.onnx and inference.yml; a relative path lies in the
    folder of model files."""
    recognition: ModelPath = Path("PP-OCRv6_small_rec")
    """The folder of the model that reads a line."""
    threads: int = Field(default=2, ge=1, le=16)
    """Processor threads."""
    memory_mb: int = Field(default=4_096, ge=1_024)
    """How much address space the worker may take, which is a good deal more than the memory that it uses."""
    timeout_seconds: float = Field(default=60, gt=0)
    """How long one picture may take."""
    start_timeout_seconds: float = Field(default=120, gt=0)
    """How long loading the models may take."""


class Task(TypedDict):
    """One picture for the worker, as base64, and what to do with it."""

    job: str
    image: str


@dataclass
class PaddleOcr:
    """Reads one picture after the other, in the order they came."""

    identity: str
    worker: Worker
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def read(self, image: bytes) -> Reading:
        """See the port."""
        return Reading.model_validate_json(await self._ask("read", image))

    async def redraw(self, image: bytes) -> bytes:
        """See the port."""
        return await self._ask("redraw", image)

    async def _ask(self, job: str, image: bytes) -> bytes:
        # Whatever the header gives away costs the worker nothing.
        try:
            inspect(image)
        except BadImage as bad:
            raise CannotReadImage(str(bad), bad.kind) from bad
        task: Task = {"job": job, "image": base64.b64encode(image).decode()}
        async with self._turn:
            reply = await self.worker.call([task])
        if reply[:1] == _REFUSED:
            kind, _, reason = reply[1:].decode().partition(" ")
            raise CannotReadImage(reason, kind)
        return reply[1:]


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[PaddleOcr]:
    """The reader, its worker not yet started. Raises OcrUnavailable when there is no such model."""
    folders = {name: getattr(settings, name).resolve() for name in ("detection", "recognition")}
    identity = "+".join(f"{_model_name(folder)}@{_fingerprint(folder)}" for folder in folders.values())
    # The worker starts in another working folder, so it gets the paths in full.
    argument = settings.model_copy(update=folders).model_dump_json()
    limits = settings.start_timeout_seconds, settings.timeout_seconds
    async with aclosing(Worker(__name__, argument, *limits, "ocr", OcrUnavailable)) as worker:
        yield PaddleOcr(f"paddle:{identity}", worker)


def _model_name(folder: Path) -> str:
    try:
        found = _MODEL_NAME.search((folder / _DESCRIPTION).read_bytes())
    except OSError as missing:
        raise OcrUnavailable(
            f"There is no model in {folder} ({missing.strerror}). Run `python -m bot models pull`, or set the folder "
            "under [connectors.ocr.paddle] in nightshift.toml."
        ) from missing
    if found is None:
        raise OcrUnavailable(f"{folder / _DESCRIPTION} names no model. Run `python -m bot models verify`.")
    return found[1].decode("utf-8", "replace")


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256((folder / _DESCRIPTION).read_bytes())
    try:
        digest.update(b"%d" % (folder / _NETWORK).stat().st_size)
    except OSError as missing:
        raise OcrUnavailable(f"There is no {folder / _NETWORK}. Run `python -m bot models pull`.") from missing
    return digest.hexdigest()[:12]


def load_model(settings: Settings) -> Callable[[list[Task]], bytes]:
    """The models as a function, in the worker."""
    _limit_memory(settings.memory_mb)
    from connectors.ocr.reader import Reader

    reader = Reader(settings.detection, settings.recognition, settings.threads)

    def answer(tasks: list[Task]) -> bytes:
        [task] = tasks
        image = base64.b64decode(task["image"])
        try:
            if task["job"] == "redraw":
                return _DONE + redraw(image)
            return _DONE + reader.read(decode(image)).model_dump_json().encode()
        except BadImage as bad:
            return _REFUSED + f"{bad.kind} {bad}".encode()

    return answer


def _limit_memory(megabytes: int) -> None:
    """Let no picture take more of the machine than this; a system that knows no such limit goes without."""
    import resource  # there is none on Windows

    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))


if __name__ == "__main__":
    serve(functools.partial(load_model, Settings.model_validate_json(sys.argv[1])))
