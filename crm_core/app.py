"""The web application: made from a deployment, and swapped as a whole when modules change."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import flask
import sqlalchemy as sa

from crm_core import __version__
from crm_core.contributions import BlueprintDef
from crm_core.deployment import Deployment
from crm_core.errors import PluginError, Unavailable
from crm_core.i18n import N_

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def create_app(deployment: Deployment) -> flask.Flask:
    """Return a Flask application for the registry in force; nothing outside it is changed."""
    from crm_core import rest, web

    app = web.CrmApp("crm_core", static_folder="static/dist", static_url_path="/static")
    app.extensions["crm"] = deployment
    app.extensions["crm_registry"] = deployment.registry
    app.extensions["crm_pages"] = {}
    app.config["MAX_CONTENT_LENGTH"] = deployment.config.max_upload
    app.config["MAX_FORM_MEMORY_SIZE"] = deployment.config.max_body
    app.config["MAX_FORM_PARTS"] = 5000
    _health(app, deployment)
    web.install(app, deployment)
    app.register_blueprint(rest.blueprint(deployment))
    for item in deployment.registry.of(BlueprintDef):
        _mount(app, item)
    return app


def _mount(app: flask.Flask, item: BlueprintDef) -> None:
    try:
        made = item.blueprint()
        app.extensions["crm_pages"][made.name] = item.plugin
        app.register_blueprint(made, url_prefix=f"/{item.at or item.plugin}")
    except Exception as exc:
        raise PluginError(N_("Its pages can't be shown"), plugin=item.plugin, hint=repr(exc)) from exc


def _health(app: flask.Flask, deployment: Deployment) -> None:
    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @app.get("/readyz")
    def readyz() -> tuple[dict[str, str], int]:
        try:
            with deployment.database.transaction(write=False) as session:
                session.execute(sa.text("select 1"))
        except Exception:  # noqa: BLE001 - whatever is wrong, the answer is: not ready
            return {"status": "unavailable"}, 503
        return {"status": "ready"}, 200


class AppSwitch:
    """The WSGI callable of a deployment: requests in flight end on the application they began with.

    A build that fails leaves the application before it serving.
    """

    def __init__(self, deployment: Deployment) -> None:
        """Make the first application."""
        self.deployment = deployment
        self._lock = threading.Lock()
        self._current = self._made()

    @property
    def app(self) -> flask.Flask:
        """Return the application of the present generation."""
        return self.current()[0]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request on the application of the present generation."""
        app, served = self.current()
        with self.deployment.pinned(served):
            return app(environ, start_response)

    def current(self) -> tuple[flask.Flask, Any]:
        """Return the application of the present generation with what it was made of, made anew after a change.

        While one thread makes it, the others go on with the one before.
        """
        with suppress(Unavailable):  # told where errors become pages and problems
            self.deployment.refresh()
        if self.deployment.latest().build is not self._current[1].build and self._lock.acquire(blocking=False):
            try:
                self._swap()
            finally:
                self._lock.release()
        return self._current

    def _swap(self) -> None:
        latest = self.deployment.latest()
        if latest.build is self._current[1].build or latest.build is self._refused:
            return
        try:
            self._current = self._made()
        except Exception as error:  # noqa: BLE001 - whatever fails, the application before goes on
            self._refused = latest.build
            self.deployment.build_failed(latest.build.registry.generation, error)

    _refused: Any = None
    """A build no application could be made of."""

    def _made(self) -> tuple[flask.Flask, Any]:
        served = self.deployment.latest()
        with self.deployment.pinned(served):
            return create_app(self.deployment), served
