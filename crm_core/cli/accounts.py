"""Users and API tokens from the command line, with the rights of whoever runs the server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from crm_core.cli.base import json_option, operation, say, show, write_json
from crm_core.errors import NotFound
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.models import User

ROLES = ("user", "crm_admin", "owner")
SCOPES = ("read", "write", "admin")
_MANY = 100_000
_stdin_option = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group("user")
def user_group() -> None:
    """Users: create, change, deactivate. Users are never deleted."""


@user_group.command("create")
@click.argument("email")
@click.option("--name", default="", help="The person's name; the part of the address before the @ without one.")
@click.option("--role", type=click.Choice(ROLES), default="user", show_default=True)
@_stdin_option
@json_option
@click.pass_context
def create(ctx: click.Context, email: str, name: str, role: str, password_stdin: bool, as_json: bool) -> None:
    """Create a user. Without --password-stdin a password is generated and printed, this once."""
    from crm_core.accounts import passwords, users

    password = _read_password() if password_stdin else passwords.generated()
    with operation(ctx) as op:
        values = {"email": email, "name": name or email.partition("@")[0], "roles": [role]}
        user = users.create(op, values, password=password)
        made = {"id": user.id, "email": user.email, "name": user.name, "role": role}
    _told(as_json, made, N_("User %(email)s is created"), None if password_stdin else password)


@user_group.command("list")
@click.option("--all", "everyone", is_flag=True, help="Deactivated users too.")
@json_option
@click.pass_context
def list_(ctx: click.Context, everyone: bool, as_json: bool) -> None:
    """List users."""
    from crm_core.accounts import users

    with operation(ctx, write=False) as op:
        found = users.listed(op, active=None if everyone else True, size=_MANY).items
    rows: list[dict[str, Any]] = [
        {
            "id": row.user.id, "email": row.user.email, "name": row.user.name, "roles": list(row.roles.values()),
            "teams": list(row.teams.values()), "active": row.user.active, "second_factor": bool(row.user.totp_secret),
            "last_seen_at": row.user.last_seen_at,
        }
        for row in found
    ]  # fmt: skip
    if not as_json:
        rows = [{**row, "roles": ", ".join(row["roles"]), "teams": ", ".join(row["teams"])} for row in rows]
    show(as_json, ["id", "email", "name", "roles", "teams", "active", "second_factor", "last_seen_at"], rows)


@user_group.command("deactivate")
@click.argument("email")
@click.pass_context
def deactivate(ctx: click.Context, email: str) -> None:
    """Sign a user out everywhere and let nobody sign in with the account; his tokens stop working."""
    _set_active(ctx, email, False)
    say(N_("User %(email)s is deactivated"), email=email)


@user_group.command("activate")
@click.argument("email")
@click.pass_context
def activate(ctx: click.Context, email: str) -> None:
    """Let a deactivated user sign in again."""
    _set_active(ctx, email, True)
    say(N_("User %(email)s is active"), email=email)


@user_group.command("set-password")
@click.argument("email")
@_stdin_option
@json_option
@click.pass_context
def set_password(ctx: click.Context, email: str, password_stdin: bool, as_json: bool) -> None:
    """Set a user's password; without --password-stdin one is generated and printed, this once."""
    from crm_core.accounts import passwords, users

    password = _read_password() if password_stdin else passwords.generated()
    with operation(ctx) as op:
        user = users.set_password(op, _found(op, email).id, password)
        done = {"id": user.id, "email": user.email}
    _told(as_json, done, N_("The password of %(email)s is set"), None if password_stdin else password)


@user_group.command("set-role")
@click.argument("email")
@click.argument("roles", nargs=-1, required=True)
@click.pass_context
def set_role(ctx: click.Context, email: str, roles: tuple[str, ...]) -> None:
    """Give a user exactly these roles."""
    from crm_core.accounts import users

    with operation(ctx) as op:
        users.update(op, _found(op, email).id, {"roles": list(roles)})
    say(N_("User %(email)s has the roles %(roles)s"), email=email, roles=", ".join(roles))


