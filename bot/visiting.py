"""How a command asks the running server: as the same visitor every time."""

import re
import secrets
from pathlib import Path

import httpx

from bot.settings import Web

VISITOR = "terminal-visitor"
"""The file in the home folder that holds who this terminal is."""


def introduce(client: httpx.AsyncClient, web: Web, file: Path) -> None:
    """Sign in, as the same visitor every time, so that ``--thread`` finds what this terminal asked before."""
    visitor = file.read_text(encoding="ascii", errors="replace") if file.exists() else ""
    if not re.fullmatch(r"[\w-]{22,64}", visitor, re.ASCII):
        visitor = secrets.token_urlsafe(24)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(visitor, encoding="ascii")
    client.cookies.set("nightshift", visitor)
    client.headers["X-Nightshift-Visitor"] = visitor
    if web.token:
        client.headers["Authorization"] = f"Bearer {web.token.get_secret_value()}"


def detail(response: httpx.Response) -> str:
    """Why the server refused, in its own sentence."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status_code}"
