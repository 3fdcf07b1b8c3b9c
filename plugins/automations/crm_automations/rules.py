"""What must hold for an automation before it is stored, so that it does not fail when it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crm_automations import choosing, lists, values
from crm_automations.fields import AUTOMATION
from crm_core.api import (
    N_,
    Change,
    Cond,
    CrmError,
    Ctx,
    Date,
    DateTime,
    FieldDef,
    ListQuery,
    Problem,
    ValueProblem,
    gettext,
    outgoing,
    parse_filter,
    records,
)

DEFINING = ("watched", "trigger", "field", "to_value", "condition", "steps", "owner")
Step = Mapping[str, Any]


def derive(ctx: Ctx, change: Change) -> None:
    """Look at dates from now on when an automation begins to wait for them."""
    if change.entity == AUTOMATION and change.verb != "delete" and change.get("trigger") == lists.DATE:
        moved = any(change.changed(key) for key in ("trigger", "watched", "field", "offset", "unit"))
        if change.verb == "create" or moved or (change.changed("active") and change.get("active")):
            change.set("checked_until", ctx.now)


def problems(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield what is wrong with an automation; one that is switched off is left alone."""
    if change.entity != AUTOMATION or change.verb == "delete":
        return
    begins = change.changed("active") and change.get("active")
    if not begins and not any(change.changed(key) for key in DEFINING):
        return
    if not change.get("owner"):
        yield Problem("owner", "required", N_("Name the person whose rights the automation has"))
    entity = change.get("watched")
    if entity not in ctx.registry.entities:
        if entity:
            yield Problem("watched", "unknown", N_("The module of this kind of record is off"))
        return
    yield from _field(ctx, change, entity)
    yield from _condition(ctx, change, entity)
    steps = change.get("steps") or []
    if not steps:
        yield Problem("steps", "required", N_("Add at least one step"))
    owner = _owner(ctx, change)
    for number, step in enumerate(steps):
        found = [(f"value.{key}", text) for key, text in choosing.wrong(owner, entity, step)]
        for part, text in found or _step(ctx, entity, step):
            yield Problem(f"steps[{number}].{part}", "step", N_("%(text)s"), {"text": text[:1].upper() + text[1:]})


def _owner(ctx: Ctx, change: Change) -> Ctx:
    """Return the operation with the rights the steps will have; one's own while the owner may not sign in."""
    try:
        return ctx.as_actor(ctx.directory.actor(change.get("owner") or 0))
    except CrmError:
        return ctx


def _field(ctx: Ctx, change: Change, entity: str) -> Iterator[Problem]:
    """Check the field of a trigger, and the value it waits for."""
    trigger, key = change.get("trigger"), change.get("field")
    if trigger not in (lists.CHANGED, lists.DATE) or not key:
        return
    try:
        found = _known(ctx, entity, key)
        if trigger == lists.DATE and not isinstance(found.type, Date | DateTime):
            yield Problem("field", "type", N_("This field holds no date"))
        elif trigger == lists.DATE:
            records.list_(ctx, entity, ListQuery(filter=Cond(key, "is not null"), limit=1, count=False))
        elif trigger == lists.CHANGED and change.get("to_value"):
            found.type.parse(change.get("to_value"), ctx)
    except CrmError as error:
        yield Problem("field", "unknown", error.message, error.params)
    except ValueProblem as problem:
        yield problem.at("to_value")


def _known(ctx: Ctx, entity: str, key: str) -> FieldDef:
    found = ctx.registry.field(entity, key)
    if found.hidden or found.storage == "computed":
        raise ValueProblem("computed", N_("This field is worked out, so nothing waits for it or sets it"))
    return found


def _condition(ctx: Ctx, change: Change, entity: str) -> Iterator[Problem]:
    """Try the filter: names, operators and values are checked where they meet the fields."""
    if text := change.get("condition"):
        try:
            records.list_(ctx, entity, ListQuery(filter=parse_filter(text), limit=1, count=False))
        except CrmError as error:
            yield Problem("condition", "filter", error.message, error.params)


