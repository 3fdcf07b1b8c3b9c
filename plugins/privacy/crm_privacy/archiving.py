"""One person's data in a zip: JSON Lines a kind of record, comments, history, files, and pages to read."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import jinja2

from crm_core.api import (
    Ctx,
    File,
    NotFound,
    comments,
    current_language,
    erasing,
    files,
    gettext,
    history,
    records,
)

Told = Callable[[int], None]
MANY = 500
PART = 1 << 20


@dataclass
class _Page:
    """What the readable page shows of one kind of record."""

    title: str
    file: str
    items: list[dict[str, Any]] = field(default_factory=list)


def write(ctx: Ctx, entity: str, record_id: int, target: IO[bytes], tell: Told | None = None) -> int:
    """Write all that the CRM holds of a person; return how many records that were. ``ctx`` sees everything.

    Raises:
        NotFound: the record is gone.
    """
    person = erasing.subject(ctx, entity, records.get(ctx, entity, record_id))
    wanted = _wanted(person)
    count, pages = 0, []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind, ids in wanted.items():
            definition = ctx.registry.entity(kind)
            page = _Page(gettext(definition.plural), f"records/{definition.slug}.jsonl")
            own = kind == entity or kind in person.parts
            lines = []
            for number in ids:
                found = _record(ctx, kind, number, own=own and (kind != entity or number == record_id))
                lines.append(found)
                page.items.append(found)
                _add_files(ctx, archive, found)
                count += 1
                if tell is not None:
                    tell(count)
            archive.writestr(page.file, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
            pages.append(page)
        title = records.title_of(person.definition, person.record)
        archive.writestr("index.html", _readable(title, pages, f"{ctx.now:%Y-%m-%d %H:%M} UTC"))
    return count


def _wanted(person: erasing.Subject) -> dict[str, list[int]]:
    """Return the ids of the person's record, its parts and what links to them, by kind and in this order."""
    found: dict[str, dict[int, None]] = {person.definition.key: {person.record.id: None}}
    for kind, ids in person.parts.items():
        found.setdefault(kind, {}).update(dict.fromkeys(ids))
    for one in person.linked:
        found.setdefault(one.entity, {})[one.id] = None
    return {kind: list(ids) for kind, ids in found.items() if not kind.startswith("privacy.archive")}


def _record(ctx: Ctx, kind: str, number: int, *, own: bool) -> dict[str, Any]:
    """Return a record's values; of the person's own its comments and history as well."""
    known = ctx.registry.fields(kind)
    row = records.read(ctx, kind, number)
    values = {key: _plain(known[key], value) for key, value in row.values.items() if key in known}
    found: dict[str, Any] = {
        "entity": kind, "id": number, "title": row.title,
        "values": {key: value for key, value in values.items() if value not in (None, "", [])},
        "labels": {key: label for key, label in row.labels.items() if label},
    }  # fmt: skip
    found["words"] = [
        {"label": known[key].title(), "text": _words(ctx, known[key], row, value)}
        for key, value in row.values.items()
        if key in known and value not in (None, "", []) and not known[key].hidden
    ]
    found["files"] = [{"field": key, "id": value} for key, value in row.values.items()
                      if key in known and isinstance(known[key].type, File) and isinstance(value, int)]  # fmt: skip
    if own:
        found["comments"] = list(_comments(ctx, kind, number))
        found["history"] = list(_history(ctx, kind, number))
    return found


def _plain(known: Any, value: Any) -> Any:
    if value is None or value == []:
        return None
    try:
        return json.loads(json.dumps(known.type.dump(value), default=str))
    except (TypeError, ValueError, AttributeError, KeyError):
        return json.loads(json.dumps(value, default=str))


def _words(ctx: Ctx, known: Any, row: Any, value: Any) -> str:
    if row.labels.get(known.key):
        return str(row.labels[known.key])
    try:
        return str(known.type.show(value, ctx))
    except (TypeError, ValueError, AttributeError, KeyError):
        return str(value)


def _comments(ctx: Ctx, kind: str, number: int) -> Iterator[dict[str, Any]]:
    if ctx.registry.entity(kind).comments:
        for one in comments.of_visible(ctx, kind, number, None, MANY):
            yield {"at": one.at.isoformat(), "author": one.author, "channel": one.channel_label, "body": one.body}


def _history(ctx: Ctx, kind: str, number: int) -> Iterator[dict[str, Any]]:
    before: int | None = None
    while True:
        lines = history.entries(ctx, kind, number, before, MANY)
        for line in lines:
            changes = [{"field": c.label, "old": c.old, "new": c.new} for c in line.changes]
            yield {"at": line.at.isoformat(), "by": line.actor, "what": line.verb, "changes": changes}
        if len(lines) < MANY:
            return
        before = lines[-1].id


def _add_files(ctx: Ctx, archive: zipfile.ZipFile, found: dict[str, Any]) -> None:
    """Put the files of a record into the archive, and say where they lie."""
    for one in found["files"]:
        try:
            opened = files.open_(ctx, one["id"])
            source = opened.open()
        except NotFound:
            one["missing"] = True
            continue
        one["path"] = f"files/{one['id']}-{opened.file.name}"
        with source, archive.open(one["path"], "w") as place:
            while block := source.read(PART):
                place.write(block)


def _readable(title: str, pages: list[_Page], at: str) -> str:
    """Return the page to read, complete in itself."""
    loader = jinja2.PackageLoader("crm_privacy")
    template = jinja2.Environment(loader=loader, autoescape=True).get_template("privacy/archive.html")
    return template.render(title=title, pages=pages, at=at, _=gettext, language=current_language())
