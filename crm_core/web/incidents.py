"""Incidents in the settings: what went wrong, in which module; seen, and cleared."""

from __future__ import annotations

import flask

from crm_core import incidents
from crm_core.i18n import N_, gettext
from crm_core.web.request import admin, current, module_title, notify

URL = "/settings/incidents"
_ID = "<int(max=9007199254740991):incident_id>"
_WORK = {"seen": incidents.mark_seen, "clear": incidents.clear}
_DONE = {"seen": N_("Marked as seen"), "clear": N_("Cleared")}


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule(URL, "settings.incidents", page)
    verb = "<any(seen, clear):verb>"
    app.add_url_rule(f"{URL}/{verb}", "settings.incidents.do", do_all, methods=["POST"])
    app.add_url_rule(f"{URL}/{_ID}/{verb}", "settings.incident.do", do_one, methods=["POST"])


@admin
def page() -> str:
    """Show what went wrong, equal incidents together, the latest first."""
    ctx, chosen = current(), flask.request.args.get("plugin", "")
    found = incidents.troubles(ctx.session, chosen)
    names = sorted({*incidents.plugins(ctx.session), *([chosen] if chosen else [])}, key=module_title)
    return flask.render_template(
        "settings/incidents.html", troubles=found, chosen=chosen, names=names, full=len(found) == incidents.LIMIT
    )


@admin
def do_all(verb: str) -> flask.typing.ResponseReturnValue:
    """Mark as seen or clear what the page showed: all, or what one module did."""
    return _do(verb, None)


@admin
def do_one(incident_id: int, verb: str) -> flask.typing.ResponseReturnValue:
    """Mark as seen or clear incidents equal to one."""
    return _do(verb, incident_id)


def _do(verb: str, incident_id: int | None) -> flask.typing.ResponseReturnValue:
    chosen = flask.request.form.get("plugin", "")
    _WORK[verb](current(), chosen, incident_id)
    notify(gettext(_DONE[verb]))
    return flask.redirect(flask.url_for("settings.incidents", plugin=chosen or None), 303)
