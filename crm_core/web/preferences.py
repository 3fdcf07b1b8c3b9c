"""What a person keeps beside the account: columns, looks, default views, recent records. Read with the session row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crm_core.db import KERNEL
from crm_core.models import User
from crm_core.web.request import current, visitor

if TYPE_CHECKING:
    from crm_core.context import Ctx


def preference(*path: str) -> Any:
    """Return a preference of the signed-in person, ``None`` where nothing was chosen."""
    who = visitor()
    found: Any = who.preferences if who is not None else {}
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def keep(ctx: Ctx, *path: str, value: Any) -> None:
    """Store a preference; ``None`` forgets it."""
    user = ctx.session.get(User, ctx.actor.id, execution_options=KERNEL) if ctx.actor.id is not None else None
    if user is None:
        return
    user.preferences = _with(user.preferences or {}, path, value)
    ctx.session.flush()


def keep_now(*path: str, value: Any) -> None:
    """Store a preference in the running request."""
    keep(current(), *path, value=value)


def _with(document: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    name, rest = path[0], path[1:]
    changed = dict(document)
    if rest:
        inner = changed.get(name)
        changed[name] = _with(inner if isinstance(inner, Mapping) else {}, rest, value)
    elif value is None:
        changed.pop(name, None)
    else:
        changed[name] = value
    return changed
