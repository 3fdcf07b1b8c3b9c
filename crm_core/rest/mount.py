"""Puts the routes on a blueprint: one rule a route, and for routes of entities one rule an entity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter, PathConverter

from crm_core.rest.docs import page
from crm_core.rest.routing import PREFIX, Route
from crm_core.rest.serve import METHODS, nothing_here, view_of

if TYPE_CHECKING:
    from crm_core.deployment import Deployment

_PLACE = re.compile(r"\{(\w+)\}")


class Id(BaseConverter):
    """The id of something: at most 15 digits, so that larger numbers are paths without a route."""

    regex = "[1-9][0-9]{0,14}"

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)


class Rest(PathConverter):
    """Whatever follows, slashes and nothing too."""

    regex = "(?s:.*?)"
    part_isolating = False


def _converters(state: BlueprintSetupState) -> None:
    state.app.url_map.converters.update(crm_id=Id, crm_rest=Rest)


def rule_of(path: str) -> str:
    """Return a path in OpenAPI writing as Werkzeug writes it."""

    def place(match: re.Match[str]) -> str:
        name = match[1]
        whole = name == "id" or name.endswith("_id")
        return f"<crm_id:{name}>" if whole else f"<{name}>"

    return PREFIX + _PLACE.sub(place, path)


def mount(blueprint: Blueprint, deployment: Deployment, routes: tuple[Route, ...]) -> None:
    """Add the routes, and answers for every other path below the prefix."""
    blueprint.record_once(_converters)
    blueprint.add_url_rule("/api/docs", "docs", page)
    for number, route in enumerate(routes):
        if not route.per_entity:
            _add(blueprint, deployment, route, f"{number}", route.path, None)
            continue
        for definition in deployment.registry.entities.values():
            if route.exists_for(definition, deployment.registry):
                path = route.path.replace("{slug}", definition.slug)
                _add(blueprint, deployment, route, f"{number}-{definition.slug}", path, definition.key)
    for path in (PREFIX, f"{PREFIX}/<crm_rest:rest>"):
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
