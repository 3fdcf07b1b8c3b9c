"""The REST API below ``/api/v1`` and its documentation.

Routes are described in modules that offer ``ROUTES``, a tuple of :class:`crm_core.rest.routing.Route`; the dispatcher
and the OpenAPI document are both made from them. A further module of routes is added to :data:`MODULES`.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from flask import Blueprint

from crm_core.contributed_services import RestRoutes
from crm_core.rest.routing import PREFIX, Route

if TYPE_CHECKING:
    from crm_core.deployment import Deployment
    from crm_core.registry import Registry

MODULES = (
    "docs", "records", "connections", "merging", "duplicates", "bulk", "sharing", "activity", "undo", "finding",
    "working", "uploads", "imports", "currencies", "fields", "lists", "tags", "settings", "views", "accounts", "access",
    "plugins", "incidents",
)  # fmt: skip


def routes(registry: Registry | None = None) -> tuple[Route, ...]:
    """Return every route of the API: the kernel's, and those that the plugins of a registry add."""
    own = tuple(route for name in MODULES for route in import_module(f"crm_core.rest.{name}").ROUTES)
    added = registry.of(RestRoutes) if registry is not None else ()
    return (*own, *(replace(route, plugin=item.plugin) for item in added for route in item.routes()))


def blueprint(deployment: Deployment) -> Blueprint:
    """Return the blueprint of the API for the entities of the deployment's present registry."""
    from crm_core.rest.mount import mount

    made = Blueprint("rest", __name__)
    mount(made, deployment, routes(deployment.registry))
    return made


__all__ = ["MODULES", "PREFIX", "blueprint", "routes"]
