"""Exports of other programs are recognised without being told, and read into the product's vocabulary."""

import re
from datetime import date
from pathlib import Path

import pytest
from crm_contacts.importing.presets import map_columns, recognise


def _headers():
    sections = re.split(r"\[([a-z-]+)\]", (Path(__file__).parent / "headers.txt").read_text(encoding="utf-8"))[1:]
    return {
        name: [column.strip() for column in text.replace("\n", " ").split(";") if column.strip()]
        for name, text in zip(sections[::2], sections[1::2], strict=True)
    }


_HEADERS = _headers()
GOOGLE_OLD = _HEADERS["google-old"]
GOOGLE_NEW = _HEADERS["google-new"]
OUTLOOK = _HEADERS["outlook"]
OUTLOOK_FRENCH = _HEADERS["outlook-french"]
DOLIBARR = _HEADERS["dolibarr"]
DOLIBARR_FRENCH = _HEADERS["dolibarr-french"]
DOLIBARR_CONTACTS = _HEADERS["dolibarr-contacts"]
ODOO = _HEADERS["odoo"]
ODOO_LABELS = _HEADERS["odoo-labels"]
ESPOCRM = _HEADERS["espocrm"]
ESPOCRM_LABELS = _HEADERS["espocrm-labels"]


@pytest.fixture
def sheet(row, table):
    """Return a function that reads one row of an export from its header and some cells (a dict or a list of pairs)."""

    def sheet(header, cells, delimiter=",", **options):
        given = dict(cells)
        assert set(given) <= set(header), set(given) - set(header)

        def line(texts):
            return delimiter.join('"' + text.replace('"', '""') + '"' for text in texts)

        return row(f"{line(header)}\r\n{line(given.get(name, '') for name in header)}\r\n", **options)

    return sheet


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (GOOGLE_OLD, "google"),
        (GOOGLE_NEW, "google"),
        (["First Name", "Last Name", "E-mail 1 - Label", "E-mail 1 - Value"], "google"),
        (["Name", "Given Name", "Family Name", "Phone 1 - Type", "Phone 1 - Value"], "google"),
        (OUTLOOK, "outlook"),
        (["First Name", "Last Name", "E-mail Address", "Business Phone"], "outlook"),
        (OUTLOOK_FRENCH, "outlook-fr"),
        (["Prénom", "Nom", "Société", "Titre", "Rue (bureau)", "Adresse de messagerie", "Tél. mobile"], "outlook-fr"),
        (DOLIBARR, "dolibarr"),
        (DOLIBARR_FRENCH, "dolibarr"),
        (["Name", "Customer code", "Address", "Zip", "City", "Prospect/Customer", "Supplier"], "dolibarr"),
        (["s.nom", "s.client", "s.fournisseur", "s.town"], "dolibarr"),
        (["Name* (s.nom)", "Customer* (s.client)", "Supplier* (s.fournisseur)"], "dolibarr"),
        (DOLIBARR_CONTACTS, "dolibarr-contacts"),
        (["c.lastname", "c.firstname", "c.email", "s.nom"], "dolibarr-contacts"),
        (ODOO, "odoo"),
        (ODOO_LABELS, "odoo"),
        (["Complete Name", "Email", "Phone", "Activities", "Country"], "odoo"),
        (ESPOCRM, "espocrm"),
        (ESPOCRM_LABELS, "espocrm"),
        (["first_name", "last_name", "emails.1.address"], "own"),
        (["first_name", "last_name", "email", "phone", "city", "zip", "company"], "own"),
        (["First name", "Last name", "E-mail", "Phone"], "plain"),
        (["Nom", "Prénom", "Courriel", "Portable"], "plain"),
        (["Name", "Company", "Email", "Phone", "Notes"], "plain"),
        (["colour", "taste"], "plain"),
    ],
)
def test_recognition(header, name):
    assert recognise(header).name == name
    shuffled = [column.upper() if "." not in column and "_" not in column else column for column in reversed(header)]
    assert recognise(shuffled).name == name


