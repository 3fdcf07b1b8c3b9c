"""What is recorded: administrators switch the events that timelines tell by themselves (KN-20)."""

from __future__ import annotations

from dataclasses import dataclass

import flask

from crm_core import recording, settings
from crm_core.contributed_events import RecordedEvent
from crm_core.i18n import N_, gettext
from crm_core.web.request import admin, current, notify

URL = "/settings/recorded"


@dataclass(frozen=True)
class Switch:
    """One event on the page."""

    name: str
    label: str
    module: str
    on: bool


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule(URL, "recorded", show)
    app.add_url_rule(URL, "recorded.keep", keep, methods=["POST"])


@admin
def show() -> str:
    """Show the events by kind of record."""
    ctx = current()
    groups: dict[str, list[Switch]] = {}
    for event in ctx.registry.of(RecordedEvent):
        plugin = ctx.registry.plugins.get(event.plugin)
        module = gettext(plugin.title) if plugin is not None else ""
        switch = Switch(recording.setting_of(event), gettext(event.label), module, recording.is_on(ctx, event))
        groups.setdefault(gettext(ctx.registry.entity(event.entity).plural), []).append(switch)
    return flask.render_template("settings/recorded.html", groups=groups)


@admin
def keep() -> flask.typing.ResponseReturnValue:
    """Switch the events; those that the form doesn't name stay as they are."""
    ctx, form = current(), flask.request.form
    for event in ctx.registry.of(RecordedEvent):
        name = recording.setting_of(event)
        if name in form and (wanted := "true" in form.getlist(name)) != recording.is_on(ctx, event):
            settings.set_value(ctx, name, wanted)
    notify(gettext(N_("From now on the timeline tells what is ticked")))
    return flask.redirect(URL, 303)
