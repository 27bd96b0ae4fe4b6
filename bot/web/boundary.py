"""What every request to the web pages passes on its way in, and every response on its way out."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from bot.settings import Web
from connectors.images import MOST_BYTES
from connectors.state.port import StateUnavailable
from connectors.vectors.port import VectorStoreUnavailable

LARGEST_BODY_BYTES = 256 * 1024
LARGEST_BODIES = {"/api/images": MOST_BYTES}
"""Routes that take more."""
RETRY_SECONDS = 5
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # What was pasted is shown before it is sent; such an address leads nowhere but into this page.
        "img-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types nightshift",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "authorization, content-type, last-event-id, x-nightshift-visitor",
    "Access-Control-Max-Age": "600",
}


class Refused(HTTPException):
    """A request that is not served: a sentence for people, and a ``code`` by which the page says it in Chinese."""

    def __init__(self, status: int, code: str, sentence: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, sentence, headers)
        self.code = code


def cross_origin(request: Request) -> bool:
    """Whether a browser says that a page of another origin makes this request."""
    # A browser sets this header by itself and no script can; proxies that rewrite Host do not disturb it.
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()


def bounded(settings: Web) -> type[APIRoute]:
    """A route class whose routes refuse foreign origins and huge bodies, and explain every refusal in a sentence."""

    class BoundedRoute(APIRoute):
        """A route behind the boundary."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """The route's handler with the boundary around it."""
            handle = super().get_route_handler()
            most = LARGEST_BODIES.get(self.path_format, LARGEST_BODY_BYTES)

            async def handler(request: Request) -> Response:
                response = await _answer(handle, Request(request.scope, _limited(request.receive, most)), settings)
                for name, value in {**HEADERS, **_sharing(request, settings)}.items():
                    response.headers.setdefault(name, value)
                return response

            return handler

    return BoundedRoute


async def _answer(
    handle: Callable[[Request], Coroutine[Any, Any, Response]], request: Request, settings: Web
) -> Response:
    try:
        _admit(request, settings)
        return await handle(request)
    except HTTPException as refusal:
        return _refusal(refusal.status_code, getattr(refusal, "code", "refused"), refusal.detail, refusal.headers)
    except RequestValidationError as mistakes:
        return _refusal(422, "invalid", _sentence(mistakes), None)
    except (StateUnavailable, VectorStoreUnavailable):
        sentence = "The database cannot be used right now and nothing was accepted. Please try again in a moment."
        return _refusal(503, "unavailable", sentence, {"Retry-After": str(RETRY_SECONDS)})


def _admit(request: Request, settings: Web) -> None:
    listed = request.headers.get("origin") in settings.allowed_origins
    if request.method not in SAFE_METHODS and cross_origin(request) and not listed:
        raise Refused(403, "origin", "This server does not take requests from pages of other sites.")


def _sharing(request: Request, settings: Web) -> dict[str, str]:
    origin = request.headers.get("origin")
    if origin is None or origin not in settings.allowed_origins:
        return {"Vary": "Origin"} if settings.allowed_origins else {}
    # Never with credentials: a widget on another site shows a token, and a cookie is of no use to it.
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "Retry-After", "Vary": "Origin"}


def _limited(receive: Receive, most: int) -> Receive:
    """The body as it comes, cut off with a refusal when it grows too large; its declared length is not believed."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise Refused(413, "too_long", f"A request may have {most // 1024:,} KB.")
        return message

    return limited


def _sentence(mistakes: RequestValidationError) -> str:
    first = mistakes.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body")
    return f"{place or 'The request'}: {first['msg']}."


def _refusal(status: int, code: str, sentence: str, headers: Mapping[str, str] | None) -> Response:
    return JSONResponse({"code": code, "detail": sentence}, status, {**(headers or {}), "Cache-Control": "no-store"})
