"""Encodings, delimiters, and files that are no tables."""

import io
import zipfile

import pytest
from crm_contacts.importing import UnreadableFile, open_source

TEXT = "Prénom,Nom,Ville\r\nHélène,Lefèvre,Besançon\r\nNoé,Ferré,Orléans\r\n"


@pytest.mark.parametrize(
    ("encoding", "detected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
        ("latin-1", "cp1252"),
    ],
)
def test_encodings_are_recognised(source, encoding, detected):
    found = source(TEXT, encoding=encoding)
    assert found.encoding == detected
    assert [r.values["first_name"] for r in found] == ["Hélène", "Noé"]
    assert [r.values["addresses"][0]["city"] for r in source(TEXT, encoding=encoding)] == ["Besançon", "Orléans"]


def test_utf16_big_endian_with_byte_order_mark(source):
    found = source(b"\xfe\xff" + TEXT.encode("utf-16-be"))
    assert found.header == ("Prénom", "Nom", "Ville")
    assert next(iter(found)).values["last_name"] == "Lefèvre"


def test_windows_signs_outside_latin_1(rows):
    only = rows("first_name,last_name,description\nZoë,Martin,“œuvre” – 5 €\n".encode("cp1252"))[0]
    assert only.values["description"] == "“œuvre” – 5 €"


def test_windows_1252_beyond_the_sample(rows):
    start = "first_name,last_name\n" + "Anne,Martin\n" * 8000
    found = rows(start.encode() + "Hélène,Lefèvre\n".encode("cp1252"))
    assert len(found) == 8001
    assert (found[-1].values["first_name"], found[-1].values["last_name"]) == ("Hélène", "Lefèvre")


def test_one_broken_byte_does_not_spoil_a_utf8_file(source):
    content = TEXT.encode() + b"Andr\xe9,Roux,N\xc3\xaemes\r\n"
    found = source(content)
    assert found.encoding == "utf-8"
    assert [r.values["first_name"] for r in found] == ["Hélène", "Noé", "André"]


def test_encoding_can_be_told(write):
    path = write("first_name,last_name\nJiří,Dvořák\n".encode("cp1250"))
    assert [r.values["last_name"] for r in open_source(path, encoding="cp1250")] == ["Dvořák"]
    for name in ("no-such-thing", "rot13"):
        with pytest.raises(UnreadableFile) as caught:
            open_source(path, encoding=name)
        assert caught.value.code == "encoding"


def test_character_cut_by_the_end_of_the_sample(rows):
    filler = "first_name,last_name\n" + f"é,{'é' * 60}\n" * 600
    for shift in range(4):
        found = rows("#" * shift + filler, overrides=["#" * shift + "first_name=first_name"])
        assert {r.values["first_name"] + r.values["last_name"] for r in found} == {"é" * 61}


def _archive(*names):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\r\n \n\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (_archive("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (_archive("contacts.csv"), "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "xls"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "image"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image"),
        (b"GIF89a...", "image"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (bytes(range(256)) * 20, "binary"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "html"),
        (b'<?xml version="1.0"?><contacts/>', "html"),
    ],
)
def test_what_is_no_table_is_refused_by_name(source, content, code):
    with pytest.raises(UnreadableFile) as caught:
        source(content)
    assert caught.value.code == code
    assert str(caught.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(source, delimiter):
    lines = [["first_name", "last_name", "city"], ["Anne", "Martin", "Paris"], ["Bob", "Roe", "Lyon"]]
    found = source("\n".join(delimiter.join(cells) for cells in lines))
    assert found.delimiter == delimiter
    assert [r.values["last_name"] for r in found] == ["Martin", "Roe"]


def test_delimiter_despite_quoted_line_ends_and_other_delimiters(source):
    content = (
        "first_name;last_name;description\n"
        'Anne;Martin;"one, two, three\nfour, five, six\nseven; eight"\n'
        'Bob;Roe;"a, b, c"\n'
    )
    found = source(content)
    assert found.delimiter == ";"
    assert next(iter(found)).values["description"] == "one, two, three\nfour, five, six\nseven; eight"


def test_a_single_column_needs_no_delimiter(rows):
    found = rows("last_name\nMartin\nRoe\n")
    assert [r.values["last_name"] for r in found] == ["Martin", "Roe"]


def test_the_delimiter_hint_of_excel(source):
    found = source("sep=;\r\nfirst_name;last_name\r\nAnne;Martin, Roe\r\n")
    only = next(iter(found))
    assert (found.delimiter, only.line, only.values["last_name"]) == (";", 3, "Martin, Roe")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(rows, end):
    found = rows(end.join(["first_name,last_name", "Anne,Martin", "", 'Bob,"Roe"', ""]))
    assert [(r.line, r.values["last_name"]) for r in found] == [(2, "Martin"), (4, "Roe")]
