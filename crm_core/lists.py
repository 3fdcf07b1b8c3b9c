"""Reference lists: statuses, types, sources … as administrators change them, and as forms extend them.

A code never changes once given; a used entry is deactivated, not removed; labels, colours and order are free.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from crm_core import history
from crm_core.contributions import ListDef
from crm_core.db import KERNEL, CrmSession
from crm_core.directory import touch
from crm_core.entry_values import Problems, changed_attributes, labels_of
from crm_core.errors import Conflict, CrmError, Forbidden, Invalid, NotFound, ValueProblem
from crm_core.fieldtypes import Choice, FieldType
from crm_core.i18n import LANGUAGES, N_, gettext, use_language
from crm_core.list_usage import usage_of
from crm_core.models import ListEntry, SettingRow
from crm_core.text import fold

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.registry import Registry

USERS_EXTEND = "core.users_extend_lists"
_NOT_CODE = re.compile(r"[^a-z0-9]+")
_CODE_LENGTH = 50


def definition_of(ctx: Ctx, list_key: str) -> ListDef:
    """Return the description of a list; a custom field's own list is described by its key alone.

    Raises:
        NotFound: no active plugin has it.
    """
    found = ctx.registry.lists.get(list_key)
    if found is None and list_key.startswith("cf."):
        found = _of_field(ctx, list_key)
    if found is None:
        raise NotFound(N_("There is no list %(key)s"), params={"key": list_key[:80]})
    return found


def _of_field(ctx: Ctx, list_key: str) -> ListDef | None:
    """Return the list of a custom field's own; it may be empty, and outlives the field while that is out of use."""
    for entity in ctx.registry.entities:
        for field in ctx.registry.fields(entity).values():
            if isinstance(field.type, Choice) and field.type.list == list_key:
                return ListDef(key=list_key, label=field.title())
    return ListDef(key=list_key, label=list_key) if ctx.directory.entries(list_key) else None


def may_add(ctx: Ctx, list_key: str) -> bool:
    """Tell whether the actor may add entries: administrators always, users where list and setting allow (KN-22)."""
    definition = definition_of(ctx, list_key)
    if definition.fixed:
        return False
    return ctx.actor.is_admin or (definition.user_extensible and bool(ctx.directory.setting(USERS_EXTEND)))


def add_entry(ctx: Ctx, list_key: str, label: str | Mapping[str, str], **values: Any) -> ListEntry:
    """Add an entry at the end of a list; the one that has the label already (case and accents ignored) is returned.

    Args:
        ctx: the operation.
        list_key: the list, ``contacts.type``.
        label: the text, in the current language or by language.
        values: colour, icon, role, parent, and what the list declares beside; administrators only.

    Raises:
        Forbidden: the list is the administrators' (CT-04).
        Conflict: the entries of the list are fixed.
        Invalid: a value is not what it should be.
    """
    definition = definition_of(ctx, list_key)
    if definition.fixed:
        raise Conflict(N_("The entries of this list are fixed; only their labels can be changed"))
    if not may_add(ctx, list_key) or (values and not ctx.actor.is_admin):
        raise Forbidden(N_("Only administrators may change this list"))
    labels = labels_of(label)
    # Codes before entries: what another operation adds in between is found by its label, what it adds later by code.
    codes = ctx.session.scalars(sa.select(ListEntry.code).where(ListEntry.list == list_key), execution_options=KERNEL)
    code = code_for(next(iter(labels.values())), codes)
    present = _entries(ctx.session, list_key)
    if found := _same_label(present, labels) or _became(ctx, present, list_key, labels):
        return found
    made = {"label": labels, "order": max((e.order for e in present), default=-1) + 1}
    made |= changed_attributes(ctx, definition, present, None, values)
    return _insert(ctx, definition, code, made)


def parse_making(ctx: Ctx, kind: FieldType, text: str) -> Any:
    """Return the value of a text, such as a cell; entries that the field's list lacks are made where the actor may.

    Raises:
        ValueProblem: the field refuses the text, or the actor may not add to the list.
    """
    try:
        return kind.parse(text, ctx)
    except ValueProblem:
        if not (isinstance(kind, Choice) and kind.list):
            raise
    parts = text.replace(";", ",").split(",") if kind.multiple else [text]
    codes = [_code_of(ctx, kind.list, part.strip()) for part in parts if part.strip()]
    return codes if kind.multiple else next(iter(codes), None)


