"""Fields made by administrators: defined, changed, taken out of use and brought back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import history
from crm_core.contributions import FieldDef
from crm_core.db import KERNEL, CrmSession
from crm_core.db.expressions import json_value
from crm_core.directory import touch
from crm_core.errors import Conflict, FilterError, Forbidden, Invalid, NotFound, Problem
from crm_core.field_rules import Subject, checked
from crm_core.fieldtypes import CUSTOM_TYPES, Choice, FieldType, option_rules
from crm_core.filters import from_json, parse, paths
from crm_core.i18n import N_, current_language, gettext
from crm_core.models import CustomField

if TYPE_CHECKING:
    from crm_core.context import Ctx

_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
NAMESPACE = "cf"
_LIST_KEY = 60
"""The longest name of a reference list."""
ENTITY = "core.field"
"""What history calls a definition."""
FIELD_INDEXES = "core.field_indexes"
"""The job that makes an indexed custom field as fast as a column; started after the field is defined."""
FIELD_PURGE = "core.field_purge"
"""The job that removes the values of a retired field, and then the field."""


def definitions(session: CrmSession) -> list[FieldDef]:
    """Return the fields of administrators that are in use."""
    rows = session.scalars(
        sa.select(CustomField).where(CustomField.retired_at.is_(None)).order_by(CustomField.order, CustomField.id),
        execution_options=KERNEL,
    )
    return [field_of(row) for row in rows]


def type_of(name: str, options: Mapping[str, Any]) -> FieldType:
    """Return the field type of a stored definition.

    Raises:
        Invalid: unknown type, options it doesn't take, or values they can't have; each is named.
    """
    kind = CUSTOM_TYPES.get(name)
    if kind is None:
        known = ", ".join(sorted(CUSTOM_TYPES))
        raise Invalid([Problem("type", "unknown", N_("Unknown type; possible: %(known)s"), {"known": known})])
    if found := option_rules.problems(kind, options):
        raise Invalid(found)
    return kind(**options)


def list_key(entity: str, key: str) -> str:
    """Return the reference list that holds the choices of a custom field."""
    return f"cf.{entity}.{key}"


def field_of(row: CustomField) -> FieldDef:
    """Return the description of a stored definition."""
    kind = type_of(row.type, row.options)
    return FieldDef(
        entity=row.entity, key=f"{NAMESPACE}.{row.key}", attr=f"{NAMESPACE}__{row.key}", type=kind,
        label=row.label, help=row.help or "", storage="links" if kind.multiple else "custom",
        required=row.required, unique=row.unique, default=row.default, search=row.search,
        filterable=row.filterable, sortable=kind.sortable, indexed=row.indexed or row.unique, section=row.section,
        order=row.order, visible_if=from_json(row.visible_if) if row.visible_if else None,
        read_roles=tuple(row.read_roles), edit_roles=tuple(row.edit_roles),
    )  # fmt: skip


def create(
    ctx: Ctx,
    entity: str,
    *,
    key: str,
    type: str,  # noqa: A002
    label: Mapping[str, str] | str,
    options: Mapping[str, Any] | None = None,
    choices: Mapping[str, str] | None = None,
    **more: Any,
) -> CustomField:
    """Define a field; the job ``core.field_indexes`` builds its index after the commit.

    ``choices`` (code to label) become a reference list of the field's own. ``more`` are the properties that
    :func:`update` changes too.

    Raises:
        Forbidden: the actor is no administrator (KN-14).
        Invalid: a bad or taken key, an unknown type or option.
    """
    _admin(ctx)
    definition = ctx.registry.entity(entity)
    _check_key(ctx, definition.key, key)
    options = dict(options or {})
    kind = CUSTOM_TYPES.get(type)
    if kind is not None and issubclass(kind, Choice) and "list" not in options:
        options["list"] = list_key(definition.key, key)
    _check_names(more)
    made = type_of(type, options)
    _check_references(ctx, definition.key, key, options)
    _check_choices(definition.key, key, options, choices or {})
    columns = checked(Subject(ctx, definition, key, made), {"label": label, **more})
    row = CustomField(entity=definition.key, key=key, type=type, options=options, **columns)
    ctx.session.add(row)
    ctx.session.flush()
    _add_choices(ctx, options.get("list", ""), choices or {})
    touch(ctx.session, "registry")
    history.note(ctx, ENTITY, row.id, f"{definition.key}.{key}", "create")
    return row


def _check_references(ctx: Ctx, entity: str, key: str, options: Mapping[str, Any]) -> None:
    """Refuse options that name a kind of record, a list, a field or a filter that is not there."""
    registry, list_name, currency = ctx.registry, options.get("list"), str(options.get("currency", ""))
    problems = []
    if (target := options.get("target")) and target not in registry.entities:
        message = N_("There is no kind of record called %(name)s")
        problems.append(Problem("options.target", "unknown", message, {"name": target[:60]}))
    own_list = list_name == list_key(entity, key)
    if list_name and not (own_list or list_name in registry.lists or ctx.directory.entries(list_name)):
        message = N_("There is no list %(name)s")
        problems.append(Problem("options.list", "unknown", message, {"name": list_name[:60]}))
    source = currency.removeprefix(option_rules.FIELD)
    if source != currency and "currency" in options and source not in registry.fields(entity):
        problems.append(Problem("options.currency", "unknown", N_("There is no field %(name)s"), {"name": source[:60]}))
    if where := options.get("where"):
        try:
            parse(where)
        except FilterError as error:
            problems.append(Problem("options.where", error.code, error.message, error.params))
    if problems:
        raise Invalid(problems)


def _check_choices(entity: str, key: str, options: Mapping[str, Any], choices: Mapping[str, str]) -> None:
    own = list_key(entity, key)
    if options.get("list") == own and len(own) > _LIST_KEY:
        most = len(key) - (len(own) - _LIST_KEY)
        message = N_("With a list of its own, the key has at most %(n)s characters")
        raise Invalid([Problem("key", "too_long", message, {"n": most})])
    if choices and options.get("list") != own:
        raise Invalid([Problem("choices", "choices", N_("Only a field with a list of its own takes choices"))])


def _add_choices(ctx: Ctx, list_name: str, choices: Mapping[str, str]) -> None:
    from crm_core.models import ListEntry

    ctx.session.add_all(
        ListEntry(list=list_name, code=code, label={current_language(): label}, order=i, values={})
        for i, (code, label) in enumerate(choices.items())
    )
    if choices:
        touch(ctx.session)


def _admin(ctx: Ctx) -> None:
    if not ctx.actor.is_admin:
        raise Forbidden(N_("Only administrators define fields"))


def _check_key(ctx: Ctx, entity: str, key: str) -> None:
    message = ""
    if not _KEY.fullmatch(key) or len(key) > 50:
        message = N_("A key is made of small letters, digits and single underscores, and starts with a letter")
    elif ctx.session.scalar(
        sa.select(CustomField.id).where(CustomField.entity == entity, CustomField.key == key), execution_options=KERNEL
    ):
        message = N_("There is already a field with this key")
    if message:
        raise Invalid([Problem("key", "key", message)])


_CHANGEABLE = frozenset(
    {"label", "help", "required", "default", "section", "order", "read_roles", "edit_roles", "search", "indexed",
     "filterable", "visible_if", "unique"}
)  # fmt: skip


def _check_names(properties: Mapping[str, Any]) -> None:
    if frozen := sorted(set(properties) - _CHANGEABLE):
        raise Invalid([Problem(frozen[0][:60], "frozen", N_("This can't be changed once the field exists"))])


def find(ctx: Ctx, field_id: int) -> CustomField:
    """Return a definition, retired or not.

    Raises:
        NotFound: no such definition.
    """
    row = ctx.session.scalar(sa.select(CustomField).where(CustomField.id == field_id), execution_options=KERNEL)
    if row is None:
        raise NotFound(N_("There is no such field"))
    return row


def update(ctx: Ctx, field_id: int, **changes: Any) -> CustomField:
    """Change what may change; key and type are frozen, so that no value is ever lost.

    Raises:
        Forbidden: the actor is no administrator.
        Invalid: a property that is unknown or frozen.
    """
    _admin(ctx)
    row = find(ctx, field_id)
    _check_names(changes)
    definition, kind = ctx.registry.entity(row.entity), type_of(row.type, row.options)
    columns = checked(Subject(ctx, definition, row.key, kind, row), changes)
    if columns.get("unique") and not row.unique and (count := _repeated(ctx, row)):
        message = N_("It can't become unique: %(count)s values are held by several records")
        raise Invalid([Problem("unique", "unique", message, {"count": count})])
    diff = {k: [getattr(row, k), v] for k, v in columns.items() if getattr(row, k) != v}
    if not diff:
        return row
    for key, value in columns.items():
        setattr(row, key, value)
    ctx.session.flush()
    touch(ctx.session, "registry")
    history.note(ctx, ENTITY, row.id, f"{row.entity}.{row.key}", "update", diff)
    return row


def _repeated(ctx: Ctx, row: CustomField) -> int:
    """Return how many values stand in more than one record, seen or unseen."""
    field, model = field_of(row), ctx.registry.entity(row.entity).model
    value = json_value(model.custom, field.attr, field.type.kind)
    several = sa.select(value).where(value.is_not(None)).group_by(value).having(sa.func.count() > 1).subquery()
    return ctx.session.scalar(sa.select(sa.func.count()).select_from(several), execution_options=KERNEL) or 0


def retire(ctx: Ctx, field_id: int) -> CustomField:
    """Take a field out of use; its values stay and come back with it.

    Raises:
        Forbidden: the actor is no administrator.
        Conflict: a filter of a role, or the condition of another field, asks for it; all are named.
    """
    _admin(ctx)
    row = find(ctx, field_id)
    if users := _needed_by(ctx, row):
        message = N_("This field is still needed: %(names)s. Change that first")
        raise Conflict(message, params={"names": ", ".join(users)})
    return _mark(ctx, row, ctx.now, "delete")


def restore(ctx: Ctx, field_id: int) -> CustomField:
    """Bring a retired field back, with the values it had.

    Raises:
        Forbidden: the actor is no administrator.
    """
    _admin(ctx)
    return _mark(ctx, find(ctx, field_id), None, "restore")


def _mark(ctx: Ctx, row: CustomField, retired_at: dt.datetime | None, verb: str) -> CustomField:
    if (row.retired_at is None) != (retired_at is None):
        row.retired_at = retired_at
        ctx.session.flush()
        touch(ctx.session, "registry")
        history.note(ctx, ENTITY, row.id, f"{row.entity}.{row.key}", verb)
    return row


def _needed_by(ctx: Ctx, row: CustomField) -> list[str]:
    """Return what would break without a field: roles whose grants filter by it, fields that show depending on it."""
    key, fields = f"{NAMESPACE}.{row.key}", ctx.registry.fields(row.entity).values()
    found = [
        gettext(N_("the role %(name)s"), name=gettext(role.name))
        for role in ctx.directory.roles()
        if any(g.where is not None and g.entity == row.entity and key in paths(g.where) for g in role.grants)
    ]
    depending = [f for f in fields for node in (f.visible_if, f.required_if) if node is not None and key in paths(node)]
    return found + [gettext(N_("the field %(name)s"), name=f.title()) for f in depending]
