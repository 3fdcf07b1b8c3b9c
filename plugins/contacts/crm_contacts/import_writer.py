"""Writes imported rows as contacts: companies once, persons linked to them, known ones brought up to date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crm_contacts.import_companies import CHUNK, Companies
from crm_contacts.import_values import LINES, Draft, Typing
from crm_core.api import (
    N_,
    Cond,
    CrmError,
    Ctx,
    Forbidden,
    ImportOptions,
    ImportRow,
    Invalid,
    ListQuery,
    Problem,
    Row,
    RowResult,
    fold,
    records,
    sequences,
    tags,
)

CONTACT = "contacts.contact"
KEYS = ("id", "external_id", "code")
"""What a row is known again by, the surest first."""
_GONE = N_("There is no contact with the id %(value)s; a new one was made")
_KNOWN = N_("It is there already and was left alone")
_NEW = N_("There is no such contact; only known ones are changed")
_SEVERAL = N_("Several contacts have %(value)s here: %(ids)s")
_NO_COMPANY = N_("There is no company called %(value)s that you may see")
_NO_TAG = N_("There is no tag called %(value)s")
_LINE_KEY = {"emails": "address", "phones": "number", "websites": "url"}


def write(ctx: Ctx, rows: Sequence[ImportRow]) -> list[RowResult]:
    """Write rows without fatal problems in the transaction of ``ctx``; return one result a row, in order.

    A row with the ``id``, ``external_id`` or ``code`` of a contact the actor may see changes that contact: its values
    win, its lines, tags and natures are added to those that are there. Every other row makes a new contact. Companies
    that persons name are found by their foreign id, else by their name, else made once. ``make`` of the options makes
    entries of lists too, or refuses the rows that name a company, tag or entry which is not there.
    """
    options = getattr(rows[0], "options", ImportOptions())
    batch = _Batch(ctx, options.make)
    drafts = [batch.typing.draft(row.values, lenient=options.lenient) for row in rows]
    if options.mode != "create":
        batch.recognise(drafts, (options.match,) if options.match else KEYS)
    batch.leave(drafts, options.mode)
    left, drafts = drafts, [d for d in drafts if id(d) not in batch.results]
    batch.tag(drafts)
    batch.write_companies([d for d in drafts if d.is_company and not d.failed])
    persons = [d for d in drafts if not d.is_company and not d.failed]
    batch.attach(persons)
    batch.store([d for d in persons if not d.failed])
    return [batch.results.get(id(d)) or RowResult(outcome="failed", problems=d.problems) for d in left]


class _Batch:
    """What the rows of one call share."""

    def __init__(self, ctx: Ctx, make: bool | None) -> None:
        self.ctx, self.make = ctx, make
        self.typing = Typing(ctx, make=make is True)
        self.companies = Companies(ctx)
        self.results: dict[int, RowResult] = {}

    # ------------------------------------------------------------ which contact a row is

    def leave(self, drafts: Iterable[Draft], mode: str) -> None:
        """Leave out the rows that a mode leaves out."""
        for draft in drafts:
            known = draft.record_id is not None
            if not draft.failed and ((known and mode == "skip") or (not known and mode == "update")):
                draft.remark("id", "known" if known else "new", _KNOWN if known else _NEW)
                self.results[id(draft)] = RowResult(
                    outcome="skipped", record_id=draft.record_id, problems=draft.problems
                )

    def recognise(self, drafts: Iterable[Draft], keys: Sequence[str]) -> None:
        """Find the contacts that rows bring up to date."""
        left = [d for d in drafts if not d.failed]
        for key in keys:
            wanted = {_key_of(d, key) for d in left if d.record_id is None} - {""}
            known = self._known(key, sorted(wanted))
            for draft in left:
                found = known.get(_key_of(draft, key), ()) if draft.record_id is None else ()
                if len(found) > 1:
                    draft.refuse(key, "ambiguous", _SEVERAL, _key_of(draft, key), ids=_numbers(found))
                elif found:
                    draft.record_id = found[0]
        for draft in left:
            if draft.record_id is None and _key_of(draft, "id"):
                draft.remark("id", "unknown", _GONE, str(draft.source["id"]))

    def _known(self, key: str, wanted: Sequence[str]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for start in range(0, len(wanted), CHUNK):
            part: tuple[Any, ...] = tuple(wanted[start : start + CHUNK])
            part = tuple(int(text) for text in part) if key == "id" else part
            fields = ("external_id", "code", "emails")
            query = ListQuery(fields=fields, filter=Cond(key, "in", part), limit=500, sort=(("id", True),), count=False)
            while True:
                page = records.list_(self.ctx, CONTACT, query)
                for row in page.items:
                    for value in _keys_of(row, key):
                        found[value].append(row.id)
                if page.next is None:
                    break
                query = replace(query, after=page.next)
        return found

    # ------------------------------------------------------------ tags and companies

    def tag(self, drafts: Iterable[Draft]) -> None:
        """Replace the names of tags by their ids; new ones are made once."""
        known: dict[str, int] = {}
        for draft in drafts:
            names = draft.source.get("tags")
            if not names or draft.failed:
                continue
            for name in names:
                if (key := fold(name)) not in known:
                    found = self.ctx.directory.tag_called(name)
                    if found is None and self.make is False:
                        draft.refuse("tags", "missing", _NO_TAG, name)
                        continue
                    try:
                        known[key] = found.id if found else tags.create(self.ctx, name).id
                    except (Forbidden, Invalid) as error:
                        first = next(iter(error.problems()), Problem("tags", error.code, error.message, error.params))
                        draft.refuse("tags", "tag", first.message, name, **first.params)
            draft.values["tags"] = list(dict.fromkeys(known[k] for k in map(fold, names) if k in known))

    def _tags_as_given(self, draft: Draft) -> list[int | str]:
        """Return a row's tags for the records API, which knows by id only what was there before the operation."""
        known = self.ctx.directory.tag_called
        return [tag.id if (tag := known(name)) else name for name in draft.source["tags"]]

    def write_companies(self, drafts: list[Draft]) -> None:
        """Write the rows that are companies; one that an earlier import made from its name alone is completed."""
        fresh = [d for d in drafts if d.record_id is None]
        self.companies.look_up(d.values["name"] for d in fresh)
        for draft in fresh:
            draft.record_id = self.companies.bare.pop(fold(draft.values["name"]), None)
        self.store(drafts)
        for draft in drafts:
            result = self.results.get(id(draft))
            if result is not None and result.record_id and "name" in draft.values:
                self.companies.add(result.record_id, draft.values)

    def attach(self, drafts: Sequence[Draft]) -> None:
        """Replace the companies that persons name by their ids."""
        naming = [d for d in drafts if d.source.get("company") or d.source.get("companies")]
        self.companies.look_up(
            (name for d in naming for name in _company_names(d)),
            (str(d.source["company_external_id"]) for d in naming if d.source.get("company_external_id")),
        )
        wanted: dict[str, str] = {}
        asking: dict[str, list[Draft]] = defaultdict(list)
        for draft in naming:
            for number, name in enumerate(_company_names(draft)):
                external = str(draft.source.get("company_external_id") or "") if number == 0 else ""
                if self.companies.id_of(name, external) is None:
                    wanted[fold(name)] = wanted.get(fold(name)) or external
                    asking[fold(name)].append(draft)
        if self.make is False:
            for key in wanted:
                for draft in asking[key]:
                    draft.refuse(
                        "company", "missing", _NO_COMPANY, next(n for n in _company_names(draft) if fold(n) == key)
                    )
        elif wanted:
            self.companies.make(wanted, asking)
        for draft in naming:
            self._link(draft)

    def _link(self, draft: Draft) -> None:
        external = str(draft.source.get("company_external_id") or "")
        names = _company_names(draft)
        ids = [self.companies.id_of(name, external if n == 0 else "") for n, name in enumerate(names)]
        found = [company for company in ids if company is not None]
        if not found:
            return
        draft.values["companies"] = list(dict.fromkeys(found))
        if draft.source.get("company"):
            draft.values["company"] = found[0]

    # ------------------------------------------------------------ writing

    def store(self, drafts: Sequence[Draft]) -> None:
        """Make new contacts, and bring known ones up to date."""
        fresh = [d for d in drafts if d.record_id is None]
        made = records.bulk_create(self.ctx, CONTACT, [{**d.values, "origin": "import"} for d in fresh])
        for draft, outcome in zip(fresh, made, strict=True):
            if isinstance(outcome, int):
                self.results[id(draft)] = RowResult(outcome="created", record_id=outcome, problems=draft.problems)
            else:
                draft.reject(outcome)
        sequences.observe(self.ctx, "contacts.code", [d.values["code"] for d in fresh if d.values.get("code")])
        for draft in drafts:
            if draft.record_id is not None:
                self._update(draft, draft.record_id)

    def _update(self, draft: Draft, record_id: int) -> None:
        queued = len(self.ctx.queue)
        savepoint = self.ctx.session.begin_nested()
        try:
            row = records.read(self.ctx, CONTACT, record_id, (*LINES, "tags", "nature", "companies"))
            values = _merged(draft.values, row)
            if "tags" in values:
                values["tags"] = [*row.values["tags"], *self._tags_as_given(draft)]
            changed = records.update(self.ctx, CONTACT, record_id, values).version != row.version
            savepoint.commit()
        except CrmError as error:
            savepoint.rollback()
            del self.ctx.queue[queued:]
            self.ctx.cache.clear()
            if problems := error.problems():
                draft.reject(problems)
            else:
                draft.refuse(None, error.code, error.message, **error.params)
            return
        outcome: Any = "updated" if changed else "skipped"
        self.results[id(draft)] = RowResult(outcome=outcome, record_id=record_id, problems=draft.problems)


