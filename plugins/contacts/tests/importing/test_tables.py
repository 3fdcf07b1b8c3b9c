"""Records and their lines: ragged rows, broken quotes, bounds."""

import csv
import io

import pytest
from crm_contacts.importing import UnreadableFile
from hypothesis import given
from hypothesis import strategies as st

from crm_core import tables

HEAD = "first_name,last_name,city\n"


def codes(found):
    return [[p.code for p in r.problems] for r in found]


def names(found):
    return [r.values["last_name"] for r in found if not r.failed]


def test_lines_are_physical_lines(rows):
    found = rows(HEAD + 'Anne,Martin,"Pa\nris"\n\n\nBob,Roe,Lyon\n,,\nCarl,Poe,Brest')
    assert [(r.line, r.position) for r in found] == [(2, 1), (6, 2), (8, 3)]
    assert found[0].raw == ["Anne", "Martin", "Pa\nris"]


def test_too_many_cells_fail_the_row_and_name_the_counts(rows):
    found = rows(HEAD + "Anne,Martin,Paris,extra\nBob,Roe,Lyon\n")
    assert codes(found) == [["too_many_cells"], []]
    assert found[0].failed
    assert found[0].problems[0].text() == "Line 2 has 4 cells, the header only 3"


def test_too_many_cells_fail_even_when_lenient(rows):
    assert rows(HEAD + "Anne,Martin,Paris,extra\n", lenient=True)[0].failed


def test_empty_cells_too_many_do_no_harm(rows):
    assert codes(rows(HEAD + "Anne,Martin,Paris,,\n")) == [[]]


def test_missing_cells_at_the_end_are_empty_and_reported(rows):
    (only,) = rows(HEAD + "Anne,Martin\n")
    assert not only.failed
    assert only.problems[0].text() == "Line 2 has 2 cells, the header 3; the missing ones are taken as empty"
    assert only.raw == ["Anne", "Martin", ""]


def test_a_row_with_another_delimiter_fails(rows):
    found = rows(HEAD + "Anne;Martin;Paris\nBob,Roe,Lyon\n")
    assert codes(found) == [["cell_shift"], []]


def test_a_quote_never_closed_costs_one_row_only(rows):
    found = rows(HEAD + 'Anne,Martin,Paris\nBob,Roe,"12 rue\nCarl,Poe,Brest\nDora,Low,Lille\n')
    assert codes(found) == [[], ["quote"], [], []]
    assert [r.line for r in found] == [2, 3, 4, 5]
    assert found[1].problems[0].params == {"line": 3, "last": 3}
    assert names(found) == ["Martin", "Poe", "Low"]


def test_two_stray_quotes_do_not_swallow_the_rows_between(rows):
    found = rows(HEAD + 'Bob,Roe,"12 rue\nCarl,Poe,Brest\nDora,Low,"5 avenue\nEve,Fox,Nice\n')
    assert codes(found) == [["quote"], [], ["quote"], []]
    assert names(found) == ["Poe", "Fox"]


def test_a_stray_quote_closed_by_an_inch_sign(rows):
    found = rows(HEAD + 'Bob,Roe,"12 rue\nCarl,Poe,Brest\nDora,5",Nice\nEve,Fox,Nice\n')
    assert codes(found)[0] == ["quote"]
    assert "Poe" in names(found) and "Fox" in names(found)


def test_what_belongs_to_a_broken_row_is_not_read_as_rows(rows):
    found = rows(HEAD + 'Bob,Roe,"he said "no" and\nleft, then\ncame back"\nCarl,Poe,Brest\n')
    assert codes(found) == [["quote"], []]
    assert found[0].problems[0].params == {"line": 2, "last": 4}
    assert "lines 2 to 4" in found[0].problems[0].text()
    assert (found[1].line, found[1].values["last_name"]) == (5, "Poe")


def test_quoted_line_ends_with_many_commas_are_one_record(rows):
    text = "call, then mail\nwrite, then wait, then call"
    found = rows(f'first_name,last_name,description\nAnne,Martin,"{text}"\nBob,Roe,x\n')
    assert [r.line for r in found] == [2, 4]
    assert found[0].values["description"] == text


def test_a_record_of_too_many_lines(rows):
    inner = "\n".join(f"line {n}" for n in range(tables.MAX_LINES + 50))
    found = rows(HEAD + f'Anne,Martin,"{inner}"\nBob,Roe,Lyon\n')
    assert codes(found) == [["too_long"], []]
    assert found[0].line == 2
    assert found[1].line == 2 + tables.MAX_LINES + 50
    assert names(found) == ["Roe"]


