"""What record pages show of documents: the tab of a record, the file and the versions of a document, the timeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import flask

from crm_core.api import (
    N_,
    Cond,
    Ctx,
    Fragment,
    ListQuery,
    Tab,
    TimelineEvent,
    TimelineSource,
    access,
    and_,
    gettext,
    records,
    render,
)
from crm_documents.kinds import PDF, PICTURES, kind_of
from crm_documents.limits import largest
from crm_documents.rules import DOCUMENT, VERSION

SHOWN = 200


def reference(ctx: Ctx, record: Any) -> str:
    """Return ``entity:id`` of a record."""
    definition = ctx.registry.entity_of(type(record))
    return f"{definition.key}:{record.id}" if definition is not None else ""


def drawn(content_type: str | None) -> bool:
    """Tell whether a small picture of a file can be made."""
    return content_type in (PDF, *PICTURES)


def documents(ctx: Ctx, record: Any) -> str:
    """Return the documents of a record, with the box that takes more."""
    of = reference(ctx, record)
    fields = ("name", "description", "kind", "content_type", "size", "number", "file_id", "updated_at", "created_by")
    newest = (("updated_at", True),)
    query = ListQuery(fields=fields, filter=Cond("record", "=", of), sort=newest, limit=SHOWN, editable=True)
    page = records.list_(ctx, DOCUMENT, query)
    definition = ctx.registry.entity_of(type(record))
    slug = definition.slug if definition is not None else ""
    return render(
        "documents/tab.html", rows=page.items, more=page.next is not None, record=of, max_bytes=largest(ctx),
        url=f"/{slug}/{record.id}", fields=ctx.registry.fields(DOCUMENT), drawn=drawn,
        may_add=access.may(ctx, DOCUMENT, "create")
        and definition is not None
        and access.may(ctx, definition.key, "update", record),
    )  # fmt: skip


def count(ctx: Ctx, record: Any) -> int:
    """Return how many documents of a record the actor may see."""
    return records.count(ctx, DOCUMENT, ListQuery(filter=Cond("record", "=", reference(ctx, record))))[0]


def may_see(ctx: Ctx, record: Any) -> bool:
    """Tell whether the actor may read documents at all."""
    return access.allowed(ctx, DOCUMENT, "read")


def versions(ctx: Ctx, record: Any) -> str:
    """Return the versions of a document, with the box that takes a new one."""
    fields = ("number", "name", "file", "content_type", "size", "note", "created_at", "created_by")
    query = ListQuery(fields=fields, filter=Cond("document", "=", record.id), sort=(("number", True),), limit=SHOWN)
    return render(
        "documents/versions.html", rows=records.list_(ctx, VERSION, query).items, document=record, drawn=drawn,
        fields=ctx.registry.fields(VERSION), max_bytes=largest(ctx), kind_of=kind_of,
        may_edit=access.may(ctx, DOCUMENT, "update", record), url=f"/documents/{record.id}",
    )  # fmt: skip


def fragments(ctx: Ctx, slot: str, subject: Any) -> Iterator[Fragment]:
    """Yield the preview and the download of a document, and the way to the trash."""
    if slot == "list.actions" and getattr(subject, "key", "") == DOCUMENT:
        yield Fragment(render("documents/trash_link.html"), weight=10)
    elif getattr(subject, "__tablename__", "") == "documents_document" and subject.file_id:
        if slot == "record.actions":
            yield Fragment(render("documents/download.html", file_id=subject.file_id), weight=10)
        elif slot == "record.main" and drawn(subject.content_type):
            yield Fragment(preview(subject, flask.request.args.get("page", "")), weight=10)


def preview(document: Any, text: str) -> str:
    """Return the picture of a document's page, with the way to the next; ``text`` is the page asked for."""
    asked, last = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1, document.pages or 1
    return render("documents/preview.html", document=document, page=min(max(asked, 1), last), last=last)


def happened(ctx: Ctx, record: Any, before: dt.datetime | None, limit: int) -> Iterator[TimelineEvent]:
    """Yield the files that were put on a record, those in the trash left out."""
    if not may_see(ctx, record):
        return
    wanted = [Cond("document.record", "=", reference(ctx, record))]
    if before is not None:
        wanted.append(Cond("created_at", "<", before.isoformat()))
    fields = ("name", "number", "document", "created_at", "created_by")
    newest = ListQuery(
        fields=fields, filter=and_(*wanted), sort=(("created_at", True),), limit=min(limit, 500), count=False
    )
    for row in records.list_(ctx, VERSION, newest).items:
        user = ctx.directory.user(row.values["created_by"]) if row.values["created_by"] else None
        message = N_("File: %(name)s") if row.values["number"] == 1 else N_("New version of a file: %(name)s")
        yield TimelineEvent(
            at=row.values["created_at"], actor=user.name if user else "", kind="document", icon="paperclip",
            title=gettext(message, name=row.title), url=f"/documents/{row.values['document']}",
        )  # fmt: skip


TABS = (
    Tab(
        entity="*", key="documents", label=N_("Documents"), render=documents, count=count, visible=may_see, weight=60,
    ),
    Tab(entity=DOCUMENT, key="versions", label=N_("Versions"), render=versions, weight=10),
)  # fmt: skip
TIMELINE = TimelineSource(entity="*", key="documents", label=N_("Documents"), fetch=happened)
