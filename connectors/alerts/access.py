"""Who may send us alerts, and the door that every system's calls come through."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel, Field, IPvAnyNetwork, JsonValue, SecretStr, model_validator

from connectors.alerts.bodies import parsed
from connectors.alerts.port import Alert, Call, Notice, Received, Refused, Reply

Reader = Callable[[JsonValue, Call], Received]
_SHORTEST_SECRET = 8
_READ_AT_ONCE = 100_000


class Access(BaseModel):
    """Who may call and how much they may send; all that is set here has to be right in a call."""

    methods: ClassVar[frozenset[str]] = frozenset({"POST"})
    """Methods that the system uses."""

    token: SecretStr | None = None
    """What callers send as ``Authorization: Bearer …``."""

    user: str = ""
    """The name for basic authentication."""

    password: SecretStr | None = None
    """The password for basic authentication."""

    headers: Mapping[str, SecretStr] = Field(default_factory=dict)
    """Headers with a secret value that callers send."""

    trusted_networks: tuple[IPvAnyNetwork, ...] = ()
    """Networks that calls may come from, such as ``10.0.0.0/8``; empty: any. Without a secret, these alone decide."""

    max_bytes: int = Field(default=10_000_000, gt=0)
    """Larger bodies are refused, in bytes."""

    @model_validator(mode="after")
    def _somebody_is_known(self) -> "Access":
        if bool(self.user) != (self.password is not None):
            raise ValueError("user and password belong together: set both or neither")
        if any(len(one.get_secret_value()) < _SHORTEST_SECRET for one in self.secrets()):
            raise ValueError(f"a secret needs at least {_SHORTEST_SECRET} characters")
        if not self.lets_in():
            raise ValueError(f"say who may call: set {self.ways()} or trusted_networks")
        return self

    def lets_in(self) -> bool:
        """Whether there is any way to know a caller."""
        return bool(list(self.secrets()) or self.trusted_networks)

    def secrets(self) -> Iterable[SecretStr]:
        """Everything that a caller may have to know."""
        return [one for one in (self.token, self.password, *self.headers.values()) if one is not None]

    @classmethod
    def ways(cls) -> str:
        """The settings that let a caller in, for a sentence."""
        return "token, user and password, headers"


class SignedAccess(Access):
    """Who may call, where the system can sign its calls."""

    secret: SecretStr | None = None
    """What the system signs its calls with."""

    def secrets(self) -> Iterable[SecretStr]:
        """Everything that a caller may have to know."""
        return [*super().secrets(), *([self.secret] if self.secret else [])]

    @classmethod
    def ways(cls) -> str:
        """The settings that let a caller in, for a sentence."""
        return f"secret, {super().ways()}"

    def digest(self, payload: bytes) -> str:
        """The signature of these bytes: HMAC-SHA256 in hexadecimal (RFC 2104)."""
        key = self.secret.get_secret_value() if self.secret else ""
        return hmac.new(key.encode(), payload, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Door:
    """The receiver of a system: admits a call, reads its JSON, and lets ``reader`` say what that means.

    ``genuine`` says whether the signature is right, where the system signs.
    """

    name: str
    access: Access
    reader: Reader
    genuine: Callable[[Call], bool] = lambda _: True

    @property
    def max_bytes(self) -> int:
        """The size of the largest body that it takes."""
        return self.access.max_bytes

    async def receive(self, call: Call) -> Received:
        """What the call says. Raises ``Refused``."""
        admit(self.access, call, self.genuine)
        if len(call.body) <= _READ_AT_ONCE:
            return self.reader(parsed(call), call)
        # The body of a storm takes half a second to read; other callers are served meanwhile.
        return await asyncio.to_thread(lambda: self.reader(parsed(call), call))


def admit(access: Access, call: Call, genuine: Callable[[Call], bool] = lambda _: True) -> None:
    """Let in who may call. Raises ``Refused``; its words are the same for a missing secret and a wrong one."""
    if call.method.upper() not in access.methods:
        raise Refused(405, f"Alerts are sent with {' or '.join(sorted(access.methods))}.", keep=False)
    if len(call.body) > access.max_bytes:
        raise too_large(access.max_bytes)
    if access.trusted_networks and not _inside(call.client, access.trusted_networks):
        raise Refused(403, "This address may not send alerts; add its network to trusted_networks.", keep=False)
    known = [_authorized(access, call), *_with_headers(access, call), genuine(call)]
    if not all(known):
        raise Refused(
            401, "The caller is not known: send the credentials that this address is set up with.", keep=False
        )


def too_large(most: int) -> Refused:
    """Says that a body is too large."""
    return Refused(
        413, f"The body has more than {most} bytes: send fewer alerts at once, or raise max_bytes.", keep=False
    )


def equal(given: str, expected: str) -> bool:
    """Whether they are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode(errors="replace"))


def received(alerts: Iterable[Alert] = (), notices: Iterable[Notice] = ()) -> Received:
    """What came out of a call, with an answer that counts it."""
    kept, other = tuple(alerts), tuple(notices)
    body = json.dumps({"alerts": len(kept), "notices": len(other)}).encode()
    return Received(alerts=kept, notices=other, reply=Reply(body=body))


def _authorized(access: Access, call: Call) -> bool:
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    ways: list[bool] = []
    if access.token is not None:
        ways.append(equal(given.strip(), access.token.get_secret_value()) and scheme.lower() == "bearer")
    if access.password is not None:
        expected = f"{access.user}:{access.password.get_secret_value()}"
        ways.append(equal(_decoded(given), expected) and scheme.lower() == "basic")
    return any(ways) if ways else True


def _with_headers(access: Access, call: Call) -> list[bool]:
    expected = {name.lower(): one.get_secret_value() for name, one in access.headers.items()}
    return [equal(call.headers.get(name, ""), value) for name, value in expected.items()]


def _decoded(given: str) -> str:
    try:
        return base64.b64decode(given.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _inside(client: str, networks: Iterable[IPvAnyNetwork]) -> bool:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)
