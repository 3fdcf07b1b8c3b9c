"""Signing in and out, the second factor, lost passwords; and forms that arrive without a valid session."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

import flask

from crm_core import mail
from crm_core.accounts import carry, letters, sessions, signin
from crm_core.accounts.carry import Carried
from crm_core.accounts.web import COOKIE, drop_cookie, give_cookie, visitor_of
from crm_core.context import Actor
from crm_core.db import utcnow
from crm_core.errors import CrmError, Forbidden, Invalid, NotSignedIn, Problem, TooMany
from crm_core.i18n import N_
from crm_core.web.account_forms import FormState, page, system
from crm_core.web.application import StaleToken
from crm_core.web.request import access_of, after_response, is_fragment, public, visit, visitor
from crm_core.web.shell import error_page

if TYPE_CHECKING:
    from crm_core.accounts.identity import SignedIn
    from crm_core.deployment import Deployment

CHOOSE_PASSWORD = "/profile/password"  # noqa: S105 - the address of a page


def blueprint() -> flask.Blueprint:
    """Return the pages for strangers, and what happens with requests of people whose session ended."""
    pages = flask.Blueprint("auth", __name__)
    pages.add_url_rule("/signin", "signin", signin_page)
    pages.add_url_rule("/signin", "signin_send", signin_send, methods=["POST"])
    pages.add_url_rule("/signin/code", "code", code_page)
    pages.add_url_rule("/signin/code", "code_send", code_send, methods=["POST"])
    pages.add_url_rule(carry.SIGN_OUT, "signout", signout, methods=["POST"])
    pages.add_url_rule("/forgot", "forgot", forgot_page)
    pages.add_url_rule("/forgot", "forgot_send", forgot_send, methods=["POST"])
    pages.add_url_rule("/reset/<key>", "reset", reset_page)
    pages.add_url_rule("/reset/<key>", "reset_send", reset_send, methods=["POST"])
    pages.before_app_request(_note_use)
    pages.before_app_request(_password_first)
    pages.app_errorhandler(NotSignedIn)(sign_in_first)
    pages.app_errorhandler(StaleToken)(send_again)
    return pages


# ---------------------------------------------------------------- signing in and out


@public
def signin_page() -> flask.typing.ResponseReturnValue:
    """Show the form; who is signed in already goes on."""
    target = carry.local_path(flask.request.args.get("next", ""))
    if visitor() is not None:
        return flask.redirect(target)
    return _signin_form(target)


@public
def signin_send() -> flask.typing.ResponseReturnValue:
    """Check address and password."""
    _refuse_other_sites()
    form = flask.request.form
    target, carried = carry.local_path(form.get("next", "")), carry.from_form(form)
    if problems := _missing(
        ("email", N_("Please give your e-mail address")), ("password", N_("Please give your password"))
    ):
        return _signin_form(target, carried, Invalid(problems))
    old = flask.request.cookies.get(COOKIE, "")
    try:
        step = signin.with_password(system, form["email"], form["password"], visitor_of(flask.request), replaces=old)
    except (signin.WrongCredentials, TooMany) as error:
        return _signin_form(target, carried, error)
    if isinstance(step, signin.NeedsCode):
        return page("code.html", pending=step.pending, next=target, carried=carried)
    return _welcome(step.key, target, carried)


@public
def code_page() -> flask.typing.ResponseReturnValue:
    """Lead who comes here without a password step to its page."""
    return flask.redirect("/signin")


@public
def code_send() -> flask.typing.ResponseReturnValue:
    """Check the code of the second factor."""
    _refuse_other_sites()
    form = flask.request.form
    target, carried, pending = carry.local_path(form.get("next", "")), carry.from_form(form), form.get("pending", "")
    old = flask.request.cookies.get(COOKIE, "")
    try:
        done = signin.with_code(system, pending, form.get("code", ""), visitor_of(flask.request), replaces=old)
    except (signin.WrongCode, TooMany) as error:
        return page("code.html", error=error, pending=pending, next=target, carried=carried)
    except signin.TooLate as error:
        return _signin_form(target, carried, error)
    return _welcome(done.key, target, carried)


def signout() -> flask.typing.ResponseReturnValue:
    """End the session of this browser."""
    who, found = visitor(), visit()
    if who is not None:
        who = who.viewer or who
        with found.deployment.operation(Actor(who.user_id, who.name), write=True) as ctx:
            signin.sign_out(ctx, flask.request.cookies.get(COOKIE, ""))
    found.who = None
    response = flask.redirect("/signin", 303)
    drop_cookie(response, flask.request, found.deployment.config)
    return response


def _welcome(key: str, target: str, carried: Carried | None) -> flask.Response:
    """Give the browser its key and lead on: to the page asked for, or to the form that waits to be sent again."""
    found = visit()
    if carried is None:
        response = flask.make_response(flask.redirect(target, 303))
    else:
        with found.deployment.database.transaction(write=False) as session:
            found.who = sessions.resolve(session, key, utcnow())
        response = page("again.html", carried=carried, after_sign_in=True)
    give_cookie(response, flask.request, found.deployment.config, key)
    return response


def _signin_form(target: str, carried: Carried | None = None, error: CrmError | None = None) -> flask.Response:
    values = {"email": flask.request.form.get("email", "")} if flask.request.path == "/signin" else {}
    form = FormState(values, error)
    return page("signin.html", error=error, form=form, next=target, carried=carried)


def _missing(*needed: tuple[str, str]) -> list[Problem]:
    return [Problem(name, "required", text) for name, text in needed if not flask.request.form.get(name, "").strip()]


def _refuse_other_sites() -> None:
    if not carry.same_site(flask.request):
        raise Forbidden(N_("This form was sent by another site"))


# ---------------------------------------------------------------- requests that can't be taken now


def sign_in_first(error: NotSignedIn) -> flask.typing.ResponseReturnValue:
    """Ask a stranger to sign in; a form he sent is carried along, so that nothing typed is lost."""
    if is_fragment():
        return error_page(error)
    if flask.request.path == carry.SIGN_OUT:
        return flask.redirect("/signin", 303)
    if flask.request.method in ("GET", "HEAD"):
        return flask.redirect(f"/signin?next={quote(flask.request.full_path.rstrip('?'), safe='/')}")
    carried = carry.from_request(flask.request)
    return _signin_form("/", carried, NotSignedIn(N_("Your session has ended; please sign in again")))


def send_again(error: StaleToken) -> flask.typing.ResponseReturnValue:
    """Offer to send a form again that came without the session's token; nothing typed is lost."""
    carried = carry.from_request(flask.request)
    if is_fragment() or carried is None:
        return error_page(error)
    response = page("again.html", carried=carried, after_sign_in=False)
    response.status_code = 400
    return response


