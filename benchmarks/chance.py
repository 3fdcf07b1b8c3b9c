"""What varies from call to call: pages, terms and values drawn from a data set, the same at every run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from benchmarks.stock import CONTACT, Stock
from crm_core import records
from crm_core.records import ListQuery, cursor

DRAWN = 200
RARE = 8
INITIALS = "ABCDEFGHIJKNOPRSTVWZ"


class Draw:
    """Random parts of requests for one data set."""

    def __init__(self, stock: Stock) -> None:
        """Draw some persons by id."""
        self.chance = random.Random(7)
        self.stock = stock
        with stock.deployment.database.autocommit() as connection:
            low, high = connection.exec_driver_sql("SELECT min(id), max(id) FROM contacts_contact").one()
            ids = sorted(self.chance.randrange(low, high) for _ in range(DRAWN))
            query = sa.text(
                "SELECT id, name_key, score, last_name_key FROM contacts_contact WHERE id IN :ids"
            ).bindparams(sa.bindparam("ids", expanding=True))
            self.rows = [dict(row) for row in connection.execute(query, {"ids": ids}).mappings()]

    def row(self) -> dict[str, Any]:
        """Return one of the drawn contacts."""
        return self.chance.choice(self.rows)

    def tier(self) -> str:
        """Return a value of the custom field that one in a thousand has."""
        return f"tier {self.chance.randrange(1000):04d}"

    def initial(self) -> str:
        """Return the first letter of a name."""
        return self.chance.choice(INITIALS)

    def page(self, sort: str) -> dict[str, str]:
        """Return the parameters of a page somewhere in an order."""
        row = self.row()
        key = row["name_key"] if sort.lstrip("-") == "name" else row["score"]
        return {"sort": sort, "after": cursor.encode(sort, [key, row["id"]])}

    def rare(self, wanted: int = 40) -> list[str]:
        """Return pieces of surnames that at most ``RARE`` contacts hold, as someone would type them."""
        found: list[str] = []
        deployment = self.stock.deployment
        with deployment.operation(deployment.actor(deployment.admin), write=False) as ctx:
            for row in self.rows * 20:
                word = str(row["last_name_key"] or "")
                if len(word) < 10:
                    continue
                start = self.chance.randrange(0, len(word) - 8)
                term = word[start : start + 9]
                hits, _ = records.count(ctx, CONTACT, ListQuery(q=term))
                if 0 < hits <= RARE:
                    found.append(term)
                if len(found) == wanted:
                    break
        return found


def url(path: str, *parts: dict[str, str], **more: str) -> str:
    """Return an address with parameters."""
    found: dict[str, str] = {}
    for part in (*parts, more):
        found.update(part)
    return f"{path}?{urlencode(found)}" if found else path


def joined(names: Sequence[str]) -> str:
    """Return names as the API takes them."""
    return ",".join(names)
