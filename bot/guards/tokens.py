"""The token that a proposal's button carries: which proposal, and exactly which action; never a command."""

import hashlib
import re

from itsdangerous import BadData, URLSafeSerializer

LONGEST = 300
"""Characters; the values of buttons hold 2,000 at Slack."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST_ID = 100


class ForgedToken(Exception):
    """The token was not made here, not with this key, or not in one piece."""


def seal(proposal_id: str, digest: str, key: str | bytes) -> str:
    """A token of at most LONGEST characters that stands for this proposal with this action's digest.

    Raises ValueError for an id or a digest that are none.
    """
    if not 0 < len(proposal_id) <= _LONGEST_ID or not proposal_id.isascii() or not _DIGEST.fullmatch(digest):
        raise ValueError("a token is made for a proposal's id and its action's digest")
    return str(_serializer(key).dumps([proposal_id, digest]))


def opened(token: str, key: str | bytes) -> tuple[str, str]:
    """The proposal's id and the digest that a token was made for. Raises ForgedToken."""
    if len(token) > LONGEST:
        raise ForgedToken
    try:
        proposal_id, digest = _serializer(key).loads(token)
    except (BadData, ValueError, TypeError):
        raise ForgedToken from None
    return str(proposal_id), str(digest)


def _serializer(key: str | bytes) -> URLSafeSerializer:
    # A salt of its own: what is signed elsewhere with the same key is no token.
    return URLSafeSerializer(key, salt="nightshift.proposal", signer_kwargs={"digest_method": hashlib.sha256})
