"""Settings → Roles and rights: what each role may do, which fields it sees, and why somebody can or can't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask

from crm_core.access.scope import ACTIONS
from crm_core.accounts import explaining, role_admin
from crm_core.accounts.role_admin import EVERY, LEVELS, GrantText
from crm_core.errors import Conflict, CrmError, Forbidden, Invalid
from crm_core.i18n import N_, gettext
from crm_core.web import forms
from crm_core.web.account_forms import FormState, acting, page
from crm_core.web.request import admin, current, notify

if TYPE_CHECKING:
    from crm_core.context import Ctx

Answer = flask.typing.ResponseReturnValue
HOME = "/settings/roles"
REST_OF_ALL = "all"
"""Stands in addresses for every kind of record a role says nothing else about."""
_REFUSED = (Invalid, Conflict, Forbidden)


def install(app: flask.Flask) -> None:
    """Add the routes."""
    one = f"{HOME}/<int(max=9007199254740991):role_id>"
    for rule, view, method in (
        (HOME, index, "GET"),
        (f"{HOME}/new", new, "GET"),
        (f"{HOME}/new", create, "POST"),
        (one, role, "GET"),
        (one, rename, "POST"),
        (f"{one}/remove", remove, "POST"),
        (f"{one}/grants/<entity>", grants, "GET"),
        (f"{one}/grants/<entity>", set_grants, "POST"),
        (f"{one}/fields/<entity>", fields, "GET"),
        (f"{one}/fields/<entity>", set_fields, "POST"),
        ("/settings/explain", explain, "GET"),
    ):
        app.add_url_rule(rule, f"roles.{view.__name__}", admin(view), methods=[method])


def index() -> Answer:
    """Show all roles, and who has them."""
    return page("roles.html", found=role_admin.listed(current()))


def new() -> Answer:
    """Show the form of a new role; ``copy`` names the one it starts from."""
    return _new_form(FormState({"copy_of": flask.request.args.get("copy", "")}))


def _new_form(form: FormState) -> Answer:
    return page("role_new.html", error=form.error, form=form, found=role_admin.listed(current()))


def create() -> Answer:
    """Make a role."""
    given, source = flask.request.form, flask.request.form.get("copy_of", "")
    copy_of = int(source) if source.isascii() and source.isdigit() and len(source) < 17 else None
    try:
        with acting() as ctx:
            role_id = role_admin.create(ctx, given.get("name", ""), copy_of=copy_of).id
    except _REFUSED as error:
        return _new_form(FormState(given.to_dict(), error))
    notify(gettext(N_("The role is there; say now what it may do")))
    return flask.redirect(f"{HOME}/{role_id}", 303)


def role(role_id: int) -> Answer:
    """Show a role: who has it, and what it may do with each kind of record."""
    return _role_page(role_id, None)


def _role_page(role_id: int, form: FormState | None) -> Answer:
    ctx = current()
    row = role_admin.get(ctx, role_id)
    return page(
        "role.html", error=form.error if form else None, row=row, url=f"{HOME}/{role_id}",
        form=form or FormState({"name": gettext(row.role.name)}), actions=ACTIONS, levels=LEVELS,
        table=[(key, title, *role_admin.grants(ctx, role_id, entity)) for key, title, entity in _kinds(ctx)],
    )  # fmt: skip


def _kinds(ctx: Ctx) -> list[tuple[str, str, str]]:
    """Return (part of the address, title, entity) of everything a role may be granted."""
    known = sorted((gettext(e.plural), e.slug, e.key) for e in ctx.registry.entities.values())
    rest = (REST_OF_ALL, gettext(N_("Everything else")), EVERY)
    return [rest, *((slug, title, key) for title, slug, key in known)]


def _entity(name: str) -> tuple[str, str]:
    """Return the entity of an address, ``*`` for the rest of all, and its title."""
    if name == REST_OF_ALL:
        return EVERY, gettext(N_("Everything else"))
    found = current().registry.entity(name)
    return found.key, gettext(found.plural)


def rename(role_id: int) -> Answer:
    """Give a role another name."""
    name = flask.request.form.get("name", "")
    try:
        with acting() as ctx:
            role_admin.rename(ctx, role_id, name)
    except _REFUSED as error:
        return _role_page(role_id, FormState({"name": name}, error))
    return _done(N_("The role is saved"), f"{HOME}/{role_id}")


def remove(role_id: int) -> Answer:
    """Remove a role nobody has."""
    try:
        with acting() as ctx:
            role_admin.remove(ctx, role_id)
    except _REFUSED as error:
        return _role_page(role_id, FormState({"name": gettext(role_admin.get(current(), role_id).role.name)}, error))
    return _done(N_("The role is removed"), HOME)


def _done(text: str, url: str) -> Answer:
    notify(gettext(text))
    return flask.redirect(url, 303)


# ---------------------------------------------------------------- one kind of record


def grants(role_id: int, entity: str) -> Answer:
    """Show what a role may do with a kind of record."""
    key, _ = _entity(entity)
    own, found = role_admin.grants(current(), role_id, key)
    values: dict[str, Any] = {"own": own}
    for action, grant in found.items():
        values |= {f"{action}.level": grant.level, f"{action}.where": grant.where}
        values |= {f"{action}.problem": grant.problem}
    return _grants_form(role_id, entity, FormState(values))


def _grants_form(role_id: int, entity: str, form: FormState) -> Answer:
    key, title = _entity(entity)
    return page(
        "role_grants.html", error=form.error, form=form, row=role_admin.get(current(), role_id), entity=entity,
        title=title, every=key == EVERY, actions=ACTIONS, levels=LEVELS, url=f"{HOME}/{role_id}",
    )  # fmt: skip


def set_grants(role_id: int, entity: str) -> Answer:
    """Keep what a role may do with a kind of record."""
    given = flask.request.form
    wanted = {a: GrantText(given.get(f"{a}.level", "none"), given.get(f"{a}.where", "")) for a in ACTIONS}
    reset = given.get("do") == "reset"
    try:
        with acting() as ctx:
            role_admin.set_grants(ctx, role_id, _entity(entity)[0], None if reset else wanted)
    except _REFUSED as error:
        return _grants_form(role_id, entity, FormState({**given.to_dict(), "own": True}, error))
    return _done(N_("The role is saved"), f"{HOME}/{role_id}")


def fields(role_id: int, entity: str) -> Answer:
    """Show which fields of a kind of record a role reads and edits."""
    return _fields_form(role_id, entity, None)


def _fields_form(role_id: int, entity: str, error: CrmError | None) -> Answer:
    ctx = current()
    definition = ctx.registry.entity(entity)
    found = {f.key: (f, r, e) for f, r, e in role_admin.fields(ctx, role_id, definition.key)}
    sections = forms.sectioned(ctx, definition.key, [f for f, _, _ in found.values()])
    return page(
        "role_fields.html", error=error, row=role_admin.get(ctx, role_id), definition=definition,
        url=f"{HOME}/{role_id}",
        sections=[(title, [found[f.key] for f in members]) for _, title, members in sections],
    )  # fmt: skip


def set_fields(role_id: int, entity: str) -> Answer:
    """Keep which fields a role reads and edits."""
    given = flask.request.form
    try:
        with acting() as ctx:
            role_admin.set_fields(ctx, role_id, entity, set(given.getlist("read")), set(given.getlist("edit")))
    except _REFUSED as error:
        return _fields_form(role_id, entity, error)
    return _done(N_("The role is saved"), f"{HOME}/{role_id}")


# ---------------------------------------------------------------- why


def explain() -> Answer:
    """Say why somebody can, or can't, do something with a record."""
    ctx, args = current(), flask.request.args
    user, record = args.get("user", ""), args.get("record", "")
    lines: tuple[str, ...] = ()
    if all(part.isascii() and part.isdigit() and len(part) < 17 for part in (user, record)):
        action, entity = args.get("action", "read"), args.get("entity", "")
        lines = explaining.explain_for(ctx, int(user), action, entity, int(record)).reasons
    return page(
        "explain.html", form=FormState(args.to_dict()), lines=lines, actions=ACTIONS,
        people=ctx.directory.users(active=False),
        entities={e.slug: gettext(e.label) for e in ctx.registry.entities.values()},
    )  # fmt: skip
