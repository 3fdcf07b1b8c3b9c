"""Puts the routes on a blueprint: one rule a route, and for routes of entities one rule an entity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint

from crm_core.rest.routing import MAX_ID, PREFIX, Route
from crm_core.rest.serve import METHODS, nothing_here, view_of

if TYPE_CHECKING:
    from crm_core.deployment import Deployment

_PLACE = re.compile(r"\{(\w+)\}")


def rule_of(path: str) -> str:
    """Return a path in OpenAPI writing as Werkzeug writes it."""

    def place(match: re.Match[str]) -> str:
        name = match[1]
        whole = name == "id" or name.endswith("_id")
        return f"<int(min=1, max={MAX_ID}):{name}>" if whole else f"<{name}>"

    return PREFIX + _PLACE.sub(place, path)


def mount(blueprint: Blueprint, deployment: Deployment, routes: tuple[Route, ...]) -> None:
    """Add the routes, and answers for every other path below the prefix."""
    for number, route in enumerate(routes):
        if not route.per_entity:
            _add(blueprint, deployment, route, f"{number}", route.path, None)
            continue
        for definition in deployment.registry.entities.values():
            if route.applies(definition):
                path = route.path.replace("{slug}", definition.slug)
                _add(blueprint, deployment, route, f"{number}-{definition.slug}", path, definition.key)
    for path in (PREFIX, f"{PREFIX}/", f"{PREFIX}/<path:rest>"):
        blueprint.add_url_rule(
            path, "nothing", nothing_here, methods=METHODS, provide_automatic_options=False, strict_slashes=True,
            merge_slashes=False,
        )  # fmt: skip


def _add(
    blueprint: Blueprint, deployment: Deployment, route: Route, endpoint: str, path: str, entity: str | None
) -> None:
    blueprint.add_url_rule(
        rule_of(path), endpoint, view_of(deployment, route, entity), methods=[route.method],
        provide_automatic_options=False, strict_slashes=True, merge_slashes=False,
    )  # fmt: skip
