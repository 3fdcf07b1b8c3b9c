"""Tokens against forged requests, masked anew in each answer.

A page is compressed, so a secret that stays the same in it could be guessed from the page's size (BREACH); each
token is therefore a random pad followed by the secret XOR the pad.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
SENDER = "Sec-Fetch-Site"
"""The header in which browsers say whose page sent a request."""
_SIZE = 32


def new_secret() -> str:
    """Return the secret of a session: 32 bytes in hexadecimal."""
    return secrets.token_hex(_SIZE)


def mask(secret: str) -> str:
    """Return a token for one answer."""
    pad = secrets.token_bytes(_SIZE)
    return base64.urlsafe_b64encode(pad + _xor(pad, bytes.fromhex(secret))).decode()


def fits(secret: str, token: str) -> bool:
    """Tell whether ``token`` was made from ``secret``."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii"))
        expected = bytes.fromhex(secret)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return False
    return len(raw) == 2 * _SIZE and hmac.compare_digest(_xor(raw[:_SIZE], raw[_SIZE:]), expected)


def from_here(sender: str | None) -> bool:
    """Tell whether a request comes from a page of ours or from no page at all, by its ``Sec-Fetch-Site``."""
    return sender in (None, "same-origin", "none")


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
