"""``crm role``: what roles may do, and which fields they see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crm_core.cli.base import as_option, json_option, operation, pairs, say, show, write_json
from crm_core.errors import NotFound
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.accounts.role_admin import RoleRow
    from crm_core.context import Ctx

_ALL = "all"


@click.group()
def role() -> None:
    """Roles: what they may do, which fields they see, who has them."""


@role.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List roles with the people who have them."""
    from crm_core.accounts import role_admin

    with operation(ctx, write=False) as found:
        rows = [
            {"role": row.role.code, "name": gettext(row.role.name), "administers": row.role.moderator,
             "people": ", ".join(name for _, name in row.people)}
            for row in role_admin.listed(found)
        ]  # fmt: skip
    show(as_json, ("role", "name", "administers", "people"), rows)


@role.command()
@click.argument("code")
@click.argument("entity", default=_ALL)
@json_option
@click.pass_context
def grants(ctx: click.Context, code: str, entity: str, as_json: bool) -> None:
    """Show what a role may do with a kind of record, or with everything else (all): crm role grants user contacts."""
    from crm_core.accounts import role_admin

    with operation(ctx, write=False) as found:
        _, held = role_admin.grants(found, _find(found, code).role.id, _key(found, entity))
    rows = [{"action": action, "level": g.level, "where": g.where, "problem": g.problem} for action, g in held.items()]
    show(as_json, ("action", "level", "where", "problem"), rows)


@role.command()
@click.argument("name")
@click.option("--copy", metavar="CODE", help="The role whose rights it starts with; none without.")
@as_option
@click.pass_context
def create(ctx: click.Context, name: str, copy: str | None, email: str | None) -> None:
    """Make a role: crm role create "Field sales" --copy user."""
    from crm_core.accounts import role_admin

    with operation(ctx, email) as found:
        source = _find(found, copy).role.id if copy else None
        code = role_admin.create(found, name, copy_of=source).code
    say(N_("The role %(code)s is there"), code=code)


@role.command()
@click.argument("code")
@click.argument("entity")
@click.argument("levels", nargs=-1, metavar="ACTION=LEVEL...")
@click.option("--where", multiple=True, metavar="ACTION=FILTER", help="Narrows an action; may be given several times.")
@click.option("--reset", is_flag=True, help="Leave it to the module, or to all, again.")
@as_option
@click.pass_context
def grant(ctx: click.Context, /, code: str, entity: str, email: str | None, **given: Any) -> None:
    """Replace what a role may do: crm role grant user contacts read=all update=own --where 'read=kind = "company"'."""
    from crm_core.accounts import role_admin
    from crm_core.accounts.role_admin import GrantText

    levels, where = pairs(given["levels"]), pairs(given["where"])
    if not levels and not given["reset"]:
        raise click.UsageError("give ACTION=LEVEL, or --reset")
    wanted = {action: GrantText(str(level), str(where.get(action, ""))) for action, level in levels.items()}
    with operation(ctx, email) as found:
        role_admin.set_grants(
            found, _find(found, code).role.id, _key(found, entity), None if given["reset"] else wanted
        )  # fmt: skip
    say(N_("The role %(code)s is changed"), code=code)


@role.command()
@click.argument("code")
@click.argument("entity")
@click.option("--hide", multiple=True, metavar="FIELD", help="The role no longer reads it; may be given several times.")
@click.option("--lock", multiple=True, metavar="FIELD", help="The role reads it and no longer edits it.")
@click.option("--open", "opened", multiple=True, metavar="FIELD", help="The role reads and edits it.")
@as_option
@json_option
@click.pass_context
def fields(ctx: click.Context, /, code: str, entity: str, email: str | None, as_json: bool, **given: Any) -> None:
    """Show which fields a role reads and edits, after hiding, locking or opening some."""
    from crm_core.accounts import role_admin

    hide, lock, opened = (set(given[name]) for name in ("hide", "lock", "opened"))
    with operation(ctx, email, write=bool(hide | lock | opened)) as found:
        role_id = _find(found, code).role.id
        held = role_admin.fields(found, role_id, entity)
        read = ({f.key for f, r, _ in held if r} | lock | opened) - hide
        edit = ({f.key for f, _, e in held if e} | opened) - hide - lock
        if hide | lock | opened:
            role_admin.set_fields(found, role_id, entity, read, edit)
    if as_json:
        write_json({"read": sorted(read), "edit": sorted(edit)})
        return
    rows = [{"field": f.key, "read": f.key in read, "edit": f.key in edit} for f, _, _ in held]
    show(False, ("field", "read", "edit"), rows)


@role.command()
@click.argument("code")
@as_option
@click.pass_context
def remove(ctx: click.Context, code: str, email: str | None) -> None:
    """Remove a role that nobody has."""
    from crm_core.accounts import role_admin

    with operation(ctx, email) as found:
        role_admin.remove(found, _find(found, code).role.id)
    say(N_("The role %(code)s is removed"), code=code)


def _find(found: Ctx, code: str) -> RoleRow:
    from crm_core.accounts import role_admin

    for row in role_admin.listed(found):
        if row.role.code == code:
            return row
    raise NotFound(N_("There is no role %(name)s"), params={"name": code[:60]})


def _key(found: Ctx, entity: str) -> str:
    from crm_core.accounts.role_admin import EVERY

    return EVERY if entity == _ALL else found.registry.entity(entity).key
