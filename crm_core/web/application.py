"""The Flask application: who asks, may they, is the form ours; then the view in one transaction, errors as pages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import flask
from sqlalchemy.exc import DBAPIError

from crm_core.access import require_module
from crm_core.accounts import csrf, viewing
from crm_core.accounts.web import identify, recognise
from crm_core.contributions import EntityDef
from crm_core.db.engine import is_passing
from crm_core.errors import CrmError, Forbidden, Unavailable
from crm_core.i18n import N_, use_language
from crm_core.web import messages
from crm_core.web.compiled import KeptRule
from crm_core.web.request import READING, Visit, access_of, check_access, is_open, language, visit

if TYPE_CHECKING:
    from crm_core.accounts.identity import SignedIn
    from crm_core.deployment import Deployment

log = logging.getLogger("crm.web")
API = "/api/v1"


class StaleToken(Forbidden):
    """A form was sent without the token of the session, or with an old one."""

    code, title = "stale_form", N_("This form is out of date. Go back, reload the page and send it again")


class CrmApp(flask.Flask):
    """Flask with the CRM's way through a request."""

    url_rule_class = KeptRule

    @property
    def deployment(self) -> Deployment:
        """Return the deployment served."""
        found: Deployment = self.extensions["crm"]
        return found

    def full_dispatch_request(self) -> flask.Response:
        """Run the request in the visitor's language; errors of every step become pages."""
        found = flask.g.crm_visit = Visit(self.deployment, flask.request.method not in READING)
        flask.g.crm_error = None
        endpoint = flask.request.endpoint
        if not (is_open(endpoint) or access_of(self, endpoint) == "own" or flask.request.path.startswith(API)):
            try:
                found.who = _who(self.deployment)
            except Exception as error:  # noqa: BLE001 - told where errors become pages
                flask.g.crm_error = error
        with use_language(language()):
            response = super().full_dispatch_request()
        found.after.insert(0, found.finish)
        self._afterwards(found)
        return response

    def dispatch_request(self) -> flask.typing.ResponseReturnValue:
        """Check who may call, run the view, commit."""
        if flask.g.crm_error is not None:
            raise flask.g.crm_error
        request = flask.request
        if request.routing_exception is not None or request.path.startswith(API):
            return super().dispatch_request()
        access = access_of(self, request.endpoint)
        check_access(access)
        self._check_module()
        if request.method not in READING and access != "own":
            check_origin()
            check_token()
        try:
            return self._in_transaction()
        except (Unavailable, DBAPIError) as error:
            if request.method not in READING or not is_passing(error):
                raise
            log.info("trying %s again: %s", request.path, error)
            return self._in_transaction()

    def _check_module(self) -> None:
        """Refuse pages of a module that is not open to the person (AD-07)."""
        who, request = visit().who, flask.request
        plugins = [v.plugin for v in (request.view_args or {}).values() if isinstance(v, EntityDef)]
        if owner := self.extensions.get("crm_pages", {}).get(request.blueprint):
            plugins.append(owner)
        if who is not None and plugins:
            directory = self.deployment.directory
            for plugin in plugins:
                require_module(directory, directory.actor(who.user_id), plugin)

    def _in_transaction(self) -> flask.Response:
        found = visit()
        try:
            response = self.make_response(super().dispatch_request())
            messages.keep(found, response)
            found.finish()
        except BaseException as error:
            found.give_up(error)
            raise
        return response

    @staticmethod
    def _afterwards(found: Visit) -> None:
        """Do what waits for the end of the transaction; nothing here can spoil the answer any more."""
        todo: list[Callable[[], None]] = [*found.after, partial(messages.forget_shown, found)]
        for function in todo:
            try:
                function()
            except Unavailable:
                log.info("%s was left undone: the database is busy", function)
            except Exception:
                log.exception("something after the answer failed")


def _who(deployment: Deployment) -> SignedIn | None:
    """Return who uses the browser: by a session, else as a plugin recognises him.

    The caches are brought up to date by what the session's row says.
    """
    found = identify(flask.request, deployment)
    if found is None:
        recognised = recognise(flask.request, deployment, via="web")
        return recognised[1] if recognised else None
    if found.via != "web":
        return None
    deployment.refresh(known={"registry": found.registry_stamp, "directory": found.directory_stamp})
    return viewing.seen_as(deployment, found)


def check_origin() -> None:
    """Refuse a writing request that another site's page sent; browsers say so in ``Sec-Fetch-Site``.

    Raises:
        Forbidden: it comes from elsewhere.
    """
    if not csrf.from_here(flask.request.headers.get(csrf.SENDER)):
        raise Forbidden(N_("This form was sent by another site"))


def check_token() -> None:
    """Refuse a writing request of a signed-in person that does not carry the session's token.

    Raises:
        StaleToken: none, or one of another session.
    """
    who = visit().who
    token = flask.request.headers.get(csrf.HEADER) or flask.request.form.get(csrf.FIELD, "")
    if who is not None and not csrf.fits(who.csrf, token):
        raise StaleToken


def as_error(error: Any) -> CrmError:
    """Return the error of the tree that an exception amounts to; what nobody foresaw is logged."""
    from crm_core.rest import problems

    if isinstance(error, DBAPIError) and is_passing(error):
        return Unavailable()
    return problems.as_error(error)
