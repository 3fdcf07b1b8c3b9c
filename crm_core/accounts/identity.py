"""Who is signed in, as one row: read by one statement for a browser session and for an API token alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import sqlalchemy as sa

from crm_core.context import Locale
from crm_core.db import KERNEL, CrmSession
from crm_core.models import AccessSet, Stamp, User


@dataclass(frozen=True)
class SignedIn:
    """A person known for one request, with the stamps that tell whether caches are still good.

    ``session_id`` and ``csrf`` belong to browsers, ``token_id`` and ``scopes`` to API tokens; who was recognised by
    a plugin has neither id. ``seen_at`` is when the session or token, or that person, was last noted.
    """

    user_id: int
    name: str
    email: str
    locale: Locale
    theme: str
    preferences: Mapping[str, Any]
    second_factor: bool
    must_change_password: bool
    registry_stamp: int
    directory_stamp: int
    access_high: int
    created_at: dt.datetime
    seen_at: dt.datetime | None
    expires_at: dt.datetime | None
    via: Literal["web", "api"]
    session_id: int | None = None
    token_id: int | None = None
    csrf: str = field(default="", repr=False)
    scopes: frozenset[str] | None = None
    flash: tuple[Any, ...] = ()
    viewed_id: int | None = None
    """Whom the session looks as, which :func:`crm_core.accounts.viewing.seen_as` puts in force."""
    viewer: SignedIn | None = None
    """The administrator himself while he looks as somebody else."""


def _stamp(name: str) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.select(Stamp.value).where(Stamp.name == name).scalar_subquery(), 0)


COLUMNS: tuple[Any, ...] = (
    User.id.label("user_id"),
    User.name,
    User.email,
    User.language,
    User.timezone,
    User.date_format,
    User.theme,
    User.preferences,
    User.must_change_password,
    (User.totp_secret != "").label("second_factor"),
    _stamp("registry").label("registry_stamp"),
    _stamp("directory").label("directory_stamp"),
    sa.func.coalesce(sa.select(sa.func.max(AccessSet.id)).scalar_subquery(), 0).label("access_high"),
)
"""What every resolving statement selects beside its own columns."""


def signed_in(row: Any, *, via: Literal["web", "api"], **own: Any) -> SignedIn:
    """Return the person of a ``sa.Row`` that has :data:`COLUMNS`, with the session's or token's ``own`` values."""
    return SignedIn(
        user_id=row.user_id,
        name=row.name,
        email=row.email,
        locale=Locale(row.language, row.timezone, row.date_format),
        theme=row.theme,
        preferences=row.preferences or {},
        second_factor=bool(row.second_factor),
        must_change_password=row.must_change_password,
        registry_stamp=row.registry_stamp,
        directory_stamp=row.directory_stamp,
        access_high=row.access_high,
        via=via,
        **own,
    )


def recognised(session: CrmSession, user_id: int, **own: Any) -> SignedIn | None:
    """Return a person whom a plugin recognised, ``None`` when there is no such user or he is deactivated.

    Nothing asks him for a password that he doesn't use.
    """
    chosen = sa.select(*COLUMNS, User.created_at, User.last_seen_at).where(User.id == user_id, User.active)
    row = session.execute(chosen, execution_options=KERNEL).first()
    if row is None:
        return None
    found = signed_in(
        row, via="web", created_at=row.created_at, seen_at=row.last_seen_at, expires_at=None, **own
    )  # fmt: skip
    return replace(found, must_change_password=False)
