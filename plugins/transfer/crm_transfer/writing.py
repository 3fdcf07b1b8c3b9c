"""Writes the rows of a table as records of any kind: known ones are changed, the others made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crm_core.api import (
    N_,
    Cond,
    CrmError,
    Ctx,
    ImportRow,
    Links,
    ListQuery,
    RowResult,
    ValueProblem,
    access,
    fold,
    gettext,
    records,
)
from crm_transfer.drafts import Draft, Typing
from crm_transfer.reading import TableRow

CHUNK = 200
"""Values looked up with one statement."""
_KNOWN = N_("It is there already and was left alone")
_NEW = N_("There is no such record; only known ones are changed")
_GONE = N_("There is no record with the id %(value)s; a new one was made")
_SEVERAL = N_("Several records have %(value)s here: %(ids)s")
_TITLES = N_("Several records are called %(value)s; none was linked")
_MISSING = N_("There is no record called %(value)s that you may see")
_NO_KEY = N_("The row does not say which record it is about")


def matches(ctx: Ctx, entity: str) -> list[tuple[str, str]]:
    """Return the fields that records of an entity may be known by, with their labels: the id and plain texts."""
    mask = access.readable(ctx, entity)
    found = [("id", gettext(N_("Id in this CRM")))]
    for key, field in ctx.registry.fields(entity).items():
        if key in mask and field.filterable and field.storage in ("column", "custom") and _is_key(field.type):
            found.append((key, field.title()))
    return found


def _is_key(kind: Any) -> bool:
    return kind.name in ("text", "email", "phone", "url", "integer")


def write(ctx: Ctx, rows: Sequence[ImportRow]) -> list[RowResult]:
    """Write rows without fatal problems in the transaction of ``ctx``; return one result a row, in order."""
    taken = [row for row in rows if isinstance(row, TableRow)]
    batch = _Batch(ctx, taken[0])
    drafts = [batch.typing.draft(row) for row in taken]
    batch.recognise(drafts)
    batch.link(drafts)
    batch.create([d for d in drafts if d.record_id is None])
    for draft in drafts:
        if draft.record_id is not None and id(draft) not in batch.results and not draft.failed:
            batch.update(draft, draft.record_id)
    return [batch.results.get(id(d)) or RowResult(outcome="failed", problems=d.problems) for d in drafts]


class _Batch:
    """What the rows of one call share."""

    def __init__(self, ctx: Ctx, first: TableRow) -> None:
        self.ctx, self.options = ctx, first.options
        self.entity = first.options.entity
        self.match = first.options.match or ("id" if "id" in first.options.overrides.values() else "")
        self.typing = Typing(ctx, self.entity, self.match)
        self.results: dict[int, RowResult] = {}

    # ------------------------------------------------------------ which record a row is

    def recognise(self, drafts: Sequence[Draft]) -> None:
        """Find the records that rows are about, and leave out those that the mode leaves out."""
        mode = self.options.mode
        if mode == "create" or not self.match:
            return
        asked = {id(d): key for d in drafts if not d.failed and (key := self._key(d)) is not None}
        known = self._known(set(asked.values()))
        for draft in drafts:
            key = asked.get(id(draft))
            found = known.get(key, ()) if key is not None else ()
            if len(found) > 1:
                ids = ", ".join(f"#{i}" for i in found[:5])
                draft.note(self.match, "ambiguous", _SEVERAL, str(key), ids=ids)
            elif found:
                draft.record_id = found[0]
                if mode == "skip":
                    self._left(draft, "known", _KNOWN)
            elif key is not None and self.match == "id" and mode == "both":
                draft.note("id", "unknown", _GONE, str(key), fatal=False)
            elif mode == "update":
                self._left(draft, "new", _NEW if key is not None else _NO_KEY)

    def _left(self, draft: Draft, code: str, message: str) -> None:
        if not draft.failed:
            draft.note(self.match, code, message, fatal=False)
            self.results[id(draft)] = RowResult(outcome="skipped", record_id=draft.record_id, problems=draft.problems)

    def _key(self, draft: Draft) -> Any:
        """Return what a row's record is known by, ``None`` where the row does not say."""
        text = draft.row.values.get(self.match, "").strip()
        if not text:
            return None
        if self.match == "id":
            return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
        try:
            value = self.typing.fields[self.match].type.parse(text, self.ctx)
        except ValueProblem:
            return None
        return value

    def _known(self, wanted: set[Any]) -> Mapping[Any, list[int]]:
        """Return the records by what they are known by; case and accents count where the field's own filter says so."""
        found: dict[Any, list[int]] = defaultdict(list)
        folded: dict[str, list[int]] = defaultdict(list)
        field = self.match
        for row in self._listed(self.entity, field, wanted, (field,)):
            value = row.id if field == "id" else row.values[field]
            found[value].append(row.id)
            if isinstance(value, str):
                folded[fold(value)].append(row.id)
        return {key: found.get(key) or (folded.get(fold(key), []) if isinstance(key, str) else []) for key in wanted}

    def _listed(self, entity: str, field: str, wanted: Iterable[Any], fields: tuple[str, ...]) -> Iterator[Any]:
        ordered = sorted(wanted)
        for start in range(0, len(ordered), CHUNK):
            cond = Cond(field, "in", tuple(ordered[start : start + CHUNK]))
            after = None
            while True:
                query = ListQuery(
                    fields=fields, filter=cond, sort=(("id", False),), limit=500, count=False, after=after
                )
                page = records.list_(self.ctx, entity, query)
                yield from page.items
                after = page.next
                if after is None:
                    break

    # ------------------------------------------------------------ linked records by name

    def link(self, drafts: Sequence[Draft]) -> None:
        """Replace the names of linked records by their ids; missing ones are made where that is wished for."""
        by_field: dict[str, list[Draft]] = defaultdict(list)
        for draft in drafts:
            if id(draft) not in self.results:
                for key in draft.named:
                    by_field[key].append(draft)
        for key, asking in by_field.items():
            self._link(key, asking)

    def _link(self, key: str, asking: Sequence[Draft]) -> None:
        kind: Any = self.typing.fields[key].type
        names = {name for draft in asking for name in draft.named[key]}
        known = self._titled(kind.target, names)
        for draft in asking:
            ids = [self._target(draft, key, kind.target, name, known) for name in draft.named[key]]
            ids = [i for i in ids if i is not None]
            if draft.named[key] and not ids:
                continue
            draft.values[key] = ids if isinstance(kind, Links) else next(iter(ids), None)

    def _titled(self, entity: str, names: set[str]) -> dict[str, list[int]]:
        """Return the visible records of an entity by their folded title, and by id where a name is a number."""
        found: dict[str, list[int]] = defaultdict(list)
        if entity not in self.ctx.registry.entities or not access.may(self.ctx, entity, "read"):
            return found
        title = self.ctx.registry.entity(entity).title
        for row in self._listed(entity, title, names, (title,)):
            found[fold(row.title)].append(row.id)
        numbers = {int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 16}
        for row in self._listed(entity, "id", numbers, (title,)):
            found.setdefault(str(row.id), [row.id])
        return found

    def _target(self, draft: Draft, key: str, entity: str, name: str, known: dict[str, list[int]]) -> int | None:
        found = known.get(fold(name), [])
        fatal = not self.options.lenient
        if len(found) > 1:
            draft.note(key, "ambiguous", _TITLES, name, fatal=fatal)
        elif not found and self.options.make:
            return self._made(draft, key, entity, name, known)
        elif not found:
            draft.note(key, "missing", _MISSING, name, fatal=fatal)
        return found[0] if len(found) == 1 else None

    def _made(self, draft: Draft, key: str, entity: str, name: str, known: dict[str, list[int]]) -> int | None:
        title = self.ctx.registry.entity(entity).title
        try:
            outcome = records.bulk_create(self.ctx, entity, [{title: name[:200]}])[0]
        except CrmError as error:
            draft.refuse(error)
            return None
        if isinstance(outcome, int):
            known[fold(name)] = [outcome]
            return outcome
        for p in outcome:
            draft.note(key, p.code, p.message, name, **p.params)
        return None

    # ------------------------------------------------------------ writing

    def create(self, drafts: Sequence[Draft]) -> None:
        """Make records of rows that are about none."""
        fresh = [d for d in drafts if not d.failed and id(d) not in self.results]
        if not fresh:
            return
        made = records.bulk_create(self.ctx, self.entity, [self._filled(d) for d in fresh])
        for draft, outcome in zip(fresh, made, strict=True):
            if isinstance(outcome, int):
                self.results[id(draft)] = RowResult(outcome="created", record_id=outcome, problems=draft.problems)
                continue
            for p in outcome:
                draft.note(p.field, p.code, p.message, **p.params)

    def _filled(self, draft: Draft) -> dict[str, Any]:
        """Return the values that say something: an empty cell leaves a new record its defaults."""
        return {key: value for key, value in draft.values.items() if value not in (None, "", [])}

    def update(self, draft: Draft, record_id: int) -> None:
        """Bring a known record up to date; its id, history, notes and whatever the row does not say stay."""
        queued = len(self.ctx.queue)
        savepoint = self.ctx.session.begin_nested()
        try:
            before = records.read(self.ctx, self.entity, record_id, ()).version
            changed = records.update(self.ctx, self.entity, record_id, draft.values).version != before
            savepoint.commit()
        except CrmError as error:
            savepoint.rollback()
            del self.ctx.queue[queued:]
            self.ctx.cache.clear()
            draft.refuse(error)
            return
        outcome: Any = "updated" if changed else "skipped"
        self.results[id(draft)] = RowResult(outcome=outcome, record_id=record_id, problems=draft.problems)
