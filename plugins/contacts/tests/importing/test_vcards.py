"""Cards of all three versions, whole and broken."""

import base64
from datetime import date

import pytest
from crm_contacts.importing import MappingError, open_source


def card(*lines, version="3.0", end="\r\n"):
    return end.join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def codes(row):
    return [problem.code for problem in row.problems]


FULL_3 = card(
    "PRODID:-//Example//EN",
    "N:Martin;Anne;Marie;Dr.;",
    "FN:Dr. Anne Marie Martin",
    "ORG:Example\\, Sons & Co;Sales",
    "TITLE:Head of sales",
    "EMAIL;TYPE=INTERNET,HOME:anne@example.org",
    "EMAIL;TYPE=INTERNET;TYPE=WORK;TYPE=pref:anne@example.com",
    "TEL;TYPE=CELL,VOICE:06 39 98 00 12",
    "TEL;TYPE=WORK,FAX:+33 1 99 00 12 35",
    "item1.TEL:01 99 00 12 34",
    "item1.X-ABLabel:_$!<Work>!$_",
    "item2.URL:example.org",
    "item2.X-ABLabel:_$!<HomePage>!$_",
    "ADR;TYPE=WORK:BP 7;Floor 2;12 rue A;Paris;;75001;France",
    "ADR;TYPE=HOME,pref:;;5 rue B;Lyon;;69001;FR",
    "BDAY:1987-03-14",
    "NOTE:First line\\nsecond\\, with comma\\; and backslash \\\\",
    "CATEGORIES:VIP,Fair\\, spring",
    "UID:urn:uuid:0f3c-42",
    "NICKNAME:Annie",
    "X-SKYPE:anne.m",
)


def test_version_3(source):
    found = source(FULL_3, name="contacts.vcf")
    (only,) = list(found)
    assert (found.format, found.preset, only.line, only.problems) == ("vcard", "vcard", 1, [])
    assert only.values == {
        "kind": "person",
        "first_name": "Anne Marie",
        "last_name": "Martin",
        "job_title": "Head of sales",
        "company": "Example, Sons & Co",
        "emails": [
            {"address": "anne@example.org", "kind": "home", "primary": False},
            {"address": "anne@example.com", "kind": "work", "primary": True},
        ],
        "phones": [
            {"number": "+33639980012", "kind": "mobile", "primary": True},
            {"number": "+33199001235", "kind": "fax", "primary": False},
            {"number": "+33199001234", "kind": "work", "primary": False},
        ],
        "websites": [{"url": "https://example.org", "kind": "home"}],
        "addresses": [
            {
                "kind": "work",
                "street": "12 rue A\nFloor 2\nBP 7",
                "city": "Paris",
                "zip": "75001",
                "country": "FR",
                "is_default": False,
            },
            {"kind": "home", "street": "5 rue B", "city": "Lyon", "zip": "69001", "country": "FR", "is_default": True},
        ],
        "birthday": date(1987, 3, 14),
        "description": "First line\nsecond, with comma; and backslash \\",
        "tags": ["VIP", "Fair, spring"],
        "external_id": "0f3c-42",
    }
    assert set(found.ignored) == {"PRODID", "NICKNAME", "X-SKYPE"}
    assert "N:Martin;Anne" in only.raw


def test_version_2_1(row):
    found = row(
        card(
            "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Lef=C3=A8vre;H=C3=A9l=",
            "=C3=A8ne;;;",
            "TEL;CELL;PREF:06 39 98 00 12",
            "TEL;WORK;VOICE:01 99 00 12 34",
            "EMAIL;INTERNET:helene@example.org",
            "ADR;HOME;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:;;5 rue des =C9coles;Orl=E9ans;;45000;France",
            "NOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0Atwo=",
            " and=20more",
            "ORG:Exemple SA",
            "BDAY:19870314",
            "PHOTO;ENCODING=BASE64;TYPE=JPEG:/9j/4AAQSkZJRg",
            " ABAQEASABIAAD/2wBDAAMC",
            "",
            version="2.1",
        )
    )
    assert not found.problems
    values = found.values
    assert (values["first_name"], values["last_name"]) == ("Hélène", "Lefèvre")
    assert [(p["kind"], p["primary"]) for p in values["phones"]] == [("mobile", True), ("work", False)]
    assert values["addresses"][0]["street"] == "5 rue des Écoles"
    assert values["addresses"][0]["city"] == "Orléans"
    assert values["description"] == "one\ntwo and more"
    assert values["birthday"] == date(1987, 3, 14)


