"""Passwords: Argon2id hashes, a rule for new ones, and the same work for accounts that do not exist."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crm_core.errors import ValueProblem
from crm_core.i18n import N_
from crm_core.text import fold

SHORTEST = 10
LONGEST = 256

_hasher = PasswordHasher()
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_OBVIOUS = (
    "password", "passwort", "motdepasse", "passphrase", "administrator", "administrateur", "welcome", "bienvenue",
    "letmein", "changeme", "iloveyou", "qwertyuiop", "azertyuiop", "qwertzuiop", "asdfghjkl", "qsdfghjklm",
    "1q2w3e4r5t", "1qaz2wsx3edc", "abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "98765432109876543210",
    "trustno1", "footballfootball", "sunshine", "princess", "dragon", "crmcrmcrm",
)  # fmt: skip
_LEET = str.maketrans("013457@$!", "oleastasi")
_EDGE = "0123456789!?.,;:*+-_# "
_FEWEST_OWN_CHARACTERS = 5


def hashed(password: str) -> str:
    """Return the Argon2id hash with salt and parameters (RFC 9106); takes some tens of milliseconds."""
    return _hasher.hash(password)


def verify(stored: str, password: str) -> bool:
    """Tell whether ``password`` fits ``stored``; an empty ``stored`` costs the same and never fits."""
    try:
        _hasher.verify(stored or _nobody(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


def outdated(stored: str) -> bool:
    """Tell whether ``stored`` was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(24))


def generated() -> str:
    """Return a random password that is easy to read aloud: five groups of four, 100 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(5))


def check(password: str, *, email: str = "", name: str = "") -> None:
    """Accept a new password.

    Raises:
        ValueProblem: shorter than 10 or longer than 256 characters, among the first anyone tries, or
            little more than the person's own name or address.
    """
    if len(password) < SHORTEST:
        raise ValueProblem("too_short", N_("At least %(n)s characters, please"), n=SHORTEST)
    if len(password) > LONGEST:
        raise ValueProblem("too_long", N_("At most %(n)s characters, please"), n=LONGEST)
    if _is_obvious(password):
        raise ValueProblem("obvious", N_("This password is among the first anyone tries; please choose another"))
    if _is_own(password, _names(email, name)):
        raise ValueProblem("own_name", N_("A password must not be made of the name or the e-mail address"))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(text))


def _is_obvious(password: str) -> bool:
    if len(set(password)) < _FEWEST_OWN_CHARACTERS:
        return True
    plain = _letters(password)
    unmasked = fold(password).strip(_EDGE).translate(_LEET)
    for form in (plain, _letters(unmasked)):
        rest = form
        for word in _OBVIOUS:
            if len(form) >= SHORTEST and form in word:
                return True
            rest = rest.replace(word, "")
        if len(rest.strip("0123456789")) < 3 and len(rest) < len(form):
            return True
    return False


def _names(email: str, name: str) -> Iterable[str]:
    local, _, domain = email.partition("@")
    parts = {email, local, domain, domain.rpartition(".")[0], name, *re.split(r"[\s._+-]+", f"{local} {name}")}
    return sorted((p for p in map(_letters, parts) if len(p) >= 3), key=len, reverse=True)


def _is_own(password: str, names: Iterable[str]) -> bool:
    rest = plain = _letters(password)
    for part in names:
        rest = rest.replace(part, "")
    return rest != plain and len(rest.strip("0123456789")) < 4
