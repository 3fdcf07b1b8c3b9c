"""From a filter's tree to SQL: names become fields, values their types, permissions of linked records hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm_core.columns import comparable, links_of, scalar
from crm_core.contributions import EntityDef, FieldDef
from crm_core.errors import FilterError, ModuleOff, ValueProblem, unknown_name
from crm_core.fieldtypes import Email, Integer, Lines, Link, Links, MultiChoice, Phone, Text
from crm_core.filters.relative import Span, read_relative, resolve
from crm_core.filters.simplify import simplify
from crm_core.filters.tree import NEGATIONS, And, Cond, Me, MyTeams, Node, Not, Or, Relative
from crm_core.i18n import N_
from crm_core.text import fold

if TYPE_CHECKING:
    from crm_core.context import Ctx

ScopeOf = Callable[[EntityDef, Any], Any]
_POSITIVE = {negative: positive for positive, negative in NEGATIONS.items()}
MAX_HOPS = 3
_ID = FieldDef(entity="", key="id", attr="id", storage="column", type=Integer(), label=N_("Number"))


@dataclass(frozen=True)
class Compiler:
    """Compiles trees for one operation.

    ``readable`` are the fields the actor may read by entity; ``scope`` gives the predicate of linked records.
    """

    ctx: Ctx
    readable: Callable[[str], frozenset[str] | None]
    scope: ScopeOf

    def compile(self, node: Node, definition: EntityDef, alias: Any) -> Any:
        """Return the SQL condition of a tree on ``alias``.

        Raises:
            FilterError: an unknown or unreadable field, an operator or a value that doesn't fit its type.
        """
        return self._node(simplify(node), definition, alias)

    def _node(self, node: Node, definition: EntityDef, alias: Any) -> Any:
        match node:
            case And(parts):
                return sa.and_(sa.true(), *(self._node(p, definition, alias) for p in parts))
            case Or(parts):
                return sa.or_(sa.false(), *(self._node(p, definition, alias) for p in parts))
            case Not(part):
                return sa.not_(sa.func.coalesce(self._node(part, definition, alias), sa.false()))
            case Cond():
                return self.condition(node, definition, alias)
        raise TypeError(node)

    def condition(self, cond: Cond, definition: EntityDef, alias: Any) -> Any:
        """Return the SQL of one condition; negative operators are the complement of their positive."""
        try:
            return self._condition(cond, definition, alias)
        except ModuleOff as error:
            raise ModuleOff(cond.path, error.params["module"]) from error  # the path from its beginning

    def _condition(self, cond: Cond, definition: EntityDef, alias: Any) -> Any:
        if cond.op in _POSITIVE:
            positive = Cond(cond.path, _POSITIVE[cond.op], cond.value)
            return sa.not_(sa.func.coalesce(self.condition(positive, definition, alias), sa.false()))
        field, rest = self.resolve(definition, cond.path)
        if rest and cond.op == "is null" and isinstance(field.type, Link | Links):
            return sa.not_(self._through(field, rest, Cond(cond.path, "is not null"), definition, alias))
        if rest:
            return self._through(field, rest, cond, definition, alias)
        if isinstance(field.type, Lines):
            return self._lines(field, field.type.line.main, cond, alias)
        if field.type.multiple:
            return self._many(field, cond, definition, alias)
        linked = field.type.target if isinstance(field.type, Link) else "core.user"
        if linked != "core.user" and cond.op in ("contains", "startswith"):
            target = self.ctx.registry.target(linked, cond.path)
            return self._through(field, target.title, cond, definition, alias)
        return self.compare(field, cond, alias)

    def resolve(self, definition: EntityDef, path: str) -> tuple[FieldDef, str]:
        """Return the field a path starts with, and the rest that goes through it.

        Raises:
            FilterError: no such field for this actor; names the nearest.
        """
        path = definition.short.get(path, path)
        if path == "id":
            return _ID, ""
        fields = self.ctx.registry.fields(definition.key)
        readable = self.readable(definition.key)
        parts = path.split(".")
        for size in (2, 1):
            key = ".".join(parts[:size])
            if key in fields and (readable is None or key in readable) and not fields[key].hidden:
                field, rest = fields[key], ".".join(parts[size:])
                if field.filter_as and not rest:
                    return self.resolve(definition, field.filter_as)
                if field.storage == "computed" or not field.filterable:
                    raise FilterError(N_("%(name)s can't be filtered"), field=path, params={"name": path})
                return field, rest
        known = [k for k in fields if readable is None or k in readable]
        raise self.ctx.registry.unknown(definition.key, path, [*known, *definition.short])

    def _through(self, field: FieldDef, rest: str, cond: Cond, definition: EntityDef, alias: Any) -> Any:
        if isinstance(field.type, Lines):
            return self._lines(field, rest, cond, alias)
        if rest.count(".") >= MAX_HOPS or not isinstance(field.type, Link | Links) or field.type.target == "core.user":
            raise unknown_name(cond.path, self.ctx.registry.fields(definition.key))
        target = self.ctx.registry.target(field.type.target, cond.path)
        other = aliased(target.model)
        if cond.op == "is not null":
            inner = sa.not_(self.condition(Cond(rest, "is null"), target, other))
        else:
            inner = self.condition(Cond(rest, cond.op, cond.value), target, other)
        if field.type.multiple:
            table, tie = links_of(alias, definition.model, field)
            join = sa.select(sa.literal(1)).select_from(table).join(other, other.id == table.c.target_id).where(tie)
        else:
            join = sa.select(sa.literal(1)).select_from(other).where(other.id == scalar(field, alias))
        return join.where(inner, self.scope(target, other)).correlate(alias).exists()

    def _lines(self, field: FieldDef, part: str, cond: Cond, alias: Any) -> Any:
        line = field.type.line  # type: ignore[attr-defined]
        child = aliased(line.model)
        tied = sa.select(sa.literal(1)).where(child.parent_id == alias.id).correlate(alias)
        found = next((f for f in line.fields if f.key == part), None)
        if found is None:
            raise unknown_name(f"{field.key}.{part}", [f"{field.key}.{f.key}" for f in line.fields])
        if cond.op == "is null":
            has_value = scalar(found, child).is_not(None)
            return sa.not_(tied.where(has_value).exists())
        wanted = self.compare(found, cond, child)
        if cond.op in ("=", "in", "startswith"):
            ids = sa.select(child.parent_id).where(wanted)
            return alias.id.in_(ids)
        return tied.where(wanted).exists()

    def _many(self, field: FieldDef, cond: Cond, definition: EntityDef, alias: Any) -> Any:
        table, tie = links_of(alias, definition.model, field)
        if cond.op == "is null" or (cond.op == "=" and cond.value is None):
            return sa.not_(sa.select(sa.literal(1)).select_from(table).where(tie).correlate(alias).exists())
        if cond.op not in ("has", "=", "in"):
            raise self._bad_operator(field, cond)
        raw = cond.value if isinstance(cond.value, tuple) else self._teams_or(cond.value)
        if raw == ("my_teams",):
            raw = tuple(self.ctx.actor.teams)
        targets = [self._target(field, self.value(field, v, "=")) for v in raw]
        hit = sa.select(sa.literal(1)).select_from(table).where(tie, table.c.target_id.in_(targets))
        return hit.correlate(alias).exists()

    def _teams_or(self, value: Any) -> tuple[Any, ...]:
        return tuple(self.ctx.actor.teams) if isinstance(value, MyTeams) else (value,)

    def _target(self, field: FieldDef, value: Any) -> int:
        if isinstance(field.type, MultiChoice):
            entry = self.ctx.directory.entry(field.type.list, value)
            return entry.id if entry else 0
        return int(value or 0)

    def compare(self, field: FieldDef, cond: Cond, alias: Any) -> Any:
        """Return the SQL of a condition on a single value."""
        op, value = cond.op, cond.value
        if op in ("=", "!=") and value is None:
            op = "is null"
        if op not in field.type.operators or op == "has":
            raise self._bad_operator(field, cond)
        if op == "is null":
            return field.type.compare(scalar(field, alias), op, None)
        if op == "is not null":
            return field.type.compare(scalar(field, alias), op, None)
        if isinstance(value, MyTeams) or value == ("my_teams",):
            return scalar(field, alias).in_(self.ctx.actor.teams)
        if op == "in":
            return self._one_of(field, value if isinstance(value, tuple) else (value,), alias)
        return self._single(field, op, self.value(field, value, op), alias)

    def _single(self, field: FieldDef, op: str, found: Any, alias: Any) -> Any:
        if isinstance(found, Span):
            expr = scalar(field, alias)
            return sa.and_(*(field.type.compare(expr, o, self._stored(field, v)) for o, v in found.bounds(op)))
        expr, wanted = comparable(field, alias), self._folded(field, self._stored(field, found))
        folded = bool(field.key_attr) or isinstance(field.type, Email | Phone)
        if op == "startswith" and folded and field.storage == "column":
            return _begins_with(expr, wanted if field.key_attr else wanted.lower())
        return field.type.compare(expr, op, wanted)

    def _one_of(self, field: FieldDef, raw: tuple[Any, ...], alias: Any) -> Any:
        values = [self.value(field, v, "=") for v in raw]
        if any(isinstance(v, Span) for v in values):
            return sa.or_(*(self._single(field, "=", v, alias) for v in values))
        return comparable(field, alias).in_([self._folded(field, self._stored(field, v)) for v in values])

    def _stored(self, field: FieldDef, value: Any) -> Any:
        if field.storage == "custom" and isinstance(value, dt.date):
            return field.type.store(value)
        return value

    @staticmethod
    def _folded(field: FieldDef, value: Any) -> Any:
        return fold(str(value)) if field.key_attr else value

    def _bad_operator(self, field: FieldDef, cond: Cond) -> FilterError:
        return FilterError(
            N_("%(name)s can't be compared with %(op)s; possible: %(known)s"),
            field=cond.path,
            params={"name": cond.path, "op": cond.op, "known": ", ".join(sorted(field.type.operators))},
        )

    def value(self, field: FieldDef, raw: Any, op: str) -> Any:
        """Return a filter's value in the field's own type.

        Raises:
            FilterError: it is not a value of that type.
        """
        if isinstance(raw, Me):
            return self.ctx.actor.id or 0
        kind = "date" if field.type.name == "date" else "datetime" if field.type.name == "datetime" else None
        try:
            if isinstance(raw, str) and kind and (relative := read_relative(raw)):
                raw = relative
            if isinstance(raw, Relative) and kind is None:
                raise ValueProblem("type", N_("A relative date fits dates only"))
            if kind == "datetime" and not isinstance(raw, Relative):
                raw = _day_or_moment(raw)
            if isinstance(raw, Relative | dt.date | dt.datetime) and kind:
                zone = self.ctx.locale.zone
                return resolve(raw, now=self.ctx.now, timezone=zone, kind="date" if kind == "date" else "datetime")
            found = field.type.parse_filter(raw, self.ctx, op)
        except ValueProblem as problem:
            raise FilterError(problem.message, field=field.key, params=problem.params) from problem
        if found is None or (isinstance(found, str) and "\x00" in found):
            raise FilterError(N_("%(name)s needs a value to compare with"), field=field.key,
                              params={"name": field.key})  # fmt: skip
        return found if not isinstance(field.type, Text) else str(found)


def _begins_with(expr: Any, prefix: str) -> Any:
    """Return the range of what begins with a prefix, which an index serves; ``expr`` sorts by code point."""
    return sa.and_(expr >= prefix, expr < f"{prefix}\U0010ffff")


def _day_or_moment(raw: Any) -> Any:
    if isinstance(raw, str) and len(raw.strip()) == 10:
        try:
            return dt.date.fromisoformat(raw.strip())
        except ValueError:
            return raw
    return raw
