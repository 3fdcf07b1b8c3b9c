"""Kinds of news and the channels they come by: what modules declare, and what each person chose (NT-01)."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from crm_core.api import N_, Ctx, NoticeKind, access
from crm_notifications import sms
from crm_notifications.tables import Choice, Person

APP, EMAIL, SMS = "app", "email", "sms"
LABELS: Mapping[str, str] = {APP: N_("In the application"), EMAIL: N_("E-mail"), SMS: N_("SMS")}


def kinds(ctx: Ctx) -> list[NoticeKind]:
    """Return the kinds of news the actor may be told: those of records that he may read."""
    found = ctx.registry.of(NoticeKind)
    return [k for k in found if not k.entity or access.allowed(ctx, k.entity, "read")]


def usable(ctx: Ctx) -> dict[str, bool]:
    """Tell of each channel whether the deployment can use it."""
    return {APP: True, EMAIL: bool(ctx.config.smtp_url), SMS: sms.gateway(ctx) is not None}


def chosen(ctx: Ctx, user_id: int, kind: str) -> set[str]:
    """Return the channels by which a user wants a kind of news."""
    place = ("notifications.choices", user_id)
    if place not in ctx.cache:
        ctx.cache[place] = choices_of(ctx, user_id)
    choices = ctx.cache[place]
    if kind in choices:
        return set(choices[kind])
    return set(next((k.channels for k in ctx.registry.of(NoticeKind) if k.key == kind), (APP,)))


def choices_of(ctx: Ctx, user_id: int) -> dict[str, tuple[str, ...]]:
    """Return what a user has chosen, by kind."""
    found = ctx.session.scalars(sa.select(Choice).where(Choice.user_id == user_id))
    return {c.kind: tuple(c.channels.split()) for c in found}


def person(ctx: Ctx, user_id: int) -> Person:
    """Return how a user wants to be told; a new row for one who never said."""
    place = ("notifications.person", user_id)
    if place not in ctx.cache:
        found = ctx.session.get(Person, user_id)
        ctx.cache[place] = found or Person(user_id=user_id, digest_at="", quiet_from="", quiet_to="", phone="")
    made: Person = ctx.cache[place]
    return made
