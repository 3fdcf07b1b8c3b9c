"""The settings of administrators: the index, and the options plugins declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.exceptions import HTTPException

from crm_core import recording, settings
from crm_core.contributions import FieldDef
from crm_core.errors import CrmError, Problem
from crm_core.i18n import N_, gettext
from crm_core.money import DEFAULT_CURRENCY
from crm_core.settings import SettingValue
from crm_core.web import ui
from crm_core.web.choosers import link_titles
from crm_core.web.controls import control
from crm_core.web.rawvalues import read_posted, to_raw
from crm_core.web.request import admin, current, notify
from crm_core.web.widgets import Control

if TYPE_CHECKING:
    from crm_core.context import Ctx

FORGET = "forget."


@dataclass(frozen=True)
class Page:
    """A page of the settings as the index shows it; ``item`` is its menu entry."""

    item: ui.Item
    text: str = ""


def _page(label: str, text: str, url: str, icon: str) -> tuple[str, str, str, str]:
    return label, text, url, icon


KERNEL_PAGES = (
    (
        N_("People"),
        _page(N_("Users"), N_("Who signs in, with which role"), "/settings/users", icon="person"),
        _page(N_("Teams"), N_("Groups of people who work together"), "/settings/teams", icon="people"),
        _page(N_("Roles and rights"), N_("Who may see and change what"), "/settings/roles", icon="shield-lock"),
    ),
    (
        N_("Data"),
        _page(N_("Reference lists"), N_("Statuses, types, sources … to your needs"), "/settings/lists", icon="list-ol"),
        _page(N_("Own fields"), N_("Fields your forms have and others don't"), "/settings/fields",
              icon="input-cursor-text"),
        _page(N_("Tags"), N_("Rename, colour and merge tags"), "/settings/tags", icon="tags"),
        _page(N_("What is recorded"), N_("Events that the timeline tells by itself"), "/settings/recorded",
              icon="clock-history"),
        _page(N_("Currencies"), N_("Default currency and rates of the day"), "/settings/currencies",
              icon="currency-exchange"),
    ),
    (
        N_("System"),
        _page(N_("Options"), N_("Switches and values of the modules"), "/settings/options", icon="sliders"),
        _page(N_("Modules"), N_("Turn parts of the CRM on and off"), "/settings/plugins", icon="puzzle"),
        _page(N_("Jobs"), N_("Work in the background, and what became of it"), "/settings/jobs", icon="cpu"),
        _page(N_("Incidents"), N_("What went wrong, and in which module"), "/settings/incidents", icon="bug"),
        _page(N_("Diagnostics"), N_("How long modules keep people waiting"), "/settings/diagnostics",
              icon="speedometer2"),
    ),
)  # fmt: skip
"""Pages of the kernel by section; those that are not there are left out."""


def install(app: flask.Flask) -> None:
    """Add the routes."""
    app.add_url_rule("/settings", "settings", index)
    app.add_url_rule("/settings/options", "settings.options", options)
    app.add_url_rule("/settings/options", "settings.keep_options", keep_options, methods=["POST"])


@admin
def index() -> str:
    """Show all settings by section (AD-13): the kernel's, then one a module."""
    ctx = current()
    sections = [
        (gettext(title), [_shown(*page) for page in pages if _exists(page[2])]) for title, *pages in KERNEL_PAGES
    ]
    own = [(gettext(info.title), _of_plugin(ctx, name)) for name, info in ctx.registry.plugins.items()]
    return flask.render_template("settings/index.html", sections=[*sections, *own])


def _of_plugin(ctx: Ctx, plugin: str) -> list[Page]:
    """Return what a module has to set up: its own pages, the fields of its records, its reference lists."""
    pages = [Page(item) for item in ui.settings_items(ctx, plugin)]
    for definition in ctx.registry.entities.values():
        if definition.plugin == plugin and definition.creatable:
            title = gettext(N_("Fields: %(name)s"), name=gettext(definition.plural))
            pages.append(Page(ui.Item(title, f"/settings/fields/{definition.slug}", definition.icon)))
    lists = [found for found in ctx.registry.lists.values() if found.plugin == plugin]
    text = gettext(N_("Reference list"))
    return pages + [Page(ui.Item(gettext(d.label), f"/settings/lists/{d.key}", "list-ol"), text) for d in lists]


def _shown(label: str, text: str, url: str, icon: str) -> Page:
    return Page(ui.Item(gettext(label), url, icon), gettext(text))


def _exists(url: str) -> bool:
    try:
        flask.current_app.url_map.bind("").match(url, "GET")
    except HTTPException:
        return False
    return True


# ---------------------------------------------------------------- options


@dataclass(frozen=True)
class Option:
    """A setting in the form."""

    control: Control
    value: SettingValue
    help: str


@admin
def options() -> flask.typing.ResponseReturnValue:
    """Show the options of every plugin."""
    return _options_page(current())


def _options_page(ctx: Ctx, typed: Mapping[str, Any] | None = None, problems: tuple[Problem, ...] = ()) -> str:
    groups: dict[str, list[Option]] = {}
    for key, value in _offered(ctx).items():
        plugin = value.definition.plugin or key.partition(".")[0]
        found = ctx.registry.plugins.get(plugin)
        title = gettext(found.title) if found is not None else gettext(N_("General"))
        groups.setdefault(title, []).append(_option(ctx, key, value, typed or {}, problems))
    return flask.render_template("settings/options.html", groups=groups, problems=problems)


def _offered(ctx: Ctx) -> dict[str, SettingValue]:
    """Return the settings that have no page of their own."""
    found = settings.values(ctx).items()
    return {k: v for k, v in found if k != DEFAULT_CURRENCY and not k.startswith(recording.PREFIX)}


def _option(ctx: Ctx, key: str, value: SettingValue, typed: Mapping[str, Any], problems: tuple[Problem, ...]) -> Option:
    found = _field(key, value)
    secret = value.definition.secret
    raw = "" if secret else typed.get(key, to_raw(found.type, value.value, ctx))
    made = control(
        ctx, found, raw, lambda e, i: link_titles(ctx, e, i), problems=[p for p in problems if p.field == key]
    )
    if secret:
        made.widget, made.attributes["autocomplete"] = "secret", "new-password"
        made.attributes["placeholder"] = gettext(N_("Set; type to replace it") if value.is_set else N_("Not set"))
    return Option(made, value, gettext(value.definition.help) if value.definition.help else "")


def _field(key: str, value: SettingValue) -> FieldDef:
    return FieldDef(entity="core.setting", key=key, type=value.definition.type, label=value.definition.label)


@admin
def keep_options() -> flask.typing.ResponseReturnValue:
    """Set every option that was changed; nothing is set when one of them is refused."""
    ctx, form = current(), flask.request.form
    known = _offered(ctx)
    fields = [_field(key, value) for key, value in known.items()]
    typed, problems = read_posted(fields, form), list[Problem]()
    savepoint = ctx.session.begin_nested()
    for key, raw in typed.items():
        try:
            if form.get(FORGET + key):
                settings.reset(ctx, key)
            else:
                settings.set_value(ctx, key, raw)
        except CrmError as error:
            problems += error.problems() or (Problem(key, error.code, error.message, error.params),)
    if problems:
        savepoint.rollback()
        return _options_page(ctx, typed, tuple(problems)), 422
    savepoint.commit()
    notify(gettext(N_("The options are saved")))
    return flask.redirect("/settings/options", 303)
