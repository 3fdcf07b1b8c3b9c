import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crm_core.errors import FilterError
from crm_core.filters import And, Cond, Me, MyTeams, Not, Or, Relative, parse, read_special, simplify, to_text

from .strategies import nodes

DESIGN = 'name startswith "Kerg" and (cf.score > 100 or tags has "vip") and not email is null'


def test_the_example_of_the_documentation():
    assert parse(DESIGN) == And(
        (
            Cond("name", "startswith", "Kerg"),
            Or((Cond("cf.score", ">", 100), Cond("tags", "has", "vip"))),
            Cond("email", "is not null"),
        )
    )


@pytest.mark.parametrize(
    ("text", "cond"),
    [
        ("a = 1", Cond("a", "=", 1)),
        ("a=-1", Cond("a", "=", -1)),
        ("a != -0.50", Cond("a", "!=", Decimal("-0.50"))),
        ("a < 0", Cond("a", "<", 0)),
        ("a<='x'", Cond("a", "<=", "x")),
        ("a > 2026-12-31", Cond("a", ">", "2026-12-31")),
        ("a >= 2026-12-31T10:30+02:00", Cond("a", ">=", "2026-12-31T10:30+02:00")),
        ("a = true", Cond("a", "=", True)),
        ("a = FALSE", Cond("a", "=", False)),
        ("a = null", Cond("a", "is null")),
        ("a != Null", Cond("a", "is not null")),
        ("a = me", Cond("a", "=", Me())),
        ("a in my_teams", Cond("a", "in", MyTeams())),
        ("a not in my_teams", Cond("a", "not in", MyTeams())),
        ("a in (1, 'b',me , today)", Cond("a", "in", (1, "b", Me(), Relative("today")))),
        ("a NOT  IN (1)", Cond("a", "not in", (1,))),
        ("a contains 'x'", Cond("a", "contains", "x")),
        ("a Not Contains 'x'", Cond("a", "not contains", "x")),
        ("a startswith 75", Cond("a", "startswith", "75")),
        ("a endswith 1.50", Cond("a", "endswith", "1.50")),
        ("a has me", Cond("a", "has", Me())),
        ("a not has my_teams", Cond("a", "not has", MyTeams())),
        ("a is null", Cond("a", "is null")),
        ("a\nIS\tNOT\u00a0NULL", Cond("a", "is not null")),
        ("not a is null", Cond("a", "is not null")),
        ("a.b_1.2c = 1", Cond("a.b_1.2c", "=", 1)),
        ("me = me", Cond("me", "=", Me())),
        ("contains contains 'contains'", Cond("contains", "contains", "contains")),
        ("today = today", Cond("today", "=", Relative("today"))),
        ("notes = 1", Cond("notes", "=", 1)),
        ("((a = 1))", Cond("a", "=", 1)),
    ],
)
def test_conditions(text, cond):
    assert parse(text) == cond


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("today", Relative("today")),
        ("NOW", Relative("now")),
        ("-30d", Relative("today", -30)),
        ("+2w", Relative("today", 2, "w")),
        ("- 3 m", Relative("today", -3, "m")),
        ("-2h", Relative("now", -2, "h")),
        ("-15min", Relative("now", -15, "min")),
        ("today+2w", Relative("today", 2, "w")),
        ("today - 1q", Relative("today", -1, "q")),
        ("now-1y", Relative("now", -1, "y")),
        ("today-0d", Relative("today")),
        ("yesterday", Relative("today", -1)),
        ("tomorrow", Relative("today", 1)),
        ("this_week", Relative("period", 0, "w")),
        ("Last_Month", Relative("period", -1, "m")),
        ("next_quarter", Relative("period", 1, "q")),
        ("this_year", Relative("period", 0, "y")),
    ],
)
def test_relative_dates(text, value):
    assert parse(f"d >= {text}") == Cond("d", ">=", value)
    assert read_special(text) == value


