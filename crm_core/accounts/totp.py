"""The second factor: time-based codes (RFC 6238) and recovery codes.

The secret is stored encrypted, recovery codes as keyed digests. A code is good for its half minute and the ones
beside it, and never twice.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import secrets
from dataclasses import dataclass
from typing import Any, cast

import pyotp
import sqlalchemy as sa

from crm_core.accounts import keys
from crm_core.config import Config
from crm_core.db import KERNEL, CrmSession
from crm_core.models import User

ISSUER = "CRM"
RECOVERY_CODES = 10
ENROL_SECONDS = 15 * 60

_PURPOSE, _ENROL, _RECOVERY = "totp", "totp enrolment", "recovery code"
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_STEP = 30


@dataclass(frozen=True)
class Enrolment:
    """A second factor on offer: nothing is stored until a code proves that the app has the secret."""

    secret: str
    sealed: str
    address: str
    picture: str
    """SVG without style attributes."""

    @property
    def readable(self) -> str:
        """Return the secret in groups of four, to be typed."""
        return " ".join(self.secret[i : i + 4] for i in range(0, len(self.secret), 4))


def offer(config: Config, user_id: int, email: str, sealed: str = "") -> Enrolment:
    """Return a new enrolment, or the one that ``sealed`` holds while it is fresh."""
    secret = _opened(config, user_id, sealed) or pyotp.random_base32()
    address = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)
    seal = keys.seal(config, _ENROL, json.dumps([user_id, secret]))
    return Enrolment(secret, seal, address, _picture(address))


def enrol(session: CrmSession, config: Config, user: User, sealed: str, code: str, now: dt.datetime) -> list[str]:
    """Switch the second factor on when ``code`` fits the offered secret.

    Returns:
        The recovery codes, to be shown once; empty when the code is wrong or the offer too old.
    """
    secret = _opened(config, user.id, sealed)
    step = _matching_step(secret, code, now) if secret else None
    if secret is None or step is None:
        return []
    user.totp_secret = keys.seal(config, _PURPOSE, secret)
    user.totp_last_step = step
    return renew_recovery_codes(session, config, user)


def renew_recovery_codes(session: CrmSession, config: Config, user: User) -> list[str]:
    """Replace the recovery codes and return the new ones, to be shown once."""
    codes = ["-".join(_group() for _ in range(2)) for _ in range(RECOVERY_CODES)]
    user.recovery_codes = [_recovery_digest(config, user.id, code) for code in codes]
    session.flush()
    return codes


def disable(session: CrmSession, user: User) -> None:
    """Switch the second factor off and forget its secret and recovery codes."""
    user.totp_secret, user.totp_last_step, user.recovery_codes = "", 0, []
    session.flush()


def accept(session: CrmSession, config: Config, user: User, code: str, now: dt.datetime) -> bool:
    """Use up ``code``, of the app or a recovery code; tell whether it was good.

    Each is taken by one conditional statement or under a lock, so that it can't be used twice at the same moment.
    """
    compact = "".join(code.split())
    if compact.isascii() and compact.isdigit():
        return _accept_step(session, config, user, compact, now)
    return _accept_recovery(session, config, user.id, compact)


def _accept_step(session: CrmSession, config: Config, user: User, code: str, now: dt.datetime) -> bool:
    secret = keys.unseal(config, _PURPOSE, user.totp_secret)
    step = _matching_step(secret, code, now) if secret else None
    if step is None:
        return False
    later = sa.update(User).where(User.id == user.id, User.totp_last_step < step).values(totp_last_step=step)
    done = session.execute(later, execution_options={**KERNEL, "synchronize_session": False})
    return cast("sa.CursorResult[Any]", done).rowcount == 1


def _accept_recovery(session: CrmSession, config: Config, user_id: int, code: str) -> bool:
    query = sa.select(User.recovery_codes).where(User.id == user_id).with_for_update()
    left: list[str] = session.scalar(query, execution_options=KERNEL) or []
    wanted = _recovery_digest(config, user_id, code)
    if wanted not in left:
        return False
    rest = sa.update(User).where(User.id == user_id).values(recovery_codes=[c for c in left if c != wanted])
    session.execute(rest, execution_options={**KERNEL, "synchronize_session": False})
    return True


def _opened(config: Config, user_id: int, sealed: str) -> str | None:
    text = keys.unseal(config, _ENROL, sealed, seconds=ENROL_SECONDS) if sealed else None
    if text is None:
        return None
    owner, secret = json.loads(text)
    return str(secret) if owner == user_id else None


def _matching_step(secret: str, code: str, now: dt.datetime) -> int | None:
    code = "".join(code.split())
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        return None
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // _STEP
    good = [s for s in (present - 1, present, present + 1) if secrets.compare_digest(totp.generate_otp(s), code)]
    return max(good, default=None)


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(5))


def _recovery_digest(config: Config, user_id: int, code: str) -> str:
    plain = "".join(c for c in code.lower() if c.isalnum())
    return keys.mac(config, _RECOVERY, f"{user_id} {plain}")


def _picture(address: str) -> str:
    out = io.BytesIO()
    # Colours as attributes and a white quiet zone: readable in a dark page, and no style attribute.
    # Imported here: it takes as long as a tenth of a start, and few pages draw a code.
    import segno

    segno.make(address, error="m").save(
        out, kind="svg", scale=5, border=4, dark="#000", light="#fff", xmldecl=False, svgclass="totp-code",
        lineclass=None, title=None,
    )  # fmt: skip
    return out.getvalue().decode()