def test_version_4(source):
    found = source(
        card(
            "FN:Anne Martin",
            "N:Martin;Anne;;;",
            'TEL;VALUE=uri;PREF=1;TYPE="voice,cell":tel:+33-6-39-98-00-12',
            "TEL;VALUE=uri;TYPE=work:tel:+33-1-99-00-12-34",
            "EMAIL;PREF=2;TYPE=home:a@example.org",
            "EMAIL;PREF=1;TYPE=work:b@example.org",
            'ADR;TYPE=work;LABEL="12 rue A: Paris; France":;;12 rue A;Paris;;75001;France',
            "LANG:fr",
            "ROLE:Buyer",
            "BDAY:19870314T000000Z",
            "KIND:individual",
            "UID:42",
            "PHOTO:data:image/jpeg;base64,/9j/4AAQ",
            version="4.0",
            end="\n",
        )
    )
    (only,) = list(found)
    assert not only.problems
    values = only.values
    assert [(p["number"], p["kind"]) for p in values["phones"]] == [
        ("+33639980012", "mobile"),
        ("+33199001234", "work"),
    ]
    assert [m["primary"] for m in values["emails"]] == [False, True]
    assert values["addresses"][0]["city"] == "Paris"
    assert (values["language"], values["job_title"], values["external_id"]) == ("fr", "Buyer", "42")
    assert found.ignored == ("PHOTO",)


@pytest.mark.parametrize("mark", ["KIND:org", "X-ABShowAs:COMPANY"])
def test_companies(row, mark):
    found = row(card("FN:Example SARL", "N:;;;;", "ORG:Example SARL;", mark))
    assert found.values == {"kind": "company", "name": "Example SARL"}


def test_only_an_organisation_is_a_company(row):
    assert row(card("N:;;;;", "ORG:Example SARL")).values == {"kind": "company", "name": "Example SARL"}
    assert row(card("N:;;;;", "FN:Example SARL", "ORG:Example SARL")).values["kind"] == "company"


def test_a_group_is_no_contact(row):
    assert codes(row(card("FN:Friends", "KIND:group", "MEMBER:urn:uuid:1", version="4.0"))) == ["vcard_group"]
    assert codes(row(card("FN:Friends", "X-ADDRESSBOOKSERVER-KIND:group"))) == ["vcard_group"]


def test_the_name_in_one_piece(rows):
    found = rows(card("FN:Anne van den Berg") + card("N:;Anne Martin;;;", "FN:Anne Martin") + card("FN:Cher"))
    assert [(r.values.get("first_name"), r.values.get("last_name")) for r in found] == [
        ("Anne", "van den Berg"),
        ("Anne", "Martin"),
        (None, "Cher"),
    ]
    assert codes(found[2]) == ["first_name_missing"]


@pytest.mark.parametrize("fold", ["\r\n ", "\n ", "\r\n\t"])
def test_folding_even_inside_a_character(row, fold):
    broken = "NOTE:Hél".encode() + fold.encode() + "ène se".encode()[:1]
    text = card("N:Martin;Anne;;;").encode()
    content = text.replace(b"END:VCARD", broken + fold.encode() + "ène se".encode()[1:] + b"\r\nEND:VCARD")
    assert row(content).values["description"] == "Hélène se"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1987-03-14", date(1987, 3, 14)),
        ("19870314", date(1987, 3, 14)),
        ("1987-03-14T10:00:00Z", date(1987, 3, 14)),
        ("--0412", "date_no_year"),
        ("--04-12", "date_no_year"),
        ("---12", "date_incomplete"),
        ("1987", "date_incomplete"),
        ("1987-03", "date_incomplete"),
        ("circa 1800", "date"),
    ],
)
def test_birthdays(row, text, expected):
    found = row(card("N:Martin;Anne;;;", f"BDAY:{text}"), lenient=True)
    if isinstance(expected, date):
        assert found.values["birthday"] == expected
    else:
        assert codes(found) == [expected]
        assert found.problems[0].value == text
        assert not found.failed


