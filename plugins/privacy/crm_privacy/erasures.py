"""Erasure: planned first, then done by making an erasure, in its transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from crm_core.api import (
    N_,
    Change,
    Ctx,
    EntityDef,
    Invalid,
    JobDef,
    JobRun,
    Problem,
    access,
    erasing,
    gettext,
    jobs,
    records,
)
from crm_privacy.lists import HOW
from crm_privacy.models import ERASURE

BYTES_JOB = "privacy.bytes"
FACTS = "privacy.facts"


def named(ctx: Ctx, text: str, field: str = "subject") -> tuple[EntityDef, int]:
    """Return kind and number of a record named as ``contacts:5``.

    Raises:
        Invalid: it isn't named so.
    """
    entity, _, number = str(text).strip().partition(":")
    definition = ctx.registry.entities.get(ctx.registry.slugs.get(entity, entity))
    if definition is None or not (number.isascii() and number.isdigit() and len(number) < 16):
        message = N_("Name the record as kind and number, such as contacts:5")
        raise Invalid([Problem(field, "unknown", message)])
    return definition, int(number)


def plan_of(ctx: Ctx, text: str, how: str) -> erasing.Plan:
    """Return what an erasure would do.

    Raises:
        NotFound: the record is not there for the actor.
        Forbidden: the actor may not erase.
        Invalid: the record or the way is named wrongly.
        Conflict: records of this kind are not about people.
    """
    access.require(ctx, ERASURE, "create")
    _check(how)
    definition, number = named(ctx, text, "record")
    record = erasing.find_any(ctx, definition, number)
    return erasing.plan(ctx, definition.key, record, cast("Any", how))


def told(ctx: Ctx, plan: erasing.Plan) -> dict[str, Any]:
    """Return a plan as JSON, in the words of the reader."""
    name = {key: gettext(e.plural) for key, e in ctx.registry.entities.items()}
    return {
        "record": f"{plan.subject.definition.key}:{plan.subject.record.id}",
        "how": plan.how,
        "emptied": [{"key": f.key, "label": f.title()} for f in plan.emptied],
        "stays": [{"key": f.key, "label": f.title()} for f in plan.stays],
        "deleted": [{"entity": key, "label": name[key], "count": n} for key, n in plan.parts.items()],
        "linked": [{"entity": key, "label": name[key], "count": n} for key, n in plan.linked.items()],
        "comments": plan.comments,
        "files": plan.files,
        "history": plan.history,
        "kept": [
            {"entity": k.entity, "id": k.id, "reason": gettext(k.reason), "fields": list(k.fields)} for k in plan.kept
        ],
        "problems": [p.text() for p in plan.problems],
        "possible": not plan.problems,
    }  # fmt: skip


def derive(ctx: Ctx, change: Change) -> None:
    """Name the record as everywhere, and write what only the program knows."""
    if change.verb == "create":
        change.values.update(ctx.cache.pop(FACTS, {}))
        try:
            definition, number = named(ctx, change.get("subject") or "")
        except Invalid:
            return
        change.set("subject", f"{definition.key}:{number}")


def problems(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield what is wrong: an erasure is done once and stays in the register."""
    if change.verb != "create":
        yield Problem(None, "append_only", N_("The register of erasures stays as it is"))
        return
    try:
        named(ctx, change.get("subject") or "")
    except Invalid as error:
        yield from error.problems()


def do(ctx: Ctx, change: Change) -> None:
    """Erase what a new erasure names.

    Raises:
        NotFound: the record is not there for the actor.
        Forbidden: the actor may not delete it.
        Conflict: it must be kept.
    """
    made = change.record
    definition, number = named(ctx, made.subject)
    done = erasing.erase(
        ctx, definition.key, number, made.how, comments=bool(made.with_comments), mentions=bool(made.with_mentions)
    )
    for name, count in done.counts().items():
        setattr(made, name, count)
    if done.digests:
        jobs.enqueue(ctx, BYTES_JOB, {"digests": done.digests})


def erase(ctx: Ctx, text: str, how: str, facts: Mapping[str, Any], more: Mapping[str, Any]) -> Any:
    """Make an erasure; ``facts`` are values nobody can set, ``more`` those one can. Raises what :func:`do` raises.

    Raises:
        Invalid: a value is wrong, or it is not said how.
    """
    _check(how)
    ctx.cache[FACTS] = dict(facts)
    try:
        return records.create(ctx, ERASURE, {**more, "subject": text, "how": how})
    finally:
        ctx.cache.pop(FACTS, None)


def _check(how: str) -> None:
    if how not in HOW:
        raise Invalid([Problem("how", "choice", N_("Either anonymise or delete"))])


def remove_bytes(run: JobRun) -> dict[str, int]:
    """Remove the bytes of erased files, once what erased them is committed."""
    with run.operation(actor=run.deployment.system_actor("erasure")) as ctx:
        return {"removed": erasing.remove_bytes(ctx, run.args["digests"])}


JOB = JobDef(name=BYTES_JOB, label=N_("Removal of erased files"), handler=remove_bytes)
