"""What is worked out when a contact is read: its place on a map, linked contacts, relationships."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from crm_core.api import Cond, Country, Ctx, ListQuery, Node, Page, Row, gettext, or_, records

CONTACT, RELATION = "contacts.contact", "contacts.relation"
LIMIT = 50
"""How many linked contacts are worked out with a contact; the list shows the others."""


def map_url(ctx: Ctx, record: Any) -> str | None:
    """Return the address of a map of the contact's default address, ``None`` where it has none (CT-38)."""
    lines = list(record.addresses)
    place = next((line for line in lines if line.is_default), lines[0] if lines else None)
    text = place_text(ctx, place) if place is not None else ""
    template = str(ctx.directory.setting("contacts.map_url") or "")
    usable = "{address}" in template and template.startswith(("https://", "http://"))
    return template.replace("{address}", quote(text, safe="")) if text and usable else None


def place_text(ctx: Ctx, line: Any) -> str:
    """Return a postal address as one line that a map understands."""
    street = " ".join((line.street or "").split())
    town = " ".join(part for part in (line.zip, line.city) if part)
    country = Country().show(line.country, ctx)
    parts = [part for part in (street, town, line.state) if part]
    return ", ".join([*parts, country] if parts and country else parts)


# ---------------------------------------------------------------- linked contacts (CT-52)


def ignored_domains(ctx: Ctx) -> frozenset[str]:
    """Return the mail domains that say nothing about who belongs together: those of public providers."""
    key = "contacts.ignored_domains"
    if key not in ctx.cache:
        text = str(ctx.directory.setting("contacts.public_mail_domains") or "")
        ctx.cache[key] = frozenset(word.lower().lstrip("@") for word in re.split(r"[\s,;]+", text) if word)
    found: frozenset[str] = ctx.cache[key]
    return found


def linked_filter(ctx: Ctx, record: Any) -> Node | None:
    """Return the filter of the contacts that share a mail domain with this one, ``None`` when it has none to share."""
    domains = {line.domain for line in record.emails if line.domain} - ignored_domains(ctx)
    return Cond("emails.domain", "in", tuple(sorted(domains))) if domains else None


def linked_page(ctx: Ctx, record: Any, limit: int = LIMIT) -> list[Row]:
    """Return up to ``limit`` visible contacts that share a mail domain with this one, by name."""
    wanted = linked_filter(ctx, record)
    if wanted is None:
        return []
    query = ListQuery(fields=("job_title", "company", "email", "phone"), filter=wanted, limit=limit + 1, count=False)
    return [row for row in records.list_(ctx, CONTACT, query).items if row.id != record.id][:limit]


def linked_contacts(ctx: Ctx, record: Any) -> list[dict[str, Any]]:
    """Return linked contacts as ``{id, title, email}``."""
    rows = linked_page(ctx, record)
    return [{"id": row.id, "title": row.title, "email": row.values["email"] or ""} for row in rows]


def linked_count(ctx: Ctx, record: Any) -> int:
    """Return how many linked contacts there are, counted to the limit of lists."""
    wanted = linked_filter(ctx, record)
    return max(0, records.count(ctx, CONTACT, ListQuery(filter=wanted))[0] - 1) if wanted is not None else 0


# ---------------------------------------------------------------- relationships (CT-74)


def relation_page(ctx: Ctx, contact_id: int, limit: int = 200) -> Page:
    """Return the relationships of a contact whose other side the actor may see as well."""
    fields, wanted = ("contact", "relation", "other", "note"), relation_filter(contact_id)
    return records.list_(ctx, RELATION, ListQuery(fields=fields, filter=wanted, limit=limit, editable=True))


def relation_filter(contact_id: int) -> Node:
    """Return the filter of the relationships of a contact, whichever side it is on."""
    return or_(Cond("contact", "=", contact_id), Cond("other", "=", contact_id))


def relation_label(ctx: Ctx, code: str, *, reverse: bool) -> str:
    """Return a relationship in words, as its first side says it or as the other side does."""
    entry = ctx.directory.entry(RELATION, code)
    if entry is None:
        return code
    turned = entry.values.get("reverse") if reverse else None
    return gettext(str(turned)) if turned else entry.title()


def seen_from(ctx: Ctx, contact_id: int, row: Row) -> dict[str, Any]:
    """Return a relationship as one of its contacts sees it: the contact on the other side, and in what relation."""
    values: Mapping[str, Any] = row.values
    reverse = values["contact"] != contact_id
    side = "contact" if reverse else "other"
    return {
        "id": values[side],
        "title": row.labels.get(side, ""),
        "relation": values["relation"],
        "label": relation_label(ctx, values["relation"], reverse=reverse),
        "relation_id": row.id,
        "note": values["note"] or "",
    }


def relations(ctx: Ctx, record: Any) -> list[dict[str, Any]]:
    """Return the relationships of a contact, each as this contact sees it."""
    return [seen_from(ctx, record.id, row) for row in relation_page(ctx, record.id).items]


# ---------------------------------------------------------------- people of a company (CT-24, CT-73)


def people_filter(company_id: int) -> Node:
    """Return the filter of the persons who belong to a company, whichever of their companies it is."""
    return Cond("companies", "has", company_id)


def people_page(ctx: Ctx, company_id: int, limit: int = 100) -> Page:
    """Return the persons of a company that the actor may see, by name."""
    fields = ("job_title", "role", "email", "phone", "company")
    return records.list_(ctx, CONTACT, ListQuery(fields=fields, filter=people_filter(company_id), limit=limit))
