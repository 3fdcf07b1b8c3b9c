"""Changed records go back: which fields can, and why others can't."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crm_core import files
from crm_core.access import editable, readable
from crm_core.access.sets import shares_of_many
from crm_core.change import Change
from crm_core.contributions import FieldDef
from crm_core.errors import Problem, ValueProblem
from crm_core.fieldtypes import Choice, File, Lines, Tags
from crm_core.history import SHARING, stored
from crm_core.i18n import N_
from crm_core.models import Change as ChangeRow
from crm_core.records import checking, values
from crm_core.records.reading import values_of_many
from crm_core.titles import words_of
from crm_core.undo.net import Net, others_of
from crm_core.undo.steps import Sight, Step
from crm_core.undo.values import Since, changed_since, given, same, stored_now

if TYPE_CHECKING:
    from crm_core.context import Ctx

SWEPT = N_("The file is not kept any more")


class _Way:
    """One record on its way back: what is set again, and what is not, with the reasons."""

    def __init__(self, net: Net, record: Any, old: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        self.net, self.record, self.old, self.now = net, record, old, now
        self.raw: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.written: Change | None = None
        self.sharing: Mapping[int, bool] | None = None

    @property
    def possible(self) -> bool:
        return bool(self.raw) or self.sharing is not None


def go_back(sight: Sight, nets: Sequence[Net]) -> Iterator[Step]:
    """Yield what the undoing of changes does to records of one entity."""
    ctx, definition = sight.ctx, sight.definition
    words = words_of(ctx, definition.key)
    open_ = []
    for net in nets:
        if refusal := sight.refused(net.record_id):
            yield Step(net, words(net.title), problems=(refusal,))
        else:
            open_.append(net)
    ways = _ways(sight, open_)
    _leave_refused(ctx, ways)
    for way in ways:
        if not way.possible and not way.problems:
            way.problems.append(Problem(None, "nothing", N_("There is nothing to undo")))
        diff = {key: [way.now.get(key), way.net.diff[key][0]] for key in way.raw}
        yield Step(
            way.net, words(way.net.title), problems=tuple(way.problems), diff=diff, written=way.written,
            sharing=way.sharing, possible=way.possible,
        )  # fmt: skip


def _ways(sight: Sight, nets: Sequence[Net]) -> list[_Way]:
    """Return what of each change may be set again as far as nothing newer stands in the way."""
    ctx, definition = sight.ctx, sight.definition
    fields = ctx.registry.fields(definition.key)
    records = [sight.records[net.record_id] for net in nets]
    current = values_of_many(ctx, definition, records)
    attachable = files.attachable(ctx, _files(fields, nets))
    sharing = [net.record_id for net in nets if net.sharing]
    shared = shares_of_many(ctx, definition.key, sharing) if sharing else {}
    found = []
    for net, record, old, rows in zip(nets, records, current, others_of(ctx, nets), strict=True):
        now = stored_now(fields, old)
        way = _Way(net, record, old, now)
        _fields_back(ctx, way, Since(fields, rows, net.last, now), attachable)
        _sharing_back(ctx, way, shared.get(net.record_id, {}), rows)
        found.append(way)
    return found


def _files(fields: Mapping[str, FieldDef], nets: Sequence[Net]) -> set[int]:
    pairs = ((fields[key], old) for net in nets for key, (old, _) in net.diff.items() if key in fields)
    return {old for field, old in pairs if is_file(field, old)}


def is_file(found: FieldDef, value: Any) -> bool:
    """Tell whether a stored value names a file."""
    return isinstance(found.type, File) and value is not None


def _fields_back(ctx: Ctx, way: _Way, since: Since, attachable: set[int]) -> None:
    entity, fields = way.net.entity, since.fields
    mask, allowed = readable(ctx, entity), editable(ctx, entity)
    for key, (old, new) in way.net.diff.items():
        if key not in mask:
            if key not in fields and ctx.actor.is_admin:
                way.problems.append(Problem(key, "gone", N_("The field is not there any more")))
        elif key in allowed:
            if problem := _standing(ctx, since, fields[key], (old, new), attachable):
                way.problems.append(problem)
            else:
                way.raw[key] = given(fields[key], old, way.now.get(key))
        elif not fields[key].readonly:
            label = {"label": fields[key].title()}
            way.problems.append(Problem(key, "readonly", N_("%(label)s can't be set"), label))


def _standing(ctx: Ctx, since: Since, found: FieldDef, pair: tuple[Any, Any], attachable: set[int]) -> Problem | None:
    """Return what stands in the way of one field's going back."""
    old, new = pair
    if conflict := since.conflict(ctx, found.key, new):
        return conflict
    if is_file(found, old) and old not in attachable:
        return Problem(found.key, "file", SWEPT)
    if _means_the_same(ctx, found, old, since.now.get(found.key)):
        return Problem(found.key, "merged", N_("What it was has become what it is: its entries were merged"))
    return None


def _means_the_same(ctx: Ctx, found: FieldDef, old: Any, now: Any) -> bool:
    """Tell whether a value of history, read today, is today's: its entry of a list was merged since."""
    if not isinstance(found.type, Choice | Lines | Tags) or old is None:
        return False
    try:
        meant = stored(found, found.type.parse(given(found, old, now), ctx))
    except ValueProblem:
        return False
    return same(found, meant, now) and not same(found, old, now)


def _sharing_back(ctx: Ctx, way: _Way, now: Mapping[int, bool], rows: Sequence[ChangeRow]) -> None:
    """Share again with whom it was shared before, unless that was changed since."""
    if way.net.sharing is None:
        return
    before, after = way.net.sharing
    if now == after:
        way.sharing = before
        return
    later = [row for row in rows if row.kept and SHARING in row.kept]
    way.problems.append(changed_since(ctx, None, later[-1] if later else None))


def _leave_refused(ctx: Ctx, ways: Sequence[_Way]) -> None:
    """Take out of each way what the checks of saving refuse, with the reasons; what is left is checked."""
    waiting = [way for way in ways if way.possible]
    while waiting:
        changes = [_change(ctx, way) for way in waiting]
        values.keep_hidden_links(ctx, [change for change, _ in changes])
        wrong = checking.problems(ctx, [c for c, _ in changes], {id(c): p for c, p in changes}, tolerant=True)
        left = []
        for way, (change, _) in zip(waiting, changes, strict=True):
            if not (found := wrong[id(change)]):
                way.written = change
                continue
            way.problems += [p for p in found if p not in way.problems]
            refused = {p.field for p in found} & way.raw.keys()
            way.raw = {key: value for key, value in way.raw.items() if key not in refused} if refused else {}
            if not refused:
                way.sharing = None
            elif way.possible:
                left.append(way)
        waiting = left


def _change(ctx: Ctx, way: _Way) -> tuple[Change, list[Problem]]:
    definition = ctx.registry.entity(way.net.entity)
    found, problems = values.parse(ctx, definition, way.raw)
    return Change(definition, "update", way.record, found, way.old), problems
