"""What a plugin contributes to the timelines of records: events that are told by themselves."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.contributions import Contribution


@dataclass(frozen=True, kw_only=True)
class RecordedEvent(Contribution):
    """Something the timeline of records tells by itself (KN-20); administrators switch each in the settings.

    With ``action`` (``create``, ``import``, ``update``) it is that line of the record's history, with ``fields`` only
    changes of these. Without one the plugin writes it, where it happens: ``timeline.record(ctx, "contacts.contact", id,
    "invoices.validated", "F-2026-001")``; then ``key`` begins with the plugin's name, at most 40 characters. ``on`` is
    what holds until an administrator decides. The history itself is always complete.
    """

    entity: str
    key: str
    label: str
    on: bool = True
    action: str = ""
    fields: tuple[str, ...] = ()
