"""Modules that only some people may use (AD-07): users and teams named by an administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_core.errors import Forbidden
from crm_core.i18n import N_

if TYPE_CHECKING:
    from crm_core.context import Actor
    from crm_core.directory import Directory

AUDIENCE = "audience."
"""Settings of this name hold the principals that may use a module: ``audience.<plugin>``; none: everyone."""


def audience_of(directory: Directory, plugin: str) -> tuple[int, ...]:
    """Return the principals a module is limited to; empty when everyone may use it."""
    return tuple(directory.stored_settings.get(AUDIENCE + plugin) or ())


def open_to(directory: Directory, actor: Actor, plugin: str) -> bool:
    """Tell whether a person may use a module; administrators always may, so that nobody locks himself out."""
    named = audience_of(directory, plugin)
    return not named or actor.is_admin or bool(set(named) & set(actor.principals))


def require_module(directory: Directory, actor: Actor, plugin: str) -> None:
    """Refuse a module the person is not named for.

    Raises:
        Forbidden: naming the module.
    """
    if not open_to(directory, actor, plugin):
        raise Forbidden(N_("This module is not open to you; an administrator can change that"), plugin=plugin)
