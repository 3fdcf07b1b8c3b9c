"""The form of a record: which fields, in which sections, with what was typed and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crm_core import access
from crm_core.contributions import EntityDef, FieldDef
from crm_core.errors import Problem, ValueProblem
from crm_core.fieldtypes import Address, Boolean, Choice, File, Lines, Link
from crm_core.filters import paths
from crm_core.i18n import N_, gettext
from crm_core.web import conditions
from crm_core.web.controls import Titles, control, linked_id
from crm_core.web.rawvalues import same, to_raw
from crm_core.web.widgets import Control

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from crm_core.context import Ctx

MAX_BASE = 2_000_000
"""Characters of ``_base`` that are read; a longer one counts as missing."""
SECTIONS: Mapping[str, str] = {
    "general": N_("General"),
    "details": N_("Details"),
    "access": N_("Who sees it"),
    "custom": N_("More details"),
}
"""Titles of sections that no view names."""


@dataclass
class Section:
    """Controls under one heading."""

    key: str
    title: str
    controls: list[Control]

    @property
    def hidden(self) -> bool:
        """Tell whether nothing of the section shows now."""
        return all(c.hidden for c in self.controls)


@dataclass(frozen=True)
class Trouble:
    """A problem in the summary above a form; ``anchor`` is the id of the element to go to."""

    text: str
    anchor: str = ""
    label: str = ""
    plugin: str = ""
    url: str = ""


@dataclass
class Form:
    """A form ready for its template.

    ``base`` is the JSON of the raw values it was opened with: what differs from it was changed here.
    """

    entity: EntityDef
    sections: list[Section]
    action: str
    record_id: int | None = None
    version: int | None = None
    base: str = ""
    troubles: list[Trouble] = field(default_factory=list)
    warnings: list[Trouble] = field(default_factory=list)

    def controls(self) -> Iterable[Control]:
        """Yield every control in order."""
        for section in self.sections:
            yield from section.controls


def form_fields(ctx: Ctx, entity: str) -> dict[str, FieldDef]:
    """Return the fields the actor may fill in, in order."""
    allowed = access.editable(ctx, entity)
    return {
        key: found
        for key, found in ctx.registry.fields(entity).items()
        if key in allowed and not found.readonly and found.storage != "computed" and found.on_pages(ctx)
    }


def section_titles(ctx: Ctx, entity: str) -> dict[str, str]:
    """Return the titles of the view's sections, in order."""
    return {key: gettext(label) for key, label in ctx.registry.view(entity).sections}


def sectioned(ctx: Ctx, entity: str, fields: Iterable[FieldDef]) -> list[tuple[str, str, list[FieldDef]]]:
    """Return (key, title, fields) of each section that has fields; sections no view names come last."""
    titles = section_titles(ctx, entity)
    found: dict[str, list[FieldDef]] = {key: [] for key in titles}
    for item in sorted(fields, key=_place):
        found.setdefault(item.section or "general", []).append(item)
    access_last = sorted(found, key=lambda key: key == "access" and key not in titles)
    return [(key, titles.get(key) or _title(key), found[key]) for key in access_last if found[key]]


def _place(found: FieldDef) -> tuple[bool, bool, int]:
    """Put what others added after an entity's own fields unless it asks for an early place; tags close."""
    return found.key == "tags", "." in found.key and found.order >= FieldDef.order, found.order


def _title(key: str) -> str:
    return gettext(SECTIONS[key]) if key in SECTIONS else gettext(key.replace("_", " ").capitalize())


def raw_defaults(ctx: Ctx, values: Mapping[str, Any], fields: Mapping[str, FieldDef]) -> dict[str, Any]:
    """Return Python values as the form holds them."""
    return {key: to_raw(found.type, values.get(key), ctx) for key, found in fields.items()}


def presets(ctx: Ctx, args: MultiDict[str, str], fields: Mapping[str, FieldDef]) -> dict[str, Any]:
    """Return the raw values an address presets (``?company=5``, CT-63); what can't be one is ignored.

    A plain value for a field with lines stands for one line's main part.
    """
    found: dict[str, Any] = {}
    for key in args:
        item = fields.get(key)
        if item is None or isinstance(item.type, File | Address):
            continue
        raw: Any = [v for v in args.getlist(key) if v.strip()]
        if isinstance(item.type, Lines):
            raw = [{item.type.line.main: text} for text in raw]
        elif not item.type.multiple:
            raw = raw[-1] if raw else ""
        try:
            value = item.type.parse(raw, ctx)
        except ValueProblem:
            continue
        found[key] = raw if item.type.multiple or isinstance(item.type, Lines) else to_raw(item.type, value, ctx)
    return found


def visible_fields(raw: Mapping[str, Any], fields: Mapping[str, FieldDef]) -> dict[str, FieldDef]:
    """Return the fields whose ``visible_if`` holds for what was typed."""
    return {key: f for key, f in fields.items() if conditions.holds(f.visible_if, raw)}


