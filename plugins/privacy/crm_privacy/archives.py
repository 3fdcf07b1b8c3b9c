"""Who may have an archive of a person made, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crm_core.api import N_, ActionDef, Change, Cond, Ctx, Me, Node, PersonalData, Problem, access, gettext, records
from crm_privacy.models import ARCHIVE


def derive(ctx: Ctx, change: Change) -> None:
    """Name an archive without telling whose it is, and let it wait for its job."""
    if change.verb == "create":
        change.set("name", gettext(N_("Archive of %(date)s"), date=f"{ctx.now:%Y-%m-%d}"))
        change.set("state", "waiting")


def problems(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield what is wrong: records of this kind are not about people, or somebody else's name on it."""
    if ctx.actor.system or change.verb == "delete":
        return
    if change.verb == "update":
        yield Problem(None, "readonly", N_("An archive stays as it was made"))
        return
    if change.get("owner") not in (ctx.actor.id, None):
        yield Problem("owner", "not_own", N_("An archive belongs to who asks for it"))
    if str(change.get("record") or "").partition(":")[0] not in {p.entity for p in ctx.registry.of(PersonalData)}:
        yield Problem("record", "not_personal", N_("Records of this kind are not known to be about people"))


def scope(ctx: Ctx, entity: str) -> Node | None:
    """Let only the owner see an archive, an administrator's rights or not."""
    return Cond("owner", "=", Me()) if entity == ARCHIVE else None


def make(ctx: Ctx, record: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Have an archive of a record written."""
    definition = ctx.registry.entity_of(type(record))
    key = definition.key if definition is not None else ""
    made: Any = records.create(ctx, ARCHIVE, {"record": f"{key}:{record.id}"})
    return {"message": gettext(N_("The archive is being written: see its tab")), "id": made.id, "job": made.job}


def may(ctx: Ctx, record: Any) -> bool:
    """Tell whether the actor may have one made."""
    return access.may(ctx, ARCHIVE, "create")


ACTION = ActionDef(
    entity="contacts.contact", name="archive", label=N_("Archive of all data"), handler=make, icon="file-earmark-zip",
    bulk=False, needs="update", available=may,
)  # fmt: skip
