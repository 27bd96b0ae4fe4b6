"""Only what the platform has encrypted, signed and sent just now comes through the webhook."""

import base64
import hashlib
import json
from typing import Any

import pytest

from connectors.chat.feishu_webhook import Forged, Gate
from connectors.chat.port import WebRequest

KEY, TOKEN, NOW = "encrypt-key", "token", 1_700_000_000
EVENT = {"schema": "2.0", "header": {"token": TOKEN, "event_type": "x"}}
CHALLENGE = {"type": "url_verification", "token": TOKEN, "challenge": "c"}


class Turned:
    """A cipher for tests: base64 of the text turned round, with the key in front."""

    def __init__(self, key: str) -> None:
        self.key = key

    def decrypt_str(self, enc: str) -> str:
        said = base64.b64decode(enc, validate=True).decode()[::-1]
        if not said.startswith(self.key):
            raise ValueError("padding")
        return said.removeprefix(self.key)


def sealed(body: object, key: str = KEY) -> bytes:
    return json.dumps({"encrypt": base64.b64encode((key + json.dumps(body))[::-1].encode()).decode()}).encode()


def signed(body: bytes, *, at: str = str(NOW), key: str = KEY, **more: str) -> WebRequest:
    given = hashlib.sha256((at + "n" + key).encode() + body).hexdigest()
    headers = {"x-lark-request-timestamp": at, "x-lark-request-nonce": "n", "x-lark-signature": given, **more}
    return WebRequest(headers=headers, body=body)


def bare(body: bytes) -> WebRequest:
    return WebRequest(headers={}, body=body)


def admit(request: WebRequest) -> Any:
    return Gate(KEY, TOKEN, Turned(KEY), lambda: float(NOW)).admit(request)


def test_what_is_the_platforms_comes_through() -> None:
    assert admit(signed(sealed(EVENT))) == EVENT
    assert admit(signed(sealed(EVENT), at=str(NOW - 299))) == EVENT


def test_the_challenge_comes_through_unsigned_but_encrypted() -> None:
    assert admit(bare(sealed(CHALLENGE))) == CHALLENGE


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        pytest.param(bare(json.dumps(EVENT).encode()), "clear", id="in-clear"),
        pytest.param(signed(json.dumps(EVENT).encode()), "clear", id="in-clear-but-signed"),
        pytest.param(bare(json.dumps(CHALLENGE).encode()), "clear", id="challenge-in-clear"),
        pytest.param(bare(sealed(EVENT)), "no signature", id="unsigned"),
        pytest.param(signed(sealed(EVENT), key="other"), "wrong signature", id="signed-with-another-key"),
        pytest.param(signed(sealed(EVENT), **{"x-lark-request-nonce": "m"}), "wrong signature", id="another-nonce"),
        pytest.param(signed(sealed(EVENT), at=str(NOW - 301)), "long ago", id="replayed"),
        pytest.param(signed(sealed(EVENT), at=str(NOW + 301)), "long ago", id="from-the-future"),
        pytest.param(signed(sealed(EVENT), at="soon"), "long ago", id="no-time"),
        pytest.param(signed(sealed(EVENT, "other")), "another key", id="encrypted-with-another-key"),
        pytest.param(signed(b'{"encrypt": "%%%"}'), "another key", id="not-encrypted-at-all"),
        pytest.param(signed(sealed({"header": {"token": "no"}})), "another verification", id="wrong-token"),
        pytest.param(bare(sealed({**CHALLENGE, "token": "no"})), "another verification", id="challenge-wrong-token"),
        pytest.param(signed(sealed([1])), "another verification", id="no-object"),
        pytest.param(bare(b"\xff\x00"), "clear", id="no-text"),
        pytest.param(bare(b""), "clear", id="nothing"),
    ],
)
def test_everything_else_is_forged(request_: WebRequest, reason: str) -> None:
    with pytest.raises(Forged, match=reason):
        admit(request_)
