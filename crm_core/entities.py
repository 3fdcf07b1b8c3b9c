"""How models are written: ``Record``, ``Line``, and the helpers that put a field's description on its column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, MappedColumn, declared_attr, mapped_column, relationship
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.sql.functions import FunctionElement

from crm_core.contributions import EntityDef, FieldDef, Label
from crm_core.db import Base, Identifier, JsonDocument, SortText, UtcDateTime, utcnow
from crm_core.fieldtypes import Choice, Computed, DateTime, FieldType, Lines, Tags, Team, Text, User
from crm_core.i18n import N_

VISIBILITIES: Mapping[str, str] = {
    "private": N_("Private"),
    "listed": N_("Shared with chosen people"),
    "read": N_("Everyone may read"),
    "write": N_("Everyone may read and write"),
}
KEY_LENGTH = 200


class NullsFirst(FunctionElement[Any]):
    """A column of an index whose missing values come first, as SQLite orders by itself."""

    inherit_cache = True
    name = "nulls_first_of"


@compiles(NullsFirst)
def _nulls_first(element: NullsFirst, compiler: DDLCompiler, **kw: Any) -> str:
    (column,) = element.clauses
    text = compiler.process(column, **kw)
    return f"{text} NULLS FIRST" if compiler.dialect.name == "postgresql" else text


@dataclass(frozen=True)
class LineDef:
    """A kind of owned line: its model, fields, main field, and the fields that make a line worth keeping."""

    key: str
    model: type[Any]
    fields: tuple[FieldDef, ...]
    main: str
    significant: tuple[str, ...]

    @property
    def asked(self) -> tuple[FieldDef, ...]:
        """Return the fields a person fills in; the others are derived."""
        return tuple(f for f in self.fields if not f.readonly)


def entity(
    key: str,
    *,
    label: str,
    plural: str,
    slug: str,
    title: str = "name",
    icon: str = "puzzle",
    **more: Any,
) -> dict[str, Any]:
    """Return the ``__entity__`` of a model: what :class:`EntityDef` holds beside the model itself."""
    return {"key": key, "label": label, "plural": plural, "slug": slug, "title": title, "icon": icon, **more}


def field(type: FieldType, *, label: Label, key: str = "", **options: Any) -> MappedColumn[Any]:  # noqa: A002
    """Return a column that carries the description of its field.

    ``options`` are those of :class:`FieldDef`; ``fk`` names a column (``"contacts_contact.id"``) for a foreign
    key, ``column`` overrides the SQL type, ``index`` adds an index that serves filter and sort.
    """
    fk = options.pop("fk", None)
    indexed = options.pop("index", False)
    sql_type = options.pop("column", None) or type.column()
    args = (sa.ForeignKey(fk, ondelete=options.pop("ondelete", "SET NULL")),) if fk else ()
    static = options.get("default") if isinstance(options.get("default"), bool | int | str) else None
    nullable = not (options.get("required") and static is not None)
    info = {"crm": {"type": type, "label": label, "key": key, "indexed": indexed, **options}}
    return mapped_column(sql_type, *args, nullable=nullable, default=static, info=info)


def lines(model: type[Line], *, label: Label, **options: Any) -> Any:
    """Return the relationship to owned lines, ordered by position."""
    info = {"crm": {"model": model, "label": label, **options}}
    return relationship(
        model, order_by=lambda: model.position, cascade="all, delete-orphan", lazy="select",
        passive_deletes=True, info=info,
    )  # fmt: skip


def many(type: FieldType, *, label: Label, **options: Any) -> ManyField:  # noqa: A002
    """Declare a field with several values (tags, users, links, choices), kept in the entity's link table."""
    return ManyField(type, {"label": label, **options})


def computed(function: Any, *, label: Label, of: FieldType | None = None, **options: Any) -> ManyField:
    """Declare a value worked out by ``function(ctx, record)`` when it is read."""
    return ManyField(Computed(function, of), {"label": label, "storage": "computed", "readonly": True, **options})


@dataclass(frozen=True)
class ManyField:
    """A declared field without a column of its own."""

    type: FieldType
    options: Mapping[str, Any]


def _is_described(value: Any) -> bool:
    return isinstance(value, MappedColumn) and "crm" in value.column.info