def test_google_older_shape(sheet):
    found = sheet(
        GOOGLE_OLD,
        {
            "Name": "Anne Marie Martin",
            "Given Name": "Anne",
            "Additional Name": "Marie",
            "Family Name": "Martin",
            "Birthday": "1987-03-14",
            "Notes": "Two\nlines",
            "Group Membership": "Clients, old ::: VIP ::: * myContacts ::: * starred",
            "E-mail 1 - Type": "Home",
            "E-mail 1 - Value": "anne@example.org ::: a.martin@example.org",
            "E-mail 2 - Type": "* Work",
            "E-mail 2 - Value": "anne@example.com",
            "Phone 1 - Type": "Mobile",
            "Phone 1 - Value": "06 39 98 00 12 ::: +33 6 39 98 00 34",
            "Address 1 - Type": "Home",
            "Address 1 - Formatted": "12 rue A\n75001 Paris\nFrance",
            "Address 1 - Street": "12 rue A ::: 5 rue B",
            "Address 1 - City": "Paris ::: Lyon",
            "Address 1 - Postal Code": "75001 ::: 69001",
            "Address 1 - Country": "France ::: FR",
            "Address 1 - PO Box": " ::: BP 7",
            "Organization 1 - Name": "Example SARL",
            "Organization 1 - Title": "CEO",
            "Website 1 - Type": "Work",
            "Website 1 - Value": "http://example.com",
        },
    )
    assert not found.problems
    values = found.values
    assert (values["first_name"], values["last_name"]) == ("Anne Marie", "Martin")
    assert (values["company"], values["job_title"]) == ("Example SARL", "CEO")
    assert values["tags"] == ["Clients, old", "VIP"]
    assert values["birthday"] == date(1987, 3, 14)
    assert [(m["address"], m["kind"], m["primary"]) for m in values["emails"]] == [
        ("anne@example.org", "home", False),
        ("a.martin@example.org", "home", False),
        ("anne@example.com", "work", True),
    ]
    assert [(p["number"], p["kind"]) for p in values["phones"]] == [
        ("+33639980012", "mobile"),
        ("+33639980034", "mobile"),
    ]
    assert values["addresses"] == [
        {"kind": "home", "street": "12 rue A", "city": "Paris", "zip": "75001", "country": "FR", "is_default": True},
        {
            "kind": "home",
            "street": "5 rue B\nBP 7",
            "city": "Lyon",
            "zip": "69001",
            "country": "FR",
            "is_default": False,
        },
    ]
    assert values["websites"] == [{"url": "http://example.com", "kind": "work"}]


def test_google_newer_shape(sheet):
    found = sheet(
        GOOGLE_NEW,
        {
            "First Name": "Bob",
            "Last Name": "Roe",
            "Organization Name": "Example Ltd",
            "Organization Title": "Clerk",
            "Labels": "* myContacts ::: Suppliers",
            "E-mail 1 - Label": "* ",
            "E-mail 1 - Value": "bob@example.org",
            "Phone 1 - Label": "Work Fax",
            "Phone 1 - Value": "+44 20 7946 0018",
            "Phone 2 - Label": "Grandma's",
            "Phone 2 - Value": "+44 20 7946 0019",
            "Address 1 - Label": "Work",
            "Address 1 - Formatted": "1 High Street\nLondon",
        },
    )
    values = found.values
    assert not found.problems
    assert (values["company"], values["job_title"], values["tags"]) == ("Example Ltd", "Clerk", ["Suppliers"])
    assert values["emails"] == [{"address": "bob@example.org", "kind": "other", "primary": True}]
    assert [p["kind"] for p in values["phones"]] == ["fax", "other"]
    assert values["addresses"] == [{"kind": "work", "street": "1 High Street\nLondon", "is_default": True}]


def test_google_row_of_an_organisation(sheet):
    assert sheet(GOOGLE_OLD, {"Organization 1 - Name": "Example SARL"}).values == {
        "kind": "company",
        "name": "Example SARL",
    }
    named = sheet(GOOGLE_OLD, {"Name": "Example SARL", "Organization 1 - Name": "Example SARL"})
    assert named.values == {"kind": "company", "name": "Example SARL"}


def test_google_birthday_without_year(sheet):
    content = {"First Name": "Bob", "Last Name": "Roe", "Birthday": "--03-07"}
    assert sheet(GOOGLE_NEW, content).failed
    found = sheet(GOOGLE_NEW, content, lenient=True)
    assert not found.failed
    assert [p.code for p in found.problems] == ["date_no_year"]


