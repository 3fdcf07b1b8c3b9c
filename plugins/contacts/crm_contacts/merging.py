"""What contacts add to merging: who can't be one, which mark stays, which relationships would be with oneself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crm_core.api import (
    N_,
    Cond,
    Ctx,
    DuplicateRule,
    ListQuery,
    Merge,
    MergeRule,
    Or,
    Problem,
    history,
    records,
)

CONTACT, RELATION = "contacts.contact", "contacts.relation"
_MARKS = {"emails": "primary", "phones": "primary", "addresses": "is_default"}


def check(ctx: Ctx, merge: Merge) -> Iterator[Problem]:
    """Yield that a person and a company can't be one."""
    if len({record.kind for record in (merge.survivor, *merge.others)}) > 1:
        yield Problem("kind", "kinds", N_("A person and a company can't be merged"))


def adjust(ctx: Ctx, merge: Merge, values: dict[str, Any]) -> None:
    """Let the survivor's own mark stay where lines are united: the first address, number, place of each kind."""
    for key, mark in _MARKS.items():
        own = {line.id for line in getattr(merge.survivor, key) if getattr(line, mark)}
        lines = values.get(key) or ()
        if any(line.get("id") in own for line in lines):
            values[key] = [{**line, mark: line.get("id") in own} for line in lines]


def derived(ctx: Ctx, merge: Merge) -> tuple[str, ...]:
    """Return what follows from other fields: a person's name is made of first and last name."""
    return ("name",) if merge.survivor.kind == "person" else ()


def before(ctx: Ctx, merge: Merge) -> None:
    """Delete relationships that would be with oneself, or stand twice, once the contacts are one."""
    ids = [merge.survivor.id, *(other.id for other in merge.others)]
    mine = Or((Cond("contact", "in", tuple(ids)), Cond("other", "in", tuple(ids))))
    seen: set[tuple[int, str, int]] = set()
    with history.as_system(ctx, reason="relationships of contacts that are merged") as inside:
        fields, after, found = ("contact", "relation", "other"), None, []
        while True:
            query = ListQuery(fields, mine, sort=records.parse_sort("id"), limit=500, after=after, count=False)
            page = records.list_(inside, RELATION, query)
            found += page.items
            after = page.next
            if after is None:
                break
        for row in found:
            first, second = (ids[0] if row.values[k] in ids else row.values[k] for k in ("contact", "other"))
            same = (first, row.values["relation"], second)
            if first == second or same in seen:
                records.delete(inside, RELATION, row.id)
            seen.add(same)


RULES = (
    MergeRule(entity=CONTACT, check=check, adjust=adjust, derived=derived, before=before),
    DuplicateRule(
        entity=CONTACT,
        on=("name, zip", "emails", "phones"),
        names=("name", "first_name", "last_name"),
        warn=("name",),
        message=N_("There is already a contact with this name"),
    ),
)
