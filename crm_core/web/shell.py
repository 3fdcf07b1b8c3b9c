"""The frame of every page: security headers, error pages, and what templates can use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import flask
import jinja2
from markupsafe import Markup, escape

from crm_core.access import open_to
from crm_core.accounts import csrf
from crm_core.errors import CrmError, TooMany, Unavailable
from crm_core.fieldtypes.texts import shown_phone
from crm_core.filters import Relative, to_text
from crm_core.filters.words import relative_words
from crm_core.hooks import Fragment
from crm_core.i18n import KERNEL, Marked, gettext
from crm_core.web import assets, filterform, htmlparts, messages, ui, values
from crm_core.web.application import CrmApp, as_error
from crm_core.web.compiled import COMPILED
from crm_core.web.request import Visit, current, is_admin, is_fragment, language, module_title, visit, visitor

if TYPE_CHECKING:
    from crm_core.contributions import FieldDef
    from crm_core.registry import Registry

PRODUCT = "CRM"
RETRY_SECONDS = 3
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; "
    "frame-src 'self'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def install(app: CrmApp) -> None:
    """Give an application headers, error pages, static files and the globals of templates."""
    app.after_request(_secure)
    app.register_error_handler(Exception, error_page)
    app.view_functions["static"] = assets.serve
    app.add_url_rule("/static/plugins/<name>/<path:filename>", "plugin.static", assets.serve_of_plugin)
    _templates(app)


def _secure(response: flask.Response) -> flask.Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.add("Vary", "Cookie")
    config = flask.current_app.extensions["crm"].config
    if config.secure_cookies:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    return response


# ---------------------------------------------------------------- errors


def error_page(raised: Exception) -> flask.typing.ResponseReturnValue:
    """Return the answer to an error: a message for a script, a page for everyone else."""
    error = as_error(raised)
    response = _fragment(error) if is_fragment() else flask.make_response(_page(error))
    response.status_code = error.status
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    elif isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _fragment(error: CrmError) -> flask.Response:
    from crm_core.web.request import Message

    response = flask.make_response(error.text())
    text = "; ".join(p.text() for p in error.problems()) or error.text()
    text = f"{text}. {advice}" if (advice := error.advice()) else text
    if error.plugin and is_admin():
        text = f"{text} ({gettext('Module: %(plugin)s', plugin=module_title(error.plugin))})"
    messages.to_header(response, [Message(text, "error")])
    return response


def _page(error: CrmError) -> str:
    """Return the error in the frame; without the frame where even that can't be made."""
    if visitor() is not None and not isinstance(error, Unavailable):
        try:
            return flask.render_template("error.html", error=error)
        except Exception:  # noqa: BLE001 - the frame is broken as well: show the error without it
            flask.current_app.logger.exception("the error page failed")
    return flask.render_template("error_plain.html", error=error)


# ---------------------------------------------------------------- templates


def _templates(app: CrmApp) -> None:
    registry = app.extensions["crm_registry"]
    folders = [f"{p.folder}/templates" for p in registry.plugins.values() if p.folder]
    app.jinja_loader = jinja2.ChoiceLoader(
        [jinja2.FileSystemLoader(f"{app.root_path}/templates"), *map(jinja2.FileSystemLoader, folders)]
    )
    env = app.jinja_env
    env.bytecode_cache = COMPILED
    env.trim_blocks = env.lstrip_blocks = True
    env.auto_reload = app.deployment.config.debug
    env.filters.update(
        hue=htmlparts.hue,
        initials=htmlparts.initials,
        phone=shown_phone,
        bare_url=values.bare_url,
        result_of=values.result_of,
    )
    env.globals.update(
        _=translate,
        product=PRODUCT,
        asset=lambda name: assets.built().url(name),
        static=assets.fixed_url,
        icon=assets.icon_html,
        item_icon=assets.icon_html,
        coloured_icon=assets.coloured_icon,
        csrf_token=csrf_token,
        messages=lambda: messages.waiting(visit()),
        fragments=fragments,
        display=display,
        moment=moment,
        ago=ago,
        display_day=display_day,
        user_name=user_name,
        ctx=current,
        tag_of=lambda tag_id: current().directory.tag(tag_id),
        list_entry=lambda key, code: current().directory.entry(key, code),
        amount=lambda field, value, row: values.amount(current(), field, value, row),
        value_html=lambda *args: values.value_html(current(), *args),
        link_html=lambda *args: values.record_link(current(), *args),
        email_html=values.email_html,
        phone_html=values.phone_html,
        url_html=values.url_html,
        html=htmlparts,
        list_links=lambda definition: ui.list_links(current(), definition),
        filter_text=to_text,
        filter_choices=lambda definition: filterform.choices(current(), definition),
        url_for_record=url_for_record,
        module_title=module_title,
        has_icon=assets.has_icon,
    )
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    who = visitor()
    return {
        "me": ui.Me(who.user_id, who.name, who.email, is_admin()) if who else None,
        "viewer": who.viewer if who else None,
        "theme": who.theme if who else "auto",
        "language": language(),
        "menu": _menu(),
        "sprite": assets.built().url("icons.svg"),
    }


