"""The nightly sweep takes what has served its time, and nothing else."""

from __future__ import annotations

import datetime as dt
import io
import os
import time
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from crm_core import files
from crm_core.db import utcnow
from crm_core.housekeeping import sweep
from crm_core.models import IdempotencyKey, Incident, Job, StoredFile, WebSession


class Run:
    """A job's run without a worker."""

    def __init__(self, deployment):
        self.deployment, self.steps = deployment, 0

    @contextmanager
    def operation(self):
        with self.deployment.as_user() as ctx:
            yield ctx

    def check_cancelled(self):
        pass

    def progress(self, done, total):
        self.steps = done / total


def test_what_is_over_is_deleted_and_the_rest_stays(crm):
    now = utcnow()
    with crm.database.transaction() as session:
        for days in (0, 400):
            at = now - dt.timedelta(days=days)
            ends = now + dt.timedelta(days=1 - days)
            session.add(WebSession(digest=f"s{days}", user_id=crm.admin, csrf="x", expires_at=ends))
            session.add(IdempotencyKey(user_id=crm.admin, key=f"k{days}", digest="x", at=at))
            session.add(Incident(plugin="contacts", where="x", message=str(days), at=at))
            session.add(Job(name="core.sweep", state="done", finished_at=at, unique_key=f"core.sweep@{days}"))
            session.add(Job(name="mine", state="done", finished_at=at, user_id=crm.admin))
    with crm.as_user(crm.admin) as ctx:
        old = files.store(ctx, io.BytesIO(b"nobody took me"), "a.txt", max_bytes=100).id
        new = files.store(ctx, io.BytesIO(b"just came"), "b.txt", max_bytes=100).id
    with crm.database.transaction() as session:
        session.get(StoredFile, old).created_at = now - dt.timedelta(days=3)
    for path in crm.config.files.glob("*/*/*"):
        if path.read_bytes() == b"nobody took me":
            os.utime(path, (time.time() - 3 * 86400,) * 2)
    run: Any = Run(crm)
    sweep(run)
    with crm.database.transaction(write=False) as session:
        for model in (WebSession, IdempotencyKey, Incident):
            assert session.scalar(sa.select(sa.func.count()).select_from(model)) == 1
        assert sorted(session.scalars(sa.select(Job.name))) == ["core.sweep", "mine", "mine"]
        assert list(session.scalars(sa.select(StoredFile.id))) == [new]
    assert run.steps == 1
