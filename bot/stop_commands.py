"""`python -m bot stop` and `go`: whoever has access to this machine stops all remedies, also when nothing answers."""

import asyncio
import getpass
import sys
from datetime import datetime

from bot.settings import Settings
from bot.switching import go, stop
from connectors.load import load
from connectors.state.port import StateUnavailable

_SAID = {
    "stop": "Stopped: nothing is approved or begun until `python -m bot go`. What runs already runs to its end.",
    "go": "Remedies may be carried out again.",
    "went": "Nothing was stopped.",
}


def switch(settings: Settings, what: str, why: str, now: datetime) -> int:
    """Stop, or go on, in the state itself, so that it works while the server hangs; 1 and a line where it cannot be."""
    return asyncio.run(_switched(settings, what, why, now))


async def _switched(settings: Settings, what: str, why: str, now: datetime) -> int:
    # The account is of this machine, and nobody's of the directory.
    by = f"terminal:{getpass.getuser()}"
    chosen = settings.ports.state
    try:
        async with load("state", chosen, settings.table("state", chosen), settings.roots) as state:
            if what == "stop":
                await stop(state, by, why, now)
            else:
                what = "go" if await go(state, by, now) else "went"
    except StateUnavailable as away:
        print(f"The state cannot be used, so nothing was changed: {away}", file=sys.stderr)  # noqa: T201
        return 1
    print(_SAID[what])  # noqa: T201  # the terminal is this module's job
    return 0
