"""Kinds of news that nobody has to tell: who is newly named in a field of a record, or no longer is (NT-02, NT-11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crm_core.api import Change, Ctx, NoticeKind, notices, records


def after_write(ctx: Ctx, change: Change) -> None:
    """Tell whom a change names, or no longer names, where a module has declared it."""
    if ctx.quiet or ctx.undoing or change.verb == "delete":
        return
    for kind in ctx.registry.of(NoticeKind):
        declared = kind.entity == change.entity and kind.on in ("named", "dropped")
        if declared and (people := _people(kind, change)):
            title = records.title_of(change.definition, change.record)
            notices.tell_people(ctx, kind, change.entity, change.record.id, title, people)


def _people(kind: NoticeKind, change: Change) -> set[int]:
    before, after = set(_named(kind, change.old.get)), set(_named(kind, change.get))
    return after - before if kind.on == "named" else before - after


def _named(kind: NoticeKind, value_of: Any) -> Iterator[int]:
    for key in kind.fields:
        value = value_of(key)
        yield from value if isinstance(value, list | tuple | set) else [value] if value else []
