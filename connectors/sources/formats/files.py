"""Files as documents: which names are documents, which are too big, and how each is read."""

import hashlib
import importlib
from pathlib import PurePosixPath
from urllib.parse import quote

from connectors.sources.formats.limits import limited
from connectors.sources.formats.page import CannotRead, Page
from connectors.sources.formats.text import decode
from connectors.sources.port import Document, Unreadable

_FORMATS = {
    "markdown": ("text/markdown", (".md", ".markdown", ".mdown", ".mdx")),
    "html": ("text/html", (".html", ".htm", ".xhtml")),
    "pdf": ("application/pdf", (".pdf",)),
    "rst": ("text/x-rst", (".rst", ".rest")),
    "text": ("text/plain", (".txt", ".text", ".adoc", ".asciidoc", ".org")),
}
_BY_SUFFIX = {suffix: name for name, (_, suffixes) in _FORMATS.items() for suffix in suffixes}
_PLAIN_NAMES = {"readme", "changelog", "faq", "howto", "install", "news", "runbook"}
_SKIPPED_FOLDERS = {"node_modules", "__pycache__", "site-packages"}


def format_of(path: PurePosixPath) -> str | None:
    """The reader for a file by its name; None when it is not a document."""
    if path.suffix:
        return _BY_SUFFIX.get(path.suffix.lower())
    return "text" if path.name.lower() in _PLAIN_NAMES else None


def hidden(path: PurePosixPath) -> bool:
    """Whether any part of a relative path is a hidden or a dependency folder, or the file itself is hidden."""
    return any(part.startswith(".") or part in _SKIPPED_FOLDERS for part in path.parts)


def digest(raw: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def read_document(id: str, raw: bytes, link: str) -> Document | Unreadable:
    """One file as a document, or why it is none. The title falls back to the file's name.

    A limit that its head states and its format cannot read is an empty one under ``readers``, which nobody meets.
    """
    path = PurePosixPath(id)
    name = format_of(path) or "text"
    reader = importlib.import_module(f"connectors.sources.formats.{name}")
    try:
        page: Page = reader.read(raw)
    except CannotRead as reason:
        return Unreadable(id, str(reason))
    except RecursionError:
        return Unreadable(id, "nested too deeply")
    return Document(
        id=id,
        title=page.title.strip() or path.stem.replace("-", " ").replace("_", " "),
        text=page.text,
        digest=digest(raw),
        link=link,
        media_type=_FORMATS[name][0],
        labels=page.labels if name == "pdf" else limited(page.labels, decode(raw)),
    )


def linked(base: str, id: str) -> str:
    """Where people open the file: under ``base`` when there is one, else its relative path."""
    return f"{base.rstrip('/')}/{quote(id)}" if base else id
