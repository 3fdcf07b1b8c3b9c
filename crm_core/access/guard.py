"""What keeps plugin code in bounds: the criteria put on every statement of an actor's session."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.sql.selectable import Alias, CompoundSelect, Select, TextualSelect

from crm_core.access.scope import predicate
from crm_core.db.session import Guard
from crm_core.entities import Line, Record
from crm_core.errors import UnscopedStatement

if TYPE_CHECKING:
    from crm_core.context import Ctx

_REFUSED = (CompoundSelect, sa.TextClause, TextualSelect)
_ADVICE = "use the records API or as_system(ctx, reason=...)"


def guard_for(ctx: Ctx) -> Guard:
    """Return the guard of an operation's session.

    Reading a loaded record's columns or lines again, and the kernel's own statements, pass; every other select
    is limited to what the actor may see, and what can't be limited is refused.
    """
    options: dict[type[Any], Any] = {}

    def guard(state: ORMExecuteState) -> None:
        if state.is_column_load:
            return
        if not state.is_select:
            _refuse(f"{type(state.statement).__name__} on a session")
        models = _Reading().of(state.statement)
        if state.is_relationship_load:
            models = {m for m in models if issubclass(m, Record)}
        for model in models:
            if model not in options:
                options[model] = with_loader_criteria(model, _criterion(ctx, model), include_aliases=True)
        if models:
            state.statement = state.statement.options(*(options[m] for m in models))

    return guard


def _criterion(ctx: Ctx, model: type[Any]) -> Any:
    if issubclass(model, Line):
        parent = _parents()[model.__parent__]
        return model.parent_id.in_(sa.select(parent.id).where(_criterion(ctx, parent)))
    definition = ctx.registry.entity_of(model)
    return sa.false() if definition is None else predicate(ctx, definition, "read", model)


def _refuse(what: str) -> NoReturn:
    raise UnscopedStatement(hint=f"{what} in an actor's session; {_ADVICE}")


@dataclass
class _Reading:
    """One SELECT of a statement: which models it reads, and whether each of their tables is read through its model.

    Plain columns are fine where the same FROM is the model's (``session.get`` writes them); criteria apply to it.
    """

    models: set[type[Any]] = field(default_factory=set)
    through: set[int] = field(default_factory=set)
    tables: list[Any] = field(default_factory=list)
    plain: list[Any] = field(default_factory=list)

    def of(self, statement: Any) -> set[type[Any]]:
        """Return the models of a statement and of the selects inside it."""
        inner: list[Any] = []
        stack = list(statement.get_children())
        if isinstance(statement, _REFUSED):
            _refuse(type(statement).__name__)
        while stack:
            element = stack.pop()
            if isinstance(element, _REFUSED):
                _refuse(type(element).__name__)
            if isinstance(element, Select):
                inner.append(element)
                continue
            self._note(element)
            stack.extend(element.get_children())
        for table in [*self.tables, *self.plain]:
            self._table(table)
        for nested in inner:
            self.models |= _Reading().of(nested)
        return self.models

    def _note(self, element: Any) -> None:
        if isinstance(element, sa.Table | Alias):
            self.tables.append(element)
        elif isinstance(element, sa.Column) and (model := _model_of(element.table)) is not None:
            if "parentmapper" in element._annotations:
                self.through.add(id(element.table))
                self.models.add(model)
            else:
                self.plain.append(element.table)

    def _table(self, table: Any) -> None:
        model = _model_of(table)
        if model is None:
            return
        if "parententity" in table._annotations:
            self.models.add(model)
            self.through.add(hash(table))
        elif hash(table) not in self.through and id(table) not in self.through and not self._is_aliased(table):
            _refuse(f"a Core select on {_name(table)}")

    def _is_aliased(self, table: Any) -> bool:
        """Tell whether a table stands only inside an alias that is read through its model."""
        return any(isinstance(t, Alias) and t.element is table and id(t) in self.through for t in self.tables)


def _name(table: Any) -> str:
    return str(getattr(getattr(table, "element", table), "name", table))


def _model_of(table: Any) -> type[Any] | None:
    """Return the model of an entity or line table.

    Raises:
        UnscopedStatement: a table of the kernel, or a link table: neither can be limited.
    """
    name = _name(table)
    known = _tables()
    if name.startswith("core_") or name in known["links"]:
        _refuse(f"a statement on {name} (kernel code passes execution_options=KERNEL)")
    model: type[Any] | None = known["models"].get(name)
    return model


def _tables() -> dict[str, Any]:
    return _tables_of(len(Record.registry.mappers))


@lru_cache(maxsize=4)
def _tables_of(mappers: int) -> dict[str, Any]:
    classes = [m.class_ for m in Record.registry.mappers if issubclass(m.class_, Record | Line)]
    links = {c.__links__.name for c in classes if issubclass(c, Record)}
    return {"models": {c.__tablename__: c for c in classes}, "links": links}


def _parents() -> dict[str, Any]:
    found: dict[str, Any] = _tables()["models"]
    return found