@user_group.command("reset-2fa")
@click.argument("email")
@click.pass_context
def reset_2fa(ctx: click.Context, email: str) -> None:
    """Switch off the second factor of someone who lost it."""
    from crm_core.accounts import users

    with operation(ctx) as op:
        users.reset_second_factor(op, _found(op, email).id)
    say(N_("The second factor of %(email)s is off"), email=email)


@click.group("token")
def token_group() -> None:
    """API tokens of users."""


@token_group.command("create")
@click.argument("email")
@click.option("--name", default="Command line", show_default=True, help="What the token is for.")
@click.option("--scope", type=click.Choice(SCOPES), help="Default: all that the user may do.")
@click.option("--days", type=int, help="Days it works; without end if not given.")
@json_option
@click.pass_context
def token_create(ctx: click.Context, email: str, name: str, scope: str | None, days: int | None, as_json: bool) -> None:
    """Make a token for a user and print it, nothing else; it is shown only this once."""
    from crm_core.accounts import roles, tokens

    with operation(ctx) as op:
        user = _found(op, email)
        moderates = any(
            r.moderator for r in roles.all_roles(op.session) if r.code in roles.of_user(op.session, user.id)
        )
        scopes = [scope or ("admin" if moderates else "write")]
        token, row = tokens.create(op.session, user.id, name=name, scopes=scopes, days=days, now=op.now)
        tokens.note_created(op, row, user.name)
        made = {"id": row.id, "token": token, "scopes": row.scopes, "expires_at": row.expires_at}
    if as_json:
        write_json(made)
    else:
        click.echo(token)


@token_group.command("list")
@click.argument("email", required=False)
@json_option
@click.pass_context
def token_list(ctx: click.Context, email: str | None, as_json: bool) -> None:
    """List tokens, of one user or of all."""
    from crm_core.accounts import tokens

    with operation(ctx, write=False) as op:
        found = tokens.listed(op.session, _found(op, email).id if email else None)
    keys = ("id", "name", "prefix", "created_at", "expires_at", "last_used_at", "revoked_at")
    rows: list[dict[str, Any]] = [
        {"email": owner, "scopes": row.scopes if as_json else ", ".join(row.scopes)}
        | {key: getattr(row, key) for key in keys}
        for row, owner in found
    ]
    show(as_json, ["id", "email", "name", "prefix", "scopes", "expires_at", "last_used_at", "revoked_at"], rows)


@token_group.command("revoke")
@click.argument("token_id", type=int)
@click.pass_context
def token_revoke(ctx: click.Context, token_id: int) -> None:
    """Make a token worthless; its id is in the list."""
    from crm_core.accounts import tokens
    from crm_core.db import KERNEL
    from crm_core.models import User

    with operation(ctx) as op:
        row = tokens.revoke(op.session, token_id, now=op.now)
        owner = op.session.get_one(User, row.user_id, execution_options=KERNEL)
        tokens.note_revoked(op, row, owner.name)
    say(N_("Token %(id)s is revoked"), id=token_id)


def _read_password() -> str:
    text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise click.UsageError("--password-stdin: there is no password on standard input")
    return text


def _found(op: Ctx, email: str) -> User:
    from crm_core.accounts import users

    user = users.by_email(op.session, email)
    if user is None:
        raise NotFound(N_("There is no user %(email)s"), params={"email": email})
    return user


def _set_active(ctx: click.Context, email: str, active: bool) -> None:
    from crm_core.accounts import users

    with operation(ctx) as op:
        users.set_active(op, _found(op, email).id, active)


def _told(as_json: bool, values: dict[str, Any], message: str, password: str | None) -> None:
    if as_json:
        write_json(values | ({"password": password} if password else {}))
        return
    say(message, email=values["email"])
    if password:
        say(N_("Password, shown this once: %(password)s"), password=password)
