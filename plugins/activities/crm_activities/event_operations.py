"""The verbs of events: done, cancelled, moved, answered, called back, timed, repeated, deleted with their series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_activities import series
from crm_activities.names import ANSWERS, EVENT, SCOPES, WITH_STATUS
from crm_activities.operations import later
from crm_activities.recurrence import normal
from crm_core.api import (
    N_,
    ActionDef,
    Choice,
    Conflict,
    Ctx,
    Date,
    DateTime,
    FieldDef,
    Integer,
    Invalid,
    MultiChoice,
    Problem,
    ValueProblem,
    gettext,
    history,
    records,
)

Data = Mapping[str, Any]
EVERY: Mapping[str, str] = {
    "DAILY": N_("Day"), "WEEKLY": N_("Week"), "MONTHLY": N_("Month"), "YEARLY": N_("Year"),
}  # fmt: skip
WEEKDAYS: Mapping[str, str] = {
    "MO": N_("Monday"), "TU": N_("Tuesday"), "WE": N_("Wednesday"), "TH": N_("Thursday"), "FR": N_("Friday"),
    "SA": N_("Saturday"), "SU": N_("Sunday"),
}  # fmt: skip


def done(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Set the status to done (AC-60)."""
    records.update(ctx, EVENT, record.id, {"status": "done"})
    return {"status": "done", "message": gettext(N_("Done: %(title)s"), title=record.subject)}


