"""What other plugins are given: addresses, currency and language of documents (CT-07, CT-44, CT-54, CT-64, CT-65)."""

import pytest
from crm_contacts import api

from crm_core.api import records


@pytest.fixture
def contact(crm, rest):
    """``contact(function, **values)``: make a company and call a function with an operation and the record."""

    def call(function, **values):
        made = rest().company("Kergal", **values)
        with crm.as_user(crm.admin, write=False) as ctx:
            return function(ctx, records.get(ctx, "contacts.contact", made["id"]))

    return call


def there(address: api.PostalAddress | None) -> api.PostalAddress:
    assert address is not None
    return address


ADDRESSES = [
    {"city": "Brest", "street": "1 rue A"},
    {"city": "Lyon", "is_invoicing": True},
    {"city": "Nice", "is_delivery": True, "recipient": "Réception, quai 4"},
]


@pytest.mark.parametrize(
    ("purpose", "city", "name"),
    [("default", "Brest", "Kergal"), ("invoicing", "Lyon", "Kergal"), ("delivery", "Nice", "Réception, quai 4")],
)
def test_ct_44_the_marked_address_is_taken_and_its_name_printed(contact, purpose, city, name):
    found = contact(lambda ctx, record: api.address_for(ctx, record, purpose), addresses=ADDRESSES)
    assert (found.city, found.name) == (city, name)


@pytest.mark.parametrize("purpose", ["default", "invoicing", "delivery"])
def test_ct_44_without_a_mark_the_default_address_is_taken(contact, purpose):
    lines = [{"city": "Brest"}, {"city": "Lyon", "is_default": True}]
    assert contact(lambda ctx, record: api.address_for(ctx, record, purpose), addresses=lines).city == "Lyon"
    assert contact(lambda ctx, record: api.address_for(ctx, record, purpose)) is None


def test_ct_44_an_address_chosen_for_a_document_is_found_by_its_id(crm, rest):
    made = rest().company(addresses=ADDRESSES)
    wanted = made["addresses"][2]["id"]
    with crm.as_user(crm.admin, write=False) as ctx:
        record = records.get(ctx, "contacts.contact", made["id"])
        assert there(api.address_by_id(record, wanted)).name == "Réception, quai 4"
        assert api.address_by_id(record, 10**6) is None


def test_ct_44_the_lines_of_an_address(contact):
    lines = [{"street": "1 rue A\nBât. B", "zip": "29200", "city": "Brest", "country": "FR"}]
    printed = contact(lambda ctx, r: there(api.address_for(ctx, r)).lines(ctx), addresses=lines)
    assert printed == ["Kergal", "1 rue A", "Bât. B", "29200 Brest", "France"]
    at_home = contact(lambda ctx, r: there(api.address_for(ctx, r)).lines(ctx, home="FR"), addresses=lines)
    assert at_home[-1] == "29200 Brest"


def test_ct_44_a_person_without_address_is_reached_at_the_company(crm, rest):
    company = rest().company("Kergal", addresses=[{"city": "Brest"}])
    made = rest().person(company=company["id"])
    with crm.as_user(crm.admin, write=False) as ctx:
        found = there(api.address_for(ctx, records.get(ctx, "contacts.contact", made["id"])))
    assert (found.name, found.city) == ("Anne Martin", "Brest")


def test_ct_07_currency_of_documents(crm, rest):
    rest_api = rest()
    company = rest_api.company("Kergal", currency="CHF", language="de")["id"]
    person, alone = rest_api.person(company=company), rest_api.person("Paul", "Petit", currency="gbp")
    plain = rest_api.person("Rose", "Roy")
    assert alone["currency"] == "GBP"
    assert rest_api.problems("PATCH", f"/contacts/{company}", {"currency": "XXX"}) == {"currency": "currency"}
    with crm.as_user(crm.admin, write=False) as ctx:
        found = [records.get(ctx, "contacts.contact", c["id"]) for c in (person, alone, plain)]
        assert [api.currency_of(ctx, c) for c in found] == ["CHF", "GBP", "EUR"]
        assert [api.language_of(ctx, c, "fr") for c in found] == ["de", "fr", "fr"]
