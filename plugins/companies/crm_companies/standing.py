"""Where the acting person stands: which companies there are, which are his, which one he looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_companies.models import COMPANY, MEMBERSHIP
from crm_core.api import Cond, Ctx, ListQuery, records

LIMIT = 500


@dataclass(frozen=True)
class Standing:
    """The companies of the group by id, and what the acting person has to do with them.

    ``free`` people (administrators, the system) see every company's records until they choose one.
    """

    companies: Mapping[int, str]
    own: tuple[int, ...] = ()
    main: int | None = None
    active: int | None = None
    membership: int | None = None
    free: bool = False

    @property
    def several(self) -> bool:
        """Tell whether there is anything to keep apart."""
        return len(self.companies) > 1

    @property
    def seen(self) -> tuple[int, ...] | None:
        """Return the companies whose records the person sees, ``None`` for all of them."""
        if not self.several:
            return None
        if self.active:
            return (self.active,)
        return None if self.free else self.own

    @property
    def preset(self) -> list[int]:
        """Return the companies of a new record: the one looked at, else the main one, else the only one (MC-01)."""
        if not self.several:
            return list(self.companies)
        one = self.active or self.main
        return [one] if one else []


def standing(ctx: Ctx) -> Standing:
    """Return where the acting person stands; read once an operation."""
    key = ("companies", "standing")
    if key not in ctx.cache:
        ctx.cache[key] = _read(ctx)
    found: Standing = ctx.cache[key]
    return found


def forget(ctx: Ctx) -> None:
    """Read anew at the next question."""
    ctx.cache.pop(("companies", "standing"), None)


def _read(ctx: Ctx) -> Standing:
    query = ListQuery(fields=("name",), sort=(("name", False),), limit=LIMIT)
    companies = {row.id: row.title for row in records.facts(ctx, COMPANY, query)}
    free = ctx.actor.is_admin
    if ctx.actor.id is None:
        return Standing(companies, free=free)
    mine = Cond("user", "=", ctx.actor.id)
    query = ListQuery(fields=("companies", "main", "active"), filter=mine, limit=1)
    row = next(iter(records.facts(ctx, MEMBERSHIP, query)), None)
    if row is None:
        return Standing(companies, free=free)
    own = tuple(i for i in row.values["companies"] if i in companies)
    main, active = row.values["main"], row.values["active"]
    return Standing(
        companies, own, main if main in own else next(iter(own), None), active if active in own else None, row.id, free
    )
