"""Users and teams, for administrators (AD-02, AD-12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flask

from crm_core import mail
from crm_core.accounts import audit, letters, passwords, roles, teams, users
from crm_core.context import Ctx
from crm_core.errors import Conflict, CrmError, Forbidden, Invalid
from crm_core.i18n import LANGUAGES, N_, gettext
from crm_core.models import User
from crm_core.web.account_forms import FormState, acting, page, picked, signed_in
from crm_core.web.request import admin, current, notify, visit

SHOWN: Mapping[str, bool | None] = {"": None, "active": True, "inactive": False}
"""Choices of the list: everyone, who may sign in, who may not."""

_REFUSED = (Invalid, Conflict, Forbidden)


def blueprint() -> flask.Blueprint:
    """Return the pages of users and teams."""
    pages = flask.Blueprint("accounts_admin", __name__, url_prefix="/settings")
    for rule, view, method in (
        ("/users", users_page, "GET"),
        ("/users/new", user_new, "GET"),
        ("/users/new", user_create, "POST"),
        ("/users/<int(max=9007199254740991):user_id>", user_page, "GET"),
        ("/users/<int(max=9007199254740991):user_id>", user_send, "POST"),
        ("/users/<int(max=9007199254740991):user_id>/active", user_active, "POST"),
        ("/users/<int(max=9007199254740991):user_id>/password", user_password, "POST"),
        ("/users/<int(max=9007199254740991):user_id>/invite", user_invite, "POST"),
        ("/users/<int(max=9007199254740991):user_id>/second-factor", user_second_factor, "POST"),
        ("/teams", teams_page, "GET"),
        ("/teams/new", team_new, "GET"),
        ("/teams/new", team_create, "POST"),
        ("/teams/<int(max=9007199254740991):team_id>", team_page, "GET"),
        ("/teams/<int(max=9007199254740991):team_id>", team_send, "POST"),
    ):
        pages.add_url_rule(rule, view.__name__, admin(view), methods=[method])
    return pages


# ---------------------------------------------------------------- users


def users_page() -> flask.typing.ResponseReturnValue:
    """List users."""
    args = flask.request.args
    number = args.get("page", "1")
    shown = args.get("show", "active")
    found = users.listed(
        current(),
        text=args.get("q", ""),
        active=SHOWN.get(shown),
        page=int(number) if number.isascii() and number.isdigit() and len(number) < 8 else 1,
    )
    return page("users.html", found=found, q=args.get("q", ""), show=shown if shown in SHOWN else "")


def user_new() -> flask.typing.ResponseReturnValue:
    """Show the form for a new user."""
    return _user_form(None, FormState({"roles": [roles.USER], "language": current().config.language}))


def user_create() -> flask.typing.ResponseReturnValue:
    """Create a user, with a generated password or a mail that invites him."""
    values = _user_values()
    by_mail = flask.request.form.get("how") == "mail" and not mail.missing(visit().deployment.config)
    password = None if by_mail else passwords.generated()
    try:
        with acting() as ctx:
            user = users.create(ctx, values, password=password)
            user.must_change_password = password is not None
            key = users.invite(ctx, user.id)[1] if by_mail else ""
    except _REFUSED as error:
        return _user_form(None, FormState(values, error))
    if password is not None:
        return page("user_password.html", user=user, password=password, fresh=True)
    _send_invitation(user, key)
    return flask.redirect(f"/settings/users/{user.id}", 303)


def user_page(user_id: int) -> flask.typing.ResponseReturnValue:
    """Show the form of a user."""
    ctx = current()
    return _user_form(user_id, FormState(_stored(ctx, users.get(ctx, user_id))))


def user_send(user_id: int) -> flask.typing.ResponseReturnValue:
    """Keep what was changed."""
    values = _user_values()
    try:
        with acting() as ctx:
            users.update(ctx, user_id, values)
    except _REFUSED as error:
        return _user_form(user_id, FormState(values, error))
    notify(gettext(N_("The user is saved")))
    return flask.redirect("/settings/users", 303)


def user_active(user_id: int) -> flask.typing.ResponseReturnValue:
    """Let a user sign in, or no longer."""
    active = flask.request.form.get("active") == "1"
    done = N_("The user may sign in again") if active else N_("The user is deactivated and signed out everywhere")
    return _change(user_id, lambda ctx: users.set_active(ctx, user_id, active), done)


def user_second_factor(user_id: int) -> flask.typing.ResponseReturnValue:
    """Switch off the second factor of someone who lost it."""
    done = N_("The second factor is switched off")
    return _change(user_id, lambda ctx: users.reset_second_factor(ctx, user_id), done)


def user_password(user_id: int) -> flask.typing.ResponseReturnValue:
    """Give a user a generated password and show it, this once."""
    password = passwords.generated()
    try:
        with acting() as ctx:
            user = users.set_password(ctx, user_id, password, must_change=True)
    except _REFUSED as error:
        return _user_again(user_id, error)
    if user_id == signed_in().user_id:
        visit().who = None
    return page("user_password.html", user=user, password=password, fresh=False)


def user_invite(user_id: int) -> flask.typing.ResponseReturnValue:
    """Send a user a link by which he chooses his password."""
    if mail.missing(visit().deployment.config):
        return _user_again(user_id, Conflict(N_("No mail can be sent; see what is missing below")))
    try:
        with acting() as ctx:
            user, key = users.invite(ctx, user_id)
    except _REFUSED as error:
        return _user_again(user_id, error)
    _send_invitation(user, key)
    return flask.redirect(f"/settings/users/{user_id}", 303)


def _change(user_id: int, change: Callable[[Ctx], Any], done: str) -> flask.typing.ResponseReturnValue:
    try:
        with acting() as ctx:
            change(ctx)
    except _REFUSED as error:
        return _user_again(user_id, error)
    notify(gettext(done))
    return flask.redirect(f"/settings/users/{user_id}", 303)


def _send_invitation(user: User, key: str) -> None:
    config = visit().deployment.config
    letter = letters.invitation(config, email=user.email, name=user.name, language=user.language, key=key)
    try:
        mail.send(config, letter.to, letter.subject, letter.text, name=letter.name)
    except CrmError as error:
        text = gettext(
            N_("The mail to %(email)s could not be sent: %(reason)s"), email=user.email, reason=error.hint or ""
        )
        notify(text, "error")
    else:
        notify(gettext(N_("A mail with a link was sent to %(email)s"), email=user.email))


def _user_values() -> dict[str, Any]:
    form = flask.request.form
    known = {k: form[k] for k in ("name", "email", "language", "timezone", "date_format") if k in form}
    return {**known, "roles": form.getlist("roles"), "teams": picked("teams")}


def _stored(ctx: Ctx, user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "email": user.email,
        "language": user.language,
        "roles": roles.of_user(ctx.session, user.id),
        "teams": teams.of_user(ctx.session, user.id),
    }


def _user_again(user_id: int, error: CrmError) -> flask.Response:
    ctx = current()
    return _user_form(user_id, FormState(_stored(ctx, users.get(ctx, user_id)), error))


def _user_form(user_id: int | None, form: FormState) -> flask.Response:
    ctx = current()
    user = users.get(ctx, user_id) if user_id is not None else None
    offered = [t for t in teams.every(ctx.session) if t.active or form.has("teams", t.id)]
    return page(
        "user.html", error=form.error, form=form, user=user, languages=LANGUAGES,
        all_roles=roles.all_roles(ctx.session), all_teams=offered,
        missing=mail.missing(ctx.config), myself=user_id == ctx.actor.id,
        events=audit.recent(ctx.session, user_id) if user_id is not None else [],
    )  # fmt: skip


# ---------------------------------------------------------------- teams


def teams_page() -> flask.typing.ResponseReturnValue:
    """List teams."""
    return page("teams.html", found=teams.listed(current()))


def team_new() -> flask.typing.ResponseReturnValue:
    """Show the form for a new team."""
    return _team_form(None, FormState())


def team_create() -> flask.typing.ResponseReturnValue:
    """Create a team."""
    values = {"name": flask.request.form.get("name", ""), "members": picked("members")}
    try:
        with acting() as ctx:
            teams.create(ctx, values)
    except Invalid as error:
        return _team_form(None, FormState(values, error))
    notify(gettext(N_("The team is saved")))
    return flask.redirect("/settings/teams", 303)


def team_page(team_id: int) -> flask.typing.ResponseReturnValue:
    """Show the form of a team."""
    row = teams.get(current(), team_id)
    values = {"name": row.team.name, "members": [i for i, _ in row.members], "active": row.team.active}
    return _team_form(team_id, FormState(values))


def team_send(team_id: int) -> flask.typing.ResponseReturnValue:
    """Keep what was changed."""
    form = flask.request.form
    values = {"name": form.get("name", ""), "members": picked("members"), "active": form.get("active") == "1"}
    try:
        with acting() as ctx:
            teams.update(ctx, team_id, values)
    except Invalid as error:
        return _team_form(team_id, FormState(values, error))
    notify(gettext(N_("The team is saved")))
    return flask.redirect("/settings/teams", 303)


def _team_form(team_id: int | None, form: FormState) -> flask.Response:
    people = current().directory.users(active=False)
    return page("team.html", error=form.error, form=form, team_id=team_id, people=people)
