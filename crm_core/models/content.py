"""What surrounds records: history, comments and stored files."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db import Base, Identifier, SortText, utcnow


class Change(Base):
    """One line of history: who did what to which record, with names as text, so that it is readable for ever.

    ``diff`` maps field keys to ``[old, new]`` in stored form; a deleted record keeps all its values as ``[old, null]``.
    """

    __tablename__ = "core_change"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    operation: Mapped[str] = mapped_column(SortText(32))
    actor_id: Mapped[int | None] = mapped_column(Identifier)
    actor: Mapped[str] = mapped_column(sa.String(120))
    via: Mapped[str] = mapped_column(sa.String(20), default="web")
    entity: Mapped[str] = mapped_column(SortText(60))
    record_id: Mapped[int] = mapped_column(Identifier)
    title: Mapped[str] = mapped_column(sa.String(200), default="")
    action: Mapped[str] = mapped_column(SortText(40))
    diff: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    __table_args__ = (
        sa.Index("ix_core_change_record", "entity", "record_id", "id"),
        sa.Index("ix_core_change_at", "at"),
        sa.Index("ix_core_change_operation", "operation"),
    )


class Comment(Base):
    """A remark on a record, with the way the person was reached (CT-26); readable by who may read the record."""

    __tablename__ = "core_comment"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    entity: Mapped[str] = mapped_column(SortText(60))
    record_id: Mapped[int] = mapped_column(Identifier)
    author_id: Mapped[int | None] = mapped_column(Identifier)
    author: Mapped[str] = mapped_column(sa.String(120))
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    edited_at: Mapped[dt.datetime | None]
    channel: Mapped[str] = mapped_column(sa.String(60), default="")
    body: Mapped[str] = mapped_column(sa.Text)
    __table_args__ = (sa.Index("ix_core_comment_record", "entity", "record_id", "id"),)


class StoredFile(Base):
    """A file: where it lies, what it is, and the record whose access it follows.

    ``box`` is what a picture was made to fit into (``200x300``).
    """

    __tablename__ = "core_file"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    entity: Mapped[str] = mapped_column(SortText(60), default="")
    record_id: Mapped[int | None] = mapped_column(Identifier)
    field: Mapped[str] = mapped_column(SortText(60), default="")
    name: Mapped[str] = mapped_column(sa.String(255))
    content_type: Mapped[str] = mapped_column(sa.String(120))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    digest: Mapped[str] = mapped_column(SortText(64), index=True)
    box: Mapped[str] = mapped_column(sa.String(12), default="")
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    created_by_id: Mapped[int | None] = mapped_column(Identifier)
    __table_args__ = (sa.Index("ix_core_file_record", "entity", "record_id"),)