def _companions(cls: type[Any], tail: tuple[str, ...]) -> list[sa.Index]:
    """Add the folded key columns of sortable text, and return the indexes of every indexed field."""
    indexes = []
    for name, value in list(vars(cls).items()):
        if not _is_described(value):
            continue
        options = value.column.info["crm"]
        column = name
        if type(options["type"]) is Text and (options.get("sortable") or options["indexed"]):
            column = f"{name}_key"
            key = mapped_column(SortText(KEY_LENGTH), nullable=False, default="", server_default="")
            setattr(cls, column, key)
            cls.__annotations__[column] = Mapped[str]
            options["key_attr"] = column
        if options["indexed"] or options.get("unique"):
            first: Any = column
            table = cls.__tablename__
            if not column.endswith("_key") and value.column.nullable:
                first = NullsFirst(value.column)
            if options.get("unique"):
                indexes.append(sa.Index(f"uq_{table}_{name}", name, unique=True))
            else:
                indexes.append(sa.Index(f"ix_{table}_{column}", first, *tail))
    return indexes


class Line(Base):
    """Base of owned lines. ``__parent__`` names the parent's table; ``__main__`` the field a plain value means."""

    __abstract__ = True
    __parent__: ClassVar[str]
    __main__: ClassVar[str]
    __significant__: ClassVar[tuple[str, ...]] = ()

    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    position: Mapped[int] = mapped_column(sa.Integer, default=0)

    @declared_attr
    def parent_id(cls) -> Mapped[int]:  # noqa: N805
        """Return the parent's id."""
        return mapped_column(Identifier, sa.ForeignKey(f"{cls.__parent__}.id", ondelete="CASCADE"), index=True)

    def __init_subclass__(cls, **kw: Any) -> None:
        """Add companion columns and indexes before the table is made."""
        if "__tablename__" in vars(cls):
            cls.__table_args__ = (*getattr(cls, "__table_args__", ()), *_companions(cls, ("parent_id",)))
        super().__init_subclass__(**kw)


class Record(Base):
    """Base of every entity: identity, who and when, access, custom values and search text."""

    __abstract__ = True
    __entity__: ClassVar[dict[str, Any]]
    __links__: ClassVar[sa.Table]

    id: Mapped[int] = mapped_column(Identifier, primary_key=True, sort_order=-20)
    version: Mapped[int] = mapped_column(sa.Integer, default=1, sort_order=-19)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utcnow, sort_order=-18)
    created_by_id: Mapped[int | None] = mapped_column(Identifier, sort_order=-17)
    updated_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utcnow, sort_order=-16)
    updated_by_id: Mapped[int | None] = mapped_column(Identifier, sort_order=-15)
    owner_id: Mapped[int | None] = mapped_column(Identifier, sort_order=-14)
    team_id: Mapped[int | None] = mapped_column(Identifier, sort_order=-13)
    visibility: Mapped[str] = mapped_column(sa.String(10), default="read", sort_order=-12)
    access_id: Mapped[int] = mapped_column(Identifier, default=0, sort_order=-11)
    custom: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict, sort_order=900)
    search_text: Mapped[str] = mapped_column(sa.Text, default="", sort_order=901)

    def __init_subclass__(cls, **kw: Any) -> None:
        """Add companion columns, the standard indexes and the link table."""
        table = vars(cls).get("__tablename__")
        if table:
            standard = [
                sa.Index(f"ix_{table}_access", "access_id", "id"),
                sa.Index(f"ix_{table}_updated", "updated_at", "id", "access_id"),
                sa.Index(f"ix_{table}_created", "created_at", "id", "access_id"),
                sa.Index(f"ix_{table}_owner", "owner_id", "id", "access_id"),
            ]
            own = _companions(cls, ("id", "access_id"))
            never_reused = {"sqlite_autoincrement": True}
            cls.__table_args__ = (*getattr(cls, "__table_args__", ()), *standard, *own, never_reused)
        super().__init_subclass__(**kw)
        if table:
            cls.__links__ = _link_table(table)


