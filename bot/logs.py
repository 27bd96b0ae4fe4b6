"""Sets up logging once: one line per event, as JSON where nobody looks and readable where somebody does."""

import logging
import sys

import structlog


def set_up_logs() -> None:
    """Events to standard error. Never logs what people asked or models said: ids only."""
    readable = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # Looked up at every event: whoever embeds us may have put another stream in its place since.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