def _company_names(draft: Draft) -> list[str]:
    """Return the companies a person's row names, the main one first, each once."""
    found: dict[str, str] = {}
    for name in (draft.source.get("company") or "", *draft.source.get("companies", ())):
        if key := fold(name):
            found.setdefault(key, name)
    return list(found.values())


def _keys_of(row: Row, key: str) -> list[str]:
    """Return what a contact is known by: one value, or each of its addresses."""
    if key == "email":
        return list(dict.fromkeys(line["address"].lower() for line in row.values["emails"]))
    return [str(row.id) if key == "id" else _folded(key, row.values[key])]


def _numbers(ids: Sequence[int]) -> str:
    return ", ".join(f"#{number}" for number in ids[:5])


def _key_of(draft: Draft, key: str) -> str:
    if key == "email":
        return next((line["address"].lower() for line in draft.source.get("emails", ())), "")
    value = str(draft.source.get(key) or "").strip()
    if key == "id":
        return str(int(value)) if value.isascii() and value.isdigit() and 0 < int(value) < 2**53 else ""
    return _folded(key, value)


def _folded(key: str, value: str | None) -> str:
    """Return a key as it is compared: references are compared as written, foreign ids without case and accents."""
    return fold(value or "") if key == "external_id" else value or ""


def _merged(values: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """Return the values of a row for an existing contact: lines, tags, natures and companies are added."""
    found = {key: value for key, value in values.items() if key != "code"}
    for key in LINES:
        if key in found:
            found[key] = _added(key, row.values[key], found[key])
    for key in ("nature", "companies"):
        if key in found:
            found[key] = list(dict.fromkeys([*row.values[key], *found[key]]))
    return found


def _added(key: str, present: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the lines that are there and those that are new; the marks of those that are there stay."""
    part = _LINE_KEY.get(key)
    mark = "is_default" if key == "addresses" else "primary"

    def same(line: Mapping[str, Any]) -> Any:
        parts = (part,) if part else ("street", "zip", "city")
        return tuple(str(line.get(p) or "").lower() for p in parts)

    known = {same(line) for line in present}
    extra = [{k: v for k, v in line.items() if not (k == mark and present)} for line in new if same(line) not in known]
    return [*present, *extra]
