"""The nine questions the kernel asks plugins, and nothing else. Read this first when you write a plugin.

Answers are collected in dependency order, then by name; ``tryfirst`` and wrappers are not available to plugins.
What happens when an implementation raises stands in ``POLICIES``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pluggy

if TYPE_CHECKING:
    import flask

    from crm_core.change import Change
    from crm_core.context import Actor, Ctx
    from crm_core.contributions import Contribution
    from crm_core.errors import Problem
    from crm_core.filters import Node
    from crm_core.hooks import Fragment
    from crm_core.search import Hit

hookspec = pluggy.HookspecMarker("crm")
hookimpl = pluggy.HookimplMarker("crm")

Policy = Literal["break", "abort", "deny", "skip"]
POLICIES: Mapping[str, Policy] = {
    "crm_contribute": "break",
    "crm_before_write": "abort",
    "crm_validate": "abort",
    "crm_after_write": "abort",
    "crm_record_scope": "deny",
    "crm_render_slot": "skip",
    "crm_authenticate": "skip",
    "crm_search": "skip",
    "crm_plugin_state": "skip",
}
"""break: the plugin is BROKEN; abort: the write is rolled back; deny: nothing is seen; skip: the others go on."""


@hookspec
def crm_contribute() -> Iterable[Contribution]:  # type: ignore[empty-body]
    """Say what the plugin adds, as descriptions. Called once at each build; all of it counts or none."""


@hookspec
def crm_before_write(ctx: Ctx, change: Change) -> None:
    """Derive values with ``change.set(key, value)`` before validation. Raising aborts the write."""


@hookspec
def crm_validate(ctx: Ctx, change: Change) -> Iterable[Problem]:  # type: ignore[empty-body]
    """Return problems; those of all plugins are shown together. Code ``warning`` asks, every other refuses."""


@hookspec
def crm_after_write(ctx: Ctx, change: Change) -> None:
    """React inside the transaction, after the record has its id. Raising rolls everything back."""


@hookspec
def crm_record_scope(ctx: Ctx, entity: str, action: str) -> Node | None:
    """Return a filter that narrows which records the actor may touch, or ``None``. It can never widen."""


@hookspec
def crm_render_slot(ctx: Ctx, slot: str, subject: Any) -> Iterable[Fragment]:  # type: ignore[empty-body]
    """Return pieces of a page for a named slot such as ``record.header``."""


@hookspec(firstresult=True)
def crm_authenticate(request: flask.Request) -> Actor | None:
    """Recognise the sender of a request without a valid session or token. Raising never grants anything.

    An actor with the id of a user has that user's rights, within ``scopes`` if given, in pages and REST alike; one
    without an id has the rights the plugin gives him, in REST alone.
    """


@hookspec
def crm_search(ctx: Ctx, text: str, entities: Sequence[str]) -> Iterable[Hit]:  # type: ignore[empty-body]
    """Return extra hits for a search, only such as the actor may see."""


@hookspec
def crm_plugin_state(ctx: Ctx, old: str, new: str) -> None:
    """Be told of a change of the plugin's own state. Raising while enabling leaves the plugin off."""
