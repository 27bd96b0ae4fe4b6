"""Serves the assistant over HTTP, from its opening to an orderly end."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from bot.app import open_assistant
from bot.http import build_app
from bot.settings import Settings

# How long open streams may hold up the end; their readers take them up again where they were.
STREAM_SECONDS = 2


class Server(uvicorn.Server):
    """A server that ends when it is told to, and leaves the rest of the process to close what it opened.

    uvicorn's own repeats the signal once it has stopped, which would end the process in the middle of that.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop serving at SIGINT and SIGTERM; at the second one, at once."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def serve(settings: Settings) -> None:
    """Serve until interrupted. Raises what ``open_assistant`` raises, before anything listens."""
    async with open_assistant(settings) as assistant:
        # Whose word about a caller's address counts is settled in web.proxy; uvicorn must not believe a header first.
        config = uvicorn.Config(
            build_app(assistant, settings.web, assistant.chats),
            host=settings.web.host,
            port=settings.web.port,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=STREAM_SECONDS,
        )
        await Server(config).serve()