def test_outlook(sheet):
    found = sheet(
        OUTLOOK,
        {
            "Title": "Ms",
            "First Name": "Anne",
            "Last Name": "Martin",
            "Company": "Example Inc",
            "Job Title": "Buyer",
            "Business Street": "1 Main St",
            "Business Street 2": "Floor 2",
            "Business City": "Springfield",
            "Business State": "IL",
            "Business Postal Code": "62701",
            "Business Country/Region": "United States of America",
            "Home Street": "2 Elm St",
            "Business Phone": "(212) 555-0123",
            "Mobile Phone": "(212) 555-0124",
            "Home Phone": "(212) 555-0125",
            "Business Fax": "(212) 555-0126",
            "Birthday": "3/14/1987",
            "Categories": "Fair;VIP",
            "E-mail Address": "anne@example.com",
            "E-mail 2 Address": "anne@example.org",
            "Notes": "Two\r\nlines",
            "Web Page": "example.com",
        },
        region="US",
    )
    values = found.values
    assert not found.problems
    assert (values["first_name"], values["job_title"], values["company"]) == ("Anne", "Buyer", "Example Inc")
    assert values["birthday"] == date(1987, 3, 14)
    assert [(p["number"], p["kind"]) for p in values["phones"]] == [
        ("+12125550126", "fax"),
        ("+12125550123", "work"),
        ("+12125550125", "home"),
        ("+12125550124", "mobile"),
    ]
    assert [m["primary"] for m in values["emails"]] == [True, False]
    assert values["addresses"][0] == {
        "kind": "work",
        "street": "1 Main St\nFloor 2",
        "city": "Springfield",
        "state": "IL",
        "zip": "62701",
        "country": "US",
        "is_default": True,
    }
    assert values["addresses"][1] == {"kind": "home", "street": "2 Elm St", "is_default": False}
    assert (values["tags"], values["description"]) == (["Fair", "VIP"], "Two\nlines")


def test_outlook_dates_are_american_unless_they_cannot_be(sheet):
    names = {"First Name": "Anne", "Last Name": "Martin"}
    assert sheet(OUTLOOK, names | {"Birthday": "4/3/1987"}).values["birthday"] == date(1987, 4, 3)
    assert sheet(OUTLOOK, names | {"Birthday": "14/3/1987"}).values["birthday"] == date(1987, 3, 14)
    assert "birthday" not in sheet(OUTLOOK, names | {"Birthday": "0/0/00"}).values


def test_outlook_in_french(row):
    cells = {
        "Prénom": "Hélène",
        "Nom": "Lefèvre",
        "Société": "Exemple SA",
        "Rue (bureau)": "12 rue A",
        "Ville (bureau)": "Besançon",
        "Code postal (bureau)": "25000",
        "Pays/Région (bureau)": "France",
        "Rue (domicile)": "5 rue B",
        "Tél. mobile": "06 39 98 00 12",
        "Téléphone (bureau)": "03 53 01 00 12",
        "Télécopie (bureau)": "03 53 01 00 13",
        "Adresse de messagerie": "helene@example.org",
        "Anniversaire": "04/03/1987",
        "Catégories": "Clients;Salon",
        "Langue": "Français",
        "Page Web": "example.org",
    }
    texts = [cells.get(name, "") for name in OUTLOOK_FRENCH]
    texts[0], texts[7] = "Mme", "Acheteuse"
    content = "\r\n".join(",".join(f'"{text}"' for text in line) for line in (OUTLOOK_FRENCH, texts))
    found = row(content, encoding="cp1252")
    values = found.values
    assert not found.problems
    assert (values["first_name"], values["last_name"], values["job_title"]) == ("Hélène", "Lefèvre", "Acheteuse")
    assert values["company"] == "Exemple SA"
    assert values["birthday"] == date(1987, 3, 4)
    assert values["language"] == "fr"
    assert [(p["number"], p["kind"]) for p in values["phones"]] == [
        ("+33353010013", "fax"),
        ("+33353010012", "work"),
        ("+33639980012", "mobile"),
    ]
    assert [(a["kind"], a.get("city")) for a in values["addresses"]] == [("work", "Besançon"), ("home", None)]


def test_outlook_in_french_with_one_column_titre(row):
    found = row("Prénom,Nom,Titre,Rue (bureau),Adresse de messagerie\nAnne,Martin,Gérante,12 rue A,a@example.org\n")
    assert found.values["job_title"] == "Gérante"


@pytest.mark.parametrize(
    ("client", "supplier", "nature"),
    [
        ("0", "0", None),
        ("1", "0", ["customer"]),
        ("2", "0", ["prospect"]),
        ("3", "1", ["prospect", "customer", "supplier"]),
        ("1", "Yes", ["customer", "supplier"]),
        ("", "Oui", ["supplier"]),
    ],
)
def test_dolibarr_natures(sheet, client, supplier, nature):
    found = sheet(DOLIBARR, {"Name": "Example", "Customer": client, "Supplier": supplier}, delimiter=";")
    assert not found.problems
    assert found.values.get("nature") == nature


