"""What a kept export must hold to, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crm_core.api import N_, Change, Cond, CrmError, Ctx, Me, Node, Problem, gettext, records
from crm_transfer import exporting
from crm_transfer.models import ALL_DATA, ARCHIVE, EVERYTHING, EXPORT

ASKED = ("source", "format", "filter", "words", "sort", "columns", "headings", "separator")


def asked_of(values: dict[str, object]) -> dict[str, object]:
    """Return the values of a kept export as :func:`crm_transfer.exporting.wish_of` takes them."""
    return {
        "format": values.get("format"), "filter": values.get("filter"), "q": values.get("words"),
        "sort": values.get("sort"), "fields": values.get("columns"), "headings": values.get("headings"),
        "separator": values.get("separator"),
    }  # fmt: skip


def derive(ctx: Ctx, change: Change) -> None:
    """Name an export after what it holds, and let it wait for its job."""
    source = ctx.registry.entities.get(change.get("source"))
    whole = change.get("source") == EVERYTHING
    if whole:
        change.set("format", ARCHIVE)
    if not change.get("name") and (whole or source is not None):
        name = gettext(source.plural if source is not None else ALL_DATA)
        change.set("name", f"{name} {ctx.now:%Y-%m-%d}")
    if change.verb == "create":
        change.set("state", "waiting")


def problems(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield what is wrong: a list that can't be read or exported, or somebody else's name on it."""
    if ctx.actor.system:
        return
    owner = change.get("owner")
    if owner != ctx.actor.id and (change.verb == "create" or change.changed("owner")):
        yield Problem("owner", "not_own", N_("An export belongs to who asks for it"))
    entity = change.get("source")
    if entity not in ctx.registry.entities or not any(change.changed(key) for key in ASKED):
        return
    try:
        wish = exporting.wish_of(ctx, entity, asked_of({key: change.get(key) for key in ASKED}))
        records.list_(ctx, entity, replace(wish.query, fields=("id",), limit=1, count=False))
    except CrmError as error:
        names = {"q": "words", "fields": "columns"}
        for found in error.problems() or (Problem("filter", error.code, error.message, error.params),):
            yield Problem(names.get(found.field or "", found.field), found.code, found.message, found.params)


def scope(entity: str) -> Node | None:
    """Let only the owner see an export: it holds what the owner may see, an administrator's rights or not."""
    return Cond("owner", "=", Me()) if entity == EXPORT else None
