"""Rows of one file that are about the same record: what they are known by stands in an earlier row already."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from hashlib import blake2b
from itertools import pairwise

from crm_core.i18n import N_
from crm_core.tables.problems import RowProblem

_TWICE = N_("%(value)s stands on line %(line)s already; only that one is taken")


class Repeats:
    """The keys that more than one row of a file has. Eight bytes a row are held while they are looked for."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Look through the keys of all rows; an empty one says nothing."""
        found = array("q", (_digest(key) for key in keys if key))
        self._twice = frozenset(a for a, b in pairwise(sorted(found)) if a == b)
        self._first: dict[int, int] = {}

    def __bool__(self) -> bool:
        """Tell whether any key repeats."""
        return bool(self._twice)

    def problem(self, field: str, key: str, value: str, line: int) -> RowProblem | None:
        """Return what is wrong with the row on a line, the rows given in the order of the file; the first is fine."""
        digest = _digest(key) if key else 0
        if digest not in self._twice:
            return None
        first = self._first.setdefault(digest, line)
        if first == line:
            return None
        return RowProblem(field, "twice", _TWICE, value[:80], {"value": value[:80], "line": first})


def _digest(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(errors="replace"), digest_size=8).digest(), "big", signed=True)