def test_special_words_of_urls():
    assert read_special(" ME ") == Me()
    assert read_special("my_teams") == MyTeams()
    assert read_special("Paris") is None
    assert read_special("30") is None
    with pytest.raises(FilterError, match="whole day"):
        read_special("today-1h")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r'"a\"b"', 'a"b'),
        (r"'it\'s'", "it's"),
        (r'"\\ \/ \n\t\r\b\f"', "\\ / \n\t\r\b\f"),
        (r'"\u00e9\ud83d\ude00"', "é😀"),
        ('"two\nlines"', "two\nlines"),
        ("''", ""),
    ],
)
def test_texts(written, text):
    assert parse(f"a = {written}") == Cond("a", "=", text)


def test_precedence():
    a, b, c = (Cond(name, "=", 1) for name in "abc")
    assert parse("a=1 or b=1 and c=1") == Or((a, And((b, c))))
    assert parse("(a=1 or b=1) and c=1") == And((Or((a, b)), c))
    assert parse("not a=1 and b=1") == And((Not(a), b))
    assert parse("not (a=1 and b=1)") == Not(And((a, b)))
    assert parse("not not a=1") == a
    assert parse("a between 1 and 5 and b=1") == And((Cond("a", ">=", 1), Cond("a", "<=", 5), b))
    assert parse("not a between 1 and 5") == Not(And((Cond("a", ">=", 1), Cond("a", "<=", 5))))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("A='x'AND(b=1)", 'A = "x" and b = 1'),
        ("a=1 or (b=1 and c=1)", "a = 1 or b = 1 and c = 1"),
        ("a=1 and (b=1 and (c=1 or d=1))", "a = 1 and b = 1 and (c = 1 or d = 1)"),
        ("not (not (a=1 or b=1))", "a = 1 or b = 1"),
        ("a = -30d", "a = today-30d"),
        ("a = '2026-12-31'", "a = 2026-12-31"),
        ("a contains '2026-12-31'", 'a contains "2026-12-31"'),
        ("true and a=1", "a = 1"),
        ("a=1 or true", "true"),
        ("not true", "false"),
        ("a = 'é\u2028'", 'a = "é\\u2028"'),
    ],
)
def test_canonical_text(written, canonical):
    assert to_text(parse(written)) == canonical


@given(nodes)
def test_text_says_all_of_the_tree(node):
    assert parse(to_text(node)) == simplify(node)


