"""The webhook of a fake Feishu: events encrypted and signed, over HTTP or handed to a function in the same process.

open.feishu.cn, "receive events": AES-256-CBC under the SHA-256 of the Encrypt Key, and a signature over the
timestamp, the nonce, the key and the body.
"""

import asyncio
import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from connectors.chat.fakes.feishu_deliveries import OK, Deliveries, Delivery
from connectors.chat.fakes.feishu_platform import Platform
from connectors.chat.fakes.feishu_terms import Json, compact

Receiver = Callable[[dict[str, str], bytes], Awaitable[tuple[int, bytes]]]
_CHALLENGE_SECONDS = 1.0


def encrypt(plain: bytes, key: str, iv: bytes) -> str:
    """The text under ``encrypt`` in the body of a webhook."""
    padder = PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(iv)).encryptor()
    return base64.b64encode(iv + cipher.update(padded) + cipher.finalize()).decode()


def signature(timestamp: str, nonce: str, key: str, body: bytes) -> str:
    return hashlib.sha256((timestamp + nonce + key).encode() + body).hexdigest()


@dataclass
class Webhook:
    """Sends to ``receiver``, with header names in lower case, or, without one, to ``url``."""

    platform: Platform
    deliveries: Deliveries
    receiver: Receiver | None = None
    url: str = ""

    def open(self) -> None:
        self.deliveries.ways["webhook"] = self.carry

    def sealed(self, plain: bytes, key: str | None = None, timestamp: str = "") -> tuple[dict[str, str], bytes]:
        """The headers and the body that carry ``plain``: encrypted and signed, or as it is when there is no key."""
        key = self.platform.console.encrypt_key if key is None else key
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if not key:
            return headers, plain
        nonce = self.platform.company.new_id("", 16)
        body = compact({"encrypt": encrypt(plain, key, nonce.encode())}).encode()
        timestamp = timestamp or str(int(self.platform.clock.now()))
        headers |= {"X-Lark-Request-Timestamp": timestamp, "X-Lark-Request-Nonce": nonce}
        return headers | {"X-Lark-Signature": signature(timestamp, nonce, key, body)}, body

    async def carry(self, delivery: Delivery) -> bool:
        if self.receiver is None and not self.url:
            return False
        headers, body = self.sealed(delivery.payload())
        found = await self._call(headers, body, self.platform.limits.ack_seconds)
        self.deliveries.acknowledged(delivery, *(found or (0, b"")))
        return True

    async def call(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Send something by hand. Raises ``TimeoutError`` when no answer comes in time."""
        found = await self._call(headers, body, self.platform.limits.ack_seconds)
        if found is None:
            raise TimeoutError("the webhook did not answer")
        return found

    async def verify(self) -> bool:
        """What the console does when an address is saved: a challenge that must come back within a second."""
        challenge = self.platform.company.new_id("", 20)
        asked: Json = {
            "challenge": challenge,
            "token": self.platform.console.verification_token,
            "type": "url_verification",
        }
        # The console signs no challenge: only events carry a signature.
        headers, body = self.sealed(compact(asked).encode())
        headers = {name: value for name, value in headers.items() if name == "Content-Type"}
        found = await self._call(headers, body, _CHALLENGE_SECONDS)
        if found is None or found[0] != OK:
            return False
        try:
            return bool(json.loads(found[1]).get("challenge") == challenge)
        except (ValueError, AttributeError):
            return False

    async def _call(self, headers: dict[str, str], body: bytes, seconds: float) -> tuple[int, bytes] | None:
        try:
            async with asyncio.timeout(seconds):
                if self.receiver is not None:
                    return await self.receiver({name.lower(): value for name, value in headers.items()}, body)
                return await self._post(headers, body)
        except (TimeoutError, aiohttp.ClientError):
            return None

    async def _post(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return answer.status, await answer.read()
