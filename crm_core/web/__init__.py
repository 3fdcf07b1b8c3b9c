"""The web face: the frame of pages, lists, search, home and settings; record pages and forms; accounts.

Every module named in :data:`MODULES` has ``install(app)``, which adds its routes, or ``blueprint``. A view runs for
people who are signed in unless a decorator of :mod:`crm_core.web.request` says otherwise (``public``, ``admin``);
``request.current()`` is its operation, read-only for GET. ``<entity:definition>`` in a rule stands for the slug of an
active entity.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import flask
from werkzeug.routing import BaseConverter

from crm_core.contributions import EntityDef
from crm_core.web.application import CrmApp

if TYPE_CHECKING:
    from crm_core.deployment import Deployment
    from crm_core.registry import Registry

MODULES = (
    "shell", "auth", "profile", "admin_users", "home", "search", "lists", "boards", "filterpages", "viewpages", "bulk",
    "records_read", "records_write", "verbs", "sharing", "options", "settings", "settings_lists", "settings_money",
    "settings_fields", "settings_roles", "viewing", "files", "jobs", "undo", "imports", "plugins", "incidents",
    "diagnostics", "settings_tags", "settings_recorded", "merging", "duplicates",
)  # fmt: skip


def install(app: flask.Flask, deployment: Deployment) -> None:
    """Add the web face to an application made by :class:`CrmApp`."""
    app.url_map.converters["entity"] = _converter(deployment.registry)
    for name in MODULES:
        if find_spec(f"{__name__}.{name}") is None:
            continue
        module = import_module(f"{__name__}.{name}")
        if hasattr(module, "install"):
            module.install(app)
        else:
            app.register_blueprint(module.blueprint() if callable(module.blueprint) else module.blueprint)


def _converter(registry: Registry) -> type[BaseConverter]:
    class EntityConverter(BaseConverter):
        """The slug of an active entity; anything else is not an address."""

        regex = "|".join(sorted(registry.slugs, key=len, reverse=True)) or "(?!)"
        part_isolating = True

        def to_python(self, value: str) -> EntityDef:
            return registry.entity(value)

        def to_url(self, value: EntityDef | str) -> str:
            return value.slug if isinstance(value, EntityDef) else value

    return EntityConverter


__all__ = ["MODULES", "CrmApp", "install"]
