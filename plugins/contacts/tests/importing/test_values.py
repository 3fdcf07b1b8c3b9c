"""What becomes of the texts of a row: names, lines, lists, and what is reported."""

from datetime import date

import pytest


def codes(row):
    return [problem.code for problem in row.problems]


def test_a_person(row):
    found = row(
        "first_name,last_name,job_title,email,phone,mobile,street,zip,city,country,website,company,description,tags,"
        "birthday,language,currency,code,nature,external_id\n"
        "Anne,Martin,CEO,anne@example.org,01 99 00 12 34,06 39 98 00 12,12 rue A,75001,Paris,France,example.org,"
        'Example SARL,"Two\nlines","VIP, Fair; vip",14/03/1987,fr_FR,€,C42,"prospect, client",x-1\n'
    )
    assert not found.problems
    assert found.values == {
        "kind": "person",
        "first_name": "Anne",
        "last_name": "Martin",
        "job_title": "CEO",
        "company": "Example SARL",
        "emails": [{"address": "anne@example.org", "kind": "work", "primary": True}],
        "phones": [
            {"number": "+33199001234", "kind": "work", "primary": True},
            {"number": "+33639980012", "kind": "mobile", "primary": False},
        ],
        "addresses": [
            {"kind": "work", "street": "12 rue A", "city": "Paris", "zip": "75001", "country": "FR", "is_default": True}
        ],
        "websites": [{"url": "https://example.org", "kind": "work"}],
        "description": "Two\nlines",
        "tags": ["VIP", "Fair"],
        "birthday": date(1987, 3, 14),
        "language": "fr",
        "currency": "EUR",
        "code": "C42",
        "nature": ["prospect", "customer"],
        "external_id": "x-1",
    }


def test_empty_cells_say_nothing(row):
    found = row("first_name,last_name,email,phone,city,tags,birthday\nAnne,Martin,, ,,\u00a0,\n")
    assert found.values == {"kind": "person", "first_name": "Anne", "last_name": "Martin"}


@pytest.mark.parametrize(
    ("cells", "problems"),
    [
        (",Martin,,,", ["first_name_missing"]),
        ("Anne,,,,", ["last_name_missing"]),
        (",,,a@example.org,", ["no_name"]),
        (",,,,06 39 98 00 12", ["no_name"]),
        ("Anne,,Example,,", ["last_name_missing"]),
    ],
)
def test_a_person_needs_both_names(row, cells, problems):
    for lenient in (False, True):
        found = row(f"first_name,last_name,company,email,phone\n{cells}\n", lenient=lenient)
        assert codes(found) == problems
        assert found.failed


def test_only_an_organisation_is_a_company(row):
    found = row("first_name,last_name,company,email,city\n,,Example SARL,info@example.org,Lyon\n")
    assert not found.problems
    assert (found.values["kind"], found.values["name"]) == ("company", "Example SARL")
    assert "company" not in found.values


def test_names_from_addresses_only_when_asked_for(rows):
    content = "last_name,email\n,anne.martin@example.org\n,info@example.org\n"
    assert [codes(r) for r in rows(content)] == [["no_name"], ["no_name"]]
    first, second = rows(content, names_from_email=True)
    assert (first.values["first_name"], first.values["last_name"]) == ("Anne", "Martin")
    assert codes(second) == ["no_name"]


def test_kind_decides(rows):
    content = (
        "kind,name,first_name,last_name\ncompany,Example,,\nperson,,Anne,Martin\nperson,Bob Roe,,\nrobot,X,,\n"
        "company,,,\n"
    )
    company, person, named, robot, nameless = rows(content)
    assert company.values == {"kind": "company", "name": "Example"}
    assert person.values["last_name"] == "Martin"
    assert (named.values["first_name"], named.values["last_name"]) == ("Bob", "Roe")
    assert codes(robot) == ["kind"]
    assert codes(nameless) == ["company_name_missing"]


def test_a_full_name_is_split_and_completes(rows):
    content = (
        "full_name,first_name,last_name\nDr. Anne van den Berg,,\nAnne Martin,Anne,\nAnne Martin,Anne Martin,\n"
        "Anne Martin,,Martin\nAnnie,Anne,\nCher,,\nSomebody Else,Anne,\n"
    )
    found = rows(content)
    assert [(r.values.get("first_name"), r.values.get("last_name")) for r in found] == [
        ("Anne", "van den Berg"),
        ("Anne", "Martin"),
        ("Anne", "Martin"),
        ("Anne", "Martin"),
        ("Anne", None),
        (None, "Cher"),
        ("Anne", None),
    ]
    assert [codes(r) for r in found][4:] == [["last_name_missing"], ["first_name_missing"], ["last_name_missing"]]


BAD = "first_name,last_name,email,phone,birthday,website\nAnne,Martin,not mail,12,someday,nowhere\n"


def test_bad_values_fail_the_row(row):
    found = row(BAD)
    assert found.failed
    assert {(p.field, p.code, p.value) for p in found.problems} == {
        ("emails", "email", "not mail"),
        ("phones", "phone", "12"),
        ("birthday", "date", "someday"),
        ("websites", "url", "nowhere"),
    }
    assert found.problems[0].params == {"value": "not mail"}
    assert found.problems[0].message % found.problems[0].params == "not mail is not an e-mail address"