def test_dolibarr_third_party(sheet):
    found = sheet(
        DOLIBARR_FRENCH,
        {
            "Id": "42",
            "Nom": "Exemple SARL",
            "Client": "3",
            "Fournisseur": "Non",
            "Code client": "CU0001",
            "Adresse": "12 rue A\nBâtiment 2",
            "Code postal": "75001",
            "Ville": "Paris",
            "Pays": "France",
            "Code pays": "FR",
            "Téléphone": "01 99 00 12 34",
            "Fax": "01 99 00 12 35",
            "Web": "example.org",
            "Email": "info@example.org",
            "Langue par défaut": "fr_FR",
            "Note (privée)": "Bon payeur",
        },
        delimiter=";",
    )
    assert not found.problems
    assert found.values == {
        "kind": "company",
        "name": "Exemple SARL",
        "external_id": "42",
        "code": "CU0001",
        "nature": ["prospect", "customer"],
        "emails": [{"address": "info@example.org", "kind": "work", "primary": True}],
        "phones": [
            {"number": "+33199001234", "kind": "work", "primary": True},
            {"number": "+33199001235", "kind": "fax", "primary": False},
        ],
        "websites": [{"url": "https://example.org", "kind": "work"}],
        "addresses": [
            {
                "kind": "work",
                "street": "12 rue A\nBâtiment 2",
                "city": "Paris",
                "zip": "75001",
                "country": "FR",
                "is_default": True,
            }
        ],
        "language": "fr",
        "description": "Bon payeur",
    }


def test_dolibarr_private_individual(sheet):
    cells = {"Name": "Anne Martin", "Third party type": "Private individual", "Customer": "1"}
    values = sheet(DOLIBARR, cells, delimiter=";").values
    assert (values["kind"], values["first_name"], values["last_name"]) == ("person", "Anne", "Martin")


def test_dolibarr_technical_names(row):
    found = row(
        "Name* (s.nom),Customer* (s.client),Supplier* (s.fournisseur),City (s.town),Email (s.email)\n"
        "Example,2,0,Paris,info@example.org\n"
    )
    assert found.values["name"] == "Example"
    assert found.values["nature"] == ["prospect"]
    assert found.values["addresses"][0]["city"] == "Paris"
    assert row("s.nom,s.client,s.zip\nExample,1,75001\n").values["nature"] == ["customer"]


def test_dolibarr_contacts(row):
    texts = ["7", "MME", "Martin", "Anne", "Gérante", "12 rue A", "75001", "Paris", "France", "01 99 00 12 34", "",
             "06 39 98 00 12", "anne@example.org", "42", "Exemple SARL", "CU0001", "1", "0", "1 rue Z", "69001", "Lyon",
             "04 65 71 00 12", "info@example.org"]  # fmt: skip
    found = row("\n".join(";".join(f'"{t}"' for t in line) for line in (DOLIBARR_CONTACTS, texts)))
    values = found.values
    assert not found.problems
    assert (values["first_name"], values["last_name"], values["company"]) == ("Anne", "Martin", "Exemple SARL")
    assert (values["external_id"], values["job_title"]) == ("7", "Gérante")
    assert [m["address"] for m in values["emails"]] == ["anne@example.org"]
    assert [a["city"] for a in values["addresses"]] == ["Paris"]


@pytest.mark.parametrize("header", [ODOO, ODOO_LABELS])
def test_odoo_person(sheet, header):
    texts = ["__export__.res_partner_12_ab", "Dr. Anne van den Berg", "False", "Example SARL", "CEO",
             "+33 1 99 00 12 34", "06 39 98 00 12", "anne@example.org", "12 rue A", "Bât. 2", "Paris", "75001",
             "Île-de-France", "France",
             "VIP,Fair", "FR00", "http://example.org", "C7", "A note", "fr_FR"]  # fmt: skip
    found = sheet(header, zip(header, texts, strict=False))
    values = found.values
    assert not found.problems
    assert (values["kind"], values["first_name"], values["last_name"]) == ("person", "Anne", "van den Berg")
    assert (values["company"], values["job_title"], values["code"]) == ("Example SARL", "CEO", "C7")
    assert values["external_id"] == "__export__.res_partner_12_ab"
    assert values["tags"] == ["VIP", "Fair"]
    assert [p["kind"] for p in values["phones"]] == ["work", "mobile"]
    assert values["addresses"][0]["street"] == "12 rue A\nBât. 2"
    assert values["language"] == "fr"


