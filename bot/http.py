"""The HTTP server: the web front end, calls of other systems, health, and metrics; no logic."""

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.assistant import Assistant
from bot.ports import utc_now
from bot.settings import Web
from bot.web.alerts import build_alerts
from bot.web.router import build_router
from connectors.chat.port import Chat, WebRequest
from connectors.state.port import StateUnavailable

LARGEST_CALL_BYTES = 2_000_000
NO_CHATS: Mapping[str, Chat] = {}


def build_app(assistant: Assistant, web: Web, chats: Mapping[str, Chat] = NO_CHATS) -> FastAPI:
    """The application around an assistant that is open; chat platforms call it below ``/chat``."""
    app = FastAPI(title="Nightshift", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(build_router(assistant, web, utc_now))

    app.include_router(build_alerts(assistant, web, utc_now))
    _add_chats(app, chats)

    @app.get("/health", include_in_schema=False)
    async def health() -> dict[str, bool]:
        """The process lives."""
        return {"ok": True}

    @app.get("/ready", include_in_schema=False)
    async def ready(response: Response) -> dict[str, str]:
        """The database can be used."""
        try:
            return dict(await assistant.state.check())
        except StateUnavailable as error:
            response.status_code = 503
            return {"error": str(error)}

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


def _add_chats(app: FastAPI, chats: Mapping[str, Chat]) -> None:
    @app.post("/chat/{name}", include_in_schema=False)
    async def called(name: str, request: Request) -> Response:
        """A call of a chat platform; its adapter knows who may call."""
        if name not in chats:
            return Response(status_code=404)
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_CALL_BYTES:
                return Response("The body is too large.", 413)
        headers = {key.lower(): value for key, value in request.headers.items()}
        reply = await chats[name].receive(WebRequest(headers=headers, body=bytes(body)))
        return Response(reply.body, reply.status, media_type=reply.media_type)
