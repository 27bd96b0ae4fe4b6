"""Who is asking: a person named by a trusted proxy, a holder of the shared token, or a guest on this machine."""

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from fastapi import Request, Response
from itsdangerous import BadData, URLSafeSerializer

from bot.settings import Proxy, Web
from bot.web.boundary import Refused, cross_origin

COOKIE = "nightshift"
VISITOR_HEADER = "x-nightshift-visitor"
LIFETIME = timedelta(days=30)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
RANDOM_ID = re.compile(r"[A-Za-z0-9_-]{22,64}")
# What accounts of chat platforms, and visitors without a name, are called here: nobody may sign in as one of them.
_TAKEN = re.compile(r"(?:slack|feishu):|(?:guest|visitor)-[0-9a-f]{16}$", re.IGNORECASE)


@dataclass(frozen=True)
class Visitor:
    """Who is asking. ``author`` is kept with what they write, ``name`` is shown to them and empty without a name."""

    author: str
    name: str
    login: Literal["open", "token", "proxy"]


@dataclass(frozen=True)
class Login:
    """Recognises visitors by ``settings``; the cookies it sets are HttpOnly and never leave the site."""

    settings: Web
    now: Callable[[], datetime]

    def visitor(self, request: Request, response: Response) -> Visitor:
        """Who is asking; a new guest gets a cookie. Raises Refused with 401 when nobody may ask unnamed."""
        token, proxy = self.settings.token, self.settings.proxy
        if name := _vouched(request, proxy):
            return Visitor(name, name, "proxy")
        if token and (browser := self._holder(request, token.get_secret_value())):
            return Visitor(_author("visitor", browser), "", "token")
        if token or proxy.addresses:
            raise Refused(401, "login", "Please sign in first.", {"WWW-Authenticate": "Bearer"})
        return Visitor(_author("guest", self._guest(request, response)), "", "open")

    def sign_in(self, request: Request, response: Response, offered: str) -> bool:
        """Set the session's cookie when the shared token was offered; False when something else was."""
        if self.settings.token is None or not _same(offered, self.settings.token.get_secret_value()):
            return False
        session = {"browser": _random_id(), "until": (self.now() + LIFETIME).timestamp()}
        _set_cookie(request, response, str(_serializer(self.settings.token.get_secret_value()).dumps(session)))
        return True

    def sign_out(self, response: Response) -> None:
        """Forget this browser."""
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")

    def _holder(self, request: Request, token: str) -> str | None:
        scheme, _, offered = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return _widget(request) if _same(offered.strip(), token) else None
        if cross_origin(request):
            return None
        try:
            session = _serializer(token).loads(request.cookies.get(COOKIE, ""))
        except BadData:
            return None
        return str(session["browser"]) if session["until"] > self.now().timestamp() else None

    def _guest(self, request: Request, response: Response) -> str:
        host = request.headers.get("host", "").lower()
        # A page of another site can let its own name point at this machine; then its requests are "same-origin".
        if re.sub(r":\d+$", "", host) not in LOOPBACK:
            raise Refused(403, "host", "Without a login only localhost is served; set web.token.")
        if cross_origin(request):
            return _widget(request)
        known = request.cookies.get(COOKIE, "")
        if RANDOM_ID.fullmatch(known):
            return known
        fresh = _random_id()
        _set_cookie(request, response, fresh)
        return fresh


def _vouched(request: Request, proxy: Proxy) -> str | None:
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return None
    if not any(address in ipaddress.ip_network(trusted, strict=False) for trusted in proxy.addresses):
        return None
    name = request.headers.get(proxy.user_header, "").strip()
    return name if 0 < len(name) <= 200 and name.isprintable() and not _TAKEN.match(name) else None


def _widget(request: Request) -> str:
    """The random id a widget gives itself, so that holders of one token do not read each other's threads."""
    offered = request.headers.get(VISITOR_HEADER, "")
    return offered if RANDOM_ID.fullmatch(offered) else "everybody"


def _author(kind: str, secret_id: str) -> str:
    # Whoever has the id has the threads, and an author's name gets into logs.
    return f"{kind}-{hashlib.sha256(secret_id.encode()).hexdigest()[:16]}"


def _same(offered: str, token: str) -> bool:
    return hmac.compare_digest(offered.encode(errors="replace"), token.encode())


def _serializer(token: str) -> URLSafeSerializer:
    # The token is the key: changing it signs everybody out.
    return URLSafeSerializer(token, salt="nightshift.web.session", signer_kwargs={"digest_method": hashlib.sha256})


def _random_id() -> str:
    return secrets.token_urlsafe(24)


def _set_cookie(request: Request, response: Response, value: str) -> None:
    response.set_cookie(
        COOKIE,
        value,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=_over_tls(request),
    )


def _over_tls(request: Request) -> bool:
    # Whoever lies in this header only makes their own cookie useless.
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))