def test_odoo_company_and_ranks(sheet):
    found = sheet(ODOO, {"name": "Smith, Jones & Co", "is_company": "True", "customer_rank": "3", "supplier_rank": "0"})
    assert found.values == {"kind": "company", "name": "Smith, Jones & Co", "nature": ["customer"]}


def test_odoo_display_names(rows):
    person, company = rows(
        "Complete Name,Email,Phone,Activities,Is a Company\n"
        '"Example SARL, Anne Martin",,,,False\n"Smith, Jones & Co",,,,True\n'
    )
    assert (person.values["first_name"], person.values["last_name"]) == ("Anne", "Martin")
    assert person.values["company"] == "Example SARL"
    assert company.values["name"] == "Smith, Jones & Co"


def test_odoo_company_by_external_id(row):
    found = row("id,name,is_company,parent_id/id\nperson_1,Anne Martin,False,company_1\n")
    assert found.values["company_external_id"] == "company_1"


@pytest.mark.parametrize("header", [ESPOCRM, ESPOCRM_LABELS])
def test_espocrm(sheet, header):
    technical = header is ESPOCRM
    names = dict(zip(ESPOCRM_LABELS, [
        "firstName", "lastName", "accountName", "title", "emailAddress", "phoneNumber", "addressStreet", "addressCity",
        "addressState", "addressCountry", "addressPostalCode", "description"], strict=True))  # fmt: skip
    cells = {
        "First Name": "Anne",
        "Last Name": "Martin",
        "Account": "Example SARL",
        "Title": "CEO",
        "Email": "anne@example.org",
        "Phone": "'+33199001234",
        "Address Street": "12 rue A",
        "Address City": "Paris",
        "Address Country": "France",
        "Address Postal Code": "75001",
        "Description": "Note",
    }
    found = sheet(header, {names[name] if technical else name: text for name, text in cells.items()})
    values = found.values
    assert not found.problems
    assert (values["last_name"], values["company"], values["job_title"]) == ("Martin", "Example SARL", "CEO")
    assert values["phones"][0]["number"] == "+33199001234"
    assert values["addresses"][0] == {
        "kind": "work",
        "street": "12 rue A",
        "city": "Paris",
        "zip": "75001",
        "country": "FR",
        "is_default": True,
    }
    assert values["description"] == "Note"


def test_own_export_round_trip(row, table):
    found = row(
        table(
            {
                "id": "7",
                "kind": "person",
                "name": "Anne Martin",
                "first_name": "Anne",
                "last_name": "Martin",
                "company": "Example SARL",
                "companies": "Example SARL; Other Ltd",
                "emails.1.address": "a@example.org",
                "emails.1.kind": "home",
                "emails.1.primary": "false",
                "emails.2.address": "b@example.org",
                "emails.2.kind": "work",
                "emails.2.primary": "true",
                "phones.1.number": "'+33639980012",
                "phones.1.kind": "mobile",
                "websites.1.url": "https://example.org",
                "addresses.1.kind": "work",
                "addresses.1.city": "Lyon",
                "addresses.2.kind": "home",
                "addresses.2.city": "Paris",
                "addresses.2.is_default": "true",
                "nature": "prospect;supplier",
                "tags": "VIP;Fair",
                "cf.score": "9",
                "created_at": "2024-01-01",
            }
        )
    )
    values = found.values
    assert not found.problems
    assert values["id"] == "7"
    assert [(m["address"], m["kind"], m["primary"]) for m in values["emails"]] == [
        ("a@example.org", "home", False),
        ("b@example.org", "work", True),
    ]
    assert [(a["city"], a["is_default"]) for a in values["addresses"]] == [("Lyon", False), ("Paris", True)]
    assert values["nature"] == ["prospect", "supplier"]
    assert values["companies"] == ["Example SARL", "Other Ltd"]
    assert "name" not in values


