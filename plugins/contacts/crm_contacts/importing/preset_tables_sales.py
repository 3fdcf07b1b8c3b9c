"""The columns of HubSpot, Zoho CRM, SuiteCRM, Pipedrive and ONLYOFFICE exports, by what they have published.

Read as ``preset_tables``; the names are those of exports in English, and of SuiteCRM's own fields, which its exports
name too.
"""

from __future__ import annotations

from crm_contacts.importing.preset_tables import Table


def _address(names: Table, place: str) -> dict[str, str]:
    """Return columns of one address by their names."""
    return {name: f"addresses.{place}.{part}" for name, part in names.items()}


HUBSPOT: Table = {
    "record id": "external_id",
    "first name": "first_name",
    "last name": "last_name",
    "email": "emails.work.address",
    "additional email addresses": "emails.other.address",
    "work email": "emails.work2.address",
    "phone number": "phones.work.number",
    "mobile phone number": "phones.mobile.number",
    "fax number": "phones.fax.number",
    "job title": "job_title",
    "associated company": "company",
    "company name": "company",
    "website url": "websites.work.url",
    "company domain name": "websites.work.url",
    "industry": "industry",
    "about us": "description",
    "description": "description",
    "date of birth": "birthday",
    **_address(
        {"street address": "street", "street address 2": "street2", "city": "city", "state/region": "state",
         "postal code": "zip", "country/region": "country"}, "work",
    ),
}  # fmt: skip
HUBSPOT_SIGNATURE = frozenset(
    {"record id", "contact owner", "company owner", "lifecycle stage", "lead status", "associated company",
     "associated company ids", "associated contact", "state/region", "country/region", "company domain name",
     "create date", "last activity date", "marketing contact status", "mobile phone number", "website url"}
)  # fmt: skip

_ZOHO_MAIL = {"mailing street": "street", "mailing city": "city", "mailing state": "state", "mailing zip": "zip",
              "mailing country": "country"}  # fmt: skip
_ZOHO_BILL = {"billing street": "street", "billing city": "city", "billing state": "state", "billing code": "zip",
              "billing country": "country"}  # fmt: skip
_ZOHO_OTHER = {"other street": "street", "other city": "city", "other state": "state", "other zip": "zip",
               "other country": "country"}  # fmt: skip
_ZOHO_SHIP = {"shipping street": "street", "shipping city": "city", "shipping state": "state", "shipping code": "zip",
              "shipping country": "country"}  # fmt: skip
ZOHO: Table = {
    "record id": "external_id",
    "contact id": "external_id",
    "first name": "first_name",
    "last name": "last_name",
    "account name": "company",
    "account name.id": "company_external_id",
    "title": "job_title",
    "email": "emails.work.address",
    "secondary email": "emails.other.address",
    "phone": "phones.work.number",
    "mobile": "phones.mobile.number",
    "home phone": "phones.home.number",
    "other phone": "phones.other.number",
    "fax": "phones.fax.number",
    "date of birth": "birthday",
    "email opt out": "opt_out_email",
    "website": "websites.work.url",
    "industry": "industry",
    "lead source": "source",
    "tag": "tags",
    "description": "description",
    **_address(_ZOHO_MAIL, "work"),
    **_address(_ZOHO_BILL, "work"),
    **_address(_ZOHO_OTHER, "other"),
    **_address(_ZOHO_SHIP, "other"),
}
ZOHO_SIGNATURE = frozenset(
    {"contact owner.id", "account owner.id", "contact owner", "account name", "account name.id", "asst phone",
     "skype id", "secondary email", "email opt out", "account number", "mailing zip", "billing code", "shipping code",
     "other zip", "vendor name", "reporting to", "modified by.id", "created by.id"}
) | frozenset(_ZOHO_MAIL)  # fmt: skip

