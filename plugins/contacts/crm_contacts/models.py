"""People, companies, their lines, and the relationships between them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped

from crm_contacts import computing
from crm_contacts.fields import MailDomain, Titles
from crm_contacts.lists import EMAIL_KINDS, KINDS, ORIGINS, PHONE_KINDS, WEBSITE_KINDS
from crm_core import api as crm
from crm_core.api import N_, Cond, Ctx, Line, Record, entity, field, lines, many

PERSON, COMPANY = Cond("kind", "=", "person"), Cond("kind", "=", "company")
IN_LISTS = crm.NOTHING
"""Condition of fields that repeat a line for lists: neither a form nor a record's page shows them."""
CONTACT, RELATION = "contacts.contact", "contacts.relation"


class EmailLine(Line):
    """An e-mail address; ``domain`` is derived and serves linked contacts (CT-52)."""

    __tablename__ = "contacts_email"
    __parent__ = "contacts_contact"
    __main__ = "address"
    address: Mapped[str] = field(crm.Email(), label=N_("E-mail"), required=True, search=True, index=True)
    kind: Mapped[str | None] = field(crm.Choice(choices=EMAIL_KINDS), label=N_("Kind"), default="work")
    primary: Mapped[bool | None] = field(crm.Boolean(), label=N_("Primary"), default=False)
    domain: Mapped[str | None] = field(MailDomain(), label=N_("Domain"), readonly=True, index=True)


class PhoneLine(Line):
    """A phone number (CT-06)."""

    __tablename__ = "contacts_phone"
    __parent__ = "contacts_contact"
    __main__ = "number"
    number: Mapped[str] = field(crm.Phone(), label=N_("Phone number"), required=True, search=True, index=True)
    kind: Mapped[str | None] = field(crm.Choice(choices=PHONE_KINDS), label=N_("Kind"), default="work")
    primary: Mapped[bool | None] = field(crm.Boolean(), label=N_("Primary"), default=False)


class WebsiteLine(Line):
    """A web address or a page in a social network (CT-05)."""

    __tablename__ = "contacts_website"
    __parent__ = "contacts_contact"
    __main__ = "url"
    url: Mapped[str] = field(crm.Url(500), label=N_("Web address"), required=True)
    kind: Mapped[str | None] = field(crm.Choice(choices=WEBSITE_KINDS), label=N_("Kind"), default="work")


class AddressLine(Line):
    """A postal address, with the name to print on it and what it is used for (CT-43, CT-64 to CT-67)."""

    __tablename__ = "contacts_address"
    __parent__ = "contacts_contact"
    __main__ = "street"
    __significant__ = ("recipient", "street", "city", "state", "zip")
    kind: Mapped[str | None] = field(crm.Choice("contacts.address_kind"), label=N_("Kind"), default="work")
    recipient: Mapped[str | None] = field(
        crm.Text(200), label=N_("Name on the address"), help=N_("Printed instead of the contact's own name")
    )
    street: Mapped[str | None] = field(crm.LongText(500), label=N_("Street"))
    zip: Mapped[str | None] = field(crm.Text(20), label=N_("Postal code"), search=True, index=True)
    city: Mapped[str | None] = field(crm.Text(120), label=N_("City"), search=True, index=True)
    state: Mapped[str | None] = field(crm.Text(120), label=N_("State or region"))
    country: Mapped[str | None] = field(crm.Country(), label=N_("Country"))
    is_default: Mapped[bool | None] = field(crm.Boolean(), label=N_("Default"), default=False)
    is_invoicing: Mapped[bool | None] = field(crm.Boolean(), label=N_("For invoices"), default=False)
    is_delivery: Mapped[bool | None] = field(crm.Boolean(), label=N_("For deliveries"), default=False)


def _creator(ctx: Ctx | None) -> list[int]:
    """Return the creator alone: the manager of a new contact (CT-12)."""
    return [ctx.actor.id] if ctx is not None and ctx.actor.id else []


