"""Looking at the CRM as another user, from his page in the settings, and back again."""

from __future__ import annotations

import flask

from crm_core.accounts import viewing
from crm_core.i18n import N_, gettext
from crm_core.web.account_forms import acting, signed_in
from crm_core.web.request import admin, notify, visit


def install(app: flask.Flask) -> None:
    """Add the routes."""
    rule = "/settings/users/<int(max=9007199254740991):user_id>/view-as"
    app.add_url_rule(rule, "viewing.begin", admin(begin), methods=["POST"])
    app.add_url_rule("/view-as/end", "viewing.end", end, methods=["POST"])


def begin(user_id: int) -> flask.typing.ResponseReturnValue:
    """Look as a user from now on."""
    with acting() as ctx:
        viewing.begin(ctx, signed_in().session_id, user_id)
    return flask.redirect("/", 303)


def end() -> flask.typing.ResponseReturnValue:
    """Be oneself again."""
    found, who = visit(), signed_in()
    viewer = who.viewer
    if viewer is None:
        return flask.redirect("/", 303)
    actor = found.deployment.directory.actor(viewer.user_id, via="web")
    with found.deployment.operation(actor, write=True, locale=viewer.locale) as ctx:
        viewing.end(ctx, viewer.session_id, who.user_id)
    found.who = viewer
    notify(gettext(N_("You see the CRM with your own eyes again")))
    return flask.redirect(f"/settings/users/{who.user_id}", 303)
