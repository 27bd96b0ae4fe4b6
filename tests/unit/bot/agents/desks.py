"""Desks over tools whose answers are written in a test."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import JsonValue

from bot.desk import Around, Desk, Purse
from bot.incident import Trouble
from bot.rules.live import Known
from bot.toolbox import Toolbox
from connectors.alerts.port import Alert
from connectors.tools.memory import MemoryTools, Settings
from connectors.tools.port import Kind, Recording, Result, Table, Tool
from knowledge.service_graph import Service, ServiceGraph

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BEGAN = NOW - timedelta(minutes=20)
ANY: Mapping[str, JsonValue] = {"*": "*"}


def told(tool: str, text: str, arguments: Mapping[str, JsonValue] = ANY, table: Table | None = None) -> Recording:
    """What a tool answers."""
    return Recording(tool, arguments, Result(text, tool, table=table))


def trouble(text: str = "pod cart-0 is down", *, language: str = "en", alert: Alert | None = None) -> Trouble:
    """A trouble of the cart, twenty minutes old."""
    return Trouble.model_validate(
        {
            "id": "i-1",
            "text": text,
            "language": language,
            "at": NOW,
            "began": BEGAN,
            "services": ("cart",),
            "environment": "production",
            "alerts": (alert,) if alert else (),
        }
    )


def desk(folder: Path, recordings: Sequence[Recording], about: Trouble, kinds: Sequence[Kind], calls: int = 30) -> Desk:
    """A desk over these answers."""
    return at(about, kinds, Toolbox({"memory": system(recordings)}, folder, lambda: 0.0), calls)


def system(recordings: Sequence[Recording], *tools: Tool) -> MemoryTools:
    """A system that answers this; ``tools`` are those that look otherwise than their recordings show."""
    return MemoryTools(Settings(recordings=tuple(recordings), tools=tools))


def at(about: Trouble, kinds: Sequence[Kind], toolbox: Toolbox, calls: int = 30) -> Desk:
    """A desk with a toolbox and a purse."""
    return Desk("fault", about, toolbox, frozenset(kinds), Purse(calls, 60.0, lambda: 0.0))


def around() -> Around:
    """A shop whose cart needs a database, and whose search has nothing to do with it."""
    services = [Service(name="cart", depends_on=["cart-db"]), Service(name="cart-db"), Service(name="search")]
    return Around(ServiceGraph(services), Known({one.name: one for one in services}))