def _menu() -> ui.Menu:
    found: Visit | None = flask.g.get("crm_visit")
    if found is None or found.who is None:
        return ui.Menu([], [], None)
    if "crm_menu" not in flask.g:
        flask.g.crm_menu = ui.menu(current(), flask.request.path)
    menu: ui.Menu = flask.g.crm_menu
    return menu


@jinja2.pass_context
def translate(context: jinja2.runtime.Context, message: str, **params: Any) -> str:
    """Translate a message as the module translates it whose folder of templates says it.

    Parameters that are HTML stay HTML, everything else is escaped.
    """
    if not isinstance(message, Marked):
        message = Marked(message, _package_of((context.name or "").partition("/")[0]))
    if any(isinstance(value, Markup) for value in params.values()):
        return Markup(escape(gettext(message))) % params  # noqa: S704 - escaped just now
    return gettext(message, **params)


def _package_of(folder: str) -> str:
    registry: Registry = flask.current_app.extensions["crm_registry"]
    plugin = registry.plugins.get(folder)
    return str(plugin.module.__name__).partition(".")[0] if plugin is not None else KERNEL


def csrf_token() -> str:
    """Return the token of a form, other bytes each time."""
    who = visitor()
    return csrf.mask(who.csrf) if who is not None and who.csrf else ""


def fragments(slot: str, subject: Any = None) -> list[Fragment]:
    """Return what plugins show in a slot of the page."""
    if not visitor():
        return []
    ctx = current()
    found = ctx.registry.hooks.render_slot(ctx, slot, subject)
    return [f for f in found if open_to(ctx.directory, ctx.actor, f.plugin)]


def display(field: FieldDef, value: Any) -> str:
    """Return a field's value as the person reads it."""
    return field.type.show(value, current())


def moment(value: dt.datetime) -> str:
    """Return date and minute in the person's zone and format."""
    from crm_core.fieldtypes import DateTime

    return DateTime().show(value, current())


def display_day(value: dt.datetime) -> str:
    """Return a day in full words: ``Saturday, 21 November 2026``."""
    from babel.dates import format_date

    return str(format_date(value, "full", locale="en_GB" if language() == "en" else language()))


def ago(value: dt.datetime) -> str:
    """Return how long ago something was, in words; the date when it is longer than a week."""
    from crm_core.fieldtypes import Date

    seconds = int((current().now - value).total_seconds())
    if seconds < 60:
        return relative_words(Relative("now"), gettext)
    for unit, size, most in (("min", 60, 3600), ("h", 3600, 86400), ("d", 86400, 8 * 86400)):
        if seconds < most:
            return relative_words(Relative("now", -(seconds // size), unit), gettext)
    return Date().show(value.astimezone(current().locale.zone).date(), current())


def user_name(user_id: int | None) -> str:
    """Return a person's name."""
    found = current().directory.user(user_id)
    return found.name if found else ""


def url_for_record(entity: str, record_id: int) -> str:
    """Return the address of a record's page, empty when its plugin is off."""
    found = current().registry.entities.get(entity)
    return f"/{found.slug}/{record_id}" if found else ""


def safe(html: str) -> Markup:
    """Mark HTML a plugin made as safe."""
    return Markup(html)  # noqa: S704 - by contract of Tab and Panel
