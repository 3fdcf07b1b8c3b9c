"""What is derived and what must hold for a contact; the first half are pure functions, fast enough for imports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from crm_core.api import N_, Change, Cond, Ctx, ListQuery, Problem, and_, records

Values = MutableMapping[str, Any]
Lines = list[dict[str, Any]]

PERSON_ONLY = ("first_name", "last_name", "job_title", "company", "companies", "role", "birthday")
COMPANY_ONLY = ("size",)


def derive(values: Values, old: Mapping[str, Any]) -> None:
    """Complete the values being set from each other and from what the record has.

    Args:
        values: what is being set, by field key; changed in place.
        old: the record's values before, empty for a new one.
    """
    if "kind" in values and old and values["kind"] != old.get("kind"):
        _change_kind(values, old)
    if (values.get("kind", old.get("kind")) or "person") == "person":
        _name_person(values, old)
        if "company" in values or "companies" in values:
            _companies(values, old)
    if "emails" in values:
        values["emails"] = emails(values["emails"], old.get("emails", ()))
        values["email"] = marked(values["emails"], "primary", "address")
    if "phones" in values:
        values["phones"] = phones(values["phones"], old.get("phones", ()))
        values["phone"] = marked(values["phones"], "primary", "number")
    if "websites" in values:
        values["websites"] = distinct(values["websites"], old.get("websites", ()), lambda line: line["url"])
    if "addresses" in values:
        values["addresses"] = addresses(values["addresses"], old.get("addresses", ()))
        for part in ("city", "zip", "country"):
            values[part] = marked(values["addresses"], "is_default", part)


def person_name(first: str | None, last: str | None) -> str:
    """Return what a person is called."""
    return f"{first or ''} {last or ''}".strip()


def emails(lines: Iterable[dict[str, Any]], old: Sequence[Mapping[str, Any]] = ()) -> Lines:
    """Return e-mail lines without repetitions, exactly one primary, each with its domain (CT-52)."""
    found = distinct(lines, old, lambda line: line["address"].lower())
    mark_one(found, "primary", old)
    for line in found:
        line["domain"] = line["address"].rpartition("@")[2].lower()
    return found


def phones(lines: Iterable[dict[str, Any]], old: Sequence[Mapping[str, Any]] = ()) -> Lines:
    """Return phone lines without repetitions, exactly one primary: the one chosen for calling (CT-06)."""
    found = distinct(lines, old, lambda line: line["number"])
    mark_one(found, "primary", old)
    return found


def addresses(lines: Iterable[dict[str, Any]], old: Sequence[Mapping[str, Any]] = ()) -> Lines:
    """Return addresses, exactly one of them the default; a second mark takes it from the first (CT-66)."""
    found = keep_ids(list(lines), old, _place)
    mark_one(found, "is_default", old)
    return found


def _place(line: Mapping[str, Any]) -> Any:
    return tuple((line.get(part) or "").lower() for part in ("recipient", "street", "zip", "city", "state"))


def distinct(
    lines: Iterable[dict[str, Any]], old: Sequence[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], Any]
) -> Lines:
    """Return the first line of each value, with the id its value had before."""
    found: dict[Any, dict[str, Any]] = {}
    for line in lines:
        kept = found.setdefault(key(line), line)
        if line.get("primary"):
            kept["primary"] = True
    return keep_ids(list(found.values()), old, key)


def keep_ids(lines: Lines, old: Sequence[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], Any]) -> Lines:
    """Give lines that come without an id the one of the old line with the same value."""
    if old:
        used = {line.get("id") for line in lines}
        known = {key(line): line["id"] for line in old if line["id"] not in used}
        for line in lines:
            if not line.get("id") and (found := known.pop(key(line), None)):
                line["id"] = found
    return lines


def mark_one(lines: Lines, mark: str, old: Sequence[Mapping[str, Any]] = ()) -> None:
    """Leave the mark on exactly one line: the one that gets it now, else the first marked, else the first."""
    chosen = [line for line in lines if line.get(mark)]
    if len(chosen) > 1 and old:
        before = {line["id"] for line in old if line.get(mark)}
        chosen = [line for line in chosen if line.get("id") not in before] or chosen
    one = (chosen or lines or (None,))[0]
    for line in lines:
        line[mark] = line is one


def marked(lines: Iterable[Mapping[str, Any]], mark: str, part: str) -> Any:
    """Return a part of the marked line."""
    return next((line.get(part) for line in lines if line.get(mark)), None)


def _change_kind(values: Values, old: Mapping[str, Any]) -> None:
    """Empty what the new kind does not have, and ask for the names it needs."""
    person = values["kind"] == "person"
    for key in COMPANY_ONLY if person else PERSON_ONLY:
        if old.get(key):
            values.setdefault(key, [] if key == "companies" else None)
    for key in ("first_name", "last_name") if person else ("name",):
        values.setdefault(key, old.get(key))


def _name_person(values: Values, old: Mapping[str, Any]) -> None:
    if values.get("name") not in (None, "", old.get("name")):
        return
    first, last = values.get("first_name", old.get("first_name")), values.get("last_name", old.get("last_name"))
    name = person_name(first, last)
    if name != old.get("name") or "name" in values:
        values["name"] = name or None


def _companies(values: Values, old: Mapping[str, Any]) -> None:
    """Keep the main company among all companies; without one, the first of them is it (CT-50)."""
    before = old.get("company")
    companies = list(values.get("companies", old.get("companies") or ()))
    company = values.get("company", before)
    if "companies" not in values and company != before:
        companies = [c for c in companies if c != before]
    elif "companies" in values and (company is None or ("company" not in values and company not in companies)):
        company = companies[0] if companies else None
    if company is not None and company not in companies:
        companies.insert(0, company)
    values["company"], values["companies"] = company, companies


# ---------------------------------------------------------------- checks


def problems(ctx: Ctx, change: Change) -> Iterator[Problem]:
    """Yield what is wrong with a contact being saved, and what should be asked about."""
    kind = change.get("kind") or "person"
    yield from _misplaced(change, kind)
    if kind == "person":
        yield from _fixed_name(change)
        if change.record is not None and change.changed("kind") and _has_people(ctx, change.record.id):
            yield Problem("kind", "in_use", N_("People belong to this company, so it can't become a person"))


def _misplaced(change: Change, kind: Any) -> Iterator[Problem]:
    person = kind == "person"
    message = N_("Only a company has this") if person else N_("Only a person has this")
    for key in COMPANY_ONLY if person else PERSON_ONLY:
        if change.values.get(key):
            yield Problem(key, "not_applicable", message)


def _fixed_name(change: Change) -> Iterator[Problem]:
    name = change.values.get("name")
    if name and name != person_name(change.get("first_name"), change.get("last_name")):
        yield Problem("name", "readonly", N_("A person's name is made of first and last name"))


def _has_people(ctx: Ctx, company_id: int) -> bool:
    found = and_(Cond("kind", "=", "person"), Cond("companies", "has", company_id))
    return records.count(ctx, "contacts.contact", ListQuery(filter=found))[0] > 0
