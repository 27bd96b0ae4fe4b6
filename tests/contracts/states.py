"""States to try, each a fresh one, and the messages that they are sent."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from pydantic import BaseModel

from connectors.state.port import Received

Opening: TypeAlias = Callable[[str], AbstractAsyncContextManager[Any]]

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Word(BaseModel):
    text: str


async def idle(question_id: str) -> None:
    pass


def received(event_id: str, text: str = "why is checkout slow?", thread: str = "t1", minutes: int = 0) -> Received:
    return Received(event_id, "web", thread, "ann", text, "{}", NOON + timedelta(minutes=minutes))
