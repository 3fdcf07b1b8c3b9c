"""What only the program itself writes to documents, and what a trash is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crm_core.api import N_, Change, Cond, Ctx, ListQuery, Node, Problem, files, records

DOCUMENT, VERSION = "documents.document", "documents.version"
_FACTS, _TRASH = "documents.facts", "documents.trash"


@contextmanager
def facts(ctx: Ctx, values: Mapping[str, Any]) -> Iterator[None]:
    """Give the next document or version that is written values nobody can set."""
    ctx.cache[_FACTS] = dict(values)
    try:
        yield
    finally:
        ctx.cache.pop(_FACTS, None)


def derive(ctx: Ctx, change: Change) -> None:
    """Put the values given by :func:`facts` into a change."""
    if change.entity in (DOCUMENT, VERSION):
        change.values.update(ctx.cache.pop(_FACTS, {}))


def problems(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield what is wrong with a change: versions stay as they were uploaded, and the newest one stays there."""
    if change.entity == VERSION and change.verb == "update":
        for key in ("document", "name"):
            if change.changed(key):
                yield Problem(key, "readonly", N_("A version stays as it was uploaded"))
    elif change.entity == VERSION and change.verb == "delete":
        document: Any = records.get(with_trash(ctx), DOCUMENT, change.old["document"])
        if document.number == change.old["number"]:
            yield Problem(None, "newest", N_("This is the newest version; go back to another one first"))


def with_trash(ctx: Ctx) -> Ctx:
    """Return the same operation, in which documents of the trash exist; nobody is let see more records by it."""
    return ctx.in_mode(_TRASH)


def scope(ctx: Ctx, entity: str) -> Node | None:
    """Keep documents in the trash out of everything but the trash itself; versions follow their document."""
    hidden = entity == DOCUMENT and _TRASH not in ctx.modes
    return Cond("trashed_at", "is null") if hidden else None


def discard(ctx: Ctx, record: Any) -> bool:
    """Put a document into the trash instead of deleting it; one that is there already is deleted."""
    if record.trashed_at is not None:
        return False
    inside = with_trash(ctx)
    with facts(inside, {"trashed_at": ctx.now}):
        records.update(inside, DOCUMENT, record.id, {})
    return True


def let_files_go(ctx: Ctx, change: Change) -> None:
    """Untie the files of the versions that go with a deleted document; they are kept while it can come back."""
    if change.entity == DOCUMENT and change.verb == "delete":
        files.detach_all(ctx, VERSION, versions_of(with_trash(ctx), change.record.id))


def versions_of(ctx: Ctx, document_id: int) -> list[int]:
    """Return the ids of a document's versions that the actor may see, the newest first."""
    newest = ListQuery(
        fields=("number",), filter=Cond("document", "=", document_id), sort=(("number", True),), limit=500
    )
    return [row.id for row in records.list_(ctx, VERSION, newest).items]
