"""The web application: made from a deployment, and swapped as a whole when modules change."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import flask
import sqlalchemy as sa

from crm_core import __version__
from crm_core.contributions import BlueprintDef
from crm_core.deployment import Deployment

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def create_app(deployment: Deployment) -> flask.Flask:
    """Return a Flask application for the registry in force; nothing outside it is changed."""
    from crm_core import rest, web

    app = web.CrmApp("crm_core", static_folder="static/dist", static_url_path="/static")
    app.extensions["crm"] = deployment
    app.extensions["crm_registry"] = deployment.registry
    app.config["MAX_CONTENT_LENGTH"] = deployment.config.max_upload
    app.config["MAX_FORM_MEMORY_SIZE"] = deployment.config.max_body
    app.config["MAX_FORM_PARTS"] = 5000
    _health(app, deployment)
    web.install(app, deployment)
    app.register_blueprint(rest.blueprint(deployment))
    for item in deployment.registry.of(BlueprintDef):
        app.register_blueprint(item.blueprint(), url_prefix=f"/{item.plugin}")
    return app


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
    """The WSGI callable of a deployment: requests in flight end on the application they began with."""

    def __init__(self, deployment: Deployment) -> None:
        """Make the first application."""
        self.deployment = deployment
        self._lock = threading.Lock()
        self._generation = deployment.registry.generation
        self.app = create_app(deployment)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request on the application of the present generation."""
        answer: Iterable[bytes] = self.current()(environ, start_response)
        return answer

    def current(self) -> Any:
        """Return the application of the present generation, made anew when modules or fields changed."""
        self.deployment.refresh()
        if self.deployment.registry.generation != self._generation:
            with self._lock:
                generation = self.deployment.registry.generation
                if generation != self._generation:
                    self.app = create_app(self.deployment)
                    self._generation = generation
        return self.app
