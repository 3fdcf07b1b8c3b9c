"""Background jobs, incidents, and the answers kept for repeated requests."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db import Base, Identifier, SortText, utcnow


class Job(Base):
    """The intent and the progress of one piece of background work (the outbox row of the engine).

    ``state``: waiting, queued (handed to the engine), running, done, failed, cancelled. ``total`` and ``done`` count
    the handler's own units. ``attempts`` counts every start and fences: who started it as number ``n`` may write only
    while it is still ``n``. ``failures`` and ``crashes`` count what went wrong since the last saved progress.
    """

    __tablename__ = "core_job"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(SortText(80))
    plugin: Mapped[str] = mapped_column(SortText(60), default="")
    args: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(SortText(12), default="waiting")
    user_id: Mapped[int | None] = mapped_column(Identifier)
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    run_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    executor: Mapped[str] = mapped_column(SortText(120), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None] = mapped_column(sa.BigInteger)
    done: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    message: Mapped[str] = mapped_column(sa.String(500), default="")
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    state_data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    error: Mapped[str] = mapped_column(sa.Text, default="")
    unique_key: Mapped[str | None] = mapped_column(SortText(120), unique=True)
    __table_args__ = (
        sa.Index("ix_core_job_state", "state", "run_at", "id"),
        sa.Index("ix_core_job_user", "user_id", "id"),
    )


class Worker(Base):
    """A process that runs jobs. ``place`` names the host and process space its ``pid`` means something in."""

    __tablename__ = "core_worker"
    id: Mapped[str] = mapped_column(SortText(120), primary_key=True)
    place: Mapped[str] = mapped_column(sa.String(120))
    pid: Mapped[int]
    kind: Mapped[str] = mapped_column(sa.String(20), default="worker")
    started_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    heartbeat_at: Mapped[dt.datetime] = mapped_column(default=utcnow)


class Import(Base):
    """One file being read into an entity. ``position`` is the last source record that is dealt with and committed."""

    __tablename__ = "core_import"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    entity: Mapped[str] = mapped_column(SortText(60))
    file_id: Mapped[int] = mapped_column(Identifier)
    job_id: Mapped[int | None] = mapped_column(Identifier)
    user_id: Mapped[int | None] = mapped_column(Identifier, index=True)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(SortText(12), default="waiting")
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    finished_at: Mapped[dt.datetime | None]
    position: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    created: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    updated: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    skipped: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    failed: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    warned: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    header: Mapped[list[Any]] = mapped_column(default=list)
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(sa.Text, default="")
    conversion: Mapped[str] = mapped_column(SortText(12), default="", server_default="")
    """Whether the file has to be made a table before it can be read, and was."""


class ImportProblem(Base):
    """A source record with something wrong: its place, its text as it was, and what is wrong field by field.

    ``outcome``: failed (not written), skipped (not written on purpose), warned (written, something dropped or assumed).
    """

    __tablename__ = "core_import_problem"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    import_id: Mapped[int] = mapped_column(Identifier, sa.ForeignKey("core_import.id", ondelete="CASCADE"))
    line: Mapped[int] = mapped_column(sa.BigInteger)
    outcome: Mapped[str] = mapped_column(SortText(12))
    raw: Mapped[Any] = mapped_column(sa.JSON, nullable=True)
    problems: Mapped[list[Any]] = mapped_column(default=list)
    __table_args__ = (sa.Index("ix_core_import_problem_import", "import_id", "outcome", "id"),)


class Incident(Base):
    """Something that went wrong without stopping the work, with the plugin it came from."""

    __tablename__ = "core_incident"
    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    plugin: Mapped[str] = mapped_column(SortText(60))
    where: Mapped[str] = mapped_column(sa.String(120))
    message: Mapped[str] = mapped_column(sa.String(500))
    detail: Mapped[str] = mapped_column(sa.Text, default="")
    seen_at: Mapped[dt.datetime | None] = mapped_column(default=None)


class IdempotencyKey(Base):
    """The answer to a request that carried an ``Idempotency-Key``, given again when it is repeated."""

    __tablename__ = "core_idempotency_key"
    user_id: Mapped[int] = mapped_column(Identifier, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(SortText(200), primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[int] = mapped_column(default=0)
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    body: Mapped[str] = mapped_column(sa.Text, default="")
    at: Mapped[dt.datetime] = mapped_column(default=utcnow, index=True)
