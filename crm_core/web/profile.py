"""One's own account: profile, password, second factor, sessions, API tokens."""

from __future__ import annotations

import flask

from crm_core.accounts import audit, personal, profile, sessions, signin, tokens, totp
from crm_core.accounts.devices import device
from crm_core.contributions import FieldDef
from crm_core.errors import CrmError, Invalid, Problem, TooMany
from crm_core.i18n import LANGUAGES, N_, gettext, use_language
from crm_core.web.account_forms import FormState, acting, page, signed_in, system
from crm_core.web.controls import control
from crm_core.web.rawvalues import read_posted, to_raw
from crm_core.web.request import current, notify

DAYS = (30, 90, 365)
"""Lifetimes of tokens on offer."""


def blueprint() -> flask.Blueprint:
    """Return the pages of one's own account."""
    pages = flask.Blueprint("profile", __name__, url_prefix="/profile")
    pages.add_url_rule("", "profile", profile_page)
    pages.add_url_rule("", "profile_send", profile_send, methods=["POST"])
    pages.add_url_rule("/security", "security", security_page)
    pages.add_url_rule("/password", "password", password_page)
    pages.add_url_rule("/password", "password_send", password_send, methods=["POST"])
    pages.add_url_rule("/second-factor", "factor", factor_page)
    pages.add_url_rule("/second-factor", "factor_send", factor_send, methods=["POST"])
    pages.add_url_rule("/second-factor/codes", "codes", codes_send, methods=["POST"])
    pages.add_url_rule("/second-factor/off", "factor_off", factor_off, methods=["POST"])
    pages.add_url_rule("/sessions/others/end", "end_others", end_others, methods=["POST"])
    pages.add_url_rule(
        "/sessions/<int(max=9007199254740991):session_id>/end", "end_session", end_session, methods=["POST"]
    )
    pages.add_url_rule("/tokens", "tokens", tokens_page)
    pages.add_url_rule("/tokens", "tokens_send", tokens_send, methods=["POST"])
    pages.add_url_rule("/tokens/<int(max=9007199254740991):token_id>/revoke", "revoke", revoke_send, methods=["POST"])
    return pages


# ---------------------------------------------------------------- profile


def profile_page() -> flask.typing.ResponseReturnValue:
    """Show name, language, time zone, date format and theme."""
    user = profile.own(current())
    keys = ("name", "language", "timezone", "date_format", "theme")
    shown = {key: getattr(user, key) for key in keys}
    return _profile_form(FormState({**shown, "preferences": personal.values(current(), user.preferences)}))


def profile_send() -> flask.typing.ResponseReturnValue:
    """Keep what was changed."""
    form = flask.request.form
    given = read_posted(_fields(), form)
    values = {**form.to_dict(), "preferences": given}
    try:
        with acting() as ctx:
            user = profile.update(ctx, values)
    except Invalid as error:
        return _profile_form(FormState(values, error))
    with use_language(user.language):
        notify(gettext(N_("Your profile is saved")))
    return flask.redirect("/profile", 303)


def _fields() -> list[FieldDef]:
    """Return what modules let people choose, as fields of a form."""
    return [
        FieldDef(entity="core.user", key=p.key, type=p.type, label=p.label, help=p.help, default=p.default)
        for p in personal.offered(current()).values()
    ]


def _profile_form(form: FormState) -> flask.Response:
    ctx, chosen = current(), form.values.get("preferences") or {}
    controls = [
        control(ctx, f, to_raw(f.type, f.type.load(chosen.get(f.key)), ctx), lambda entity, ids: {},
                problems=[p for p in form.problems if p.field == f.key])
        for f in _fields()
    ]  # fmt: skip
    return page(
        "profile.html", error=form.error, form=form, controls=controls, languages=LANGUAGES, themes=profile.THEMES,
        zones={zone: zone for zone in profile.time_zones()},
        formats={text: text for text in profile.DATE_FORMATS}, email=signed_in().email,
    )  # fmt: skip


# ---------------------------------------------------------------- password, second factor, sessions


def security_page(error: CrmError | None = None) -> flask.typing.ResponseReturnValue:
    """Show how the account is protected and where it is signed in."""
    ctx, who = current(), signed_in()
    user = profile.own(ctx)
    return page(
        "security.html", error=error, form=FormState({}, error), second_factor=bool(user.totp_secret),
        codes_left=len(user.recovery_codes), sessions=sessions.listed(ctx.session, who.user_id, ctx.now),
        here=who.session_id, device=device,
        events=audit.recent(ctx.session, who.user_id),
    )  # fmt: skip


def password_page() -> flask.typing.ResponseReturnValue:
    """Show the form for a new password."""
    return page("password.html", form=FormState(), must=signed_in().must_change_password)


def password_send() -> flask.typing.ResponseReturnValue:
    """Set a new password, after the old one was given."""
    who, form = signed_in(), flask.request.form
    try:
        _ask_password()
        if form.get("password", "") != form.get("repeated", ""):
            raise Invalid([Problem("repeated", "differs", N_("The two passwords differ"))])
        if form.get("password") == form.get("old"):
            raise Invalid([Problem("password", "same", N_("This is the password you have now"))])
        with acting() as ctx:
            profile.change_password(ctx, form.get("password", ""), keep_session=who.session_id)
    except (Invalid, TooMany) as error:
        return page("password.html", error=error, form=FormState({}, error), must=who.must_change_password)
    notify(gettext(N_("Your password is changed; every other session has ended")))
    return flask.redirect("/profile/security", 303)


