"""PDF: the text layer, one heading per page so that a citation can name the page."""

import io
import logging

from connectors.sources.formats.page import CannotRead, Page

_MOST_PAGES = 2000
# What a damaged file makes the parser raise, besides its own errors.
_DAMAGE = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OSError, NotImplementedError)


def read(raw: bytes) -> Page:
    """Raises CannotRead when the file is encrypted, damaged, too long, or holds only images."""
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
