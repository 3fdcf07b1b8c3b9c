"""Normal forms of single values."""

from datetime import date

import phonenumbers
import pytest
from crm_contacts.importing import phones
from crm_contacts.importing.names import split_name
from crm_contacts.importing.normalise import BadValue, birthday, email, fold, many_lines, one_line, truth, url
from crm_contacts.importing.phones import Phone, phone
from crm_contacts.importing.places import country, currency, language
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st


def why(function, *arguments):
    with pytest.raises(BadValue) as caught:
        function(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("anne@example.org", "anne@example.org"),
        ("Anne.Martin+crm@Example.ORG", "Anne.Martin+crm@example.org"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("anne@sub.example.co.uk", "anne@sub.example.co.uk"),
        ("anne@bücher.example.com", "anne@bücher.example.com"),
        ("a@xn--bcher-kva.example.com", "a@bücher.example.com"),
    ],
)
def test_email(given, normal):
    assert email(given) == normal


@pytest.mark.parametrize(
    "given",
    [
        "anne",
        "anne@",
        "@example.org",
        "anne@example",
        "anne@@example.org",
        "anne..m@example.org",
        ".anne@example.org",
        "anne @example.org",
        "anne@-example.org",
        "anne@example..org",
        "anne@localhost",
        "anne@server.local",
        "a@" + "b" * 64 + ".org",
        "a@" + "b." * 130 + "org",
        "anne@example.org\n",
    ],
)
def test_not_an_email(given):
    assert why(email, given) == "email"


@example("Info@acme.example.org")
@given(st.from_regex(r"[a-zA-Z0-9_+.\-]{1,12}@([a-z0-9\-]{1,8}\.){1,3}[a-z]{2,6}", fullmatch=True))
def test_the_short_way_for_addresses_agrees_with_the_validator(text):
    try:
        expected = validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        expected = None
    try:
        found = email(text)
    except BadValue:
        found = None
    assert found == expected


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("06 39 98 00 12", "+33639980012"),
        ("06.39.98.00.12", "+33639980012"),
        ("0639980012", "+33639980012"),
        ("639980012", "+33639980012"),
        ("+33 6 39 98 00 12", "+33639980012"),
        ("+33 (0)6 39 98 00 12", "+33639980012"),
        ("0033 6 39 98 00 12", "+33639980012"),
        ("(01) 99-00-12-34", "+33199001234"),
        ("+44 20 7946 0018", "+442079460018"),
        ("+1 (212) 555-0123", "+12125550123"),
        ("+39 06 6982 1234", "+390669821234"),
        ("+49 30/901820", "+4930901820"),
        ("tel:+33-1-99-00-12-34", "+33199001234"),
        ("+33\u00a06\u00a039\u00a098\u00a000\u00a012", "+33639980012"),
    ],
)
def test_phone(given, number):
    assert phone(given, "FR") == Phone(number)


def test_phone_reads_national_numbers_as_of_the_region():
    assert phone("(212) 555-0123", "US").number == "+12125550123"
    assert phone("020 7946 0018", "GB").number == "+442079460018"
    assert phone("06 6982 1234", "IT").number == "+390669821234"
    assert phone("(416) 555-0123", "CA").number == "+14165550123"


@pytest.mark.parametrize("given", ["123", "0000000000", "abc", "+999 123 456", "020 7946 0018", "06 39 98 00", "+", ""])
def test_not_a_phone(given):
    assert why(phone, given, "FR") == "phone"


def test_an_extension_is_kept_apart():
    assert phone("01 99 00 12 34 ext. 56", "FR") == Phone("+33199001234", "56")


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_short_way_for_numbers_agrees_with_the_library(region):
    for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE):
        number = phonenumbers.example_number_for_type(region, kind)
        if number is None:
            continue
        for form in range(4):
            text = phonenumbers.format_number(number, form)
            assert phone(text, region) == phones._thorough(text, region)
            assert phone(text, region).number == phonenumbers.format_number(number, 0)


