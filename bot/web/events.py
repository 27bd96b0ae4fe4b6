"""An answer in the making as server-sent events (WHATWG HTML, section 9.2)."""

from collections.abc import AsyncIterator

from fastapi.sse import ServerSentEvent

from bot.web.views import shown_card
from connectors.state.port import Frame, StateUnavailable


async def events(frames: AsyncIterator[Frame]) -> AsyncIterator[ServerSentEvent]:
    """One event per frame, its id the frame's number, so that a reader resumes behind the last one it got.

    Ends early, without an error, when the database goes away: readers come back by themselves.
    """
    try:
        async for frame in frames:
            yield event(frame)
    except StateUnavailable:
        yield ServerSentEvent(comment="the database cannot be used right now")


def event(frame: Frame) -> ServerSentEvent:
    """The event of one frame; a card comes rendered."""
    data = shown_card(frame.data).model_dump_json() if frame.kind == "card" else frame.data
    return ServerSentEvent(id=str(frame.sequence), event=frame.kind, raw_data=data)