def cancel(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Set the status to cancelled (AC-60)."""
    records.update(ctx, EVENT, record.id, {"status": "cancelled"})
    return {"status": "cancelled"}


def reschedule(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Move an event: to the moment given, else to tomorrow at the same time. It is planned again (AC-47)."""
    start = data.get("starts_at") or later(ctx, record.starts_at)
    values: dict[str, Any] = {"starts_at": start}
    if data.get("ends_at"):
        values["ends_at"] = data["ends_at"]
    if record.type in WITH_STATUS:
        values["status"] = "planned"
    if data.get("apply_to"):
        values["apply_to"] = data["apply_to"]
    records.update(ctx, EVENT, record.id, values)
    return {"starts_at": DateTime().dump(start)}


def call_back(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Plan a call that follows a call, linked with it (AC-41)."""
    start = data.get("starts_at") or later(ctx, max(record.starts_at, ctx.now))
    made = records.create(ctx, EVENT, {
        "type": "call", "subject": gettext(N_("Call back: %(subject)s"), subject=record.subject)[:255],
        "starts_at": start, "company": record.company_id, "contact": record.contact_id,
        "related_to": f"{EVENT}:{record.id}", "assigned_to": record.assigned_to_id or ctx.actor.id,
    })  # fmt: skip
    return {"event": made.id, "message": gettext(N_("The call back is planned"))}


def answer(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Keep the answer of the guest who acts; guests may only read an event otherwise (AC-65).

    Raises:
        Conflict: the person is not invited.
    """
    guests = records.read(ctx, EVENT, record.id, ["guests"]).values["guests"] or []
    if all(guest.get("user") != ctx.actor.id for guest in guests):
        raise Conflict(N_("You are not among the guests of this event"))
    changed = [{**g, "answer": data["answer"]} if g.get("user") == ctx.actor.id else g for g in guests]
    with history.as_system(ctx, reason="a guest answers an invitation") as system:
        records.update(system, EVENT, record.id, {"guests": changed})
    return {"answer": data["answer"]}


def start_timer(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Let the timer run (AC-42)."""
    with series.placed(ctx, timer_started_at=ctx.now):
        records.update(ctx, EVENT, record.id, {})
    return {"timer_started_at": DateTime().dump(ctx.now)}


def stop_timer(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Stop the timer and add what it ran to the time spent."""
    ran = round((ctx.now - record.timer_started_at).total_seconds())
    duration = (record.duration or 0) + max(ran, 0)
    with series.placed(ctx, timer_started_at=None):
        records.update(ctx, EVENT, record.id, {"duration": duration})
    return {"duration": duration}


def rule_of(data: Data) -> str:
    """Return the rule that the form of a repetition means (AC-77 to AC-81).

    Raises:
        Invalid: it is none.
    """
    parts = [f"FREQ={data['every']}", f"INTERVAL={data.get('interval') or 1}"]
    if data["every"] == "WEEKLY" and data.get("days"):
        parts.append("BYDAY=" + ",".join(data["days"]))
    if data.get("times") and data.get("until"):
        raise Invalid([Problem("until", "both", N_("Give a number of times or a last day, not both"))])
    if data.get("times"):
        parts.append(f"COUNT={data['times']}")
    if data.get("until"):
        parts.append(f"UNTIL={data['until']:%Y%m%d}")
    try:
        return normal(";".join(parts))
    except ValueProblem as problem:
        field = "times" if not (data.get("times") or data.get("until")) else "every"
        raise Invalid([problem.at(field)]) from problem


def repeat(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Make an event the first of a series, or give its series another rule."""
    rule = rule_of(data)
    values = {"recurrence": rule, "apply_to": data.get("apply_to") or "following"}
    records.update(ctx, EVENT, record.id, values)
    sentence = ctx.registry.field(EVENT, "recurrence").type.show(rule, ctx)
    return {"recurrence": rule, "summary": sentence, "message": sentence}


def delete_series(ctx: Ctx, record: Any, data: Data) -> dict[str, Any]:
    """Delete an event with those after it, or all of its series."""
    return {"deleted": series.delete(ctx, record, data["apply_to"])}


def _planned(ctx: Ctx, record: Any) -> bool:
    return bool(record.status == "planned")


def _in_series(ctx: Ctx, record: Any) -> bool:
    return record.series is not None


def _field(key: str, kind: Any, label: str, **more: Any) -> FieldDef:
    return FieldDef(entity=EVENT, key=key, type=kind, label=label, **more)


_REPEAT = (
    _field("interval", Integer(1, 366), N_("Every"), default=1),
    _field("every", Choice(choices=EVERY), N_("Unit"), required=True, default="WEEKLY"),
    _field("days", MultiChoice(choices=WEEKDAYS), N_("On these days"), help=N_("For weeks; its own day otherwise")),
    _field("times", Integer(1, 500), N_("Times in all"), help=N_("5 means five altogether, the first one included")),
    _field("until", Date(), N_("Or until")),
)


def _action(name: str, label: str, handler: Any, icon: str, **more: Any) -> ActionDef:
    return ActionDef(entity=EVENT, name=name, label=label, handler=handler, icon=icon, **more)


ACTIONS = (
    _action("done", N_("Done"), done, "check-lg", primary=True, available=_planned),
    _action("cancel", N_("Cancel the event"), cancel, "x-lg", primary=True, available=_planned),
    _action(
        "reschedule", N_("Reschedule"), reschedule, "calendar-plus",
        form=(_field("starts_at", DateTime(shortcuts=True), N_("New start")), _field("ends_at", DateTime(), N_("End"))),
    ),
    _action(
        "call-back", N_("Call back"), call_back, "telephone-outbound", bulk=False,
        form=(_field("starts_at", DateTime(shortcuts=True), N_("When")),),
        available=lambda ctx, record: record.type == "call" and record.status == "done",
    ),
    _action(
        "answer", N_("Answer the invitation"), answer, "reply", needs="read", bulk=False,
        form=(_field("answer", Choice(choices=ANSWERS), N_("Answer"), required=True),),
        available=lambda ctx, record: ctx.actor.id in _invited(ctx, record),
    ),
    _action(
        "start-timer", N_("Start the timer"), start_timer, "stopwatch", bulk=False,
        available=lambda ctx, record: record.timer_started_at is None and record.type != "absence",
    ),
    _action(
        "stop-timer", N_("Stop the timer"), stop_timer, "stopwatch-fill", bulk=False, primary=True,
        available=lambda ctx, record: record.timer_started_at is not None,
    ),
    _action("repeat", N_("Repeat"), repeat, "arrow-repeat", form=_REPEAT, bulk=False),
    _action(
        "delete-series", N_("Delete the series"), delete_series, "trash3", needs="delete", bulk=False,
        form=(_field("apply_to", Choice(choices=SCOPES), N_("What is deleted"), required=True, default="following"),),
        available=_in_series,
    ),
)  # fmt: skip


def _invited(ctx: Ctx, record: Any) -> list[int]:
    return list(records.values_of(ctx, ctx.registry.entity(EVENT), record, ["attendees"]).get("attendees") or ())