_SUITE_PARTS = {"street": "street", "city": "city", "state": "state", "postalcode": "zip", "country": "country"}
_SUITE_LABELS = {"street": "street", "city": "city", "state": "state", "postal code": "zip", "country": "country"}
SUITECRM: Table = {
    "id": "external_id",
    "first_name": "first_name",
    "first name": "first_name",
    "last_name": "last_name",
    "last name": "last_name",
    "name": "name",
    "account_name": "company",
    "account name": "company",
    "account_id": "company_external_id",
    "title": "job_title",
    "job title": "job_title",
    "email1": "emails.work.address",
    "email_address": "emails.work.address",
    "email address": "emails.work.address",
    "email_addresses_non_primary": "emails.other.address",
    "non primary e-mails": "emails.other.address",
    "phone_work": "phones.work.number",
    "phone_office": "phones.work.number",
    "office phone": "phones.work.number",
    "phone_mobile": "phones.mobile.number",
    "mobile": "phones.mobile.number",
    "phone_home": "phones.home.number",
    "phone_other": "phones.other.number",
    "phone_alternate": "phones.other.number",
    "phone_fax": "phones.fax.number",
    "fax": "phones.fax.number",
    "website": "websites.work.url",
    "birthdate": "birthday",
    "industry": "industry",
    "lead_source": "source",
    "description": "description",
    **{f"primary_address_{name}": f"addresses.work.{part}" for name, part in _SUITE_PARTS.items()},
    **{f"billing_address_{name}": f"addresses.work.{part}" for name, part in _SUITE_PARTS.items()},
    **{f"alt_address_{name}": f"addresses.other.{part}" for name, part in _SUITE_PARTS.items()},
    **{f"shipping_address_{name}": f"addresses.other.{part}" for name, part in _SUITE_PARTS.items()},
    **{f"primary address {name}": f"addresses.work.{part}" for name, part in _SUITE_LABELS.items()},
    **{f"alternate address {name}": f"addresses.other.{part}" for name, part in _SUITE_LABELS.items()},
}
SUITECRM_SIGNATURE = frozenset(
    {
        "salutation",
        "account_name",
        "account_id",
        "phone_work",
        "phone_mobile",
        "phone_office",
        "phone_alternate",
        "email1",
        "email_addresses_non_primary",
        "non primary e-mails",
        "lead_source",
        "reports_to_id",
        "assigned_user_name",
        "assigned_user_id",
        "date_entered",
        "date_modified",
        "modified_user_id",
        "do_not_call",
        "office phone",
    }
) | frozenset(name for name in SUITECRM if "_address_" in name or "y address " in name or "e address " in name)

PIPEDRIVE: Table = {
    "person - id": "external_id",
    "person - name": "full_name",
    "person - first name": "first_name",
    "person - last name": "last_name",
    "person - organization": "company",
    "person - organization id": "company_external_id",
    "person - job title": "job_title",
    "person - label": "tags",
    "person - labels": "tags",
    "person - notes": "description",
    "person - birthday": "birthday",
    "person - email": "emails.work.address",
    "person - phone": "phones.work.number",
    "organization - id": "external_id",
    "organization - name": "name",
    "organization - label": "tags",
    "organization - labels": "tags",
    "organization - website": "websites.work.url",
    "organization - industry": "industry",
    "organization - address": "addresses.work.street",
    "organization - city/town/village/locality of address": "addresses.work.city",
    "organization - zip/postal code of address": "addresses.work.zip",
    "organization - state/county of address": "addresses.work.state",
    "organization - country of address": "addresses.work.country",
    **{f"person - email - {kind}": f"emails.{kind}.address" for kind in ("work", "home", "other")},
    **{f"person - phone - {kind}": f"phones.{kind}.number" for kind in ("work", "home", "mobile", "other")},
}
PIPEDRIVE_SIGNATURE = frozenset(PIPEDRIVE) | {"person - owner", "organization - owner"}

ONLYOFFICE: Table = {
    "first name": "first_name",
    "last name": "last_name",
    "company name": "company",
    "job title": "job_title",
    "position": "job_title",
    "note": "description",
    "about": "description",
    "contact temperature level": "temperature",
    "contact type": "type",
    "contact tag list": "tags",
}
ONLYOFFICE_SIGNATURE = frozenset({"contact temperature level", "contact tag list"})