def test_bad_values_are_dropped_and_reported_when_lenient(row):
    found = row(BAD, lenient=True)
    assert not found.failed
    assert len(found.problems) == 4
    assert found.values == {"kind": "person", "first_name": "Anne", "last_name": "Martin"}


def test_a_long_bad_value_is_shortened_in_the_message_only(row):
    (problem,) = row("first_name,last_name,email\nAnne,Martin," + "x" * 500 + "\n").problems
    assert len(problem.value) == 500
    assert len(problem.text()) < 130


def test_other_bad_values(row):
    found = row("first_name,last_name,language,currency,nature\nAnne,Martin,Klatchian,shells,friend\n")
    assert sorted(codes(found)) == ["currency", "language", "nature"]


def test_an_unknown_country_is_kept_with_a_remark(row):
    found = row("first_name,last_name,city,country\nAnne,Martin,Hobbiton,The Shire\n")
    assert not found.failed
    assert codes(found) == ["country_unknown"]
    assert found.values["addresses"][0]["country"] == "The Shire"


def test_a_phone_extension_is_not_lost_silently(row):
    content = "first_name,last_name,phone\nAnne,Martin,01 99 00 12 34 ext. 56\n"
    assert row(content).failed
    found = row(content, lenient=True)
    assert codes(found) == ["phone_extension"]
    assert found.values["phones"][0]["number"] == "+33199001234"


def test_repeated_lines_are_kept_once(row):
    found = row(
        "first_name,last_name,emails.1.address,emails.2.address,emails.3.address,phones.1.number,phones.2.number\n"
        "Anne,Martin,anne@example.org,ANNE@example.org,a@example.org,06 39 98 00 12,+33 6 39 98 00 12\n"
    )
    assert [line["address"] for line in found.values["emails"]] == ["anne@example.org", "a@example.org"]
    assert len(found.values["phones"]) == 1


def test_the_marked_line_is_primary_and_only_one(row):
    found = row(
        "first_name,last_name,emails.1.address,emails.1.primary,emails.2.address,emails.2.primary,emails.3.address,"
        "emails.3.primary\nAnne,Martin,a@example.org,false,b@example.org,true,c@example.org,true\n"
    )
    assert [line["primary"] for line in found.values["emails"]] == [False, True, False]


def test_a_mark_on_a_repetition_counts(row):
    found = row(
        "first_name,last_name,emails.1.address,emails.2.address,emails.3.address,emails.3.primary\n"
        "Anne,Martin,a@example.org,b@example.org,B@example.org,yes\n"
    )
    assert [line["primary"] for line in found.values["emails"]] == [False, True]


def test_several_values_in_one_cell(row):
    found = row(
        "first_name,last_name,email,phone,website\n"
        'Anne,Martin,"a@example.org; Anne Martin <b@example.org>, mailto:c@example.org",'
        '"01 99 00 12 34 / 06 39 98 00 12",example.org example.com\n'
    )
    assert [line["address"] for line in found.values["emails"]] == ["a@example.org", "b@example.org", "c@example.org"]
    assert [line["number"] for line in found.values["phones"]] == ["+33199001234", "+33639980012"]
    assert len(found.values["websites"]) == 2


def test_one_bad_value_among_several(row):
    found = row("first_name,last_name,email\nAnne,Martin,a@example.org; oops\n", lenient=True)
    assert [line["address"] for line in found.values["emails"]] == ["a@example.org"]
    assert [p.value for p in found.problems] == ["oops"]


def test_numbers_armoured_against_spreadsheets(row):
    found = row('first_name,last_name,phone,mobile\nAnne,Martin,\'+33199001234,"=""0639980012"""\n')
    assert [line["number"] for line in found.values["phones"]] == ["+33199001234", "+33639980012"]


def test_kinds_from_labels(row, table):
    labels = ["* Work", "Mobile", "Work Fax", "Domicile", "iPhone", "Bureau", "Pager"]
    cells = {"first_name": "Anne", "last_name": "Martin"}
    for number, label in enumerate(labels, start=1):
        cells[f"phones.{number}.kind"] = label
        cells[f"phones.{number}.number"] = f"01 99 00 00 {number:02d}"
    found = row(table(cells)).values["phones"]
    assert [line["kind"] for line in found] == ["work", "mobile", "fax", "home", "mobile", "work", "other"]


def test_custom_fields(row):
    found = row('first_name,last_name,cf.score,cf.about\nAnne,Martin,12,"a\nb"\n')
    assert found.values["custom"] == {"cf.score": "12", "cf.about": "a\nb"}


def test_what_means_nothing_is_no_value(row):
    found = row("first_name,last_name,email,phone,website,birthday\nAnne,Martin,NULL,-,n/a,null\n")
    assert found.values == {"kind": "person", "first_name": "Anne", "last_name": "Martin"}
    assert not found.problems


def test_a_surname_may_be_null(row):
    assert row("first_name,last_name\nAnne,Null\n").values["last_name"] == "Null"


def test_the_uses_of_addresses(row):
    found = row(
        "first_name,last_name,addresses.1.city,addresses.1.is_invoicing,addresses.2.city,addresses.2.is_delivery\n"
        "Anne,Martin,Paris,true,Lyon,1\n"
    )
    assert found.values["addresses"] == [
        {"kind": "other", "city": "Paris", "is_default": True, "is_invoicing": True},
        {"kind": "other", "city": "Lyon", "is_default": False, "is_delivery": True},
    ]
