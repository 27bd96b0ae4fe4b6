"""Where a call comes from, as far as somebody vouches for it."""

import ipaddress
from collections.abc import Sequence

from fastapi import Request


def caller(request: Request, trusted: Sequence[str]) -> str:
    """The address of the caller: what the nearest trusted proxy saw, or who is connected where that is no proxy.

    ``trusted`` are addresses or networks. What comes before a trusted proxy's own entry in ``X-Forwarded-For`` may be
    anybody's invention, so it is read from its end.
    """
    address = request.client.host if request.client else ""
    seen = [one.strip() for line in request.headers.getlist("x-forwarded-for") for one in line.split(",")]
    while seen and _is_trusted(address, trusted):
        address = _bare(seen.pop())
    return address


def _is_trusted(address: str, trusted: Sequence[str]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ipaddress.ip_network(network, strict=False) for network in trusted)


def _bare(address: str) -> str:
    """An address without the port that some proxies write behind it."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
