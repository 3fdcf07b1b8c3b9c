"""Sorting keys and joining what belongs together, beside the database: a private temporary file, a few MB of memory.

Neither the database nor the memory grows with the number of records; SQLite sorts on disk and removes the file by
itself, however the process ends.
"""

from __future__ import annotations

import hashlib
import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rapidfuzz import fuzz

from crm_core.duplicates.comparing import SIMILAR

Pair = tuple[int, int]
Key = tuple[int, str, int, str]
"""Number of the alternative, what is equal, id of the record, what must be similar (or nothing)."""
WHOLE = 300
"""Records of a block up to which each is compared with each; of more each with its neighbours in order."""
NEIGHBOURS = 60
_CACHE = "PRAGMA cache_size = -16000"


class Scratch:
    """Keys of records, the pairs that come of them, and the groups that come of these."""

    def __init__(self) -> None:
        """Open a temporary database of one's own."""
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for statement in (
            _CACHE, "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA temp_store = FILE",
            "CREATE TABLE keys (alt INTEGER, key BLOB, record INTEGER, text TEXT)",
            "CREATE TABLE pairs (a INTEGER, b INTEGER)",
            "CREATE TABLE found (root INTEGER, record INTEGER)",
            "BEGIN",
        ):  # fmt: skip
            self._db.execute(statement)

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    def add(self, keys: Iterable[Key]) -> None:
        """Keep the keys of some records."""
        rows = ((alt, hashlib.blake2b(key.encode(), digest_size=12).digest(), record, text)
                for alt, key, record, text in keys)  # fmt: skip
        self._db.executemany("INSERT INTO keys VALUES (?, ?, ?, ?)", rows)

    def blocks(self) -> Iterator[list[tuple[int, str]]]:
        """Yield the records that share a key, each with its text, sorted by it; blocks of one are left out."""
        query = "SELECT alt, key, text, record FROM keys ORDER BY alt, key, text, record"
        for _, rows in groupby(self._db.cursor().execute(query), key=lambda row: row[:2]):
            block = [(record, text) for _, _, text, record in rows]
            if len(block) > 1:
                yield block

    def join(self, block: Sequence[tuple[int, str]], apart: set[Pair]) -> None:
        """Keep the pairs of a block: all that are equal, or those whose texts are similar."""
        pairs = _similar(block) if any(text for _, text in block) else _equal(block, apart)
        kept = ((a, b) if a < b else (b, a) for a, b in pairs if a != b)
        self._db.executemany("INSERT INTO pairs VALUES (?, ?)", (p for p in kept if p not in apart))

    def groups(self) -> Iterator[list[int]]:
        """Yield the ids that belong together directly or by others, in order of the first one's id."""
        ids = array("q", (i for (i,) in self._db.execute("SELECT a FROM pairs UNION SELECT b FROM pairs ORDER BY 1")))
        parent = array("q", range(len(ids)))

        def root(place: int) -> int:
            while parent[place] != place:
                parent[place] = parent[parent[place]]
                place = parent[place]
            return place

        for a, b in self._db.cursor().execute("SELECT a, b FROM pairs"):
            one, other = root(bisect_left(ids, a)), root(bisect_left(ids, b))
            if one != other:
                parent[max(one, other)] = min(one, other)
        rows = ((root(place), number) for place, number in enumerate(ids))
        self._db.executemany("INSERT INTO found VALUES (?, ?)", rows)
        query = "SELECT root, record FROM found ORDER BY root, record"
        for _, found in groupby(self._db.cursor().execute(query), key=lambda row: row[0]):
            yield [record for _, record in found]


def _equal(block: Sequence[tuple[int, str]], apart: set[Pair]) -> Iterator[Pair]:
    """Yield pairs that join a block: its first with each, unless some of them are known to be apart."""
    ids = sorted({record for record, _ in block})
    known = {side for pair in apart for side in pair} if apart else set()
    if len(ids) > WHOLE or not known.intersection(ids):
        yield from ((ids[0], other) for other in ids[1:])
        return
    for place, one in enumerate(ids):
        yield from ((one, other) for other in ids[place + 1 :])


def _similar(block: Sequence[tuple[int, str]]) -> Iterator[Pair]:
    """Yield the pairs of similar texts; words are in order, and one whose first letter is wrong stands elsewhere."""
    reach = len(block) if len(block) <= WHOLE else NEIGHBOURS
    for place, (one, text) in enumerate(block):
        first, _, others = text.partition(" ")
        turned = f"{others} {first}" if others else text
        for other, similar in block[place + 1 : place + 1 + reach]:
            if one != other and (
                text == similar
                or fuzz.ratio(text, similar, score_cutoff=SIMILAR)
                or fuzz.ratio(turned, similar, score_cutoff=SIMILAR)
            ):
                yield one, other
