"""Modules in the settings: their states, what turning one on or off means, doing it, who may use them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask

from crm_core import module_access, switching, uninstalling
from crm_core.context import Actor
from crm_core.deployment import Deployment
from crm_core.errors import CrmError, NotFound
from crm_core.i18n import N_, gettext
from crm_core.plugin_plan import parts_of, place_of, waiting_of
from crm_core.plugin_report import audience_document, incidents
from crm_core.plugin_states import RUNNING, PluginStatus, State
from crm_core.web.request import admin, current, module_title, notify, visit, visitor

Answer = flask.typing.ResponseReturnValue
URL = "/settings/plugins"
COLOURS = {State.ACTIVE: "ok", State.AVAILABLE: "", State.DISABLED: ""}
"""Badges of states; every other one asks for attention."""


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule(URL, "settings.plugins", all_plugins)
    app.add_url_rule(f"{URL}/<name>", "settings.plugin", one)
    for verb, ask in {
        "enable": ask_enable,
        "disable": ask_disable,
        "uninstall": ask_remove,
        "forget": ask_remove,
    }.items():
        app.add_url_rule(f"{URL}/<name>/{verb}", f"settings.plugin.{verb}", ask)
    for verb, do in _WORK.items():
        app.add_url_rule(f"{URL}/<name>/{verb}", f"settings.plugin.do_{verb}", do, methods=["POST"])
    app.add_url_rule(f"{URL}/<name>/audience", "settings.plugin.audience", keep_audience, methods=["POST"])
    app.add_url_rule(f"{URL}/<name>/export.zip", "settings.plugin.export", export)


def _status(name: str) -> PluginStatus:
    found = visit().deployment.statuses.get(name)
    if found is None:
        raise NotFound(N_("There is no plugin %(name)s"), params={"name": name[:60]})
    return found


@admin
def all_plugins() -> str:
    """Show every module with its state; those that need attention first."""
    statuses = sorted(visit().deployment.statuses.values(), key=lambda s: (s.state in COLOURS, s.title.lower()))
    return flask.render_template("settings/plugins.html", statuses=statuses, colours=COLOURS)


@admin
def one(name: str) -> str:
    """Show one module: what it adds, what waits, what went wrong, who may use it."""
    ctx, status = current(), _status(name)
    running = status.state in RUNNING
    return flask.render_template(
        "settings/plugin.html",
        status=status,
        colours=COLOURS,
        running=running,
        verbs=_verbs(status),
        added=parts_of(ctx.registry, name) if running and name in ctx.registry.plugins else (),
        waiting=waiting_of(ctx.registry, name),
        incidents=incidents(ctx.session, name),
        needs=[(r, module_title(r.name)) for r in status.manifest.requires] if status.manifest else [],
        audience=audience_document(ctx.directory, name),
        users=ctx.directory.users(),
        teams=ctx.directory.teams(),
    )


def _verbs(status: PluginStatus) -> list[tuple[str, str]]:
    """Return what can be done with a module now: verb and label."""
    found = []
    if status.state in (State.AVAILABLE, State.DISABLED, State.PENDING):
        found.append(("enable", gettext(N_("Turn on"))))
    if status.wanted or status.state is State.PENDING:
        found.append(("disable", gettext(N_("Turn off"))))
    if status.stored and status.manifest is not None:
        found.append(("uninstall", gettext(N_("Uninstall"))))
    elif status.state is State.MISSING or (status.stored and status.manifest is None):
        found.append(("forget", gettext(N_("Remove what is left"))))
    return found


# ---------------------------------------------------------------- what it means


@admin
def ask_enable(name: str) -> str:
    """Show what turning a module on adds, and what it pulls in."""
    where, status = visit().deployment, _status(name)
    try:
        additions, problem = switching.preview(where.database, where.config, name), None
    except CrmError as error:
        additions, problem = [], error
    return flask.render_template(
        "settings/plugin_plan.html", verb="enable", status=status, additions=additions, problem=problem
    )


@admin
def ask_disable(name: str) -> str:
    """Show what disappears when a module is turned off, and what requires it."""
    where, status, registry = visit().deployment, _status(name), current().registry
    needed_by = switching.dependents(where.database, name, where.config)
    running = name in registry.plugins
    additions = [switching.Addition(status, tuple(parts_of(registry, name)))] if running else []
    return flask.render_template(
        "settings/plugin_plan.html", verb="disable", status=status, additions=additions, needed_by=needed_by
    )


@admin
def ask_remove(name: str) -> str:
    """Show what would be gone for good, counted, with an archive of it to take along."""
    where, status = visit().deployment, _status(name)
    removal = uninstalling.plan(where.database, where.config, name)
    verb = "uninstall" if status.manifest is not None else "forget"
    places = {h.name: place_of(current().registry, h.name) for h in removal.holdings}
    return flask.render_template("settings/plugin_plan.html", verb=verb, status=status, removal=removal, places=places)


@admin
def export(name: str) -> flask.Response:
    """Send all a module has stored as a zip archive."""
    where, form = visit().deployment, flask.request.args.get("format", "jsonl")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.zip"
        uninstalling.export(where.database, where.config, name, path, "csv" if form == "csv" else "jsonl")
        stream = path.open("rb")  # stays readable while it is sent, though the folder is gone
    return flask.send_file(stream, "application/zip", as_attachment=True, download_name=f"{name}.zip")


# ---------------------------------------------------------------- doing it


def _doing(work: Callable[..., Any], done: str) -> Callable[[str], Answer]:
    """Return the view that does something with a module.

    The work has transactions of its own, so the request opens none before it.
    """

    @admin
    def view(name: str) -> Answer:
        where, title = visit().deployment, _status(name).marked_title
        try:
            work(where.database, where.config, name, by=_actor(where))
            notify(gettext(done, name=title))
        except CrmError as error:
            notify(error.text(), "error")
        where.refresh(force=True)
        there = name in where.statuses
        return flask.redirect(f"{URL}/{name}" if there else URL, 303)

    return view


def _actor(where: Deployment) -> Actor:
    who = visitor()
    assert who is not None  # noqa: S101 - the route is for administrators
    return where.directory.actor(who.user_id, via="web")


_WORK: dict[str, Callable[[str], Answer]] = {
    "enable": _doing(switching.enable, N_("%(name)s is on")),
    "disable": _doing(switching.disable, N_("%(name)s is off; its data are kept")),
    "release": _doing(switching.release, N_("%(name)s is released")),
    "uninstall": _doing(uninstalling.uninstall, N_("%(name)s and its data are removed")),
    "forget": _doing(uninstalling.forget, N_("What was left of %(name)s is removed")),
}


@admin
def keep_audience(name: str) -> Answer:
    """Limit a module to the people ticked."""
    ctx, form = current(), flask.request.form
    _status(name)
    chosen = {
        key: [int(v) for v in form.getlist(key) if v.isascii() and v.isdigit() and len(v) < 16]
        for key in ("users", "teams")
    }
    module_access.set_audience(ctx, name, chosen["users"], chosen["teams"])
    notify(gettext(N_("Who may use the module is saved")))
    return flask.redirect(f"{URL}/{name}", 303)
