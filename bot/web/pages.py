"""The static files of the pages, read once and served from memory."""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import Request, Response

from bot.web.boundary import Refused

FOLDER = Path(__file__).parent / "static"


@dataclass(frozen=True)
class Page:
    """One file and the fingerprint by which a browser asks whether its copy is still good."""

    body: bytes
    media_type: str
    fingerprint: str


@cache
def pages() -> dict[str, Page]:
    """All static files by name: what is not in here cannot be asked for."""
    return {file.name: _page(file) for file in FOLDER.iterdir() if file.is_file()}


def serve(request: Request, name: str) -> Response:
    """The file, or 304 when the browser has it already. Raises Refused with 404."""
    page = pages().get(name)
    if page is None:
        raise Refused(404, "missing", "There is no such page.")
    headers = {"ETag": page.fingerprint, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == page.fingerprint:
        return Response(status_code=304, headers=headers)
    return Response(page.body, media_type=page.media_type, headers=headers)


def serve_anywhere(request: Request, name: str) -> Response:
    """The file, for pages of every origin: the widget loads its parts from wherever it is embedded."""
    response = serve(request, name)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _page(file: Path) -> Page:
    body = file.read_bytes()
    # Not every machine knows the type of .js, and browsers refuse a module without it.
    kind = "text/javascript" if file.suffix == ".js" else mimetypes.guess_type(file.name)[0]
    return Page(body, kind or "application/octet-stream", f'"{hashlib.sha256(body).hexdigest()[:32]}"')
