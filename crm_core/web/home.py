"""The home page: what needs doing, what others changed, what one looked at last; and choices kept from anywhere."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import flask
import sqlalchemy as sa
from markupsafe import Markup

from crm_core.access import allowed, open_to, predicate
from crm_core.accounts import profile
from crm_core.contributions import EntityDef, Panel, by_weight
from crm_core.db import KERNEL
from crm_core.i18n import N_, gettext
from crm_core.models import Change
from crm_core.titles import words_of
from crm_core.web import recent, ui
from crm_core.web.recordview import guarded
from crm_core.web.request import current, is_fragment, notify

if TYPE_CHECKING:
    from crm_core.context import Ctx

CHANGES = 8
SHOWN_LAST = 10
LOOKED_THROUGH = 500
"""Changes of a kind of record that are looked through for those to one's own records."""
WHAT = {
    "create": N_("created"),
    "update": N_("changed"),
    "delete": N_("deleted"),
    "comment": N_("commented"),
    "merge": N_("merged"),
}


@dataclass(frozen=True)
class Box:
    """A plugin's panel, rendered."""

    key: str
    title: str
    html: Markup
    plugin: str


@dataclass(frozen=True)
class News:
    """What another person did to a record of one's own."""

    at: dt.datetime
    actor: str
    what: str
    title: str
    url: str
    icon: str


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule("/", "home", page)
    app.add_url_rule("/theme", "theme", keep_theme, methods=["POST"])


def page() -> str:
    """Show the home page."""
    ctx = current()
    boxes, news, last = panels(ctx), changes(ctx), recent.recent(ctx)[:SHOWN_LAST]
    found = [item for d in ctx.registry.entities.values() for item in ui.list_links(ctx, d)]
    links = list({item.label: item for item in reversed(found)}.values())[::-1]
    return flask.render_template(
        "home.html",
        greeting=greeting(ctx),
        today=ctx.now.astimezone(ctx.locale.zone),
        boxes=boxes,
        news=news,
        recent=last,
        links=links,
        fresh=not (boxes or news or last),
    )


def greeting(ctx: Ctx) -> str:
    """Return a greeting that fits the hour where the person is."""
    hour = ctx.now.astimezone(ctx.locale.zone).hour
    if 4 <= hour < 12:
        message = N_("Good morning, %(name)s")
    elif hour < 18 and hour >= 12:
        message = N_("Good afternoon, %(name)s")
    else:
        message = N_("Good evening, %(name)s")
    return gettext(message, name=ctx.actor.name.split()[0] if ctx.actor.name else "")


def panels(ctx: Ctx) -> list[Box]:
    """Return the panels plugins put on the home page; one that is empty or fails is left out."""
    found = []
    for panel in by_weight(p for p in ctx.registry.of(Panel) if not p.entity):
        if not open_to(ctx.directory, ctx.actor, panel.plugin):
            continue
        where = f"panel {panel.key}"
        html = guarded(ctx, panel.plugin, where, partial(panel.render, ctx, None), "")
        if str(html).strip():
            found.append(Box(panel.key, gettext(panel.label), Markup(html), panel.plugin))  # noqa: S704 - by contract
    return found


def changes(ctx: Ctx) -> list[News]:
    """Return the latest things others did to records one owns; one statement a kind of record."""
    found: list[News] = []
    for definition in ctx.registry.entities.values():
        if allowed(ctx, definition.key, "read"):
            found += _changes_of(ctx, definition)
    return sorted(found, key=lambda n: n.at, reverse=True)[:CHANGES]


def _changes_of(ctx: Ctx, definition: EntityDef) -> list[News]:
    model = definition.model
    latest = (
        sa.select(Change.id, Change.at, Change.actor, Change.action, Change.record_id)
        .where(Change.entity == definition.key, sa.or_(Change.actor_id.is_(None), Change.actor_id != ctx.actor.id))
        .order_by(Change.id.desc())
        .limit(LOOKED_THROUGH)
    ).subquery()
    query = (
        sa.select(latest, getattr(model, definition.title).label("title"))
        .join(model, model.id == latest.c.record_id)
        .where(model.owner_id == ctx.actor.id, predicate(ctx, definition, "read", model))
        .order_by(latest.c.id.desc())
        .limit(CHANGES)
    )
    rows, words = ctx.session.execute(query, execution_options=KERNEL), words_of(ctx, definition.key)
    return [
        News(
            r.at, r.actor, gettext(WHAT.get(r.action, WHAT["update"])), words(r.title) or f"#{r.record_id}",
            f"/{definition.slug}/{r.record_id}", definition.icon,
        )
        for r in rows
    ]  # fmt: skip


def keep_theme() -> flask.typing.ResponseReturnValue:
    """Keep the theme chosen in the account menu."""
    profile.update(current(), {"theme": flask.request.form.get("theme", "")})
    if is_fragment() or flask.request.headers.get("X-Requested-With"):
        return "", 204
    notify(gettext(N_("The theme is changed")))
    return flask.redirect("/", 303)