def test_the_year_apple_leaves_out(row):
    found = row(card("N:Martin;Anne;;;", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12"))
    assert codes(found) == ["date_no_year"]
    assert found.failed


BROKEN = [
    (["N:Martin;Anne;;;", "no colon here"], "vcard_line", 4),
    (["N;CHARSET=KLINGON-7:Martin;Anne;;;"], "vcard_charset", 3),
    (["N;ENCODING=BASE64:%%%%"], "vcard_charset", 3),
]


@pytest.mark.parametrize(("lines", "code", "line"), BROKEN)
def test_a_broken_card_costs_itself_only(rows, lines, code, line):
    good = card("N:Roe;Bob;;;")
    found = rows(card(*lines) + good)
    assert [codes(r) for r in found] == [[code], []]
    assert found[0].line == 1
    assert found[0].problems[0].params["line"] == line
    assert found[1].values["last_name"] == "Roe"
    assert found[1].line == 4 + len(lines)


def test_a_card_without_end(rows):
    found = rows(
        "BEGIN:VCARD\nVERSION:3.0\nN:Martin;Anne;;;\n"
        + card("N:Roe;Bob;;;")
        + "BEGIN:VCARD\nVERSION:3.0\nN:Poe;Carl;;;\n"
    )
    assert [codes(r) for r in found] == [["vcard_no_end"], [], ["vcard_no_end"]]
    assert [r.line for r in found] == [1, 4, 8]


def test_text_between_cards(rows):
    found = rows(card("N:Roe;Bob;;;") + "\nN:Lost;Anne;;;\nTEL:1\n\n" + card("N:Poe;Carl;;;"))
    assert [codes(r) for r in found] == [[], ["vcard_no_begin"], []]
    assert found[1].line == 6


def test_photos_are_passed_over_whatever_their_size(rows):
    photo = base64.b64encode(bytes(range(256)) * 12_000).decode()
    folded = "\r\n ".join(photo[n : n + 75] for n in range(0, len(photo), 75))
    bare = "\r\n".join(photo[n : n + 75] for n in range(0, len(photo), 75))
    content = (
        card("N:Martin;Anne;;;", f"PHOTO;ENCODING=b;TYPE=JPEG:{folded}", "NOTE:after")
        + card("N:Roe;Bob;;;", f"PHOTO;ENCODING=BASE64;JPEG:{bare}", "", "NOTE:after", version="2.1")
        + card("N:Poe;Carl;;;", f"PHOTO:data:image/jpeg;base64,{photo}", "NOTE:after", version="4.0")
    )
    found = rows(content)
    assert [(r.problems, r.values["description"]) for r in found] == [([], "after")] * 3
    assert all(len(r.raw) < 200 for r in found)
    lines = content.split("\r\n")
    assert [r.line for r in found] == [n for n, text in enumerate(lines, start=1) if text == "BEGIN:VCARD"]


def test_a_card_too_long(rows):
    found = rows(card("N:Martin;Anne;;;", *["NOTE:" + "x" * 60_000] * 20) + card("N:Roe;Bob;;;"))
    assert [codes(r) for r in found] == [["vcard_too_long"], []]


def test_a_card_within_a_card(rows):
    inner = "AGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nN:Helper;Henry\r\nEND:VCARD"
    found = rows(card("N:Martin;Anne;;;", inner, "NOTE:after", version="2.1") + card("N:Roe;Bob;;;"))
    assert [r.values["last_name"] for r in found] == ["Martin", "Roe"]
    assert found[0].values["description"] == "after"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings(rows, encoding):
    found = rows((card("N:Lefèvre;Hélène;;;") + card("N:Ferré;Noé;;;")).encode(encoding))
    assert [r.values["last_name"] for r in found] == ["Lefèvre", "Ferré"]


def test_lower_case_and_blanks(rows):
    found = rows("\r\n\nbegin:vcard\nversion:3.0\nn:Martin;Anne;;;\nemail;type=work:a@example.org\nend:vcard\n\n")
    assert [(r.line, r.values["last_name"]) for r in found] == [(3, "Martin")]
    assert found[0].values["emails"][0]["kind"] == "work"


def test_repeated_values_and_bad_ones(row):
    content = card("N:Martin;Anne;;;", "EMAIL:a@example.org", "EMAIL:A@example.org", "EMAIL:oops", "TEL:12")
    assert codes(row(content)) == ["email", "phone"]
    found = row(content, lenient=True)
    assert not found.failed
    assert found.values["emails"] == [{"address": "a@example.org", "kind": "other", "primary": True}]


def test_an_extension_in_a_tel_address(row):
    found = row(card("N:Martin;Anne;;;", "TEL;VALUE=uri:tel:+33-1-99-00-12-34;ext=56", version="4.0"), lenient=True)
    assert codes(found) == ["phone_extension"]
    assert found.values["phones"][0]["number"] == "+33199001234"


def test_resuming(write):
    path = write("".join(card(f"N:Last{n};First{n};;;") for n in range(20)), name="contacts.vcf")
    whole = list(open_source(path))
    rest = list(open_source(path, resume_at=whole[7].position))
    assert [(r.line, r.values["last_name"]) for r in rest] == [(r.line, r.values["last_name"]) for r in whole[8:]]


def test_a_card_file_has_no_columns(write):
    path = write(card("N:Roe;Bob;;;"), name="contacts.vcf")
    with pytest.raises(MappingError):
        open_source(path, overrides=["N=last_name"])


def test_a_file_that_does_not_begin_with_a_card(rows):
    found = rows("exported by hand\n" + card("N:Roe;Bob;;;"), name="contacts.vcf")
    assert [codes(r) for r in found] == [["vcard_no_begin"], []]