@pytest.mark.parametrize(
    ("given", "order", "expected"),
    [
        ("1987-03-14", "dmy", date(1987, 3, 14)),
        ("1987-3-4", "dmy", date(1987, 3, 4)),
        ("19870314", "dmy", date(1987, 3, 14)),
        ("1987/03/14", "dmy", date(1987, 3, 14)),
        ("1987-03-14T00:00:00Z", "dmy", date(1987, 3, 14)),
        ("1987-03-14 00:00:00", "dmy", date(1987, 3, 14)),
        ("14/03/1987", "dmy", date(1987, 3, 14)),
        ("14.3.1987", "dmy", date(1987, 3, 14)),
        ("14-03-1987", "dmy", date(1987, 3, 14)),
        ("04/03/1987", "dmy", date(1987, 3, 4)),
        ("04/03/1987", "mdy", date(1987, 4, 3)),
        ("03/14/1987", "dmy", date(1987, 3, 14)),
        ("14/03/1987", "mdy", date(1987, 3, 14)),
        ("3/14/1987 12:00:00 AM", "mdy", date(1987, 3, 14)),
        ("0/0/00", "mdy", None),
        ("00/00/0000", "dmy", None),
        ("0000-00-00", "dmy", None),
    ],
)
def test_birthday(given, order, expected):
    assert birthday(given, order) == expected


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("--0412", "date_no_year"),
        ("--04-12", "date_no_year"),
        ("1604-04-12", "date_no_year"),
        ("1987", "date_incomplete"),
        ("1987-03", "date_incomplete"),
        ("---12", "date_incomplete"),
        ("14/03/87", "date_short_year"),
        ("31/02/1987", "date"),
        ("32/13/1987", "date"),
        ("1987-13-01", "date"),
        ("in spring", "date"),
    ],
)
def test_not_a_birthday(given, code):
    assert why(birthday, given) == code


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("France", "FR"),
        ("FRANCE", "FR"),
        ("fr", "FR"),
        ("FRA", "FR"),
        ("Allemagne", "DE"),
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("États-Unis", "US"),
        ("etats unis", "US"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("United States", "US"),
        ("United States of America", "US"),
        ("UK", "GB"),
        ("England", "GB"),
        ("Royaume-Uni", "GB"),
        ("Grande-Bretagne", "GB"),
        ("Côte d'Ivoire", "CI"),
        ("Belgique", "BE"),
        ("Suisse", "CH"),
        ("The Shire", None),
        ("EU", None),
        ("250", "FR"),
    ],
)
def test_country(given, code):
    assert country(given) == code


@pytest.mark.parametrize(
    ("given", "code"),
    [("fr", "fr"), ("fr_FR", "fr"), ("en-GB", "en"), ("French", "fr"), ("Français", "fr"), ("anglais", "en")]
    + [("French (BE) / Français (BE)", "fr"), ("Deutsch", "de")],
)
def test_language(given, code):
    assert language(given) == code


def test_not_a_language():
    assert why(language, "Klatchian") == "language"


@pytest.mark.parametrize(
    ("given", "code"),
    [("EUR", "EUR"), ("eur", "EUR"), ("€", "EUR"), ("euros", "EUR"), ("US Dollar", "USD"), ("$", "USD")],
)
def test_currency(given, code):
    assert currency(given) == code


def test_not_a_currency():
    assert why(currency, "shells") == "currency"


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("example.org", "https://example.org"),
        ("www.example.org/a?b=c", "https://www.example.org/a?b=c"),
        ("http://example.org", "http://example.org"),
        ("HTTPS://Example.org", "HTTPS://Example.org"),
    ],
)
def test_url(given, normal):
    assert url(given) == normal


@pytest.mark.parametrize(
    "given", ["example", "ftp://example.org", "javascript://x.y", "two words.org", "https://", "[::1"]
)
def test_not_a_url(given):
    assert why(url, given) == "url"


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        ("Anne Martin", "Anne", "Martin"),
        ("Martin, Anne", "Anne", "Martin"),
        ("Dr. Anne-Marie van den Berg", "Anne-Marie", "van den Berg"),
        ("van den Berg, Anne-Marie", "Anne-Marie", "van den Berg"),
        ("Anne Marie Martin", "Anne Marie", "Martin"),
        ("MARTIN Anne", "Anne", "MARTIN"),
        ("DE LA TOUR Anne Marie", "Anne Marie", "DE LA TOUR"),
        ("Anne MARTIN", "Anne", "MARTIN"),
        ("Juan Carlos de la Vega", "Juan Carlos", "de la Vega"),
        ("Maria dos Santos", "Maria", "dos Santos"),
        ("Ludwig von Beispiel", "Ludwig", "von Beispiel"),
        ("John Doe, Jr.", "John", "Doe"),
        ("John Doe Jr.", "John", "Doe"),
        ("Mme Anne Martin", "Anne", "Martin"),
        ("J. R. Hartley", "J. R.", "Hartley"),
        ("ANNE MARTIN", "ANNE", "MARTIN"),
        ("Martin", "", "Martin"),
        ("Mme Martin", "", "Martin"),
        ("Martin,", "", "Martin"),
        ("", "", ""),
        ("李 明", "李", "明"),
    ],
)
def test_split_name(given, first, last):
    assert split_name(given) == (first, last)


@given(st.text(max_size=60))
def test_splitting_never_fails_and_invents_nothing(text):
    assert set("".join(split_name(text))) <= set(text) | {" "}


def test_text():
    assert one_line("  a \t b\u00a0c\n d ") == "a b c d"
    assert one_line("'+33639980012") == "+33639980012"
    assert one_line('="0612345678"') == "0612345678"
    assert one_line("'tis") == "'tis"
    assert many_lines(" a  \r\nb\r\n\r\n") == "a\nb"
    assert fold("  ÉCOLE  d’Été Œuvre ") == "ecole d'ete oeuvre"
    assert [truth(word) for word in ("Oui", "TRUE", "1", "x", "non", "0", "", "maybe")] == [True] * 4 + [False] * 3 + [
        None
    ]
