"""Imported rows become contacts: created, linked, recognised again, refused with the reason."""

import pytest
from crm_contacts.import_writer import write
from crm_contacts.importer import open_file
from crm_contacts.importing import SourceRow

from crm_core.api import ImportOptions, records


def row(number=1, **values):
    return SourceRow(number + 1, values, [], [], number)


def person(number=1, **values):
    return row(number, **{"kind": "person", "first_name": "Anne", "last_name": "Martin", **values})


@pytest.fixture
def imported(crm):
    """``imported(rows, by=user)``: write rows in one operation and return the outcomes."""

    def run(*rows, by=None):
        with crm.as_user(by or crm.admin, quiet=True) as ctx:
            return write(ctx, rows)

    return run


@pytest.fixture
def load(crm, tmp_path):
    """``load(text)``: write the rows of a file and return (outcome, problem codes) of each."""

    def run(text, name="contacts.csv", **options):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        with crm.as_user(crm.admin, quiet=True) as ctx:
            source = open_file(path, ImportOptions(**options))
            rows = [r for r in source if not r.failed]
            results = write(ctx, rows)
            source.close()
        return [(r.outcome, sorted(p.code for p in r.problems)) for r in results]

    return run


def test_ct_18_an_imported_contact_says_where_it_came_from(rest, imported):
    (result,) = imported(person(emails=[{"address": "Anne@Example.org", "kind": "work", "primary": True}]))
    found = rest().get(f"/contacts/{result.record_id}")
    assert (result.outcome, found["origin"], found["name"]) == ("created", "import", "Anne Martin")
    assert found["emails"][0]["domain"] == "example.org"
    assert found["email"] == "anne@example.org"
    assert found["code"] == "C00001"
    assert [m["name"] for m in found["managers"]] == ["Administrator"]
    assert found["visibility"] == "private"


def test_several_phones_mails_and_addresses_of_one_row(rest, imported):
    (result,) = imported(
        person(
            emails=[{"address": "a@example.org", "kind": "home"}, {"address": "b@example.org", "kind": "work"}],
            phones=[{"number": "+33639980001", "kind": "mobile"}, {"number": "+33261910001", "kind": "work"}],
            addresses=[
                {"kind": "home", "city": "Brest", "is_default": False},
                {"kind": "work", "city": "Lyon", "country": "FR", "is_default": True},
            ],
            websites=[{"url": "https://example.org", "kind": "work"}],
        )
    )
    found = rest().get(f"/contacts/{result.record_id}")
    assert [e["primary"] for e in found["emails"]] == [True, False]
    assert len(found["phones"]) == 2
    assert (found["city"], found["country"]) == ("Lyon", "FR")
    assert rest().titles("city=Brest") == ["Anne Martin"]


def test_a_company_named_by_many_is_made_once(rest, imported):
    api = rest()
    outcomes = imported(
        person(1, company="Kergal SA"),
        person(2, first_name="Paul", company="KERGAL sa", companies=["Sével"]),
        person(3, first_name="Rose"),
    )
    assert [r.outcome for r in outcomes] == ["created"] * 3
    assert api.titles("kind=company") == ["Kergal SA", "Sével"]
    assert api.titles("company.name=Kergal SA") == ["Anne Martin", "Paul Martin"]
    imported(person(4, first_name="Zoé", company="Kergal SA"))
    assert api.titles("kind=company") == ["Kergal SA", "Sével"]
    paul = api.get("/contacts?first_name=Paul")["items"][0]
    assert (paul["company"]["title"], [c["title"] for c in paul["companies"]]) == ("Kergal SA", ["Kergal SA", "Sével"])


def test_persons_are_linked_to_a_company_that_is_there(rest, imported):
    api = rest()
    company = api.company("Kergal SA")
    imported(person(company="kergal sa"))
    assert api.titles(f"company={company['id']}") == ["Anne Martin"]
    assert api.titles("kind=company") == ["Kergal SA"]