@given(nodes)
def test_parentheses_are_minimal(node):
    text = to_text(node)
    for start in [i for i, c in enumerate(text) if c == "("]:
        end = text.find(")", start)
        try:
            other = parse(f"{text[:start]} {text[start + 1 : end]} {text[end + 1 :]}")
        except FilterError:
            continue
        assert other != simplify(node)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The filter is empty"),
        (" \n", "The filter is empty"),
        ("a" * 10_001, "longer than 10000 characters"),
        ("name", "ends too early: expected an operator"),
        ("name =", "ends too early: expected a value"),
        ("name = 1 and", "ends too early: expected a condition"),
        ("name not", 'ends too early: expected "in", "contains" or "has"'),
        ("name is", 'ends too early: expected "null"'),
        ("name contains", "ends too early: expected a text in quotes"),
        ("name <", "ends too early: expected a number, a date"),
        ("tags has", "ends too early: expected a text in quotes, a number, a date or me"),
        ("a in", "ends too early: expected a list"),
        ("a in (1", "ends too early: expected a comma or a closing parenthesis"),
        ("(a = 1", "ends too early: a closing parenthesis is missing"),
        ("a between 1", 'ends too early: expected "and" and the upper bound'),
        ('name contain "x"', 'Column 6: "contain" is not an operator; did you mean "contains"?'),
        ('name LIKE "x"', 'Column 6: "LIKE" is not an operator; did you mean "contains"?'),
        ("name == 1", 'Column 6: "==" is not an operator; did you mean "="?'),
        ("name <> 1", 'Column 6: "<>" is not an operator; did you mean "!="?'),
        ('name not contain "x"', 'Column 10: "contain" is not an operator; did you mean "contains"?'),
        ("name ? 1", 'Column 6: expected an operator, such as = or contains, but found "?"'),
        ("name = Paris", 'Column 8: "Paris" is no number, date or known word; a text stands in quotes'),
        ("name = tody", 'did you mean "today"?'),
        ("a = 30d", 'Column 5: "30d" is not known here; did you mean "-30d"?'),
        ("a = 2026-1-5", 'did you mean "2026-01-05"?'),
        ("a = 2026-02-31", "Column 5: 2026-02-31 is not a date of the calendar"),
        ("a = 2026-02-01T25:00", "is not a date of the calendar"),
        ("zip = 01234", 'Column 7: "01234" is no number'),
        ("a = my_teams", 'write "in my_teams"'),
        ("a < true", 'Column 5: expected a number, a date or a text in quotes but found "true"'),
        ("a contains today", 'Column 12: expected a text in quotes but found "today"'),
        ('a = "x', "Column 5: the text that starts here has no closing quote"),
        (r'a = "\q"', r'Column 5: Write "\\" for one "\"; "\q" means nothing'),
        (r'a = "\ud800"', "Column 5: The text holds a character that can't be stored"),
        ('a = "\x00"', "Column 5: The text holds a character that can't be stored"),
        ("a = 99999999999999999999", "Column 5: The number is too large"),
        ("a = 1." + "1" * 40, "Column 5: The number has too many digits"),
        ("a = today-5h", 'Column 5: "today" is a whole day'),
        ("a = -999999d", "Column 5: The relative date lies too far away"),
        ("a in ()", "Column 7: expected a value"),
        ('a in "x"', 'Column 6: expected a list, such as ("a", "b"), or my_teams, but found "x"'),
        ("a in (1 2)", 'Column 9: expected a comma or a closing parenthesis but found "2"'),
        ("a is empty", 'Column 6: expected "null" or "not null" after "is" but found "empty"'),
        ("a between 1, 5", 'Column 12: expected "and" and the upper bound but found ","'),
        ("a = 1)", 'Column 6: expected "and", "or" or the end but found ")"'),
        ("a = 1 adn b = 1", 'Column 7: "adn" is not known here; did you mean "and"?'),
        ("a = 1, b = 1", 'did you mean "and"?'),
        ("and", 'Column 1: expected a condition, such as name = "Ker", but found "and"'),
        ("a = 1 and or b = 1", "Column 11: expected a condition"),
        ("42 = a", "Column 1: expected a condition"),
        ("naïve = 1", 'Column 1: expected a condition, such as name = "Ker", but found "naïve"'),
        ("a" * 201 + " = 1", "Column 1:"),
        ("not " * 30 + "a = 1", "nested deeper than 20 levels"),
        (" or ".join(["a=1"] * 201), "more than 200 conditions"),
        ("a in (" + ",".join(["1"] * 2001) + ")", "more than 2000 values"),
    ],
)
def test_mistakes_are_explained(text, message):
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert message in caught.value.text()
    assert caught.value.field == "filter"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_much_nesting_is_no_danger():
    assert parse("(" * 4000 + "a = 1" + ")" * 4000) == Cond("a", "=", 1)
    with pytest.raises(FilterError):
        parse("not " * 2400 + "a = 1")
    with pytest.raises(FilterError):
        parse("(" * 9_999)


WORDS = "a cf.x and or not ( ) , = != < <= > >= in contains has startswith is null between true me my_teams"
DATES = ["today", "-30d", "now - 2h", "this_month", "2026-12-31", "2026-13-01T10:00", "T10:00", "999999999y"]
ODD = ['"', "'", "\\", '"\\', "\\u12", "ſ", "\u212a", "\ud800", "\x00", "٣", "é", "..", "@", "007", "-1.5"]
PIECES = [*WORDS.split(), *DATES, *ODD, "1", '"x"', "'y'"]


@settings(max_examples=400)
@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join)))
@example("a = laſt_month")
@example("a = ٣")
@example("a = 1" + "0" * 5000)
@example('a = "\\ud83d"')
def test_no_text_breaks_the_parser(text):
    try:
        node = parse(text)
    except FilterError as error:
        assert error.text().encode()
        assert "%(" not in error.text() or "%(" in text
    else:
        assert parse(to_text(node)) == node


def test_importing_the_filters_leaves_the_parser_generator_alone():
    code = "import sys, crm_core.filters; sys.exit('lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