def test_a_quote_open_over_the_bound_costs_one_row(rows):
    rest = "".join(f"First{n},Last{n},City\n" for n in range(3 * tables.MAX_LINES))
    found = rows(HEAD + 'Anne,"Martin,Paris\n' + rest)
    assert codes(found)[0] == ["too_long"]
    assert len(names(found)) == 3 * tables.MAX_LINES


def test_a_huge_line_is_passed_over(rows):
    found = rows(HEAD + "Anne,Martin," + "x" * (tables.MAX_CHARS * 3) + "\nBob,Roe,Lyon\n")
    assert codes(found) == [["too_long"], []]
    assert len(found[0].raw[0]) <= 1000
    assert [r.line for r in found] == [2, 3]


def test_a_large_cell_is_read(rows):
    (only,) = rows("first_name,last_name,description\nAnne,Martin," + "x" * 500_000 + "\n")
    assert len(only.values["description"]) == 500_000


def test_nul_characters_fail_the_row_unless_lenient(rows):
    content = HEAD + "An\0ne,Martin,Paris\nBob,Roe,Lyon\n"
    assert codes(rows(content)) == [["nul"], []]
    (first, _) = rows(content, lenient=True)
    assert not first.failed and first.values["first_name"] == "Anne"


def test_nul_characters_after_a_broken_row_are_reported_too(rows):
    found = rows(HEAD + 'Bob,Roe,"12 rue\nCa\0rl,Poe,Brest\nDora,Low,Lille\n')
    assert codes(found) == [["quote"], ["nul"], []]


def test_equal_names_of_columns_are_told_apart(source):
    found = source("First name,Last name,Phone,Phone,,Phone\nAnne,Martin,1,2,3,4\n")
    assert found.header == ("First name", "Last name", "Phone", "Phone (2)", "Column 5", "Phone (3)")
    assert found.ignored == ("Phone (2)", "Column 5", "Phone (3)")


@pytest.mark.parametrize("first", ["anne@example.org", "06 39 98 00 12", "+33639980012", "14/03/1987", "1987-03-14"])
def test_data_in_place_of_the_header(source, first):
    with pytest.raises(UnreadableFile) as caught:
        source(f"Anne,Martin,{first}\nBob,Roe,x\n")
    assert caught.value.code == "no_header"
    assert first in str(caught.value)


def test_numbered_names_stay_unique(source):
    found = source("Last name,Phone,Phone,Phone (2)\nMartin,,,\n")
    assert found.header == ("Last name", "Phone", "Phone (2)", "Phone (2) (2)")


def test_too_many_columns(source):
    with pytest.raises(UnreadableFile) as caught:
        source(",".join(f"c{n}" for n in range(5000)) + "\n")
    assert caught.value.code == "columns"
    assert "5,000" in str(caught.value)


def test_a_million_columns(source):
    with pytest.raises(UnreadableFile) as caught:
        source(",".join(f"c{n}" for n in range(1_000_000)) + "\n")
    assert caught.value.code in ("columns", "header_too_long")


def test_empty_columns_at_the_end_of_the_header(source):
    found = source(HEAD.strip() + "," * 5000 + "\nAnne,Martin,Paris" + "," * 5000 + "\n")
    assert len(found.header) == 3
    assert not next(iter(found)).problems


def test_a_quote_open_in_the_header(source):
    with pytest.raises(UnreadableFile) as caught:
        source('first_name,"last_name\nAnne,Martin\n')
    assert caught.value.code == "header_quote"


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff"), max_size=12)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=8))
def test_every_well_formed_table_is_read_as_written(records):
    target = io.StringIO(newline="")
    writer = csv.writer(target, quoting=csv.QUOTE_ALL)
    writer.writerow(["a", "b", "c"])
    writer.writerows(records)
    target.seek(0)
    table = tables.Table(target, ",")
    kept = [r for r in records if any(cell and not cell.isspace() for cell in r)]
    assert [(r.cells, r.problems) for r in table] == [(cells, []) for cells in kept]


@given(st.text(st.sampled_from('a,"\n; x'), max_size=200))
def test_no_line_is_lost_whatever_the_quotes(text):
    lines = ["a,b,c\n", *io.StringIO(text, newline="").readlines()]
    table = tables.Table(io.StringIO("".join(lines), newline=""), ",")
    seen: set[int] = set()
    for record in table:
        last = record.line
        for found in record.problems:
            last = max(last, found.params.get("last", 0))
        cell_lines = sum(cell.count("\n") for cell in record.cells)
        seen.update(range(record.line, max(last, record.line + cell_lines) + 1))
    blank = {n for n, line in enumerate(lines, start=1) if not line.strip(' ,\n"')}
    assert set(range(2, len(lines) + 1)) - blank <= seen
