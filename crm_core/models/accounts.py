"""Users, teams, roles, grants, sign-in sessions and tokens."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db import Base, Identifier, SortText, utcnow


class User(Base):
    """A person who signs in. ``preferences`` holds theme, saved columns and the like."""

    __tablename__ = "core_user"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    email: Mapped[str] = mapped_column(SortText(254), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    password_hash: Mapped[str] = mapped_column(sa.String(255), default="")
    must_change_password: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(sa.String(5), default="en")
    timezone: Mapped[str] = mapped_column(sa.String(60), default="UTC")
    date_format: Mapped[str] = mapped_column(sa.String(12), default="dd/mm/yyyy")
    theme: Mapped[str] = mapped_column(sa.String(10), default="auto")
    totp_secret: Mapped[str] = mapped_column(sa.String(255), default="")
    totp_last_step: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    recovery_codes: Mapped[list[Any]] = mapped_column(default=list)
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    last_seen_at: Mapped[dt.datetime | None]


class Team(Base):
    """A group of users."""

    __tablename__ = "core_team"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(SortText(120), unique=True)
    active: Mapped[bool] = mapped_column(default=True)


class TeamMember(Base):
    """A user of a team."""

    __tablename__ = "core_team_member"
    team_id: Mapped[int] = mapped_column(
        Identifier, sa.ForeignKey("core_team.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        Identifier, sa.ForeignKey("core_user.id", ondelete="CASCADE"), primary_key=True
    )


class Role(Base):
    """A named set of grants. ``moderator`` sees private records (AD-06)."""

    __tablename__ = "core_role"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    code: Mapped[str] = mapped_column(SortText(60), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    moderator: Mapped[bool] = mapped_column(default=False)
    fixed: Mapped[bool] = mapped_column(default=False)


class UserRole(Base):
    """A role of a user."""

    __tablename__ = "core_user_role"
    user_id: Mapped[int] = mapped_column(
        Identifier, sa.ForeignKey("core_user.id", ondelete="CASCADE"), primary_key=True
    )
    role_id: Mapped[int] = mapped_column(
        Identifier, sa.ForeignKey("core_role.id", ondelete="CASCADE"), primary_key=True
    )


class Grant(Base):
    """What a role may do with an entity (``*`` for every one), at a level, narrowed by a filter (JSON tree)."""

    __tablename__ = "core_grant"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    role_id: Mapped[int] = mapped_column(Identifier, sa.ForeignKey("core_role.id", ondelete="CASCADE"), index=True)
    entity: Mapped[str] = mapped_column(SortText(60))
    action: Mapped[str] = mapped_column(SortText(20))
    level: Mapped[str] = mapped_column(sa.String(10))
    where: Mapped[dict[str, Any] | None] = mapped_column(default=None)


class WebSession(Base):
    """A signed-in browser; only the digest of its key is kept. ``viewed_id`` is whom an administrator looks as."""

    __tablename__ = "core_session"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    digest: Mapped[str] = mapped_column(SortText(64), unique=True)
    user_id: Mapped[int] = mapped_column(Identifier, sa.ForeignKey("core_user.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)
    user_agent: Mapped[str] = mapped_column(sa.String(200), default="")
    address: Mapped[str] = mapped_column(sa.String(60), default="")
    flash: Mapped[list[Any]] = mapped_column(default=list)
    viewed_id: Mapped[int | None] = mapped_column(Identifier)


class ApiToken(Base):
    """A bearer token; only its digest is kept. ``scopes``: ``read``, ``write``, ``admin``."""

    __tablename__ = "core_api_token"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    digest: Mapped[str] = mapped_column(SortText(64), unique=True)
    prefix: Mapped[str] = mapped_column(sa.String(12))
    name: Mapped[str] = mapped_column(sa.String(120))
    user_id: Mapped[int] = mapped_column(Identifier, sa.ForeignKey("core_user.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]


class LoginAttempt(Base):
    """A failed sign-in, counted by address and by account to slow guessing down."""

    __tablename__ = "core_login_attempt"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    bucket: Mapped[str] = mapped_column(SortText(120))
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    __table_args__ = (sa.Index("ix_core_login_attempt_bucket", "bucket", "at"),)


class PasswordReset(Base):
    """A link sent by mail to set a new password; used once, one hour long."""

    __tablename__ = "core_password_reset"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    digest: Mapped[str] = mapped_column(SortText(64), unique=True)
    user_id: Mapped[int] = mapped_column(Identifier, sa.ForeignKey("core_user.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
