"""Random keys, their digests, and the secrets that must be read back: encrypted with a key of the deployment."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crm_core.config import Config
from crm_core.errors import CrmError
from crm_core.i18n import N_

KEY_FILE = "secret.key"
"""Name of the file in ``CRM_HOME`` that holds the key when ``CRM_SECRET_KEY`` is not set."""

_SHORTEST = 16


def random_key() -> str:
    """Return 32 random bytes as text that fits in a cookie or an address."""
    return secrets.token_urlsafe(32)


def digest(key: str) -> str:
    """Return the SHA-256 of a random key in hexadecimal: what is stored instead of it."""
    return hashlib.sha256(key.encode()).hexdigest()


def seal(config: Config, purpose: str, text: str) -> str:
    """Encrypt and sign ``text`` so that only this deployment and ``purpose`` can read it."""
    return Fernet(_derived(config, purpose)).encrypt(text.encode()).decode()


def unseal(config: Config, purpose: str, sealed: str, *, seconds: int | None = None) -> str | None:
    """Return the sealed text; ``None`` when it is altered, of another key or older than ``seconds``."""
    try:
        return Fernet(_derived(config, purpose)).decrypt(sealed.encode(), ttl=seconds).decode()
    except (InvalidToken, ValueError):
        return None


def mac(config: Config, purpose: str, text: str) -> str:
    """Return a keyed digest in hexadecimal, for secrets too short to be stored as a plain digest."""
    return hmac.new(_derived(config, purpose), text.encode(), hashlib.sha256).hexdigest()


def _derived(config: Config, purpose: str) -> bytes:
    master = _checked(config.secret_key) if config.secret_key else _from_file(config.home / KEY_FILE)
    return _expand(master, purpose)


@lru_cache(maxsize=64)
def _expand(master: bytes, purpose: str) -> bytes:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"crm {purpose}".encode()).derive(master)
    return base64.urlsafe_b64encode(key)


def _checked(key: str) -> bytes:
    if len(key) < _SHORTEST:
        raise CrmError(N_("CRM_SECRET_KEY is too short: it needs at least %(n)s characters"), params={"n": _SHORTEST})
    return key.encode()


def _from_file(path: Path) -> bytes:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(secrets.token_urlsafe(48).encode())
    # A link fails where another process was first, so that all processes read one and the same key.
    with suppress(FileExistsError):
        os.link(fresh, path)
    fresh.unlink()
    return path.read_bytes()
