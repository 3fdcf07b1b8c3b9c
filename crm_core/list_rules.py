"""Which entries of a reference list may be merged away: not those that a module relies on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crm_core.contributions import FieldDef
from crm_core.entry_values import Problems
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.fieldtypes import Choice
from crm_core.filters import conditions
from crm_core.i18n import N_, gettext

if TYPE_CHECKING:
    from crm_core.context import Ctx
    from crm_core.directory import ListEntryView

_FIXED = N_("The entries of this list are fixed; only their labels can be changed")


def check_merge(ctx: Ctx, source_id: int, target_id: int) -> tuple[ListEntryView, ListEntryView]:
    """Return two entries of which the first may become the second.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: the first is not there.
        Invalid: the second is the first, or none of its list.
        Conflict: the list is fixed, a module needs the entry, or no active one would be left.
    """
    if not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators may change this list"))
    source, target = ctx.directory.entry_by_id(source_id), ctx.directory.entry_by_id(target_id)
    if source is None or source.merged_into:
        raise NotFound(N_("There is no such entry"))
    if target is None or target.list != source.list or target.merged_into:
        raise Invalid(Problems.one("into", N_("%(id)s is not an entry of this list"), id=target_id))
    if target.id == source.id:
        raise Invalid(Problems.one("into", N_("An entry can't be merged into itself")))
    definition = ctx.registry.lists.get(source.list)
    if definition is not None and definition.fixed:
        raise Conflict(_FIXED)
    if source.role and target.role:
        message = N_("%(name)s carries a mark of its own; give the mark to another entry first")
        raise Conflict(message, params={"name": source.title()})
    if source.active and not any(e.active for e in ctx.directory.entries(source.list) if e.id != source.id):
        raise Conflict(N_("The last entry of a list stays active"))
    if users := list(dict.fromkeys(_relying(ctx, source))):
        message = N_("A module relies on this entry: %(names)s. Merge the other one into it, and rename it")
        raise Conflict(message, params={"names": ", ".join(users)})
    return source, target


def _relying(ctx: Ctx, entry: ListEntryView) -> Iterator[str]:
    """Yield what names an entry in the code of a module: defaults, and conditions of fields."""
    for key in ctx.registry.entities:
        fields = ctx.registry.fields(key)
        for field in fields.values():
            if field.key.startswith("cf."):
                continue
            parts = field.type.line.fields if field.storage == "lines" else ()  # type: ignore[attr-defined]
            if any(_starts_with(part, entry) for part in (field, *parts)):
                yield field.title()
            for node in (field.visible_if, field.required_if):
                named = conditions(node) if node is not None else ()
                if any(_is_of(fields.get(c.path), entry) and entry.code in _values(c.value) for c in named):
                    yield field.title()
    for setting in ctx.registry.settings.values():
        of_list = isinstance(setting.type, Choice) and setting.type.list == entry.list
        if of_list and entry.code in _values(setting.default):
            yield gettext(setting.label)


def _starts_with(field: FieldDef, entry: ListEntryView) -> bool:
    return _is_of(field, entry) and not callable(field.default) and entry.code in _values(field.default)


def _is_of(field: FieldDef | None, entry: ListEntryView) -> bool:
    return field is not None and isinstance(field.type, Choice) and field.type.list == entry.list


def _values(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)
