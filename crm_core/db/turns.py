"""Writers of one SQLite file in the order they came.

SQLite lets one writer in at a time and has no queue: whoever finds the file locked sleeps and tries again, for up to a
tenth of a second, and a newcomer that happens to try in between goes first. Under load some writer is always unlucky
until its patience is over. Here the threads of a process wait in a queue of their own, so that one of them at a time
asks SQLite; and that one stands alone at a door, a lock file beside the database, until SQLite has let it in, so that
the process that wrote last can't go first again.

A turn is a courtesy and never refuses: who has waited in vain asks SQLite all the same, once, and SQLite decides.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

_KNOCK = 0.001
"""Seconds between two looks whether the door is free."""


class Turns:
    """The queue of one process before one file."""

    def __init__(self) -> None:
        """Make an empty queue."""
        self._mutex = threading.RLock()  # a connection that is collected as garbage gives back its turn, anywhere
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    def take(self, seconds: float) -> bool:
        """Wait for a turn; tell whether it came in time, and has to be given back."""
        turn = threading.Lock()
        turn.acquire()
        with self._mutex:
            self._waiting.append(turn)
            self._call_next()
        if turn.acquire(timeout=seconds):
            return True
        with self._mutex:
            if turn not in self._waiting:
                return True  # it was called at the last moment
            self._waiting.remove(turn)
            return False

    def give_back(self) -> None:
        """Call the next in the queue."""
        with self._mutex:
            self._taken = False
            self._call_next()

    def _call_next(self) -> None:
        if not self._taken and self._waiting:
            self._taken = True
            self._waiting.popleft().release()


@contextmanager
def _at_the_door(path: str, until: float) -> Iterator[None]:
    """Run the block while no other process stands at the door, or from a moment of monotonic time on.

    The file is opened anew each time: a handle that a child process inherited would share its lock.
    """
    with ExitStack() as stack:
        if path and (handle := _opened(path)) is not None:
            stack.callback(os.close, handle)
            while not _locked(handle) and time.monotonic() < until:
                time.sleep(_KNOCK)
        yield


def _opened(path: str) -> int | None:
    """Return a handle of the door's file, unless it is another user's or the folder can't be written."""
    with suppress(OSError):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return None


def _locked(handle: int) -> bool:
    """Tell whether the door is ours now; a file system without such locks has no door."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


class QueueingConnection(sqlite3.Connection):
    """A connection that waits for its turn before it writes and gives it back when its transaction is over."""

    _turns: Turns
    _door = ""
    _has_turn = False

    def queue_in(self, turns: Turns) -> None:
        """Wait for turns in a queue, and at a door beside the file that is open, if one is."""
        self._turns = turns
        path = self.execute("PRAGMA database_list").fetchone()[2]
        self._door = f"{path}-queue" if path else ""

    @contextmanager
    def turn(self, patience: float, usual: float) -> Iterator[None]:
        """Run the block, which begins to write, when it is this connection's turn.

        Args:
            patience: seconds to wait altogether, for the turn, at the door and for SQLite.
            usual: seconds SQLite waits in all that comes later.
        """
        until = time.monotonic() + patience
        self._has_turn = self._turns.take(patience)
        try:
            with _at_the_door(self._door, until):
                self._let_sqlite_wait(max(until - time.monotonic(), 0))
                try:
                    yield
                finally:
                    self._let_sqlite_wait(usual)
        except BaseException:
            self._leave()
            raise

    def _let_sqlite_wait(self, seconds: float) -> None:
        self.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")

    def commit(self) -> None:
        """Commit, and let the next writer begin."""
        super().commit()
        self._leave()

    def rollback(self) -> None:
        """Roll back, and let the next writer begin."""
        try:
            super().rollback()
        finally:
            self._leave()

    def close(self) -> None:
        """Close, and let the next writer begin."""
        try:
            super().close()
        finally:
            self._leave()

    def _leave(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._turns.give_back()
