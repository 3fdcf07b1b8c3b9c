"""Which events timelines tell by themselves: declared by modules, switched by administrators (KN-20).

History is always complete. What is switched is whether the timeline shows a line of it, decided when the line is
written: what happened while an event was off stays out of the timeline when it is on again.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from crm_core.contributed_events import RecordedEvent
from crm_core.errors import CrmError

if TYPE_CHECKING:
    from crm_core.context import Ctx

PREFIX = "recorded."
"""Settings of this name switch events: ``recorded.contacts.contact.created``."""


def setting_of(event: RecordedEvent) -> str:
    """Return the key of the setting that switches an event."""
    return f"{PREFIX}{event.entity}.{event.key}"


def events_of(ctx: Ctx, entity: str) -> tuple[RecordedEvent, ...]:
    """Return the events of an entity, in the order of the modules."""
    key = ("recorded", entity)
    if key not in ctx.cache:
        ctx.cache[key] = tuple(e for e in ctx.registry.of(RecordedEvent) if e.entity == entity)
    found: tuple[RecordedEvent, ...] = ctx.cache[key]
    return found


def is_on(ctx: Ctx, event: RecordedEvent) -> bool:
    """Tell whether an event is recorded: as administrators said, else as its module suggests."""
    return bool(ctx.directory.stored_settings.get(setting_of(event), event.on))


def wanted(ctx: Ctx, entity: str, action: str, changed: Collection[str] = ()) -> bool:
    """Tell whether the timeline shows an action on a record.

    An event of certain fields stands for changes of these; the one without fields for all others.
    """
    events = [e for e in events_of(ctx, entity) if e.action == action]
    left = set(changed)
    for event in (e for e in events if e.fields):
        touched = left & set(event.fields)
        if touched and is_on(ctx, event):
            return True
        left -= touched
    general = [e for e in events if not e.fields]
    if not general:
        return not changed or bool(left)
    return any(is_on(ctx, e) for e in general) and (not changed or bool(left))


def declared(ctx: Ctx, entity: str, key: str) -> RecordedEvent:
    """Return an event that a module is about to write.

    Raises:
        CrmError: no active module declares it.
    """
    found = next((e for e in events_of(ctx, entity) if e.key == key and not e.action), None)
    if found is None:
        raise CrmError("No module declares the event %(key)s of %(entity)s", params={"key": key, "entity": entity})
    return found
