"""Who sees what, and what must hold for companies, memberships and the records of companies."""

from __future__ import annotations

from collections.abc import Iterator

from crm_companies.fields import FIELD, has_field
from crm_companies.models import COMPANY, MEMBERSHIP
from crm_companies.standing import standing
from crm_core.api import N_, Change, Cond, Ctx, ListQuery, Node, Problem, history, or_, records


def scope(ctx: Ctx, entity: str) -> Node | None:
    """Return what narrows an entity to the companies the person sees (MC-04); records of none are everybody's."""
    if not has_field(ctx, entity):
        return None
    seen = standing(ctx).seen
    if seen is None:
        return None
    nobody = Cond(FIELD, "is null")
    return or_(nobody, Cond(FIELD, "in", seen)) if seen else nobody


def derive(ctx: Ctx, change: Change) -> None:
    """Fill in what follows from other values."""
    if change.entity == MEMBERSHIP:
        _membership(ctx, change)
    elif change.verb == "create" and has_field(ctx, change.entity) and not change.get(FIELD):
        change.set(FIELD, standing(ctx).preset)


def _membership(ctx: Ctx, change: Change) -> None:
    """Name a membership after its person, and keep main and active company among the person's."""
    if person := ctx.directory.user(change.get("user")):
        change.set("name", person.name)
    own = change.get("companies") or []
    if change.get("main") not in own and not change.changed("main"):
        change.set("main", own[0] if own else None)
    if change.get("active") not in own and not change.changed("active"):
        change.set("active", None)


def problems(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield what is wrong with a write."""
    if change.entity == COMPANY:
        if change.verb == "delete":
            yield from _used(ctx, change.record.id)
    elif change.entity == MEMBERSHIP:
        yield from _foreign(change)
    elif change.verb != "delete" and has_field(ctx, change.entity):
        yield from _record(ctx, change)


def _used(ctx: Ctx, company_id: int) -> Iterator[Problem]:
    """Refuse to delete a company with records: without it everybody would see them."""
    query = ListQuery(filter=Cond(FIELD, "has", company_id), limit=1)
    with history.as_system(ctx, reason="whether a company of the group has records") as system:
        used = [e for e in ctx.registry.entities if has_field(ctx, e) and records.count(system, e, query)[0]]
    for entity in used:
        plural = ctx.registry.entity(entity).plural
        message = N_("%(plural)s belong to this company; give them to another one first")
        yield Problem(None, "in_use", message, {"plural": plural})


def _foreign(change: Change) -> Iterator[Problem]:
    for key in ("main", "active"):
        if change.get(key) is not None and change.get(key) not in (change.get("companies") or ()):
            yield Problem(key, "foreign", N_("This is none of the person's companies"))


def _record(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Keep a record with a company, and with one the person works for."""
    given = change.get(FIELD)
    if not standing(ctx).several or not change.changed(FIELD):
        return
    seen = standing(ctx).seen
    if not given and change.old.get(FIELD):
        yield Problem(FIELD, "required", N_("A record that belongs to a company keeps at least one"))
    elif given and seen is not None and not set(given) & set(seen):
        yield Problem(FIELD, "foreign", N_("Name at least one of the companies you work for"))
