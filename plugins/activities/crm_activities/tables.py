"""Plain tables beside the records: who is busy, what is due to be sent, and notices."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm_core import api as crm
from crm_core.api import Base, Identifier


class Busy(Base):
    """When a user or a resource is taken: times only, so that whoever plans may look (AC-38, AC-39, AC-63)."""

    __tablename__ = "activities_busy"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    event_id: Mapped[int] = mapped_column(
        Identifier, sa.ForeignKey("activities_event.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(crm.SortText(10))
    target_id: Mapped[int] = mapped_column(Identifier)
    starts_at: Mapped[dt.datetime] = mapped_column(crm.UtcDateTime)
    ends_at: Mapped[dt.datetime] = mapped_column(crm.UtcDateTime)
    all_day: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (sa.Index("ix_activities_busy_when", "kind", "target_id", "starts_at", "ends_at"),)


class Due(Base):
    """A reminder that waits for its moment, or was handed over; one row for each moment and record."""

    __tablename__ = "activities_due"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    entity: Mapped[str] = mapped_column(crm.SortText(60))
    record_id: Mapped[int] = mapped_column(Identifier)
    line: Mapped[int] = mapped_column(default=0)
    at: Mapped[dt.datetime] = mapped_column(crm.UtcDateTime)
    sent_at: Mapped[dt.datetime | None] = mapped_column(crm.UtcDateTime)
    __table_args__ = (
        sa.Index("ix_activities_due_waiting", "sent_at", "at"),
        sa.Index("ix_activities_due_record", "entity", "record_id"),
    )


class Notice(Base):
    """What a person was told, until a module for notices takes it over; ``mail`` is how far its mail is."""

    __tablename__ = "activities_notice"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    key: Mapped[str] = mapped_column(crm.SortText(120), unique=True)
    user_id: Mapped[int | None] = mapped_column(Identifier, index=True)
    email: Mapped[str] = mapped_column(sa.String(254), default="")
    subject: Mapped[str] = mapped_column(sa.String(400))
    body: Mapped[str] = mapped_column(sa.Text, default="")
    entity: Mapped[str] = mapped_column(crm.SortText(60))
    record_id: Mapped[int] = mapped_column(Identifier)
    created_at: Mapped[dt.datetime] = mapped_column(crm.UtcDateTime)
    read_at: Mapped[dt.datetime | None] = mapped_column(crm.UtcDateTime)
    mail: Mapped[str] = mapped_column(crm.SortText(10), default="none", index=True)
