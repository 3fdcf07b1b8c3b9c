"""What administrators set up: plugins, custom fields, reference lists, tags, settings, sequences, currencies, views."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db import Base, Identifier, SortText, utcnow


class Stamp(Base):
    """A counter raised with each change of something cached: ``registry`` (plugins, fields) or ``directory``."""

    __tablename__ = "core_stamp"
    name: Mapped[str] = mapped_column(SortText(40), primary_key=True)
    value: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class PluginRow(Base):
    """The wanted state of a plugin, and when it was last active.

    ``unfinished`` is what was begun and hasn't ended well: ``{"verb", "since", "error"}``. ``inventory`` names what
    the plugin brought along when it was last turned on, for the time when its package is gone. ``quarantine`` says
    why its optional hooks are not called: ``{"where", "since", "error"}``.
    """

    __tablename__ = "core_plugin"
    name: Mapped[str] = mapped_column(SortText(60), primary_key=True)
    wanted: Mapped[bool] = mapped_column(default=False)
    version: Mapped[str] = mapped_column(sa.String(40), default="")
    changed_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    seeded: Mapped[list[Any]] = mapped_column(default=list)
    unfinished: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    inventory: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    quarantine: Mapped[dict[str, Any] | None] = mapped_column(default=None)


class CustomField(Base):
    """A field made by an administrator. The key is frozen; labels (by language) are free."""

    __tablename__ = "core_custom_field"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    entity: Mapped[str] = mapped_column(SortText(60))
    key: Mapped[str] = mapped_column(SortText(50))
    type: Mapped[str] = mapped_column(sa.String(40))
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    label: Mapped[dict[str, Any]] = mapped_column(default=dict)
    help: Mapped[dict[str, Any]] = mapped_column(default=dict)
    required: Mapped[bool] = mapped_column(default=False)
    unique: Mapped[bool] = mapped_column(default=False)
    filterable: Mapped[bool] = mapped_column(default=True)
    indexed: Mapped[bool] = mapped_column(default=False)
    search: Mapped[bool] = mapped_column(default=False)
    default: Mapped[Any] = mapped_column(sa.JSON, nullable=True)
    section: Mapped[str] = mapped_column(sa.String(60), default="general")
    order: Mapped[int] = mapped_column(default=500)
    read_roles: Mapped[list[Any]] = mapped_column(default=list)
    edit_roles: Mapped[list[Any]] = mapped_column(default=list)
    visible_if: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    retired_at: Mapped[dt.datetime | None]
    __table_args__ = (sa.UniqueConstraint("entity", "key"),)


class ListEntry(Base):
    """An entry of a reference list; the code is frozen, used entries are deactivated and never deleted.

    One that was merged stays with the code it became (``merged_into``): no list offers it, history keeps its label, and
    what names it means the other.
    """

    __tablename__ = "core_list_entry"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    list: Mapped[str] = mapped_column(SortText(60))
    code: Mapped[str] = mapped_column(SortText(60))
    label: Mapped[dict[str, Any]] = mapped_column(default=dict)
    colour: Mapped[str] = mapped_column(sa.String(9), default="")
    icon: Mapped[str] = mapped_column(sa.String(40), default="")
    order: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    role: Mapped[str] = mapped_column(sa.String(40), default="")
    parent: Mapped[str] = mapped_column(SortText(60), default="")
    merged_into: Mapped[str] = mapped_column(SortText(60), default="", server_default="")
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    __table_args__ = (sa.UniqueConstraint("list", "code"),)


class Tag(Base):
    """A label with a colour, shared by all entities; ``key`` is its folded name, ``former`` those it had before.

    One that was merged or deleted stays without a key of its own (``removed_at``, ``merged_into``): no record carries
    it, history shows its name, and it can come back.
    """

    __tablename__ = "core_tag"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    key: Mapped[str] = mapped_column(SortText(120), unique=True)
    colour: Mapped[str] = mapped_column(sa.String(9), default="")
    former: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    removed_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    merged_into: Mapped[int | None] = mapped_column(Identifier, default=None)


class SettingRow(Base):
    """A setting an administrator changed from its default."""

    __tablename__ = "core_setting"
    key: Mapped[str] = mapped_column(SortText(120), primary_key=True)
    value: Mapped[Any] = mapped_column(sa.JSON, nullable=True)
    changed_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    changed_by_id: Mapped[int | None] = mapped_column(Identifier)


class Sequence(Base):
    """The last number given in a period of a number sequence; ``mask`` overrides the declared one."""

    __tablename__ = "core_sequence"
    key: Mapped[str] = mapped_column(SortText(80), primary_key=True)
    period: Mapped[str] = mapped_column(SortText(10), primary_key=True, default="")
    value: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class CurrencyRate(Base):
    """How much of the default currency one unit of ``currency`` is worth from a day on (AD-09)."""

    __tablename__ = "core_currency_rate"
    currency: Mapped[str] = mapped_column(SortText(3), primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    rate: Mapped[str] = mapped_column(sa.String(40))


class SavedView(Base):
    """A list view a person keeps, or shares with all: columns, filter (JSON tree), sort, look."""

    __tablename__ = "core_saved_view"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    entity: Mapped[str] = mapped_column(SortText(60), index=True)
    user_id: Mapped[int] = mapped_column(Identifier, sa.ForeignKey("core_user.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(80))
    shared: Mapped[bool] = mapped_column(default=False)
    spec: Mapped[dict[str, Any]] = mapped_column(default=dict)
