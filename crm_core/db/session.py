"""The session plugin code gets: what the actor may not see is not returned, what can't be limited is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import ORMExecuteState, Session

from crm_core.errors import UnscopedStatement

Guard = Callable[[ORMExecuteState], None]

_TOKEN = object()
KERNEL: Mapping[str, Any] = {"crm_kernel": _TOKEN}
"""Execution options of the kernel's own statements, which carry their permission predicate themselves."""


class CrmSession(Session):
    """A session with an optional guard; without one it is the system's and unlimited."""

    guard: Guard | None = None
    begun = 0
    """How many transactions and savepoints were begun in the database; one that sent no statement was not."""

    def connection(self, *args: Any, **kw: Any) -> Any:
        """Give the raw connection to the system only.

        Raises:
            UnscopedStatement: the session belongs to an actor.
        """
        if self.guard is not None:
            self._refuse("a raw connection")
        return super().connection(*args, **kw)

    def connection_of_kernel(self) -> Connection:
        """Return the raw connection of the transaction, for the kernel's own bulk writers; not in the facade."""
        return super().connection()

    def _bulk_refused(self, *args: Any, **kw: Any) -> NoReturn:
        self._refuse("a legacy bulk operation")

    bulk_save_objects = _bulk_refused
    bulk_insert_mappings = _bulk_refused
    bulk_update_mappings = _bulk_refused

    def _refuse(self, what: str) -> NoReturn:
        raise UnscopedStatement(hint=f"{what} in an actor's session; use the records API or as_system(ctx, reason=...)")


@event.listens_for(CrmSession, "after_begin")
def _count(session: CrmSession, transaction: object, connection: object) -> None:
    session.begun += 1


@event.listens_for(CrmSession, "do_orm_execute")
def _apply_guard(state: ORMExecuteState) -> None:
    guard = getattr(state.session, "guard", None)
    if guard is not None and state.execution_options.get("crm_kernel") is not _TOKEN:
        guard(state)
