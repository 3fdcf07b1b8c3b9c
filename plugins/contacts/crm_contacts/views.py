"""How contacts are listed and shown, and where the menus lead to them."""

from __future__ import annotations

from crm_core.api import N_, MenuItem, SavedFilter, ViewDef

CONTACT = "contacts.contact"

CONTACTS = ViewDef(
    entity=CONTACT,
    columns=("photo", "name", "company", "phone", "city", "prospect_status"),
    sort="name",
    quick=(
        "qualification", "salespeople", "temperature", "nature", "type", "prospect_status", "prospect_level", "role",
        "team", "first_name", "last_name", "company", "city", "zip",
    ),
    saved=(
        SavedFilter(key="all", label=N_("All contacts"), filter=""),
        SavedFilter(key="persons", label=N_("Persons"), filter='kind = "person"'),
        SavedFilter(key="companies", label=N_("Companies"), filter='kind = "company"'),
        SavedFilter(key="prospects", label=N_("Prospects"), filter='nature has "prospect"'),
        SavedFilter(key="customers", label=N_("Customers"), filter='nature has "customer"'),
        SavedFilter(key="suppliers", label=N_("Suppliers"), filter='nature has "supplier"'),
        SavedFilter(key="mine", label=N_("Assigned to me"), filter="managers has me or salespeople has me"),
        SavedFilter(key="accounts", label=N_("My accounts"), filter="account_owner = me"),
        SavedFilter(key="public", label=N_("Public"), filter='visibility in ("read", "write")'),
    ),
    sections=(
        ("general", N_("General")),
        ("details", N_("Contact details")),
        ("sales", N_("Sales data")),
        ("privacy", N_("Opt-out")),
        ("more", N_("More")),
        ("access", N_("Who sees it")),
    ),
    card=("job_title", "company", "email", "phone", "city", "nature", "prospect_status"),
    status="prospect_status",
)  # fmt: skip

RELATIONS = ViewDef(
    entity="contacts.relation",
    columns=("contact", "relation", "other", "note", "updated_at"),
    sort="-updated_at",
    quick=("relation",),
)

MENU = (
    MenuItem(label=N_("Contacts"), url="/contacts", icon="people", weight=20, entity=CONTACT),
    MenuItem(
        label=N_("Person"), url="/contacts/new?kind=person", icon="person", weight=10, entity=CONTACT, section="create"
    ),
    MenuItem(
        label=N_("Company"), url="/contacts/new?kind=company", icon="building", weight=11, entity=CONTACT,
        section="create",
    ),
)  # fmt: skip
