"""Tabs of a contact's page, and what it shows in the slots of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from crm_contacts import computing
from crm_core.api import (
    N_,
    Cond,
    Ctx,
    Fragment,
    ListQuery,
    NotFound,
    Row,
    Tab,
    access,
    filter_text,
    gettext,
    records,
    render,
)

CONTACT = "contacts.contact"
SHOWN_OF_COMPANY = (
    "nature", "code", "emails", "phones", "websites", "addresses", "type", "temperature", "qualification",
    "industry", "size", "currency", "language", "account_owner", "salespeople", "description",
)  # fmt: skip
"""Fields of the company that a person's page shows (CT-25)."""


def is_company(ctx: Ctx, record: Any) -> bool:
    """Tell whether a contact is a company."""
    return bool(record.kind == "company")


def is_person(ctx: Ctx, record: Any) -> bool:
    """Tell whether a contact is a person."""
    return bool(record.kind == "person")


# ---------------------------------------------------------------- contacts of a company (CT-24, CT-63, CT-73)


def people(ctx: Ctx, record: Any) -> str:
    """Return the persons of a company, grouped by their role (CT-51)."""
    page = computing.people_page(ctx, record.id)
    return render(
        "contacts/people.html",
        groups=_by_role(ctx, page.items),
        more=page.next is not None,
        list_url=f"/contacts?filter={quote(filter_text(computing.people_filter(record.id)))}",
        add_url=f"/contacts/new?kind=person&company={record.id}",
        may_create=access.may(ctx, CONTACT, "create"),
    )


def _by_role(ctx: Ctx, rows: list[Row]) -> list[tuple[str, list[Row]]]:
    groups: dict[str, list[Row]] = {entry.code: [] for entry in ctx.directory.entries("contacts.role")}
    for row in rows:
        groups.setdefault(row.values["role"] or "", []).append(row)
    kind = ctx.registry.field(CONTACT, "role").type
    return [(kind.show(code, ctx) or gettext(N_("Without a role")), found) for code, found in groups.items() if found]


def people_count(ctx: Ctx, record: Any) -> int:
    """Return how many persons of a company the actor may see."""
    return records.count(ctx, CONTACT, ListQuery(filter=computing.people_filter(record.id)))[0]


# ---------------------------------------------------------------- companies of a person (CT-25, CT-50)


def has_company(ctx: Ctx, record: Any) -> bool:
    """Tell whether a person has a main company that the actor may see."""
    if not is_person(ctx, record) or not record.company_id:
        return False
    try:
        records.get(ctx, CONTACT, record.company_id)
    except NotFound:
        return False
    return True


def company(ctx: Ctx, record: Any) -> str:
    """Return the data of the company a person belongs to."""
    readable = access.readable(ctx, CONTACT)
    keys = [key for key in SHOWN_OF_COMPANY if key in readable]
    fields = ctx.registry.fields(CONTACT)
    row = records.read(ctx, CONTACT, record.company_id, keys)
    return render("contacts/company.html", row=row, fields=[fields[key] for key in keys])


def companies(ctx: Ctx, record: Any) -> str:
    """Return every company a person is attached to."""
    ids = records.read(ctx, CONTACT, record.id, ("companies",)).values["companies"]
    query = ListQuery(fields=("job_title", "company", "email", "phone"), filter=_attached(ids), limit=100, count=False)
    rows = {row.id: row for row in records.list_(ctx, CONTACT, query).items} if ids else {}
    return render("contacts/companies.html", rows=[rows[i] for i in ids if i in rows], main=record.company_id)


def _attached(ids: list[int]) -> Cond:
    return Cond("id", "in", tuple(ids))


def companies_count(ctx: Ctx, record: Any) -> int:
    """Return how many companies of a person the actor may see."""
    return len(records.read(ctx, CONTACT, record.id, ("companies",)).values["companies"])


# ---------------------------------------------------------------- linked contacts (CT-52), relationships (CT-74)


def linked(ctx: Ctx, record: Any) -> str:
    """Return the contacts that share a mail domain with this one."""
    wanted = computing.linked_filter(ctx, record)
    rows = computing.linked_page(ctx, record)
    url = f"/contacts?filter={quote(filter_text(wanted))}" if wanted is not None else ""
    return render("contacts/linked.html", rows=rows, more=len(rows) >= computing.LIMIT, list_url=url)


def relations(ctx: Ctx, record: Any) -> str:
    """Return the relationships of a contact."""
    rows = computing.relation_page(ctx, record.id).items
    items = [{**computing.seen_from(ctx, record.id, row), "editable": row.editable} for row in rows]
    may_edit = access.may(ctx, CONTACT, "update", record)
    return render("contacts/relations.html", items=items, id=record.id, may_edit=may_edit)


def may_see_relations(ctx: Ctx, record: Any) -> bool:
    """Tell whether the actor may read relationships at all."""
    return access.allowed(ctx, computing.RELATION, "read")


def relations_count(ctx: Ctx, record: Any) -> int:
    """Return how many relationships of a contact the actor may see."""
    wanted = ListQuery(filter=computing.relation_filter(record.id))
    return records.count(ctx, computing.RELATION, wanted)[0]


TABS = (
    Tab(
        entity=CONTACT, key="people", label=N_("Contacts"), render=people, count=people_count, visible=is_company,
        weight=20,
    ),
    Tab(entity=CONTACT, key="customer", label=N_("Customer"), render=company, visible=has_company, weight=20),
    Tab(
        entity=CONTACT, key="companies", label=N_("Third parties"), render=companies, count=companies_count,
        visible=is_person, weight=30,
    ),
    Tab(
        entity=CONTACT, key="relations", label=N_("Relationships"), render=relations, count=relations_count,
        visible=may_see_relations, weight=70,
    ),
    Tab(
        entity=CONTACT, key="linked", label=N_("Linked contacts"), render=linked, count=computing.linked_count,
        weight=80,
    ),
)  # fmt: skip


def fragments(ctx: Ctx, slot: str, subject: Any) -> Iterator[Fragment]:
    """Yield the link to the map for the head and the card of a contact (CT-38)."""
    if slot not in ("record.header", "record.card") or getattr(subject, "__tablename__", "") != "contacts_contact":
        return
    if url := computing.map_url(ctx, subject):
        yield Fragment(render("contacts/map.html", url=url))