def test_files_made_by_hand(rows):
    person = rows(
        "Nom;Prénom;Société;Courriel;Portable;CP;Ville\nMartin;Anne;Exemple;a@example.org;0639980012;75001;Paris\n"
    )
    assert (person[0].values["first_name"], person[0].values["company"]) == ("Anne", "Exemple")
    assert person[0].values["phones"][0]["kind"] == "mobile"
    named = rows("Name,Company,Email\nAnne Martin,Example,a@example.org\n")
    assert (named[0].values["last_name"], named[0].values["company"]) == ("Martin", "Example")
    company = rows("Name,Email\nExample SARL,info@example.org\n")
    assert (company[0].values["kind"], company[0].values["name"]) == ("company", "Example SARL")
    full = rows("Full name,Email\nAnne Martin,a@example.org\n")
    assert full[0].values["first_name"] == "Anne"


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("Tél. mobile", "phones.mobile.number"),
        ("Tél. portable", "phones.mobile.number"),
        ("Tél portable perso", "phones.mobile.number"),
        ("Portable", "phones.mobile.number"),
        ("Portable (pro)", "phones.mobile.number"),
        ("Mobile", "phones.mobile.number"),
        ("Mobile no.", "phones.mobile.number"),
        ("Cell phone", "phones.mobile.number"),
        ("GSM", "phones.mobile.number"),
        ("Tél. fixe", "phones.work.number"),
        ("Téléphone fixe", "phones.work.number"),
        ("Fixe", "phones.work.number"),
        ("Tél.", "phones.work.number"),
        ("Tél. bureau", "phones.work.number"),
        ("N° de téléphone", "phones.work.number"),
        ("Numéro de tél", "phones.work.number"),
        ("Office phone", "phones.work.number"),
        ("Téléphone 2", "phones.work2.number"),
        ("Mobile phone 2", "phones.mobile2.number"),
        ("Tél. domicile", "phones.home.number"),
        ("Home phone", "phones.home.number"),
        ("Télécopie", "phones.fax.number"),
        ("Fax pro", "phones.fax.number"),
    ],
)
def test_headers_of_phone_numbers_are_understood_however_they_are_written(header, target):
    assert map_columns(["Nom", header]).by_name()[header] == (target,)


@pytest.mark.parametrize("header", ["Numéro", "No", "Bureau", "Standard", "Téléphone préféré", "Home", "Company"])
def test_other_headers_are_not_taken_for_phone_numbers(header):
    targets = map_columns(["Nom", header]).by_name().get(header, ())
    assert not [target for target in targets if target.startswith("phones.")]


def test_two_columns_of_the_same_kind_of_number_make_two_lines(row):
    found = row("Nom;Prénom;Téléphone;Tél. fixe;Mobile\nMartin;Anne;0261910001;0261910002;0639980012\n")
    assert [line["number"] for line in found.values["phones"]] == ["+33261910001", "+33261910002", "+33639980012"]


def test_every_target_of_every_preset_exists():
    from crm_contacts.importing.mapping import CONVERTERS
    from crm_contacts.importing.presets import OWN, PLAIN, PRESETS
    from crm_contacts.importing.targets import canonical

    for preset in (*PRESETS, PLAIN, OWN):
        for _, target, converter in map_columns(list(preset.table), preset).columns:
            assert canonical(target) == target
            assert not converter or converter in CONVERTERS


def test_several_organisations_in_one_cell(sheet):
    names = {"First Name": "Bob", "Last Name": "Roe"}
    found = sheet(GOOGLE_NEW, names | {"Organization Name": "A Ltd ::: B Ltd", "Organization Title": "Clerk ::: Chair"})
    assert (found.values["company"], found.values["companies"]) == ("A Ltd", ["B Ltd"])
    assert found.values["job_title"] == "Clerk"


def test_people_with_columns_client_and_supplier_are_no_third_parties(row):
    found = row("Nom;Prénom;Client;Fournisseur\nMartin;Anne;oui;non\n")
    assert (found.values["kind"], found.values["first_name"]) == ("person", "Anne")


def test_an_id_is_ours_only_in_our_own_export(row):
    assert row("id,first_name,last_name\n7,Anne,Martin\n").values["id"] == "7"
    assert row("ID,First name,Last name\n7,Anne,Martin\n").values["external_id"] == "7"


def test_opt_outs_and_list_entries(row):
    found = row("first_name,last_name,opt_out_email,opt_out_call,industry,score\nAnne,Martin,true,no,Printing,4\n")
    assert found.values["opt_out_email"] is True
    assert found.values["opt_out_call"] is False
    assert (found.values["industry"], found.values["score"]) == ("Printing", "4")
    espo = row("firstName,lastName,accountName,doNotCall,emailAddress\nAnne,Martin,Example,1,\n")
    assert espo.values["opt_out_call"] is True
    assert row("first_name,last_name,opt_out_fax\nAnne,Martin,perhaps\n").problems[0].code == "flag"