def _code_of(ctx: Ctx, list_key: str, label: str) -> str:
    known = ctx.directory.find_entry(list_key, label)
    if known is not None:
        return known.code
    made = ctx.cache.setdefault(("lists.made", list_key), {})
    if fold(label) not in made:
        try:
            made[fold(label)] = add_entry(ctx, list_key, label[:120]).code
        except CrmError as error:
            raise ValueProblem(error.code, error.message, **error.params) from error
    return str(made[fold(label)])


def _became(ctx: Ctx, present: list[ListEntry], list_key: str, labels: Mapping[str, str]) -> ListEntry | None:
    """Return what an entry of these labels was merged into: users don't bring back what administrators took away."""
    if ctx.actor.is_admin:
        return None
    merged = {fold(text): e.merged_into for e in ctx.directory.merged.get(list_key, ()) for text in e.label.values()}
    codes = {merged.get(fold(text)) for text in labels.values()}
    return next((e for e in present if e.code in codes), None)


def _insert(ctx: Ctx, definition: ListDef, code: str, values: dict[str, Any]) -> ListEntry:
    label = next(iter(values["label"].values()))
    insert = (sqlite if ctx.database.is_sqlite else postgresql).insert(ListEntry)
    statement = insert.values(list=definition.key, code=code, **{"values": {}, **values})
    statement = statement.on_conflict_do_nothing(index_elements=["list", "code"])
    ctx.session.execute(statement, execution_options=KERNEL)
    # Another operation may have added the same entry in the same moment; then that one is the answer.
    entry = next(e for e in _entries(ctx.session, definition.key) if e.code == code)
    if values.get("role"):
        _take_role(ctx, entry, values["role"])
    history.note(ctx, "core.list", entry.id, label, "create", {definition.key: [None, code]})
    touch(ctx.session)
    return entry


def update_entry(ctx: Ctx, entry_id: int, **changes: Any) -> ListEntry:
    """Change an entry: label, colour, icon, role, parent, active, and what the list declares beside.

    A role goes to one entry a list: it is taken from the one that had it.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such entry.
        Conflict: a fixed list's entry, or the last active one, would be deactivated.
        Invalid: a value is not what it should be.
    """
    entry, definition = _managed(ctx, entry_id)
    present = _entries(ctx.session, entry.list)
    values = changed_attributes(ctx, definition, present, entry, changes)
    if values.get("active") is False and entry.active:
        if definition.fixed:
            raise Conflict(N_("The entries of this list are fixed; only their labels can be changed"))
        if not any(e.active for e in present if e.id != entry.id):
            raise Conflict(N_("The last entry of a list stays active"))
    diff = {key: [getattr(entry, key), value] for key, value in values.items() if getattr(entry, key) != value}
    if not diff:
        return entry
    if values.get("role"):
        _take_role(ctx, entry, values["role"])
    for key, value in values.items():
        setattr(entry, key, value)
    ctx.session.flush()
    history.note(ctx, "core.list", entry.id, f"{entry.list} {entry.code}", "update", diff)
    touch(ctx.session)
    return entry


def reorder(ctx: Ctx, list_key: str, ids: Iterable[int]) -> None:
    """Put the entries of a list in an order (KN-23); those not named keep theirs after the named ones.

    Raises:
        Forbidden: the actor is no administrator.
        Invalid: an id is not one of the list's.
    """
    _require_admin(ctx)
    definition_of(ctx, list_key)
    present = {e.id: e for e in _entries(ctx.session, list_key)}
    wanted = list(dict.fromkeys(ids))
    if unknown := [i for i in wanted if i not in present]:
        raise Invalid(Problems.one("ids", N_("%(id)s is not an entry of this list"), id=unknown[0]))
    rest = [i for i in present if i not in wanted]
    for position, entry_id in enumerate([*wanted, *rest]):
        present[entry_id].order = position
    ctx.session.flush()
    codes = [present[i].code for i in (*wanted, *rest)]
    history.note(ctx, "core.list", 0, list_key, "update", {"order": [None, codes]})
    touch(ctx.session)


