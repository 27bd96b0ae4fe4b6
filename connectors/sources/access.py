"""How an API's address and credential stand in the settings, and how they go out with a call."""

import base64
import re
from collections.abc import Mapping
from typing import Annotated

import httpx
from pydantic import AfterValidator, SecretStr

# A name, or an IPv6 address.
_HOST = re.compile(r"[\w.-]+|(?=.*:)[\da-f:.]+")


def _address(url: str) -> str:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL()
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.host):
        raise ValueError("must be the address of the API, as in https://host.example")
    if parts.userinfo or parts.query or parts.fragment:
        raise ValueError("must be the bare address: credentials belong into token, and nothing follows ? or #")
    return url.rstrip("/")


def _token(token: SecretStr) -> SecretStr:
    said = token.get_secret_value()
    if not said or not said.isascii() or any(sign.isspace() for sign in said):
        raise ValueError("must not be empty nor hold spaces, line breaks or letters that no token has")
    return token


def _named(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or not all(name.strip() for name in names):
        raise ValueError("must name at least one, and none may be empty")
    return names


Address = Annotated[str, AfterValidator(_address)]
"""An http or https address without credentials; without a slash at its end."""

Token = Annotated[SecretStr, AfterValidator(_token)]
"""A credential that can be sent in a header."""

Names = Annotated[tuple[str, ...], AfterValidator(_named)]
"""At least one name."""

ATLASSIAN_CREDENTIAL = (
    "check user and token (cloud: e-mail address and a token from id.atlassian.com › Security › API tokens; "
    "Data Center: no user, and a token from Profile › Personal access tokens)"
)


def bearer(token: SecretStr | None) -> Mapping[str, str]:
    """The header for a token that stands by itself (RFC 6750); none without a token."""
    return {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}


def basic(user: str, token: SecretStr) -> Mapping[str, str]:
    """The header for a token that belongs to a user (RFC 7617)."""
    pair = base64.b64encode(f"{user}:{token.get_secret_value()}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def web_link(url: str, fallback: str) -> str:
    """The address when a browser would open it as a page, else the fallback."""
    return url if url.startswith(("https://", "http://")) and not any(sign.isspace() for sign in url) else fallback
