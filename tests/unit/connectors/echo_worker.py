"""A worker without a model: each text is one number, and some texts make trouble."""

import array
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from connectors.worker import serve


def load_model() -> Callable[[list[str]], bytes]:
    """Fail at once when told so."""
    if sys.argv[1] == "unloadable":
        raise ValueError("the file is cut off")
    return lengths


def lengths(texts: list[str]) -> bytes:
    """The length of each text; or what the text asks for."""
    print("a library prints this")  # noqa: T201 - the point: it must not reach the pipe
    if texts == ["hang"]:
        signal.pause()
    if texts == ["die"] or (texts == ["die once"] and not Path(sys.argv[1]).exists()):
        Path(sys.argv[1]).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if texts == ["fail"]:
        raise RuntimeError("no such token")
    return array.array("f", [len(text) for text in texts]).tobytes()


if __name__ == "__main__":
    serve(load_model)