POLL = "Crm-Poll"
"""The header of requests that a page sends by itself: nobody is there because of them, and no session lasts longer."""


def _note_use() -> None:
    who = visitor()
    if who is not None and POLL not in flask.request.headers:
        after_response(partial(_touch, visit().deployment, who))


def _touch(deployment: Deployment, who: SignedIn) -> None:
    sessions.touch(deployment.database, deployment.config, who.viewer or who, utcnow())


def _password_first() -> flask.typing.ResponseReturnValue | None:
    """Lead who has a password that others know to the page where he chooses his own."""
    who = visitor()
    if who is None or not who.must_change_password or flask.request.path in (CHOOSE_PASSWORD, carry.SIGN_OUT):
        return None
    if access_of(flask.current_app, flask.request.endpoint) in ("public", "own"):
        return None
    return flask.redirect(CHOOSE_PASSWORD, 303)


# ---------------------------------------------------------------- lost passwords


@public
def forgot_page() -> flask.typing.ResponseReturnValue:
    """Show the form that asks for a link, or say that no mail can be sent."""
    return page("forgot.html", form=FormState(), missing=mail.missing(visit().deployment.config), sent=False)


@public
def forgot_send() -> flask.typing.ResponseReturnValue:
    """Send a link, if there is such an account; the answer is the same if there is none."""
    _refuse_other_sites()
    deployment, typed = visit().deployment, flask.request.form.get("email", "")
    missing = mail.missing(deployment.config)
    if missing:
        return forgot_page()
    error: CrmError | None = None
    if problems := _missing(("email", N_("Please give your e-mail address"))):
        error = Invalid(problems)
    else:
        try:
            link = signin.ask_reset(system, typed, visitor_of(flask.request))
        except TooMany as refused:
            error = refused
        else:
            if link is not None:
                _post_link(link)
    return page(
        "forgot.html", error=error, form=FormState({"email": typed}, error), missing=missing, sent=error is None
    )


def _post_link(link: signin.ResetLink) -> None:
    deployment = visit().deployment
    letter = letters.reset_letter(
        deployment.config, email=link.email, name=link.name, language=link.language, key=link.key
    )
    mail.post(deployment.database, deployment.config, letter.to, letter.subject, letter.text, name=letter.name)


@public
def reset_page(key: str) -> flask.typing.ResponseReturnValue:
    """Show the form for a new password, if the link holds."""
    with visit().deployment.database.transaction(write=False) as session:
        user = signin.link_owner(session, key, utcnow())
    error = None if user is not None else signin.BadLink()
    return page("reset.html", error=error, form=FormState(), user=user)


@public
def reset_send(key: str) -> flask.typing.ResponseReturnValue:
    """Set the new password."""
    _refuse_other_sites()
    form = flask.request.form
    with visit().deployment.database.transaction(write=False) as session:
        user = signin.link_owner(session, key, utcnow())
    try:
        if form.get("password", "") != form.get("repeated", ""):
            raise Invalid([Problem("repeated", "differs", N_("The two passwords differ"))])
        signin.finish_reset(system, key, form.get("password", ""), visitor_of(flask.request))
    except signin.BadLink as error:
        return page("reset.html", error=error, form=FormState(), user=None)
    except Invalid as error:
        return page("reset.html", error=error, form=FormState({}, error), user=user)
    return page("reset_done.html")
