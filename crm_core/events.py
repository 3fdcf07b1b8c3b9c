"""News: signals sent after the commit, to receivers that can't disturb each other or the writer.

A receiver is called as ``receiver(sender, event=…, deployment=…)``; the sender is the key of the entity. What a module
has connected stays silent while the module is off. ``plugins_changed`` alone is sent in every process, each time
when it has begun to work with another set of modules.
"""

from __future__ import annotations

import logging
from array import array
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from blinker import Namespace

if TYPE_CHECKING:
    from crm_core.context import Ctx

log = logging.getLogger("crm.events")
_signals = Namespace()

record_created = _signals.signal("record_created", doc="A record was created.")
record_updated = _signals.signal("record_updated", doc="A record was changed; ``data['fields']`` names what.")
record_deleted = _signals.signal("record_deleted", doc="A record was deleted.")
record_merged = _signals.signal(
    "record_merged", doc="Others became part of a record, ``data['others']``; ``record_deleted`` is sent for each too."
)
record_viewed = _signals.signal(
    "record_viewed",
    doc="A person opened the page or the card of a record, or a program read it by its number; ``data['viewer']`` is "
    "the administrator who looked as that person. For lists and exports see ``records_read``.",
)
records_read = _signals.signal(
    "records_read",
    doc="A program was given many records at once, by a list of the API or an export; ``data['ids']`` is an array of "
    "their ids, ``data['viewer']`` as in ``record_viewed``. Pages with lists don't tell, nor does work of the system.",
)
action_performed = _signals.signal("action_performed", doc="An action was done; ``data['action']`` names it.")
signed_in = _signals.signal(
    "signed_in", doc="Somebody signed in, with the second factor where one is asked for; ``record_id`` names the user."
)
plugins_changed = _signals.signal(
    "plugins_changed",
    doc="This process works with another set of modules from now on: ``data['on']`` came, ``data['off']`` went, "
    "``data['changed']`` are there in another version. The sender is ``core.plugin``.",
)
PLUGIN = "core.plugin"
"""The sender of ``plugins_changed``."""


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


def viewed(ctx: Ctx, entity: str, record_id: int) -> None:
    """Queue the news that somebody looked at a record."""
    viewer = ctx.actor.viewer
    emit(ctx, "record_viewed", entity, record_id, viewer=viewer.id if viewer is not None else None)


def read(ctx: Ctx, entity: str, ids: Iterable[int]) -> None:
    """Queue the news that records were given away; one event a kind, eight bytes a record, and none if nobody asks."""
    if ctx.actor.id is None or not records_read.has_receivers_for(entity):
        return
    last = next((e for e in reversed(ctx.queue) if isinstance(e, Event) and e.name == "records_read"), None)
    if last is None or last.entity != entity:
        viewer = ctx.actor.viewer
        emit(ctx, "records_read", entity, None, ids=array("q"), viewer=viewer.id if viewer is not None else None)
        last = ctx.queue[-1]
    last.data["ids"].extend(ids)


def changed_plugins(before: Mapping[str, str], after: Mapping[str, str]) -> Event | None:
    """Return the event of a process that goes on with other modules, given as versions by name; ``None``: the same."""
    data = {
        "on": sorted(after.keys() - before.keys()),
        "off": sorted(before.keys() - after.keys()),
        "changed": sorted(n for n in before.keys() & after.keys() if before[n] != after[n]),
    }
    return Event("plugins_changed", PLUGIN, None, None, "", data=data) if any(data.values()) else None


def deliver(events: Iterable[Event], deployment: Any, silent: Container[str] = ()) -> None:
    """Send committed events; a receiver that raises is logged and the others still hear.

    Receivers in the packages of ``silent`` are left out: their modules are off.
    """
    for event in events:
        signal = _signals.signal(event.name)
        for receiver in list(signal.receivers_for(event.entity)):
            if str(getattr(receiver, "__module__", "")).partition(".")[0] in silent:
                continue
            try:
                receiver(event.entity, event=event, deployment=deployment)
            except Exception:
                log.exception("a receiver of %s failed", event.name)
