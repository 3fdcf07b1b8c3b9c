"""What one person chooses: kinds of news by channel, the daily mail, quiet hours, the phone for SMS (NT-01)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crm_core.api import N_, BadRequest, Ctx, Invalid, NoticeKind, Phone, Problem, ValueProblem, gettext
from crm_notifications import channels, timing
from crm_notifications.tables import Choice, Person

TIMES = ("digest_at", "quiet_from", "quiet_to")


def shown(ctx: Ctx) -> dict[str, Any]:
    """Return what the actor has chosen, JSON-able."""
    person = channels.person(ctx, _me(ctx))
    return {
        "kinds": [
            {"key": k.key, "label": gettext(k.label), "channels": {
                c: c in channels.chosen(ctx, person.user_id, k.key) for c in channels.LABELS}}
            for k in channels.kinds(ctx)
        ],
        "available": channels.usable(ctx),
        **{key: getattr(person, key) or None for key in (*TIMES, "phone")},
    }  # fmt: skip


def _me(ctx: Ctx) -> int:
    """Return who chooses.

    Raises:
        BadRequest: a program without a user.
    """
    if ctx.actor.id is None:
        raise BadRequest(N_("Only a person can choose what to be told"))
    return ctx.actor.id


def update(ctx: Ctx, given: Mapping[str, Any]) -> None:
    """Keep what is given of ``kinds`` (by key, then channel), the times and ``phone``; the rest stays.

    Raises:
        Invalid: something can't be chosen, or is no time or number; nothing is kept then.
    """
    person, problems = channels.person(ctx, _me(ctx)), list[Problem]()
    values = {key: _time(key, given[key], problems) for key in TIMES if key in given}
    if "phone" in given:
        values["phone"] = _phone(ctx, given["phone"], problems)
    merged = {key: values.get(key, getattr(person, key)) for key in (*TIMES, "phone")}
    if bool(merged["quiet_from"]) != bool(merged["quiet_to"]):
        empty = "quiet_to" if merged["quiet_from"] else "quiet_from"
        problems.append(Problem(empty, "required", N_("Quiet hours need a beginning and an end")))
    wanted = _kinds(ctx, person.user_id, given.get("kinds") or {}, problems)
    if any(channels.SMS in found for found in wanted.values()) and not merged["phone"]:
        problems.append(Problem("phone", "required", N_("SMS needs a phone number")))
    if problems:
        raise Invalid(problems)
    for key, value in values.items():
        setattr(person, key, value)
    ctx.session.add(person)
    _keep(ctx, person, wanted)


def _time(key: str, raw: Any, problems: list[Problem]) -> str:
    text = str(raw or "").strip()
    try:
        return timing.clock(text).strftime("%H:%M") if text else ""
    except ValueError:
        problems.append(Problem(key, "time", N_("Give a time of the day such as 08:30")))
        return ""


def _phone(ctx: Ctx, raw: Any, problems: list[Problem]) -> str:
    try:
        return Phone().parse(raw, ctx) or ""
    except ValueProblem as problem:
        problems.append(problem.at("phone"))
        return ""


def _kinds(ctx: Ctx, user_id: int, given: Mapping[str, Any], problems: list[Problem]) -> dict[str, set[str]]:
    """Return the channels of each kind that is given."""
    known, usable, found = {k.key: k for k in channels.kinds(ctx)}, channels.usable(ctx), {}
    for key, ticks in given.items():
        if key not in known or not isinstance(ticks, Mapping):
            problems.append(
                Problem("kinds", "unknown", N_("There is no such kind of news: %(key)s"), {"key": key[:60]})
            )
            continue
        before = channels.chosen(ctx, user_id, key)
        wanted = {c for c in channels.LABELS if ticks.get(c, c in before)}
        for channel in wanted - before:
            if not usable[channel]:
                message = N_("An administrator has not set this channel up: %(channel)s")
                problems.append(Problem(f"kinds.{key}", "off", message, {"channel": channel}))
        problems += [
            Problem(f"kinds.{key}", "unknown", N_("There is no such channel: %(channel)s"), {"channel": str(c)[:20]})
            for c in ticks if c not in channels.LABELS
        ]  # fmt: skip
        found[key] = wanted
    return found


def _keep(ctx: Ctx, person: Person, wanted: Mapping[str, set[str]]) -> None:
    if not wanted:
        return
    rows = {c.kind: c for c in ctx.session.scalars(sa.select(Choice).where(Choice.user_id == person.user_id))}
    for kind, found in wanted.items():
        row = rows.get(kind) or Choice(user_id=person.user_id, kind=kind)
        row.channels = " ".join(c for c in channels.LABELS if c in found)
        ctx.session.add(row)
    ctx.cache.pop(("notifications.choices", person.user_id), None)


def kind_label(ctx: Ctx, key: str) -> str:
    """Return the name of a kind of news, empty when its module is off."""
    return next((gettext(k.label) for k in ctx.registry.of(NoticeKind) if k.key == key), "")
