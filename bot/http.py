"""The HTTP server: the web front end, health, and metrics; no logic."""

from datetime import UTC, datetime

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.assistant import Assistant
from bot.settings import Web
from bot.web.router import build_router
from connectors.state.port import StateUnavailable


def utc_now() -> datetime:
    """The time; everything below gets it as an argument."""
    return datetime.now(UTC)  # noqa: TID251  # the one place where the clock is read


def build_app(assistant: Assistant, web: Web) -> FastAPI:
    """The application around an assistant that is open."""
    app = FastAPI(title="Nightshift", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(build_router(assistant, web, utc_now))

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
