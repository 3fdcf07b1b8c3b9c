"""News: signals sent after the commit, to receivers that can't disturb each other or the writer."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from blinker import Namespace

if TYPE_CHECKING:
    from crm_core.context import Ctx

log = logging.getLogger("crm.events")
_signals = Namespace()

record_created = _signals.signal("record_created")
record_updated = _signals.signal("record_updated")
record_deleted = _signals.signal("record_deleted")
action_performed = _signals.signal("action_performed")
signed_in = _signals.signal("signed_in")
plugins_changed = _signals.signal("plugins_changed")


@dataclass(frozen=True)
class Event:
    """What happened: the signal's name, the entity (its sender), the record, and what belongs to it."""

    name: str
    entity: str
    record_id: int | None
    actor_id: int | None
    operation_id: str
    quiet: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)


def emit(ctx: Ctx, name: str, entity: str, record_id: int | None, **data: Any) -> None:
    """Queue an event; it is sent when the operation commits, and never when it fails."""
    ctx.queue.append(Event(name, entity, record_id, ctx.actor.id, ctx.operation_id, ctx.quiet, data))


def deliver(events: Iterable[Event], deployment: Any) -> None:
    """Send committed events; a receiver that raises is logged and the others still hear."""
    for event in events:
        signal = _signals.signal(event.name)
        for receiver in list(signal.receivers_for(event.entity)):
            try:
                receiver(event.entity, event=event, deployment=deployment)
            except Exception:
                log.exception("a receiver of %s failed", event.name)
