"""Calls that must not take the whole transaction along when a statement of theirs fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def breakable(session: Any) -> bool:
    """Tell whether one failed statement would spoil the rest of a transaction.

    PostgreSQL refuses every later statement then; SQLite needs nothing.
    """
    return session is not None and session.get_bind().dialect.name == "postgresql"


@contextmanager
def isolated(session: Any) -> Iterator[None]:
    """Run the block so that a statement it fails on is taken back with what it wrote, and nothing else."""
    if not breakable(session):
        yield
        return
    with session.begin_nested():
        yield


class Apart:
    """Calls one function after another, each so that what fails in it spoils nothing for the others.

    A savepoint is kept until somebody used it: most plugins have nothing to say to a page and send no statement, and
    beginning a savepoint for each of them costs more than all their calls.
    """

    def __init__(self, session: Any) -> None:
        """Begin nothing yet."""
        self._session = session
        self._savepoint: Any = None
        self._begun = 0

    def __call__(self, function: Callable[..., Any], args: list[Any]) -> Any:
        """Return what the function answers, worked out to its end; raises what it raises."""
        session = self._session
        if self._savepoint is None:
            self._savepoint, self._begun = session.begin_nested(), session.begun
        try:
            value = function(*args)
            if isinstance(value, Iterator):
                value = list(value)
        except BaseException:
            self._end("rollback")
            raise
        if session.begun != self._begun or session.identity_map.check_modified() or session.new or session.deleted:
            self._end("commit")
        return value

    def close(self) -> None:
        """Give back a savepoint nobody used."""
        if self._savepoint is not None:
            self._end("commit")

    def _end(self, how: str) -> None:
        savepoint, self._savepoint = self._savepoint, None
        getattr(savepoint, how)()
