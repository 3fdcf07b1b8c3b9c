"""What the tests of undoing share: writing as somebody, reading as the administrator, undoing."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core import history, records, undo

CONTACT = "contacts.contact"


class Desk:
    """People at work on contacts."""

    def __init__(self, crm: Any) -> None:
        self.crm = crm

    def new(self, by: int | None = None, **values: Any) -> int:
        """Make a company that everybody may write."""
        values = {"kind": "company", "name": "Kergal", "visibility": "write", **values}
        return int(self.crm.make(CONTACT, by=by, **values))

    def set(self, record: int, by: int | None = None, **values: Any) -> int:
        """Change a record; return the id of the change."""
        with self.crm.as_user(by or self.crm.admin) as ctx:
            records.update(ctx, CONTACT, record, values)
        return self.last(record)

    def remove(self, record: int, by: int | None = None) -> int:
        """Delete a record; return the id of the change."""
        with self.crm.as_user(by or self.crm.admin) as ctx:
            records.delete(ctx, CONTACT, record)
        with self.crm.as_user(self.crm.admin) as ctx:
            return history.deletions(ctx, everyone=True)[0].id

    def deletion(self, record: int) -> int:
        """Return the id of the change that deleted a record which is still gone."""
        with self.crm.as_user(self.crm.admin, write=False) as ctx:
            return next(e.id for e in history.deletions(ctx, everyone=True) if e.record_id == record)

    def last(self, record: int) -> int:
        """Return the id of a record's newest change."""
        return int(self.history(record)[0].id)

    def history(self, record: int, by: int | None = None) -> list[Any]:
        """Return a record's changes, newest first."""
        with self.crm.as_user(by or self.crm.admin, write=False) as ctx:
            return history.entries(ctx, CONTACT, record)

    def values(self, record: int, *keys: str) -> list[Any]:
        """Return values as the administrator reads them."""
        with self.crm.as_user(self.crm.admin, write=False) as ctx:
            row = records.read(ctx, CONTACT, record, keys)
            return [row.values[key] for key in keys]

    def bulk(self, ids: list[int], by: int | None = None, action: str = "update", **data: Any) -> int:
        """Do something to many records; return the batch."""
        with self.crm.as_user(by or self.crm.admin) as ctx:
            batch = records.bulk(ctx, CONTACT, ids, action, data).batch_id
        assert batch
        return batch

    def look(self, change: int, by: int | None = None) -> Any:
        """Look at what undoing a change would do, in an operation that can't write."""
        with self.crm.as_user(by or self.crm.admin, write=False) as ctx:
            return undo.look_at_change(ctx, change)

    def undo(self, change: int, by: int | None = None) -> Any:
        """Undo a change."""
        with self.crm.as_user(by or self.crm.admin) as ctx:
            return undo.undo_change(ctx, change)

    def look_at_batch(self, batch: int, by: int | None = None) -> Any:
        """Look at what undoing a batch would do, in an operation that can't write."""
        with self.crm.as_user(by or self.crm.admin, write=False) as ctx:
            return undo.look(ctx, batch)

    def undo_batch(self, batch: int, by: int | None = None) -> Any:
        """Undo a batch; return what came of it, with the new batch's ``id``."""
        with self.crm.as_user(by or self.crm.admin) as ctx:
            made = undo.start(ctx, batch)
            return {**(made.outcome or {}), "id": made.id, "state": made.state, "job": made.job_id}


@pytest.fixture
def desk(crm: Any) -> Desk:
    """People at work on contacts."""
    return Desk(crm)


def codes(problems: Any) -> list[tuple[str | None, str]]:
    """Return (field, code) of problems."""
    return [(p.field, p.code) for p in problems]