def test_companies_one_may_not_see_are_not_linked(rest, imported, alice):
    rest().company("Kergal SA")
    imported(person(company="Kergal SA"), by=alice)
    assert rest(alice).titles("kind=company") == ["Kergal SA"]
    assert len(rest().titles("kind=company")) == 2


def test_companies_of_one_name_are_told_apart_by_the_foreign_id(rest, imported):
    api = rest()
    imported(
        row(1, kind="company", name="Martin", external_id="K1"),
        row(2, kind="company", name="Martin", external_id="K2"),
        person(3, company="Martin", company_external_id="K2"),
        person(4, first_name="Paul", company="Martin", company_external_id="K1"),
    )
    assert api.titles('filter=company.external_id = "K2"') == ["Anne Martin"]
    assert api.titles('filter=company.external_id = "K1"') == ["Paul Martin"]


def test_a_company_made_from_its_name_is_completed_by_its_own_row(rest, imported):
    api = rest()
    imported(person(1, company="Kergal SA"))
    (result,) = imported(row(2, kind="company", name="Kergal SA", addresses=[{"city": "Brest"}], industry="software"))
    assert result.outcome == "updated"
    (company,) = api.get("/contacts?kind=company")["items"]
    assert (company["city"], company["industry"]) == ("Brest", "software")
    (again,) = imported(row(3, kind="company", name="Kergal SA"))
    assert again.outcome == "created"


def test_a_company_row_after_the_persons_of_the_same_batch(rest, imported):
    imported(
        person(1, company="Kergal SA"), row(2, kind="company", name="Kergal SA", phones=[{"number": "+33261910001"}])
    )
    (company,) = rest().get("/contacts?kind=company")["items"]
    assert company["phone"] == "+33261910001"


def test_a_new_tag_is_made_once(rest, imported):
    imported(person(1, tags=["Fair 2030", "VIP"]), person(2, first_name="Paul", tags=["fair 2030"]))
    api = rest()
    assert sorted(t["name"] for t in api.get("/tags")["items"]) == ["Fair 2030", "VIP"]
    assert api.titles("tags=Fair 2030") == ["Anne Martin", "Paul Martin"]


@pytest.mark.parametrize("key", ["id", "external_id", "code"])
def test_a_contact_is_recognised_again_and_brought_up_to_date(rest, imported, key):
    api = rest()
    imported(person(1, external_id="K1", emails=[{"address": "a@example.org"}], tags=["Old"], nature=["prospect"]))
    made = api.get("/contacts")["items"][0]
    change = person(2, job_title="Buyer", emails=[{"address": "b@example.org"}], tags=["New"], nature=["customer"])
    change.values[key] = {"id": str(made["id"]), "external_id": "k1", "code": made["code"]}[key]
    (result,) = imported(change)
    assert (result.outcome, result.record_id) == ("updated", made["id"])
    found = api.get(f"/contacts/{made['id']}")
    assert found["job_title"] == "Buyer"
    assert [(e["address"], e["primary"]) for e in found["emails"]] == [
        ("a@example.org", True),
        ("b@example.org", False),
    ]
    assert sorted(found["tags"]) == ["New", "Old"]
    assert found["nature"] == ["prospect", "customer"]
    assert found["origin"] == "import"
    (same,) = imported(change)
    assert same.outcome == "skipped"


def test_contacts_one_may_not_see_are_not_overwritten(rest, imported, alice):
    made = rest().person(external_id="K1")
    (result,) = imported(person(1, job_title="Spy", external_id="K1", id=str(made["id"])), by=alice)
    assert result.outcome == "created"
    assert result.record_id != made["id"]
    assert [p.code for p in result.problems] == ["unknown"]
    assert rest().get(f"/contacts/{made['id']}")["job_title"] is None


