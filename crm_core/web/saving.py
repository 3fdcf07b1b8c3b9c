"""From a posted form to a saved record: what was typed, what was uploaded, and what both change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crm_core import files, records
from crm_core.contributions import EntityDef, FieldDef
from crm_core.errors import CrmError, Problem
from crm_core.fieldtypes import File
from crm_core.web import forms
from crm_core.web.chosen import composed
from crm_core.web.rawvalues import read_posted, uploads

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage, MultiDict

    from crm_core.context import Ctx


@dataclass
class Posted:
    """What a browser sent.

    ``raw`` are the values as typed, ``base`` those the form was opened with, ``problems`` what of it can't be
    taken: uploads that were refused, choices that contradict a text.
    ``picks`` are the choices of the conflict page (``mine`` or ``theirs`` by field key).
    """

    raw: dict[str, Any]
    base: dict[str, Any]
    version: int | None
    then: str = ""
    confirmed: str = ""
    picks: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read(
    ctx: Ctx, fields: Mapping[str, FieldDef], form: MultiDict[str, str], sent: MultiDict[str, FileStorage]
) -> Posted:
    """Return what a browser sent; uploads are kept at once, so that a form with mistakes need not send them again."""
    base = {k: v for k, v in forms.read_base(form.get("_base", "")).items() if k in fields}
    form, apart = composed(ctx, fields, form, base)
    raw = read_posted(fields.values(), form)
    for one in apart:
        one.keep(raw)
    posted = Posted(raw, base, _number(form.get("version", "")), form.get("_then", ""), form.get("_confirm", ""))
    posted.problems += [one.problem for one in apart]
    posted.picks = {k: form[f"_pick[{k}]"] for k in fields if f"_pick[{k}]" in form}
    for key, pick in posted.picks.items():
        if pick == "theirs" and key in base:
            raw[key] = base[key]
    for key, upload in uploads(fields.values(), sent).items():
        try:
            raw[key] = str(keep(ctx, fields[key], upload))
        except CrmError as error:
            posted.problems.append(Problem(key, error.code, error.message, error.params))
    return posted


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def keep(ctx: Ctx, found: FieldDef, upload: FileStorage) -> int:
    """Store an uploaded file within its field's limits and return its id.

    Raises:
        CrmError: too large, of a type that is not accepted, or empty.
    """
    kind: Any = found.type
    stored = files.store(
        ctx,
        upload.stream,
        upload.filename or "",
        upload.mimetype or "",
        max_bytes=kind.max_bytes,
        types=kind.types,
        box=getattr(kind, "box", None),
    )
    return stored.id


def values_to_save(posted: Posted, fields: Mapping[str, FieldDef], *, new: bool) -> dict[str, Any]:
    """Return the raw values to hand to ``records``: for a new record all that show, else those that were changed.

    Fields that a condition hides are left out, so that what they hold stays.
    """
    shown = forms.visible_fields({**posted.base, **posted.raw}, fields)
    raw = {k: v for k, v in posted.raw.items() if k in shown}
    return raw if new else forms.changed(raw, posted.base, fields)


def store(
    ctx: Ctx, definition: EntityDef, record_id: int | None, values: Mapping[str, Any], version: int | None
) -> Any:
    """Create or change a record and tie uploaded files to it, all or nothing.

    Raises:
        Stale: someone else saved first.
        Invalid: every problem found, at once.
        CrmError: what ``records.create`` and ``records.update`` raise beside.
    """
    queued = len(ctx.queue)
    try:
        with ctx.session.begin_nested():
            if record_id is None:
                record = records.create(ctx, definition.key, values)
            else:
                record = records.update(ctx, definition.key, record_id, values, version=version)
            _attach(ctx, definition, record, values)
    except Exception:
        # What the attempt put in the caches of the operation, or announced, did not happen.
        del ctx.queue[queued:]
        ctx.cache.clear()
        raise
    return record


def _attach(ctx: Ctx, definition: EntityDef, record: Any, values: Mapping[str, Any]) -> None:
    for key in values:
        found = ctx.registry.fields(definition.key)[key]
        if not isinstance(found.type, File) or found.storage != "column":
            continue
        if file_id := getattr(record, found.attr):
            files.attach(ctx, file_id, definition.key, record.id, key)


def confirmation(warnings: Iterable[Problem]) -> str:
    """Return a text that stands for having seen these warnings."""
    return hashlib.sha256("\n".join(p.text() for p in warnings).encode()).hexdigest()[:16]