def factor_page() -> flask.typing.ResponseReturnValue:
    """Show the picture of a new secret."""
    who = signed_in()
    if who.second_factor:
        return flask.redirect("/profile/security")
    return _factor_form("")


def factor_send() -> flask.typing.ResponseReturnValue:
    """Switch the second factor on when the code proves that the app has the secret; show the recovery codes."""
    who, form = signed_in(), flask.request.form
    if who.second_factor:
        return flask.redirect("/profile/security", 303)
    with acting() as ctx:
        user = profile.own(ctx)
        codes = totp.enrol(ctx.session, ctx.config, user, form.get("sealed", ""), form.get("code", ""), ctx.now)
        if codes:
            audit.note(ctx, user.id, user.name, "second_factor_on")
    if not codes:
        return _factor_form(form.get("sealed", ""), Invalid([Problem("code", "wrong", N_("This code does not fit"))]))
    return page("recovery.html", codes=codes)


def _factor_form(sealed: str, error: CrmError | None = None) -> flask.Response:
    who = signed_in()
    offer = totp.offer(current().config, who.user_id, who.email, sealed)
    return page("factor.html", error=error, form=FormState({}, error), offer=offer)


def codes_send() -> flask.typing.ResponseReturnValue:
    """Replace the recovery codes, after the password was given."""
    try:
        _ask_password()
    except (Invalid, TooMany) as error:
        return security_page(error)
    if not signed_in().second_factor:
        return flask.redirect("/profile/security", 303)
    with acting() as ctx:
        user = profile.own(ctx)
        codes = totp.renew_recovery_codes(ctx.session, ctx.config, user)
        audit.note(ctx, user.id, user.name, "recovery_codes_renewed")
    return page("recovery.html", codes=codes)


def factor_off() -> flask.typing.ResponseReturnValue:
    """Switch the second factor off, after the password was given."""
    try:
        _ask_password()
    except (Invalid, TooMany) as error:
        return security_page(error)
    with acting() as ctx:
        user = profile.own(ctx)
        totp.disable(ctx.session, user)
        audit.note(ctx, user.id, user.name, "second_factor_off")
    notify(gettext(N_("The second factor is switched off")))
    return flask.redirect("/profile/security", 303)


def end_session(session_id: int) -> flask.typing.ResponseReturnValue:
    """End one of one's own sessions."""
    with acting() as ctx:
        ended = sessions.revoke(ctx.session, signed_in().user_id, session_id)
    if ended:
        notify(gettext(N_("The session has ended")))
    return flask.redirect("/profile/security", 303)


def end_others() -> flask.typing.ResponseReturnValue:
    """End all of one's own sessions but this one."""
    who = signed_in()
    with acting() as ctx:
        sessions.revoke_all(ctx.session, who.user_id, keep=who.session_id)
    notify(gettext(N_("Every other session has ended")))
    return flask.redirect("/profile/security", 303)


def _ask_password() -> None:
    """Check the password a person gives once more.

    Raises:
        Invalid: it is wrong.
        TooMany: too many wrong ones.
    """
    if not signin.own_password_fits(system, signed_in().user_id, flask.request.form.get("old", "")):
        raise Invalid([Problem("old", "wrong", N_("This is not your password"))])


# ---------------------------------------------------------------- tokens


def tokens_page() -> flask.typing.ResponseReturnValue:
    """Show one's own API tokens and the form for a new one."""
    return _tokens_form(FormState({"scope": "write", "days": "90"}))


def tokens_send() -> flask.typing.ResponseReturnValue:
    """Make a token and show it, this once."""
    form = flask.request.form
    try:
        with acting() as ctx:
            token, row = tokens.create_own(ctx, name=form.get("name", ""), scopes=[form.get("scope", "")], days=_days())
    except CrmError as error:
        if error.status >= 500:
            raise
        return _tokens_form(FormState(form.to_dict(), error))
    return _tokens_form(FormState({"scope": "write", "days": "90"}), token, row.name)


def revoke_send(token_id: int) -> flask.typing.ResponseReturnValue:
    """Make one of one's own tokens worthless."""
    with acting() as ctx:
        tokens.revoke_own(ctx, token_id)
    notify(gettext(N_("The token is revoked")))
    return flask.redirect("/profile/tokens", 303)


def _tokens_form(form: FormState, token: str = "", name: str = "") -> flask.Response:
    ctx = current()
    listed = [t for t, _ in tokens.listed(ctx.session, signed_in().user_id)]
    scopes = {k: v for k, v in tokens.SCOPES.items() if k != "admin" or ctx.actor.is_admin}
    return page(
        "tokens.html", error=form.error, form=form, tokens=listed, scopes=scopes, days=DAYS, token=token, made=name,
        now=ctx.now,
    )  # fmt: skip


def _days() -> int | None:
    text = flask.request.form.get("days", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise Invalid([Problem("days", "choice", N_("%(value)s is not a known choice"), {"value": text[:20]})])
    return int(text)