def test_codes_that_come_with_the_file_are_not_given_again(rest, imported):
    (result,) = imported(person(1, code="C00041"))
    api = rest()
    assert api.get(f"/contacts/{result.record_id}")["code"] == "C00041"
    assert api.company("Next")["code"] == "C00042"
    (twice,) = imported(row(2, kind="company", name="Other"), by=None)
    assert twice.outcome == "created"


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"last_name": "M" * 101}, "last_name", "too_long"),
        ({"addresses": [{"city": "B" * 121}]}, "addresses", "too_long"),
        ({"temperature": "Lukewarm"}, "temperature", "choice"),
        ({"score": "nine"}, "score", "number"),
        ({"custom": {"cf.nothing": "1"}}, "cf.nothing", "unknown"),
        ({"tags": ["x" * 61]}, "tags", "tag"),
    ],
)
def test_a_row_that_can_not_be_kept_is_refused_and_the_others_are_written(rest, imported, values, field, code):
    bad, good = imported(person(1, **values), person(2, first_name="Paul"))
    assert (bad.outcome, bad.record_id, good.outcome) == ("failed", None, "created")
    assert [(p.code, p.fatal) for p in bad.problems] == [(code, True)]
    assert bad.problems[0].field == field
    assert rest().titles() == ["Paul Martin"]


def test_lists_are_read_by_label_and_what_does_not_fit_is_left_out(rest, imported):
    (result,) = imported(
        row(1, kind="company", name="Kergal", temperature="Warm", score="4", size="10 to 49 people", job_title="Boss")
    )
    found = rest().get(f"/contacts/{result.record_id}")
    assert (found["temperature"], found["score"], found["size"]) == ("warm", 4, "small")
    assert [(p.field, p.code, p.fatal) for p in result.problems] == [("job_title", "not_applicable", False)]


def test_custom_fields_are_typed(rest, imported):
    api = rest()
    api.post("/fields/contacts.contact", {"key": "employees", "type": "integer", "label": "Employees"})
    good, bad = imported(person(1, custom={"cf.employees": "12"}), person(2, custom={"cf.employees": "many"}))
    assert api.get(f"/contacts/{good.record_id}")["cf"]["employees"] == 12
    assert (bad.outcome, bad.problems[0].field) == ("failed", "cf.employees")


def test_a_file_from_the_header_to_the_contacts(rest, load):
    text = (
        "First name,Last name,Company,E-mail,City,Temperature\n"
        "Anne,Martin,Kergal,anne@example.org,Brest,Hot\n"
        "Paul,Petit,Kergal,,Lyon,Lukewarm\n"
    )
    assert load(text) == [("created", []), ("failed", ["choice"])]
    assert rest().titles() == ["Anne Martin", "Kergal"]


def test_a_lenient_import_leaves_bad_values_out(rest, load):
    text = "First name,Last name,Temperature\nPaul,Petit,Lukewarm\n"
    assert load(text, lenient=True) == [("created", ["choice"])]
    assert rest().get("/contacts")["items"][0]["temperature"] is None


def test_a_card_from_the_file_to_the_contact(rest, load):
    card = (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Martin;Anne;;;\r\nFN:Anne Martin\r\nORG:Kergal\r\n"
        "EMAIL;TYPE=work:anne@example.org\r\nTEL;TYPE=cell:+33639980001\r\nEND:VCARD\r\n"
    )
    assert load(card, name="contacts.vcf") == [("created", [])]
    found = rest().get("/contacts?kind=person")["items"][0]
    assert (found["company"]["title"], found["phones"][0]["kind"]) == ("Kergal", "mobile")


def test_a_thousand_rows_cost_few_statements(crm, imported, statements):
    with statements() as log:
        imported(*(person(n, last_name=f"Martin{n}", company=f"Company {n % 20}") for n in range(1000)))
    assert len(log) < 100
    with crm.as_user(crm.admin, write=False) as ctx:
        assert records.count(ctx, "contacts.contact", records.ListQuery())[0] == 1020
