"""What other plugins may import from contacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from crm_contacts.computing import linked_filter, map_url, people_filter
from crm_contacts.models import CONTACT, RELATION, Contact, Relation
from crm_contacts.pictures import OfferedPicture, PictureSource
from crm_contacts.rules import person_name
from crm_core.api import Country, Ctx, NotFound, records

Purpose = Literal["default", "invoicing", "delivery"]

__all__ = [
    "CONTACT",
    "RELATION",
    "Contact",
    "OfferedPicture",
    "PictureSource",
    "PostalAddress",
    "Purpose",
    "Relation",
    "address_by_id",
    "address_for",
    "company_of",
    "currency_of",
    "language_of",
    "linked_filter",
    "map_url",
    "people_filter",
    "person_name",
]


@dataclass(frozen=True)
class PostalAddress:
    """A postal address as a document prints it (CT-44).

    ``name`` is who it is addressed to: the name on the address, else the contact's own. ``id`` is the line's.
    """

    id: int
    name: str
    street: str
    zip: str
    city: str
    state: str
    country: str

    def lines(self, ctx: Ctx, *, home: str = "") -> list[str]:
        """Return the lines to print, the name first; the country is left out when it is ``home``."""
        town = " ".join(part for part in (self.zip, self.city) if part)
        country = Country().show(self.country, ctx) if self.country and self.country != home else ""
        return [text for text in (self.name, *self.street.splitlines(), town, self.state, country) if text]


def address_for(ctx: Ctx, contact: Any, purpose: Purpose = "default") -> PostalAddress | None:
    """Return the address of a contact to use for a purpose, ``None`` when there is none.

    The address marked for the purpose comes first, then the default one, then the first (CT-64 to CT-66). A person
    without any address is reached at the company's, when the actor may see it.
    """
    if found := _chosen(list(contact.addresses), purpose):
        return _printed(found, contact)
    company = company_of(ctx, contact)
    if company is not None and (found := _chosen(list(company.addresses), purpose)):
        return _printed(found, contact)
    return None


def address_by_id(contact: Any, address_id: int) -> PostalAddress | None:
    """Return one of a contact's addresses, chosen for a document by its id (CT-44)."""
    found = next((line for line in contact.addresses if line.id == address_id), None)
    return _printed(found, contact) if found is not None else None


def _chosen(lines: list[Any], purpose: Purpose) -> Any:
    marks = ("is_default",) if purpose == "default" else (f"is_{purpose}", "is_default")
    for mark in marks:
        for line in lines:
            if getattr(line, mark):
                return line
    return lines[0] if lines else None


def _printed(line: Any, contact: Any) -> PostalAddress:
    texts = {part: getattr(line, part) or "" for part in ("street", "zip", "city", "state", "country")}
    return PostalAddress(id=line.id, name=line.recipient or contact.name or "", **texts)


def company_of(ctx: Ctx, contact: Any) -> Any | None:
    """Return the main company of a person, ``None`` without one or where the actor may not see it."""
    if not contact.company_id:
        return None
    try:
        return records.get(ctx, CONTACT, contact.company_id)
    except NotFound:
        return None


def currency_of(ctx: Ctx, contact: Any) -> str:
    """Return the currency of documents made for a contact: its own, its company's, else the default one (CT-07)."""
    company = company_of(ctx, contact) if not contact.currency else None
    own = contact.currency or (company.currency if company is not None else None)
    return own or ctx.directory.default_currency


def language_of(ctx: Ctx, contact: Any, default: str = "en") -> str:
    """Return the language of documents made for a contact: its own, its company's, else the default (CT-54)."""
    company = company_of(ctx, contact) if not contact.language else None
    return contact.language or (company.language if company is not None else None) or default
