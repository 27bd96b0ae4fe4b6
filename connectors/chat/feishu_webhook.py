"""Calls of Feishu to us: encrypted, signed, fresh, with the right token; everything else is refused without a word.

https://open.feishu.cn/document/event-subscription-guide/event-subscriptions/event-subscription-configure-/encrypt-key-encryption-configuration-case
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from connectors.chat.feishu_content import Json, mapping, parsed, text
from connectors.chat.feishu_sdk import Cipher
from connectors.chat.port import WebRequest

_FRESH_SECONDS = 300


class Forged(Exception):
    """A call that is not the platform's, or was seen long ago; the message is for our log alone."""


@dataclass(frozen=True)
class Gate:
    """Lets in what the platform sends to this app."""

    encrypt_key: str
    verification_token: str
    cipher: Cipher
    clock: Callable[[], float]

    def admit(self, request: WebRequest) -> Json:
        """The body in clear. Raises ``Forged``.

        A question for the challenge carries no signature: it must be encrypted, and know the token.
        """
        sealed = text(mapping(parsed(_decoded(request.body))).get("encrypt"))
        if not sealed:
            raise Forged("a body in clear")
        signed = self._signed(request)
        try:
            body = mapping(parsed(self.cipher.decrypt_str(sealed)))
        except ValueError as broken:
            raise Forged("encrypted with another key") from broken
        challenge = body.get("type") == "url_verification"
        token = text(body.get("token") if challenge else mapping(body.get("header")).get("token"))
        if not hmac.compare_digest(token.encode(), self.verification_token.encode()):
            raise Forged("another verification token")
        if not (signed or challenge):
            raise Forged("no signature")
        return body

    def _signed(self, request: WebRequest) -> bool:
        """Whether it carries a signature, which then is a good and a fresh one. Raises ``Forged`` when it is not."""
        names = ("x-lark-request-timestamp", "x-lark-request-nonce", "x-lark-signature")
        at, nonce, given = (request.headers.get(name, "") for name in names)
        if not given:
            return False
        expected = hashlib.sha256((at + nonce + self.encrypt_key).encode() + request.body).hexdigest()
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise Forged("a wrong signature")
        if not at.isdecimal() or abs(self.clock() - int(at[:12])) > _FRESH_SECONDS:
            raise Forged("signed too long ago, or our clock is wrong")
        return True


def _decoded(body: bytes) -> str:
    return body.decode("utf-8", "replace")
