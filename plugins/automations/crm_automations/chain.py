"""Which automations led to the write that is going on, so that loops are noticed.

Kept beside the operation and not in it: another plugin may write for us in a context of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Links = tuple[tuple[int, str], ...]
"""Automation and record (``entity:id``) of each run, the first one first."""

_links: ContextVar[Links] = ContextVar("automations_chain", default=())


def current() -> Links:
    """Return the runs that led here."""
    return _links.get()


@contextmanager
def within(links: Iterable[Iterable[int | str]]) -> Iterator[None]:
    """Remember inside the block that these runs led to it."""
    pairs = (tuple(link) for link in links)
    token = _links.set(tuple((int(a), str(b)) for a, b in pairs))
    try:
        yield
    finally:
        _links.reset(token)
