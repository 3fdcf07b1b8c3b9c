"""HubSpot, Zoho CRM, SuiteCRM and Pipedrive exports: recognised, and every column where it belongs."""

import pytest
from crm_contacts.importing.presets import recognise

HUBSPOT = {
    "Record ID": "101", "First Name": "Anne", "Last Name": "Martin", "Email": "anne@example.com",
    "Phone Number": "01 42 34 56 78", "Mobile Phone Number": "06 39 98 00 12", "Contact owner": "Bob Roe",
    "Associated Company": "Kergal SA", "Lifecycle Stage": "lead", "Lead Status": "NEW", "Create Date": "2026-01-02",
    "Job Title": "CEO", "Street Address": "1 rue A", "City": "Paris", "Postal Code": "75001",
    "Country/Region": "France", "State/Region": "",
}  # fmt: skip
ZOHO = {
    "Record Id": "zcrm_55",
    "Contact Owner.id": "zcrm_1",
    "Contact Owner": "Bob",
    "Lead Source": "",
    "First Name": "Anne",
    "Last Name": "Martin",
    "Account Name.id": "zcrm_77",
    "Account Name": "Kergal SA",
    "Email": "anne@example.com",
    "Title": "CEO",
    "Phone": "01 42 34 56 78",
    "Mobile": "06 39 98 00 12",
    "Secondary Email": "a2@example.com",
    "Email Opt Out": "false",
    "Mailing Street": "1 rue A",
    "Mailing City": "Paris",
    "Mailing Zip": "75001",
    "Mailing Country": "France",
    "Tag": "vip",
}
SUITECRM = {
    "id": "8f-1", "salutation": "", "first_name": "Anne", "last_name": "Martin", "title": "CEO", "department": "",
    "account_name": "Kergal SA", "email1": "anne@example.com", "phone_work": "01 42 34 56 78",
    "phone_mobile": "06 39 98 00 12", "primary_address_street": "1 rue A", "primary_address_city": "Paris",
    "primary_address_postalcode": "75001", "primary_address_country": "France", "assigned_user_name": "bob",
}  # fmt: skip
PIPEDRIVE = {
    "Person - ID": "12", "Person - Name": "Anne Martin", "Person - First name": "Anne", "Person - Last name": "Martin",
    "Person - Organization": "Kergal SA", "Person - Email - Work": "anne@example.com",
    "Person - Phone - Work": "01 42 34 56 78", "Person - Phone - Mobile": "06 39 98 00 12",
    "Person - Job title": "CEO", "Person - Owner": "Bob", "Person - Labels": "vip",
}  # fmt: skip
ALL = {"hubspot": HUBSPOT, "zoho": ZOHO, "suitecrm": SUITECRM, "pipedrive": PIPEDRIVE}
COMPANIES = {
    "hubspot": {"Record ID": "7", "Company name": "Kergal SA", "Company owner": "Bob", "City": "Paris",
                "Country/Region": "France", "Create Date": "2026-01-02"},
    "zoho": {"Record Id": "7", "Account Name": "Kergal SA", "Billing City": "Paris", "Billing Code": "75001",
             "Billing Country": "France", "Phone": ""},
    "suitecrm": {"id": "7", "name": "Kergal SA", "phone_office": "", "billing_address_city": "Paris",
                 "billing_address_country": "France", "website": ""},
    "pipedrive": {"Organization - ID": "7", "Organization - Name": "Kergal SA", "Organization - Address": "1 rue A",
                  "Organization - City/town/village/locality of address": "Paris",
                  "Organization - Country of address": "France"},
}  # fmt: skip


@pytest.fixture
def sheet(row):
    """Return a function that reads one row of an export."""

    def read(content):
        lines = (",".join('"' + text + '"' for text in texts) for texts in (content, content.values()))
        return row("\r\n".join((*lines, "")))

    return read


@pytest.mark.parametrize("name", ALL)
def test_ie_01_the_export_of_another_crm_is_known_by_its_columns(sheet, name):
    content = ALL[name]
    assert recognise(list(content)).name == name
    found = sheet(content)
    assert not [p for p in found.problems if p.fatal], found.problems
    values = found.values
    assert (values["first_name"], values["last_name"], values["job_title"]) == ("Anne", "Martin", "CEO")
    assert values["company"] == "Kergal SA" and values["external_id"] in ("101", "zcrm_55", "8f-1", "12")
    assert values["emails"][0]["address"] == "anne@example.com"
    assert [(p["number"], p["kind"]) for p in values["phones"]] == [
        ("+33142345678", "work"), ("+33639980012", "mobile"),
    ]  # fmt: skip
    if name != "pipedrive":
        (address,) = values["addresses"]
        assert (address["street"], address["zip"], address["city"], address["country"]) == (
            "1 rue A", "75001", "Paris", "FR",
        )  # fmt: skip


@pytest.mark.parametrize("name", COMPANIES)
def test_ie_01_companies_of_another_crm_are_companies(sheet, name):
    content = COMPANIES[name]
    assert recognise(list(content)).name == name
    values = sheet(content).values
    assert (values["kind"], values["name"], values["external_id"]) == ("company", "Kergal SA", "7")
    assert values["addresses"][0]["city"] == "Paris"


def test_ie_01_the_export_of_onlyoffice_is_known_with_its_kinds_of_numbers_and_addresses(sheet):
    content = {
        "First Name": "Anne", "Last Name": "Martin", "Company Name": "Kergal SA", "Position": "CEO", "Note": "",
        "Contact Temperature Level": "Hot", "Contact Type": "Client", "Contact Tag List": "vip,fair",
        "Phone (work)": "01 42 34 56 78", "Phone (mobile)": "06 39 98 00 12", "Email (work)": "anne@example.com",
        "Address (work) street": "1 rue A", "Address (work) city": "Paris", "Address (work) zip code": "75001",
        "Address (work) country": "France",
    }  # fmt: skip
    assert recognise(list(content)).name == "onlyoffice"
    values = sheet(content).values
    assert (values["first_name"], values["company"], values["job_title"]) == ("Anne", "Kergal SA", "CEO")
    assert (values["temperature"], values["type"], values["tags"]) == ("Hot", "Client", ["vip", "fair"])
    assert [p["kind"] for p in values["phones"]] == ["work", "mobile"]
    assert (values["addresses"][0]["zip"], values["addresses"][0]["city"]) == ("75001", "Paris")
    company = {**dict.fromkeys(content, ""), "Company Name": "Kergal SA"}
    assert (sheet(company).values["kind"], sheet(company).values["name"]) == ("company", "Kergal SA")
