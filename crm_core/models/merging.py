"""Records that were merged into others, pairs that are no duplicates, and what scans for duplicates found."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db import Base, Identifier, SortText, utcnow


class Merged(Base):
    """A record that is part of another now: its id leads there. The survivor of a survivor is followed at once.

    ``moved`` is what an undo needs: which links, comments, files and shares were pointed to the survivor.
    """

    __tablename__ = "core_merged"
    entity: Mapped[str] = mapped_column(SortText(60), primary_key=True)
    record_id: Mapped[int] = mapped_column(Identifier, primary_key=True, autoincrement=False)
    survivor_id: Mapped[int] = mapped_column(Identifier)
    batch_id: Mapped[int | None] = mapped_column(Identifier, default=None)
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    moved: Mapped[list[Any]] = mapped_column(default=list)
    __table_args__ = (
        sa.Index("ix_core_merged_survivor", "entity", "survivor_id"),
        sa.Index("ix_core_merged_batch", "batch_id"),
    )


class NotDuplicate(Base):
    """Two records somebody has looked at and found to be two; ``low_id`` is the smaller id."""

    __tablename__ = "core_not_duplicate"
    entity: Mapped[str] = mapped_column(SortText(60), primary_key=True)
    low_id: Mapped[int] = mapped_column(Identifier, primary_key=True, autoincrement=False)
    high_id: Mapped[int] = mapped_column(Identifier, primary_key=True, autoincrement=False)
    user_id: Mapped[int | None] = mapped_column(Identifier)
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    __table_args__ = (sa.Index("ix_core_not_duplicate_high", "entity", "high_id"),)


class DuplicateScan(Base):
    """One scan of an entity: what is compared (``spec``: on, filter, q), how it stands, and what it found."""

    __tablename__ = "core_duplicate_scan"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    entity: Mapped[str] = mapped_column(SortText(60))
    user_id: Mapped[int | None] = mapped_column(Identifier)
    job_id: Mapped[int | None] = mapped_column(Identifier)
    spec: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(SortText(12), default="waiting")
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    finished_at: Mapped[dt.datetime | None]
    records: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    groups: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    members: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    error: Mapped[str] = mapped_column(sa.Text, default="")
    __table_args__ = (sa.Index("ix_core_duplicate_scan_user", "entity", "user_id", "id"),)


class DuplicateMember(Base):
    """A record of a group that a scan found; groups count from 1."""

    __tablename__ = "core_duplicate_member"
    scan_id: Mapped[int] = mapped_column(
        Identifier, sa.ForeignKey("core_duplicate_scan.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    group_no: Mapped[int] = mapped_column(Identifier, primary_key=True, autoincrement=False)
    record_id: Mapped[int] = mapped_column(Identifier, primary_key=True, autoincrement=False)
