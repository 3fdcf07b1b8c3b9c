"""What surrounds records: history, comments and stored files."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db import Base, Identifier, SortText, utcnow


class Change(Base):
    """One line of history: who did what to which record, with names as text, so that it is readable for ever.

    ``diff`` maps field keys to ``[old, new]`` in stored form; a deleted record keeps all its values as ``[old, null]``,
    and in ``kept`` what went with it: comments, shares, files, links of others. ``batch_id`` is what one bulk action,
    import or undo has in common. An undo (``action``) names in ``undoes_id`` what it took back and in ``effect`` what
    it was itself: create, update or delete. ``recorded`` tells whether timelines show the line (KN-20).
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
    batch_id: Mapped[int | None] = mapped_column(Identifier, default=None)
    undoes_id: Mapped[int | None] = mapped_column(Identifier, default=None)
    effect: Mapped[str] = mapped_column(SortText(10), default="", server_default="")
    kept: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    recorded: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    __table_args__ = (
        sa.Index("ix_core_change_batch", "batch_id", "id"),
        sa.Index("ix_core_change_record", "entity", "record_id", "id"),
        sa.Index("ix_core_change_at", "at"),
        sa.Index("ix_core_change_operation", "operation"),
    )


class Batch(Base):
    """Changes of many records that were made as one, and can be undone as one.

    ``kind``: bulk, import or undo. ``size`` counts its lines of history. An undo works through the batch ``undoes_id``
    from its newest change down; ``position`` is the last one dealt with, ``outcome`` what came of them so far.
    """

    __tablename__ = "core_batch"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    kind: Mapped[str] = mapped_column(SortText(12))
    entity: Mapped[str] = mapped_column(SortText(60), default="")
    label: Mapped[str] = mapped_column(sa.String(200), default="")
    actor_id: Mapped[int | None] = mapped_column(Identifier)
    actor: Mapped[str] = mapped_column(sa.String(120))
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    size: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    source_id: Mapped[int | None] = mapped_column(Identifier, default=None)
    job_id: Mapped[int | None] = mapped_column(Identifier, default=None)
    undoes_id: Mapped[int | None] = mapped_column(Identifier, default=None)
    state: Mapped[str] = mapped_column(SortText(12), default="done")
    position: Mapped[int | None] = mapped_column(Identifier, default=None)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    __table_args__ = (
        sa.Index("ix_core_batch_actor", "actor_id", "id"),
        sa.Index("ix_core_batch_source", "kind", "source_id"),
        sa.Index("ix_core_batch_undoes", "undoes_id"),
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
