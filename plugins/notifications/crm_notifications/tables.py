"""Plain tables: what a person was told, what is still to be sent, and what each person chose."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_core import api as crm
from crm_core.api import Base, Identifier


class Notice(Base):
    """One thing one person was told; ``shown`` in the application, where that channel is chosen."""

    __tablename__ = "notifications_notice"
    __log__ = True
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    key: Mapped[str] = mapped_column(crm.SortText(120), unique=True)
    kind: Mapped[str] = mapped_column(crm.SortText(60))
    user_id: Mapped[int | None] = mapped_column(Identifier)
    subject: Mapped[str] = mapped_column(sa.String(400))
    body: Mapped[str] = mapped_column(sa.Text, default="")
    entity: Mapped[str] = mapped_column(crm.SortText(60))
    record_id: Mapped[int] = mapped_column(Identifier)
    shown: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime] = mapped_column(crm.UtcDateTime, index=True)
    read_at: Mapped[dt.datetime | None] = mapped_column(crm.UtcDateTime)
    deliveries: Mapped[list[Delivery]] = relationship(
        lambda: Delivery, back_populates="notice", cascade="all, delete-orphan", passive_deletes=True
    )
    __table_args__ = (
        sa.Index("ix_notifications_notice_unread", "user_id", "shown", "read_at", "id"),
        sa.Index("ix_notifications_notice_list", "user_id", "shown", "id"),
    )


class Delivery(Base):
    """A notice on its way by one channel: ``waiting``, ``sending``, then ``sent``, ``failed`` or ``dropped``.

    ``bundled`` ones of a person go out together. ``user_id`` is 0 for an address that is no user's.
    """

    __tablename__ = "notifications_delivery"
    __log__ = True
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    notice_id: Mapped[int] = mapped_column(
        Identifier, sa.ForeignKey("notifications_notice.id", ondelete="CASCADE"), index=True
    )
    notice: Mapped[Notice] = relationship(lambda: Notice, back_populates="deliveries")
    channel: Mapped[str] = mapped_column(crm.SortText(10))
    user_id: Mapped[int] = mapped_column(Identifier, default=0)
    address: Mapped[str] = mapped_column(sa.String(254), default="")
    state: Mapped[str] = mapped_column(crm.SortText(10), default="waiting")
    bundled: Mapped[bool] = mapped_column(default=False)
    due_at: Mapped[dt.datetime] = mapped_column(crm.UtcDateTime)
    tried_at: Mapped[dt.datetime | None] = mapped_column(crm.UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(sa.String(500), default="")
    batch: Mapped[str] = mapped_column(crm.SortText(40), default="")
    __table_args__ = (
        sa.Index("ix_notifications_delivery_due", "state", "due_at"),
        sa.Index("ix_notifications_delivery_user", "user_id", "channel", "tried_at"),
    )


class Person(Base):
    """How one person wants to be told; times are ``HH:MM`` where the person is, empty for none."""

    __tablename__ = "notifications_person"
    user_id: Mapped[int] = mapped_column(Identifier, primary_key=True, autoincrement=False)
    digest_at: Mapped[str] = mapped_column(crm.SortText(5), default="")
    quiet_from: Mapped[str] = mapped_column(crm.SortText(5), default="")
    quiet_to: Mapped[str] = mapped_column(crm.SortText(5), default="")
    phone: Mapped[str] = mapped_column(crm.SortText(32), default="")


class Choice(Base):
    """The channels one person chose for one kind of news, separated by spaces; no row: the kind's own."""

    __tablename__ = "notifications_choice"
    user_id: Mapped[int] = mapped_column(Identifier, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(crm.SortText(60), primary_key=True)
    channels: Mapped[str] = mapped_column(crm.SortText(60), default="")
