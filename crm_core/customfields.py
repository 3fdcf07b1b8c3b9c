"""Fields made by administrators: their definitions, and the indexes that make them as fast as columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import history
from crm_core.contributions import FieldDef
from crm_core.db import KERNEL, CrmSession, Database
from crm_core.db.expressions import json_value
from crm_core.directory import touch
from crm_core.entities import Record
from crm_core.errors import Forbidden, Invalid, NotFound, Problem
from crm_core.fieldtypes import CUSTOM_TYPES, Choice, FieldType
from crm_core.filters import from_json
from crm_core.i18n import N_
from crm_core.models import CustomField

if TYPE_CHECKING:
    from crm_core.context import Ctx

_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
NAMESPACE = "cf"


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
        Invalid: unknown type, or options it doesn't take.
    """
    kind = CUSTOM_TYPES.get(name)
    if kind is None:
        known = ", ".join(sorted(CUSTOM_TYPES))
        raise Invalid([Problem("type", "unknown", N_("Unknown type; possible: %(known)s"), {"known": known})])
    try:
        return kind(**options)
    except (TypeError, ValueError) as exc:
        raise Invalid([Problem("options", "options", N_("These options don't fit the type"))], hint=str(exc)) from exc


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
    """Define a field; its index is built by :func:`build_index` after the commit.

    ``choices`` (code to label) become a reference list of the field's own.

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
    type_of(type, options)
    labels = {"en": label} if isinstance(label, str) else dict(label)
    if not any(labels.values()):
        raise Invalid([Problem("label", "required", N_("%(label)s is required"), {"label": "label"})])
    row = CustomField(entity=definition.key, key=key, type=type, options=options, label=labels, **more)
    ctx.session.add(row)
    ctx.session.flush()
    _add_choices(ctx, options.get("list", ""), choices or {})
    touch(ctx.session, "registry")
    history.note(ctx, "core.field", row.id, f"{definition.key}.{key}", "create")
    return row


def _add_choices(ctx: Ctx, list_name: str, choices: Mapping[str, str]) -> None:
    from crm_core.models import ListEntry

    ctx.session.add_all(
        ListEntry(list=list_name, code=code, label={"en": label}, order=i, values={})
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
     "filterable", "visible_if"}
)  # fmt: skip


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
    if frozen := sorted(set(changes) - _CHANGEABLE):
        raise Invalid([Problem(frozen[0], "frozen", N_("This can't be changed once the field exists"))])
    diff = {k: [getattr(row, k), v] for k, v in changes.items() if getattr(row, k) != v}
    for key, value in changes.items():
        setattr(row, key, {"en": value} if key == "label" and isinstance(value, str) else value)
    ctx.session.flush()
    touch(ctx.session, "registry")
    history.note(ctx, "core.field", row.id, f"{row.entity}.{row.key}", "update", diff)
    return row


def retire(ctx: Ctx, field_id: int) -> CustomField:
    """Take a field out of use; its values stay and come back with it."""
    _admin(ctx)
    row = find(ctx, field_id)
    row.retired_at = ctx.now
    ctx.session.flush()
    touch(ctx.session, "registry")
    history.note(ctx, "core.field", row.id, f"{row.entity}.{row.key}", "delete")
    return row


def index_name(model: type[Record], field: FieldDef) -> str:
    """Return the name of a custom field's index."""
    return f"cf_{model.__tablename__}_{field.attr}"[:63]


def build_index(database: Database, model: type[Record], field: FieldDef) -> None:
    """Build the index of a field without blocking writers on PostgreSQL; safe to repeat after a failure."""
    name, table = index_name(model, field), model.__tablename__
    dialect = database.engine.dialect
    column: sa.ColumnClause[Any] = sa.literal_column("custom")
    expression = str(json_value(column, field.attr, field.type.kind).compile(dialect=dialect))
    postgresql = database.dialect == "postgresql"
    with database.autocommit() as connection:
        if postgresql:
            broken = sa.text("select not indisvalid from pg_index where indexrelid = to_regclass(:name)")
            if connection.scalar(broken, {"name": name}):
                connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {name}")
        unique = "UNIQUE " if field.unique else ""
        columns = expression if field.unique else f"{expression}{' NULLS FIRST' if postgresql else ''}, id, access_id"
        concurrently = "CONCURRENTLY " if postgresql else ""
        connection.exec_driver_sql(f"CREATE {unique}INDEX {concurrently}IF NOT EXISTS {name} ON {table} ({columns})")
        connection.exec_driver_sql(f"ANALYZE {table}")


def ensure_indexes(database: Database, fields: list[FieldDef], models: Mapping[str, type[Record]]) -> list[str]:
    """Build the indexes that are wanted and missing; return their names."""
    present = set()
    tables = {m.__tablename__ for m in models.values()}
    for table in tables:
        present |= _indexes_of(database, table)
    made = []
    for field in fields:
        model = models.get(field.entity)
        if model is None or not field.indexed or field.storage != "custom":
            continue
        if index_name(model, field) not in present:
            build_index(database, model, field)
            made.append(index_name(model, field))
    return made


def _indexes_of(database: Database, table: str) -> set[str]:
    if database.is_sqlite:
        query = sa.text("select name from sqlite_master where type = 'index' and tbl_name = :table")
    else:
        query = sa.text(
            "select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid "
            "where i.indrelid = to_regclass(:table) and i.indisvalid"
        )
    with database.autocommit() as connection:
        return set(connection.scalars(query, {"table": table}))
