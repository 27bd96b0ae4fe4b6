"""Where our own server listens, and whether it is there."""

import errno
import socket

import httpx

from bot.settings import Web

_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # to be talked to, not listened at


def own_url(web: Web) -> str:
    """The address under which this machine reaches the server."""
    host = _ANY.get(web.host, web.host)
    return f"http://[{host}]:{web.port}" if ":" in host else f"http://{host}:{web.port}"


def is_ours(web: Web, timeout_seconds: float = 2.0) -> bool:
    """Whether a Nightshift answers there."""
    try:
        answer = httpx.get(f"{own_url(web)}/api/session", timeout=timeout_seconds, trust_env=False).json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return False
    # A session, or our own way of refusing one.
    return isinstance(answer, dict) and ("login" in answer or {"code", "detail"} <= answer.keys())


def port_problem(web: Web) -> str | None:
    """Why nothing can listen there, in one line that says what to do; None when it can."""
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((web.host, web.port))
        except OSError as wrong:
            return _reason(web, wrong)
    return None


def _reason(web: Web, wrong: OSError) -> str:
    if wrong.errno != errno.EADDRINUSE:
        return f"{web.host}:{web.port} cannot be listened at ({wrong.strerror}); set web.host or web.port."
    if is_ours(web):
        return f"Nightshift already runs at {own_url(web)}; stop that one first, or set NIGHTSHIFT_WEB__PORT."
    return f"Another program uses port {web.port}; stop it, or set another: NIGHTSHIFT_WEB__PORT={web.port + 1}."