class Contact(Record):
    """A person or a company. ``email phone city zip country`` and a person's ``name`` are derived (``rules``)."""

    __tablename__ = "contacts_contact"
    __entity__ = entity(
        CONTACT,
        label=N_("Contact"),
        plural=N_("Contacts"),
        slug="contacts",
        icon="people",
        icon_by="kind",
        icons={"person": "person", "company": "building"},
        visibility="read",
        visibility_setting="contacts.private",
        search_hint="email",
    )

    kind: Mapped[str] = field(crm.Choice(choices=KINDS), label=N_("Kind"), required=True, default="person")
    photo: Mapped[int | None] = field(crm.Image(1024 * 1024, (200, 300)), label=N_("Photo"))
    first_name: Mapped[str | None] = field(
        crm.Text(100), label=N_("First name"), required_if=PERSON, visible_if=PERSON, index=True
    )
    last_name: Mapped[str | None] = field(
        crm.Text(100), label=N_("Last name"), required_if=PERSON, visible_if=PERSON, index=True
    )
    name: Mapped[str | None] = field(
        crm.Text(201), label=N_("Name"), required_if=COMPANY, visible_if=COMPANY, index=True, search=True
    )
    job_title: Mapped[str | None] = field(crm.Text(120), label=N_("Job title"), visible_if=PERSON)
    company_id: Mapped[int | None] = field(
        crm.Link(CONTACT, where='kind = "company"'), label=N_("Company"), fk="contacts_contact.id", visible_if=PERSON,
        index=True, search=True,
    )  # fmt: skip
    companies = many(
        crm.Links(CONTACT, where='kind = "company"'), label=N_("All companies"), visible_if=PERSON,
        help=N_("The main company is always among them"),
    )  # fmt: skip
    role: Mapped[str | None] = field(crm.Choice("contacts.role"), label=N_("Role"), visible_if=PERSON)
    nature = many(crm.MultiChoice("contacts.nature"), label=N_("Nature"))
    code: Mapped[str | None] = field(
        crm.Text(40), label=N_("Reference"), unique=True, readonly=True, search=True,
        sequence="contacts.code",
    )  # fmt: skip

    emails = lines(EmailLine, label=N_("E-mail addresses"), section="details")
    phones = lines(PhoneLine, label=N_("Phone numbers"), section="details")
    websites = lines(WebsiteLine, label=N_("Web sites and networks"), section="details")
    addresses = lines(AddressLine, label=N_("Addresses"), section="details")
    email: Mapped[str | None] = field(
        crm.Email(), label=N_("E-mail"), readonly=True, tracked=False, index=True,
        filter_as="emails.address", visible_if=IN_LISTS,
    )  # fmt: skip
    phone: Mapped[str | None] = field(
        crm.Phone(), label=N_("Phone"), readonly=True, tracked=False, filter_as="phones.number", visible_if=IN_LISTS
    )
    city: Mapped[str | None] = field(
        crm.Text(120), label=N_("City"), readonly=True, tracked=False, index=True, filter_as="addresses.city",
        visible_if=IN_LISTS,
    )  # fmt: skip
    zip: Mapped[str | None] = field(
        crm.Text(20), label=N_("Postal code"), readonly=True, tracked=False, index=True, filter_as="addresses.zip",
        visible_if=IN_LISTS,
    )  # fmt: skip
    country: Mapped[str | None] = field(
        crm.Country(), label=N_("Country"), readonly=True, tracked=False, filter_as="addresses.country",
        visible_if=IN_LISTS,
    )  # fmt: skip

    type: Mapped[str | None] = field(crm.Choice("contacts.type"), label=N_("Contact type"), section="sales")
    temperature: Mapped[str | None] = field(
        crm.Choice("contacts.temperature"), label=N_("Temperature"), section="sales"
    )
    qualification: Mapped[str | None] = field(
        crm.Choice("contacts.qualification"), label=N_("Qualification"), section="sales"
    )
    prospect_status: Mapped[str | None] = field(
        crm.Choice("contacts.prospect_status"), label=N_("Contact status"), section="sales",
        visible_if=Cond("nature", "has", "prospect"),
    )  # fmt: skip
    prospect_level: Mapped[str | None] = field(
        crm.Choice("contacts.prospect_level"), label=N_("Potential"), section="sales",
        visible_if=Cond("nature", "has", "prospect"),
    )  # fmt: skip
    industry: Mapped[str | None] = field(crm.Choice("contacts.industry"), label=N_("Sector"), section="sales")
    size: Mapped[str | None] = field(crm.Choice("contacts.size"), label=N_("Size"), section="sales", visible_if=COMPANY)
    source: Mapped[str | None] = field(crm.Choice("contacts.source"), label=N_("Source"), section="sales")
    score: Mapped[int | None] = field(crm.Rating(5), label=N_("Score"), section="sales")
    key_account: Mapped[bool | None] = field(crm.Boolean(), label=N_("Key account"), section="sales", default=False)
    currency: Mapped[str | None] = field(
        crm.Currency(), label=N_("Currency"), section="sales", help=N_("Preset on documents made for the contact")
    )
    language: Mapped[str | None] = field(
        crm.Language(), label=N_("Language"), section="sales", help=N_("Documents and mails are written in it")
    )

    opt_out_email: Mapped[bool | None] = field(
        crm.Boolean(), label=N_("No mass e-mail"), section="privacy", default=False
    )
    opt_out_call: Mapped[bool | None] = field(crm.Boolean(), label=N_("No calls"), section="privacy", default=False)
    opt_out_fax: Mapped[bool | None] = field(crm.Boolean(), label=N_("No fax"), section="privacy", default=False)
    birthday: Mapped[dt.date | None] = field(crm.Date(), label=N_("Birthday"), section="more", visible_if=PERSON)
    description: Mapped[str | None] = field(crm.LongText(), label=N_("Description"), section="more")
    external_id: Mapped[str | None] = field(
        crm.Text(120), label=N_("External id"), key="external_id", section="more", index=True,
        help=N_("What another system calls this contact"),
    )  # fmt: skip
    origin: Mapped[str] = field(
        crm.Choice(choices=ORIGINS), label=N_("Arrived"), section="more", readonly=True, required=True,
        default="manual",
    )  # fmt: skip

    managers = many(crm.Users(), label=N_("Managers"), grants="write", default=_creator, section="access")
    salespeople = many(crm.Users(), label=N_("Salespeople"), grants="write", section="access")
    account_owner_id: Mapped[int | None] = field(
        crm.User(), label=N_("Account owner"), grants="write", section="access", index=True
    )

    map_url = crm.computed(computing.map_url, label=N_("Map"), of=crm.Url(), hidden=True)
    linked_contacts = crm.computed(
        computing.linked_contacts, label=N_("Linked contacts"), of=Titles({"email": "string"}), hidden=True
    )
    relations = crm.computed(
        computing.relations, label=N_("Relationships"), hidden=True,
        of=Titles({"relation": "string", "label": "string", "relation_id": "integer", "note": "string"}),
    )  # fmt: skip


class Relation(Record):
    """A relationship: ``contact`` is the ``relation`` of ``other``, such as supplier of (CT-74).

    It is seen by those who may read both, and changed by those who may change one of them.
    """

    __tablename__ = "contacts_relation"
    __entity__ = entity(
        RELATION,
        label=N_("Relationship"),
        plural=N_("Relationships"),
        slug="relations",
        icon="diagram-3",
        title="relation",
        visibility="write",
        comments=False,
        tags=False,
        creatable=False,
        follows=("contact", "other"),
    )
    contact_id: Mapped[int] = field(
        crm.Link(CONTACT), label=N_("Contact"), required=True, fk="contacts_contact.id", ondelete="CASCADE", index=True
    )
    relation: Mapped[str] = field(crm.Choice("contacts.relation"), label=N_("Relationship"), required=True)
    other_id: Mapped[int] = field(
        crm.Link(CONTACT), label=N_("Other contact"), required=True, fk="contacts_contact.id", ondelete="CASCADE",
        index=True,
    )  # fmt: skip
    note: Mapped[str | None] = field(crm.Text(500), label=N_("Remark"))