def remove_entry(ctx: Ctx, entry_id: int) -> None:
    """Remove an entry nothing uses.

    Raises:
        Forbidden: the actor is no administrator.
        Conflict: it is used (deactivate it instead), the last one, or one of a fixed list.
    """
    entry, definition = _managed(ctx, entry_id)
    if definition.fixed:
        raise Conflict(N_("The entries of this list are fixed; only their labels can be changed"))
    if len(_entries(ctx.session, entry.list)) == 1:
        raise Conflict(N_("The last entry of a list can't be removed"))
    if count := sum(usage(ctx, entry).values()):
        raise Conflict(
            N_("%(count)s records use this entry; deactivate it instead, and they keep it"), params={"count": count}
        )
    history.note(ctx, "core.list", entry.id, f"{entry.list} {entry.code}", "delete", {"label": [entry.label, None]})
    ctx.session.delete(entry)
    ctx.session.flush()
    touch(ctx.session)


def usage(ctx: Ctx, entry: Any) -> dict[str, int]:
    """Return how many records use an entry, by entity; unused entities are left out.

    Entries below it count as ``core.list``, comments over a channel as ``core.comment``.

    Whoever asks, all records count: what is private is used as well.
    """
    return usage_of(ctx, entry)


def seed(session: CrmSession, registry: Registry) -> None:
    """Fill the lists that were never filled, once each: what administrators change or empty afterwards stays so."""
    marks = sa.select(SettingRow.key).where(SettingRow.key.startswith("seeded.", autoescape=True))
    seeded = set(session.scalars(marks, execution_options=KERNEL))
    fresh = [d for d in registry.lists.values() if f"seeded.{d.key}" not in seeded]
    for definition in fresh:
        if not _entries(session, definition.key):
            session.add_all(_seeded(definition))
        session.add(SettingRow(key=f"seeded.{definition.key}", value=True))
    if fresh:
        session.flush()
        touch(session)


def _seeded(definition: ListDef) -> list[ListEntry]:
    kinds = {f.key: f.type for f in definition.extra}
    return [
        ListEntry(
            list=definition.key, code=e.code, label=_translations(e.label), colour=e.colour, icon=e.icon, role=e.role,
            order=position, values={k: kinds[k].store(v) if k in kinds else v for k, v in e.values.items()},
        )
        for position, e in enumerate(definition.entries)
    ]  # fmt: skip


def _translations(message: str) -> dict[str, str]:
    found = {}
    for language in LANGUAGES:
        with use_language(language):
            text = gettext(message)
        if language == "en" or text != message:
            found[language] = text
    return found


def code_for(label: str, taken: Iterable[str]) -> str:
    """Return a code made from a label that no entry has: ``Grands comptes`` gives ``grands_comptes``."""
    base = _NOT_CODE.sub("_", fold(label)).strip("_")[:_CODE_LENGTH] or "entry"
    known, code, number = set(taken), base, 1
    while code in known:
        number += 1
        code = f"{base}_{number}"
    return code


def _same_label(present: list[ListEntry], labels: Mapping[str, str]) -> ListEntry | None:
    wanted = {fold(text) for text in labels.values()}
    return next((e for e in present if wanted & {fold(text) for text in e.label.values()}), None)


def _take_role(ctx: Ctx, entry: ListEntry, role: str) -> None:
    others = (ListEntry.list == entry.list) & (ListEntry.role == role) & (ListEntry.id != entry.id)
    statement = sa.update(ListEntry).where(others).values(role="")
    ctx.session.execute(statement, execution_options={**KERNEL, "synchronize_session": "fetch"})


def _entries(session: CrmSession, list_key: str) -> list[ListEntry]:
    own = (ListEntry.list == list_key) & (ListEntry.merged_into == "")
    statement = sa.select(ListEntry).where(own).order_by(ListEntry.order, ListEntry.id)
    return list(session.scalars(statement, execution_options={**KERNEL, "populate_existing": True}))


def _managed(ctx: Ctx, entry_id: int) -> tuple[ListEntry, ListDef]:
    _require_admin(ctx)
    entry = ctx.session.get(ListEntry, entry_id, execution_options=KERNEL)
    if entry is None or entry.merged_into:
        raise NotFound(N_("There is no such entry"))
    return entry, definition_of(ctx, entry.list)


def _require_admin(ctx: Ctx) -> None:
    if not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators may change this list"))