# ---------------------------------------------------------------- steps


def _step(ctx: Ctx, entity: str, step: Step) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a step: the part it stands in, and the words."""
    named = _checked("target", lambda: _TARGETS[step["kind"]](ctx, entity, step))
    told = _checked("user", lambda: _person(step))
    yield from (*named, *told)
    if not named:
        yield from _checked("value", lambda: _value(ctx, entity, step))


def _checked(part: str, check: Callable[[], None]) -> list[tuple[str, str]]:
    """Return what a check of a part says; an error of the kernel and one of a value are the same here."""
    try:
        check()
    except CrmError as error:
        return [(part, error.text())]
    except ValueProblem as problem:
        return [(part, problem.at(None).text())]
    return []


def _person(step: Step) -> None:
    if step["kind"] in (lists.ASSIGN, lists.NOTIFY) and not step["user"]:
        raise ValueProblem("required", N_("choose a person"))


def _settable(ctx: Ctx, entity: str, step: Step) -> None:
    if _known(ctx, entity, _named(step, N_("name the field to set"))).readonly:
        raise ValueProblem("readonly", N_("this field can't be set"))


def _creatable(ctx: Ctx, entity: str, step: Step) -> None:
    ctx.registry.entity(_named(step, N_("name the kind of record to create")))


def _callable(ctx: Ctx, entity: str, step: Step) -> None:
    try:
        outgoing.target_of(_named(step, N_("give the web address to call")))
    except outgoing.Refused as exc:
        raise ValueProblem(
            "url", N_("this is no web address that can be called: http or https, without a password")
        ) from exc


def _runnable(ctx: Ctx, entity: str, step: Step) -> None:
    name = _named(step, N_("name the action to run"))
    known = {a.name for a in ctx.registry.actions(entity)} - {"automate"}
    if name not in known:
        raise ValueProblem(
            "unknown", N_("there is no such action; possible: %(known)s"), known=", ".join(sorted(known))
        )


def _anything(ctx: Ctx, entity: str, step: Step) -> None:
    """Take whatever stands there: this kind of step doesn't use it."""


def _named(step: Step, message: str) -> str:
    if not step["target"]:
        raise ValueProblem("required", message)
    return str(step["target"])


_TARGETS: Mapping[str, Callable[[Ctx, str, Step], None]] = {
    lists.SET: _settable,
    lists.ASSIGN: _anything,
    lists.CREATE: _creatable,
    lists.NOTIFY: _anything,
    lists.WEBHOOK: _callable,
    lists.ACTION: _runnable,
}


def _value(ctx: Ctx, entity: str, step: Step) -> None:
    """Check a step's value: that of a field, texts of a message, JSON, names; and the places in it."""
    kind, text, fields = step["kind"], step["value"] or "", ctx.registry.fields(entity)
    if kind == lists.NOTIFY and not text:
        raise ValueProblem("required", N_("write what the person is told"))
    if kind == lists.SET and not any(values.places(text)):
        found = _known(ctx, entity, step["target"])
        found.type.parse(values.raw(ctx, found.type, text), ctx)
    if kind in (lists.CREATE, lists.ACTION):
        given = values.json_of(text)
        if kind == lists.CREATE:
            _check_members(ctx, step["target"], given)
    if kind == lists.WEBHOOK and (unknown := [k for k in text.replace(",", " ").split() if k not in fields]):
        raise ValueProblem("unknown", N_("there is no field %(name)s to send along"), name=unknown[0][:60])
    if unknown := [key for key in values.places(text) if key != "id" and key not in fields]:
        raise ValueProblem("unknown", N_("there is no field %(name)s to fill in"), name=unknown[0][:60])


def _check_members(ctx: Ctx, name: str, given: Mapping[str, Any]) -> None:
    target = ctx.registry.entity(name)
    if unknown := [key for key in given if key not in ctx.registry.fields(target.key)]:
        raise ValueProblem("unknown", N_("%(kind)s: there is no field %(name)s"),
                           kind=gettext(target.label), name=unknown[0][:60])  # fmt: skip