def _link_table(parent: str) -> sa.Table:
    name = f"{parent}_link"
    return sa.Table(
        name,
        Base.metadata,
        sa.Column("record_id", Identifier, sa.ForeignKey(f"{parent}.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("field", SortText(60), primary_key=True),
        sa.Column("target_id", Identifier, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, nullable=False, default=0, server_default="0"),
        sa.Index(f"ix_{name}_target", "field", "target_id", "record_id"),
        sqlite_with_rowid=False,
    )


def entity_def(model: type[Record], plugin: str = "") -> EntityDef:
    """Return the entity a model describes."""
    return EntityDef(model=model, plugin=plugin, **model.__entity__)


_STANDARD: tuple[tuple[str, str, FieldType, str, dict[str, Any]], ...] = (
    ("owner", "owner_id", User(), N_("Owner"), {"section": "access", "indexed": True}),
    ("team", "team_id", Team(), N_("Team"), {"section": "access"}),
    ("visibility", "visibility", Choice(choices=VISIBILITIES), N_("Visibility"), {"section": "access"}),
    ("created_at", "created_at", DateTime(), N_("Created"), {"readonly": True, "indexed": True, "tracked": False}),
    ("created_by", "created_by_id", User(), N_("Created by"), {"readonly": True, "tracked": False}),
    ("updated_at", "updated_at", DateTime(), N_("Updated"), {"readonly": True, "indexed": True, "tracked": False}),
    ("updated_by", "updated_by_id", User(), N_("Updated by"), {"readonly": True, "tracked": False}),
)


def standard_fields(definition: EntityDef) -> list[FieldDef]:
    """Return the fields every entity has: owner, team, visibility, tags, and who and when."""
    found = [
        FieldDef(entity=definition.key, key=key, attr=attr, type=kind, label=label, storage="column",
                 sortable=True, plugin=definition.plugin, order=900 + i, **options)
        for i, (key, attr, kind, label, options) in enumerate(_STANDARD)
    ]  # fmt: skip
    if definition.tags:
        found.append(
            FieldDef(entity=definition.key, key="tags", attr="tags", type=Tags(), label=N_("Tags"), storage="links",
                     plugin=definition.plugin, order=90)
        )  # fmt: skip
    return found


def model_fields(definition: EntityDef) -> list[FieldDef]:
    """Return the fields a model declares, in order of declaration, then the standard ones."""
    found: list[FieldDef] = []
    mapper: Any = sa.inspect(definition.model)
    for base in reversed(definition.model.__mro__):
        for name, value in vars(base).items():
            made = _field_of(definition, mapper, name, value)
            if made is not None:
                found.append(replace(made, order=made.order if made.order != 100 else 100 + len(found)))
    return [*found, *standard_fields(definition)]


def _field_of(definition: EntityDef, mapper: Any, name: str, value: Any) -> FieldDef | None:
    if isinstance(value, ManyField):
        options = {"storage": "links", "attr": name, **value.options}
        return FieldDef(entity=definition.key, key=name, type=value.type, plugin=definition.plugin, **options)
    if name in mapper.columns and "crm" in (info := mapper.columns[name].info):
        return _column_field(definition.key, definition.plugin, name, info["crm"])
    if name in mapper.relationships and "crm" in (info := mapper.relationships[name].info):
        options = dict(info["crm"])
        line = line_def(options.pop("model"))
        return FieldDef(entity=definition.key, key=name, attr=name, type=Lines(line), storage="lines",
                        plugin=definition.plugin, **options)  # fmt: skip
    return None


def _column_field(owner: str, plugin: str, name: str, info: Mapping[str, Any]) -> FieldDef:
    options = dict(info)
    kind: FieldType = options.pop("type")
    key = options.pop("key") or name.removesuffix("_id")
    options.setdefault("sortable", kind.sortable)
    return FieldDef(entity=owner, key=key, attr=name, type=kind, storage="column", plugin=plugin, **options)


def line_def(model: type[Line]) -> LineDef:
    """Return the description of a kind of line."""
    mapper: Any = sa.inspect(model)
    key = model.__tablename__
    found = tuple(
        _column_field(key, "", name, column.info["crm"])
        for name, column in mapper.columns.items()
        if "crm" in column.info
    )
    return LineDef(key=key, model=model, fields=found, main=model.__main__,
                   significant=model.__significant__ or (model.__main__,))  # fmt: skip
