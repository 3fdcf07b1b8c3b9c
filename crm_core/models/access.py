"""Who may see a record: deduplicated lists of principals, shared by every record with the same list; field masks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db import Base, Identifier, SortText


class AccessSet(Base):
    """One distinct list of principals. ``key`` is its canonical text; sets never change once made."""

    __tablename__ = "core_access_set"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    digest: Mapped[str] = mapped_column(SortText(64), unique=True)


class AccessMember(Base):
    """A principal of a set, and whether it may write."""

    __tablename__ = "core_access_member"
    set_id: Mapped[int] = mapped_column(
        Identifier, sa.ForeignKey("core_access_set.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    principal: Mapped[int] = mapped_column(Identifier, primary_key=True, autoincrement=False)
    write: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (sa.Index("ix_core_access_member_principal", "principal", "set_id", "write"),)


class Share(Base):
    """A user or team a record is shared with by hand (visibility ``listed``)."""

    __tablename__ = "core_share"
    entity: Mapped[str] = mapped_column(SortText(60), primary_key=True)
    record_id: Mapped[int] = mapped_column(Identifier, primary_key=True, autoincrement=False)
    principal: Mapped[int] = mapped_column(Identifier, primary_key=True, autoincrement=False)
    write: Mapped[bool] = mapped_column(default=False)


class FieldAccess(Base):
    """Which roles may read and edit a field of a module, where an administrator decided; empty: every role."""

    __tablename__ = "core_field_access"
    entity: Mapped[str] = mapped_column(SortText(60), primary_key=True)
    field: Mapped[str] = mapped_column(SortText(120), primary_key=True)
    read_roles: Mapped[list[Any]] = mapped_column(default=list)
    edit_roles: Mapped[list[Any]] = mapped_column(default=list)
