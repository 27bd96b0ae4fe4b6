"""PDF: the text layer, one heading per page so that a citation can name the page."""

import io
import json
import logging
import resource
import subprocess
import sys
from pathlib import Path

from connectors.sources.formats.page import CannotRead, Page

_MOST_PAGES = 2000
_SECONDS = 60
_MOST_MEMORY_BYTES = 2 << 30
# What a damaged file makes the parser raise, besides its own errors.
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, RuntimeError, MemoryError, OSError)


def read(raw: bytes) -> Page:
    """Raises CannotRead when the file is encrypted, damaged, too long, holds only images, or takes for ever.

    The parser runs in a process of its own: a file can make it loop or fill the memory, and a thread cannot be ended.
    """
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", __name__],
            input=raw,
            capture_output=True,
            timeout=_SECONDS,
            cwd=Path(__file__).parents[3],
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotRead(f"took longer than {_SECONDS} s") from None
    if done.returncode:
        raise CannotRead(f"damaged PDF (the parser ended with {done.returncode})")
    told = json.loads(done.stdout)
    if "reason" in told:
        raise CannotRead(told["reason"])
    return Page(title=told["title"], text=told["text"])


def parse(raw: bytes) -> Page:
    """The same in this process, without limits on time and memory."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise CannotRead("encrypted PDF: save it without a password")
        if len(reader.pages) > _MOST_PAGES:
            raise CannotRead(f"PDF of more than {_MOST_PAGES} pages: split it")
        title = str(reader.metadata.title or "") if reader.metadata else ""
        pages = [page.extract_text().strip() for page in reader.pages]
    except (PyPdfError, *_DAMAGE) as damage:
        raise CannotRead(f"damaged PDF ({type(damage).__name__})") from damage
    if not any(pages):
        raise CannotRead("PDF without a text layer (scanned images?): run it through OCR first")
    text = "\n\n".join(f"## Page {number}\n\n{page}" for number, page in enumerate(pages, 1) if page)
    return Page(title=title.strip(), text=text)


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
    try:
        page = parse(sys.stdin.buffer.read())
        told = {"title": page.title, "text": page.text}
    except CannotRead as reason:
        told = {"reason": str(reason)}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    _main()