def changed(raw: Mapping[str, Any], base: Mapping[str, Any], fields: Mapping[str, FieldDef]) -> dict[str, Any]:
    """Return the raw values that differ from those the form was opened with."""
    return {k: v for k, v in raw.items() if k not in base or not same(fields[k].type, v, base[k])}


def read_base(text: str) -> dict[str, Any]:
    """Return the posted ``_base``; anything unreadable counts as nothing."""
    if len(text) > MAX_BASE:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def build(
    ctx: Ctx,
    definition: EntityDef,
    raw: Mapping[str, Any],
    titles: Titles,
    *,
    action: str,
    base: Mapping[str, Any] | None = None,
    record_id: int | None = None,
    version: int | None = None,
    problems: Sequence[Problem] = (),
    only: Mapping[str, FieldDef] | None = None,
) -> Form:
    """Return the form of a record.

    Args:
        ctx: The operation.
        definition: The entity.
        raw: What the controls hold, see :mod:`crm_core.web.rawvalues`.
        titles: Resolves ids of linked records.
        action: Where the form posts to.
        base: What the form was opened with, ``raw`` unless given.
        record_id: The record, ``None`` for a new one.
        version: The version it was opened at.
        problems: What is wrong.
        only: Fields other than those of :func:`form_fields`.
    """
    fields = form_fields(ctx, definition.key) if only is None else only
    titles = _together(titles, raw, fields)
    known = frozenset(fields)
    by_field = _by_field(problems, known)
    visible = visible_fields(raw, fields)
    sections = []
    for key, title, members in sectioned(ctx, definition.key, fields.values()):
        made = []
        for item in members:
            one = control(
                ctx, item, raw.get(item.key, ""), titles, problems=by_field.get(item.key, ()), beside=(raw, {})
            )
            one.required = _required(item, raw)
            one.condition = conditions.for_browser(item.visible_if, known)
            one.hidden = item.key not in visible and not one.errors
            made.append(one)
        sections.append(Section(key, title, made))
    form = Form(definition, sections, action, record_id, version)
    form.base = json.dumps(dict(raw if base is None else base), separators=(",", ":"))
    form.troubles = _summary(form, by_field.get(None, ()))
    return form


def _together(titles: Titles, raw: Mapping[str, Any], fields: Mapping[str, FieldDef]) -> Titles:
    """Return what knows the titles of all linked records of a form, asked for once for each kind of record."""
    wanted: dict[str, set[int]] = {}
    for key, found in fields.items():
        if isinstance(found.type, Link):
            typed = raw.get(key) or ()
            ids = (linked_id(str(item)) for item in ([typed] if isinstance(typed, str) else typed))
            wanted.setdefault(found.type.target, set()).update(i for i in ids if i is not None)
    known = {target: dict(titles(target, sorted(ids))) for target, ids in wanted.items() if ids}

    def look_up(entity: str, ids: Sequence[int]) -> Mapping[int, str]:
        return known[entity] if set(ids) <= wanted.get(entity, set()) else titles(entity, ids)

    return look_up


def _required(found: FieldDef, raw: Mapping[str, Any]) -> bool:
    """Tell whether a field must be filled; one that shows only where it is needed always is."""
    if found.required or found.required_if is None:
        return found.required
    return found.required_if == found.visible_if or conditions.holds(found.required_if, raw)


def _by_field(problems: Iterable[Problem], known: frozenset[str]) -> dict[str | None, list[Problem]]:
    found: dict[str | None, list[Problem]] = {}
    for problem in problems:
        key = problem.field
        while key and key not in known:
            key = key.rpartition(".")[0] if "." in key else key.rpartition("[")[0]
        found.setdefault(key or None, []).append(problem)
    return found


def _summary(form: Form, general: Iterable[Problem]) -> list[Trouble]:
    """Return every problem once, in the order of the page, those of no field first."""
    found = [Trouble(p.text(), plugin=p.plugin or "") for p in general]
    for one in form.controls():
        found += [Trouble(text, one.focus_id, one.label) for text in one.errors]
        lines = [row for row in one.rows if not row.spare]
        for number, row in enumerate(one.rows, 1):
            label = f"{one.label} {number}" if len(lines) > 1 else one.label
            for cell in row.cells:
                for c in (cell, *cell.parts):
                    found += [Trouble(text, c.focus_id, f"{label}, {c.label}") for text in c.errors]
    return found


def kept_for_next(raw: Mapping[str, Any], fields: Mapping[str, FieldDef]) -> dict[str, str]:
    """Return the values the next empty form starts with too: fixed choices that decide which fields show (CT-17)."""
    driving = {path for f in fields.values() if f.visible_if is not None for path in paths(f.visible_if)}
    return {
        key: raw[key]
        for key in sorted(driving & set(fields))
        if isinstance(fields[key].type, Choice | Boolean) and isinstance(raw.get(key), str) and raw[key]
    }


def needs_parts(fields: Iterable[FieldDef]) -> bool:
    """Tell whether a form must be sent in parts, because a file may be among its fields."""
    return any(isinstance(f.type, File) for f in fields)
