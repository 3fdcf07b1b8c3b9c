"""What the undoing of a change would do, and what stands in its way; looking writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_core import files, history
from crm_core.access import editable, readable, require
from crm_core.change import Change as WrittenChange
from crm_core.contributions import EntityDef, FieldDef
from crm_core.db import KERNEL
from crm_core.errors import CrmError, Forbidden, NotFound, Problem, ValueProblem
from crm_core.fieldtypes import Choice, File, Lines
from crm_core.history import FieldChange, effect_of
from crm_core.i18n import N_
from crm_core.models import Comment, StoredFile
from crm_core.records import keeping, writing
from crm_core.records.reading import find, values_of
from crm_core.titles import words_of
from crm_core.undo.net import Net, merged, others
from crm_core.undo.values import Since, changed_since, given, same, stored_now

if TYPE_CHECKING:
    from crm_core.context import Ctx

Handled = frozenset[tuple[str, int]]
"""Records that go back before the one that is looked at: they stand in nobody's way."""
NONE: Handled = frozenset()
UNAVAILABLE = Problem(None, "unavailable", N_("It is not available to you"))
_SHOWN = 3
_SWEPT = N_("The file is not kept any more")


@dataclass(frozen=True)
class Step:
    """The undoing of what was done to one record.

    ``effect`` is what is undone: an ``update`` goes back, what was made (``create``) is deleted, what was deleted
    (``delete``) comes back. ``changes`` lead from what is to what will be; ``values`` are written.
    """

    net: Net
    title: str = ""
    changes: tuple[FieldChange, ...] = ()
    problems: tuple[Problem, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    possible: bool = False
    hidden: bool = False
    """The record is not there for the actor: nothing may be said about it."""

    @property
    def effect(self) -> str:
        """Return what is undone: create, update or delete."""
        return self.net.effect


def examine(ctx: Ctx, net: Net, handled: Handled = NONE) -> Step:
    """Return what the undoing would do."""
    definition = ctx.registry.entities.get(net.entity)
    if definition is None:
        return Step(net, hidden=True, problems=(UNAVAILABLE,))
    title = words_of(ctx, definition.key)(net.title)
    if net.effect == "delete":
        return _return(ctx, definition, net, title)
    try:
        record = find(ctx, definition, net.record_id)
    except NotFound:
        if _exists(ctx, definition, net.record_id):
            return Step(net, hidden=True, problems=(UNAVAILABLE,))
        gone = Problem(None, "deleted", N_("The record was deleted"))
        return Step(net, title, problems=(gone,))
    if net.effect == "create":
        return _removal(ctx, definition, net, title, record, handled)
    if net.effect != "update":
        return Step(net, title, problems=(Problem(None, "nothing", N_("There is nothing to undo")),))
    return _way_back(ctx, definition, net, title, record)


def _exists(ctx: Ctx, definition: EntityDef, record_id: int) -> bool:
    query = sa.select(definition.model.id).where(definition.model.id == record_id)
    return ctx.session.scalar(query, execution_options=KERNEL) is not None


def _refusal(ctx: Ctx, definition: EntityDef, record_id: int, action: str) -> Problem | None:
    """Return why the actor may not do something to a record that he sees."""
    try:
        require(ctx, definition.key, action)
        find(ctx, definition, record_id, action)
    except (Forbidden, NotFound) as error:
        return Problem(None, "forbidden", error.message, error.params)
    return None


# ---------------------------------------------------------------- an update goes back


def _way_back(ctx: Ctx, definition: EntityDef, net: Net, title: str, record: Any) -> Step:
    if refusal := _refusal(ctx, definition, record.id, "update"):
        return Step(net, title, problems=(refusal,))
    fields = ctx.registry.fields(definition.key)
    now = stored_now(fields, values_of(ctx, definition, record))
    since = Since(fields, others(ctx, net), net.last, now)
    problems: list[Problem] = []
    raw: dict[str, Any] = {}
    mask, allowed = readable(ctx, definition.key), editable(ctx, definition.key)
    for key, (old, new) in net.diff.items():
        if key not in mask:
            if key not in fields and ctx.actor.is_admin:
                problems.append(Problem(key, "gone", N_("The field is not there any more")))
        elif key in allowed:
            if problem := _standing(ctx, since, fields[key], (old, new), now.get(key)):
                problems.append(problem)
            else:
                raw[key] = given(fields[key], old, now.get(key))
        elif not fields[key].readonly:
            problems.append(Problem(key, "readonly", N_("%(label)s can't be set"), {"label": fields[key].title()}))
    _leave_refused(ctx, definition, record, raw, problems)
    diff = {key: [now.get(key), net.diff[key][0]] for key in raw}
    if not raw and not problems:
        problems.append(Problem(None, "nothing", N_("There is nothing to undo")))
    changes = history.in_words(ctx, definition.key, diff)
    return Step(net, title, changes, tuple(problems), raw, possible=bool(raw))


def _standing(ctx: Ctx, since: Since, found: FieldDef, pair: tuple[Any, Any], now: Any) -> Problem | None:
    """Return what stands in the way of one field's going back."""
    old, new = pair
    if conflict := since.conflict(ctx, found.key, new):
        return conflict
    if _is_file(found, old) and not files.may_attach(ctx, old):
        return Problem(found.key, "file", _SWEPT)
    if _means_the_same(ctx, found, old, now):
        return Problem(found.key, "merged", N_("What it was has become what it is: its entries were merged"))
    return None


def _means_the_same(ctx: Ctx, found: FieldDef, old: Any, now: Any) -> bool:
    """Tell whether a value of history, read today, is today's: its entry of a list was merged since."""
    if not isinstance(found.type, Choice | Lines) or old is None:
        return False
    try:
        meant = history.stored(found, found.type.parse(given(found, old, now), ctx))
    except ValueProblem:
        return False
    return same(found, meant, now) and not same(found, old, now)


def _is_file(found: FieldDef, value: Any) -> bool:
    return isinstance(found.type, File) and value is not None


def _leave_refused(ctx: Ctx, definition: EntityDef, record: Any, raw: dict[str, Any], problems: list[Problem]) -> None:
    """Take out of ``raw`` what the checks of saving refuse, with the reasons."""
    while raw and (found := writing.obstacles(ctx, definition.key, raw, record)):
        problems += [p for p in found if p not in problems]
        refused = {p.field for p in found} & raw.keys()
        if not refused:
            raw.clear()
        for key in refused:
            del raw[str(key)]


# ---------------------------------------------------------------- what was made is deleted


def _removal(ctx: Ctx, definition: EntityDef, net: Net, title: str, record: Any, handled: Handled) -> Step:
    problems = []
    if refusal := _refusal(ctx, definition, record.id, "delete"):
        return Step(net, title, problems=(refusal,))
    later = [row for row in others(ctx, net) if effect_of(row) == "update"]
    if later and (merged(later) or any(row.note and not row.diff for row in later)):
        problems.append(changed_since(ctx, None, later[-1]))
    problems += _attached(ctx, definition, record)
    problems += _linked(ctx, definition, record.id, handled)
    written = WrittenChange(definition, "delete", record, {}, values_of(ctx, definition, record))
    problems += ctx.registry.hooks.validate(ctx, written)
    return Step(net, title, problems=tuple(problems), possible=not problems)


def _attached(ctx: Ctx, definition: EntityDef, record: Any) -> list[Problem]:
    """Return what others may have put on the record since it was made: comments, and files beside its own fields'."""
    found = []
    remarks = sa.select(Comment.id).where(Comment.entity == definition.key, Comment.record_id == record.id).limit(1)
    if ctx.session.scalar(remarks, execution_options=KERNEL) is not None:
        found.append(Problem(None, "comments", N_("There are comments on it")))
    own = [k for k, f in ctx.registry.fields(definition.key).items() if isinstance(f.type, File)]
    files = sa.select(StoredFile.id).where(
        StoredFile.entity == definition.key, StoredFile.record_id == record.id, StoredFile.field.not_in(own)
    )
    if ctx.session.scalar(files.limit(1), execution_options=KERNEL) is not None:
        found.append(Problem(None, "files", N_("Files were put on it")))
    return found


def _linked(ctx: Ctx, definition: EntityDef, record_id: int, handled: Handled) -> list[Problem]:
    """Return that other records link to it; those the actor sees are named."""
    for other, link, own, linked in keeping.pointing(ctx, definition):
        if linked is None:
            continue
        ids = keeping.linking(ctx, link, own, linked, record_id, limit=len(handled) + _SHOWN + 1)
        left = [i for i in ids if (other.key, i) not in handled and (other.key, i) != (definition.key, record_id)]
        if left:
            names = _names(ctx, other, left[:_SHOWN])
            if names:
                return [Problem(None, "linked", N_("Other records link to it: %(names)s"), {"names": ", ".join(names)})]
            return [Problem(None, "linked", N_("It is used elsewhere"))]
    return []


def _names(ctx: Ctx, definition: EntityDef, ids: list[int]) -> list[str]:
    words = words_of(ctx, definition.key)
    found = []
    for number in ids:
        try:
            record = find(ctx, definition, number)
        except CrmError:
            continue
        if definition.title in readable(ctx, definition.key):
            found.append(words(getattr(record, definition.title)) or f"#{number}")
    return found


# ---------------------------------------------------------------- what was deleted comes back


def _return(ctx: Ctx, definition: EntityDef, net: Net, title: str) -> Step:
    if _exists(ctx, definition, net.record_id):
        back = Problem(None, "exists", N_("The record is there again"))
        return Step(net, title, problems=(back,))
    try:
        require(ctx, definition.key, "create")
    except Forbidden as error:
        return Step(net, title, problems=(Problem(None, "forbidden", error.message, error.params),))
    problems: list[Problem] = []
    values = _typed(
        ctx, definition, {k: old for k, (old, _) in net.diff.items()} | net.kept.get("values", {}), problems
    )
    here = keeping.files_of(ctx, net.record_id, net.kept)
    for key in [k for k, v in values.items() if _is_file(ctx.registry.field(definition.key, k), v) and v not in here]:
        problems.append(Problem(key, "file", _SWEPT))
        del values[key]
    possible = _leave_lost(ctx, definition, values, problems)
    mask = readable(ctx, definition.key)
    shown = {key: [None, net.diff[key][0]] for key in values if key in mask and key in net.diff}
    told = tuple(p for p in problems if p.field is None or p.field in mask)
    return Step(net, title, history.in_words(ctx, definition.key, shown), told, values, possible)


def _typed(ctx: Ctx, definition: EntityDef, stored: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Return the values of stored ones; what can't be read any more is left out with the reason."""
    fields = ctx.registry.fields(definition.key)
    values = {}
    for key, raw in stored.items():
        if key not in fields:
            continue
        try:
            values[key] = fields[key].type.parse(given(fields[key], raw, ()), ctx)
        except ValueProblem as problem:
            problems.append(problem.at(key))
    return values


def _leave_lost(ctx: Ctx, definition: EntityDef, values: dict[str, Any], problems: list[Problem]) -> bool:
    """Leave out values that can't come back, such as links to what is gone; tell whether the record can."""
    while found := writing.obstacles_to_restore(ctx, definition.key, values):
        problems += [p for p in found if p not in problems]
        lost = {p.field for p in found if p.code != "required"} & values.keys()
        if not lost:
            return False
        for key in lost:
            del values[str(key)]
    return True
